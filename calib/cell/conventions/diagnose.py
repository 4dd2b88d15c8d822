"""Whether poses, board and pairing are meant as given, or another interpretation of them fits.

Every other interpretation is tried by the residual that the closed forms leave, singly and then in pairs. One is named
only where images and poses then belong together, the data as given leave several times as much, and so does every part
of it alone: the difference is beyond doubt, and nothing is named that is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.cell.conventions.board_size import other_board_sizes
from calib.cell.conventions.interpretations import INVERTED_BOARDS, HandEyeInterpretation, interpretations
from calib.cell.conventions.minority import find_minority
from calib.cell.conventions.row_orders import row_orders
from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.given_boards import GivenBoards
from calib.cell.start.chance import SOUND, belong_together, left_by_chance
from calib.cell.start.motion import require_motion
from calib.cell.start.setup import ClosedFormStart, SetupStart, start_of_setup
from calib.errors import DegenerateError
from calib.robot.conventions.residual import DECISIVE, SAMPLE_ROWS
from calib.robot.conventions.screws import screws
from calib.robot.start.inliers import reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calib.cell.pairing.paired_views import PairedViews


FEWEST_IMAGES = 4  # below which anything fits
BEAM = 8  # interpretations by which the motions are most alike, from which pairs go on
TRIED = 24  # interpretations of a level that get a closed form, those by which the motions are most alike
ALIKE = 1 / 3  # quantile of motions that are compared: with a third of the boards turned, five in nine are sound
ALIKE_ANGLES = 1.1  # ratio of angles that are left by two closed forms of the same turns
MOST_BEHIND = 0.1  # share of given board poses that may be behind the camera: mirrored, or wild
MOST_HIDDEN = 2  # further, smaller mistakes behind the first one found


@dataclass(frozen=True)
class Alternative:
    """Another interpretation of hand-eye data that fits decisively better."""

    interpretation: HandEyeInterpretation

    given: str
    """What the closed forms leave of the data as given, in words."""

    other: str
    """What they leave of the data so interpreted."""

    size: float = 0.0
    """The same as one figure."""

    def __str__(self) -> str:
        return f"{self.interpretation.name}: {self.other} instead of {self.given}"


@dataclass(frozen=True, eq=False)
class Tried:
    """An interpretation with what the fastest closed form leaves."""

    option: HandEyeInterpretation

    pairs: PairedViews
    """A sample of the data so interpreted."""

    setup: Setup

    left: ClosedFormStart

    @property
    def belongs(self) -> bool:
        """Whether images and poses so interpreted belong together."""
        return belong_together(self.left, self.pairs, self.setup)


def find_alternatives(pairs: PairedViews, setup: Setup | None) -> tuple[Alternative, ...]:
    """What `diagnose` finds; of poses that determine nothing, the interpretations by which they do.

    Raises DegenerateError as `require_motion` where no interpretation does.
    """
    if behind := _boards_behind(pairs):
        return behind
    try:
        require_motion(pairs.mount_from_fixture(setup or SETUPS[0]), setup or SETUPS[0])
    except DegenerateError as error:
        turning = [each for each in _try(_options(pairs, setup), pairs, setup) if each.belongs]
        if not turning:
            raise
        return tuple(Alternative(each.option, error.what, str(each.left)) for each in turning)
    return diagnose(pairs, setup)


def _boards_behind(pairs: PairedViews) -> tuple[Alternative, ...]:
    """Given board poses the other way round, where a camera so placed would see what is behind it.

    Poses of the camera in the board close the loop as well, of the other set-up with camera and board exchanged.
    """
    if pairs.motions or not isinstance(pairs.seen, GivenBoards) or not pairs.seen.invert().in_front.all():
        return ()
    behind = int((~pairs.seen.in_front).sum())
    if behind < MOST_BEHIND * len(pairs.rows):
        return ()
    given = f"behind it in {behind} of {len(pairs.rows)}"
    return (Alternative(INVERTED_BOARDS, given, "the board is before the camera in all images"),)


def diagnose(pairs: PairedViews, setup: Setup | None, rounds: int = MOST_HIDDEN) -> tuple[Alternative, ...]:
    """Other interpretations that fit decisively better, best first; none where the data are sound.

    rounds: how many smaller mistakes may hide behind the first one found.
    """
    chosen = start_of_setup(pairs, setup)
    given = chosen.start
    found = () if given.size < SOUND else _search(pairs, setup, chosen)
    if not found:
        minority = find_minority(pairs, chosen.setup, given)
        found = () if minority is None else (Alternative(*minority),)
    if not found or not rounds:
        return found
    best = found[0]
    hidden = diagnose(best.interpretation.apply(pairs), setup, rounds - 1)
    both = [Alternative(best.interpretation.then(each.interpretation), best.given, each.other) for each in hidden]
    return tuple(both) or found


def motion_mismatch(pairs: PairedViews) -> float:
    """How differently robot and board move from one image to the next, before any frame enters: angles in rad times
    ways as shares of the motion; see `screws`."""
    flange, board = (screws(poses) for poses in (pairs.base_from_flange, pairs.seen.camera_from_board))
    return screw_mismatch(flange, board, reach(pairs.base_from_flange))


def screw_mismatch(flange: tuple[Array, Array], board: tuple[Array, Array], motion_m: float) -> float:
    """The same of the screws of both. motion_m: rms motion of the flange."""
    turn, along = (float(np.quantile(np.abs(f - b), ALIKE)) for f, b in zip(flange, board, strict=True))
    return max(turn, 1e-9) * max(along / motion_m, 1e-9)


def _search(pairs: PairedViews, setup: Setup | None, chosen: SetupStart) -> tuple[Alternative, ...]:
    """Single interpretations first; pairs of them where neither these nor the data as given come near to fitting."""
    options = _options(pairs, setup)
    singles = _decisive(_try(options, pairs, setup), chosen.start)
    near = float(left_by_chance(pairs, chosen.setup).sum(axis=1).min()) / DECISIVE**2
    if chosen.start.size < near or (singles and singles[0].size < SOUND):
        return singles
    few = sample_views(pairs)
    # poses of other images move otherwise whatever else is mended, so that no order of rows stands out by itself
    likely = {each.name: each for each in (*_most_alike(options, few, BEAM), *row_orders(pairs))}
    doubles = [first.then(second) for first in likely.values() for second in _options(first.apply(few), setup)]
    found = _decisive(_try(doubles, pairs, setup), chosen.start)
    return tuple(each for each in found if _needs_all(each, pairs, setup)) or singles


def _options(pairs: PairedViews, setup: Setup | None) -> tuple[HandEyeInterpretation, ...]:
    """Every single other interpretation."""
    return (*interpretations(pairs, setup), *row_orders(pairs), *other_board_sizes(sample_views(pairs), setup))


def _most_alike(options: Iterable[HandEyeInterpretation], few: PairedViews, most: int) -> list[HandEyeInterpretation]:
    """The options by which the motions of robot and board are most alike."""
    rated = []
    for option in options:
        meant = option.apply(few)
        if len(meant.rows) >= FEWEST_IMAGES:
            rated.append((motion_mismatch(meant), option))
    return [option for _, option in sorted(rated, key=lambda each: each[0])[:most]]


def _try(options: Iterable[HandEyeInterpretation], pairs: PairedViews, setup: Setup | None) -> list[Tried]:
    """The likelier interpretations, best first, without those that determine nothing."""
    tried = []
    few = sample_views(pairs)
    for option in _most_alike(options, few, TRIED):
        meant = option.apply(few)
        try:
            require_motion(meant.mount_from_fixture(setup or SETUPS[0]), setup or SETUPS[0])
            found = start_of_setup(meant, setup, "shah")
        except DegenerateError:
            continue
        tried.append(Tried(option, meant, found.setup, found.start))
    return sorted(tried, key=lambda each: each.left.size)


def sample_views(pairs: PairedViews) -> PairedViews:
    """Not all of many images, and not in step with any pattern in them."""
    if len(pairs.rows) <= SAMPLE_ROWS:
        return pairs
    return pairs.select(np.sort(np.random.default_rng(0).permutation(len(pairs.rows))[:SAMPLE_ROWS]))


def _decisive(tried: list[Tried], given: ClosedFormStart) -> tuple[Alternative, ...]:
    """Those that belong together and leave several times less than the data as given, and others as good."""
    good = [each for each in tried if _much_less(each.left, given)]
    good = [each for each in good if each.left.size < DECISIVE * good[0].left.size and each.belongs]
    return tuple(Alternative(each.option, str(given), str(each.left), each.left.size) for each in good)


def _much_less(left: ClosedFormStart, given: ClosedFormStart) -> bool:
    """Whether several times less is left, of lengths and angles together, or of lengths where angles are as before."""
    shorter = given.median_m / given.motion_m > DECISIVE * left.median_m / left.motion_m
    return given.size > DECISIVE * left.size or (shorter and left.median_rad < ALIKE_ANGLES * given.median_rad)


def _needs_all(found: Alternative, pairs: PairedViews, setup: Setup | None) -> bool:
    """Whether every part of an interpretation alone leaves decisively more."""
    alone = [each.left.size for each in _try(found.interpretation.parts, pairs, setup)]
    return all(size > DECISIVE * found.size for size in alone)
