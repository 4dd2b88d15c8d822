"""Whether poses, board and pairing are meant as given, or another interpretation of them fits.

Every other interpretation is tried by the residual that the closed forms leave, singly and then in pairs. One is named
only where it fits, the data as given leave several times as much, and so the difference is beyond doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.cell.conventions.board_alternatives import find_board_size, find_turned_boards
from calib.cell.conventions.interpretations import HandEyeInterpretation, interpretations
from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.start.motion import require_motion
from calib.cell.start.setup import ClosedFormStart, start_of_setup
from calib.errors import DegenerateError
from calib.geometry import so3
from calib.robot.conventions.diagnose import DECISIVE, FITS_RAD, SAMPLE_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calib.cell.pairing.paired_views import PairedViews


SOUND = 0.004  # residual as a share of the motion and in rad, below which no other interpretation is looked for
FEWEST_IMAGES = 4  # below which anything fits
BEAM = 8  # interpretations by which the turns are most alike, from which pairs go on


@dataclass(frozen=True)
class Alternative:
    """Another interpretation of hand-eye data that fits decisively better."""

    interpretation: HandEyeInterpretation

    given: str
    """What the closed forms leave of the data as given, in words."""

    other: str
    """What they leave of the data so interpreted."""

    def __str__(self) -> str:
        return f"{self.interpretation.name}: {self.other} instead of {self.given}"


Tried = tuple[HandEyeInterpretation, ClosedFormStart]


def find_alternatives(pairs: PairedViews, setup: Setup | None) -> tuple[Alternative, ...]:
    """What `diagnose` finds; of poses that hardly turn, the interpretations by which they turn as the board does.

    Raises DegenerateError as `require_motion` where no interpretation turns.
    """
    try:
        require_motion(pairs.mount_from_fixture(setup or SETUPS[0]), setup or SETUPS[0])
    except DegenerateError as error:
        turning = [(other, left) for other, left in _try(pairs, setup, interpretations(pairs, setup)) if left.fits]
        if not turning:
            raise
        return tuple(Alternative(other, error.what, str(left)) for other, left in turning)
    return diagnose(pairs, setup)


def diagnose(pairs: PairedViews, setup: Setup | None) -> tuple[Alternative, ...]:
    """Other interpretations that fit decisively better, best first; none where the data are sound."""
    given = start_of_setup(pairs, setup).start
    if given.size < SOUND:
        return _of_board(pairs, setup, given)
    options = interpretations(pairs, setup)
    if found := _decisive(_try(pairs, setup, options), given):
        return found
    if given.fits:
        return _of_board(pairs, setup, given)
    likely = sorted(options, key=lambda option: turn_mismatch(option.apply(pairs)))[:BEAM]
    doubles = [first.then(second) for first in likely for second in interpretations(first.apply(pairs), setup)]
    return _decisive(_try(pairs, setup, doubles), given) or _of_board(pairs, setup, given, turned=False)


def turn_mismatch(pairs: PairedViews) -> float:
    """Difference of the angles by which robot and board turn from one image to the next, rad, at the median.

    Whatever the frames and the set-up, both turn by one angle (H. H. Chen, CVPR 1991). Images off by an angle differ by
    at most twice that.
    """
    flange, board = (
        so3.angle_between(poses[1:, :3, :3], poses[:-1, :3, :3])
        for poses in (pairs.base_from_flange, pairs.seen.camera_from_board)
    )
    return float(np.median(np.abs(flange - board))) if len(flange) else np.inf


def _of_board(
    pairs: PairedViews, setup: Setup | None, given: ClosedFormStart, *, turned: bool = True
) -> tuple[Alternative, ...]:
    """A board turned in some images, or of another size."""
    found = find_turned_boards(pairs, setup, given) if turned else None
    found = found or find_board_size(pairs, setup, given)
    return () if found is None else (Alternative(*found),)


def _try(pairs: PairedViews, setup: Setup | None, options: Iterable[HandEyeInterpretation]) -> list[Tried]:
    """Interpretations with what the fastest closed form leaves, best first, without those that determine nothing."""
    tried = []
    for option in options:
        meant = _sample(option.apply(pairs))
        if len(meant.rows) < FEWEST_IMAGES or turn_mismatch(meant) > 2 * FITS_RAD:
            continue
        try:
            require_motion(meant.mount_from_fixture(setup or SETUPS[0]), setup or SETUPS[0])
            tried.append((option, start_of_setup(meant, setup, "shah").start))
        except DegenerateError:
            continue
    return sorted(tried, key=lambda each: each[1].size)


def _sample(pairs: PairedViews) -> PairedViews:
    """Not all of many images, and not in step with any pattern in them."""
    if len(pairs.rows) <= SAMPLE_ROWS:
        return pairs
    return pairs.select(np.sort(np.random.default_rng(0).permutation(len(pairs.rows))[:SAMPLE_ROWS]))


def _decisive(tried: list[Tried], given: ClosedFormStart) -> tuple[Alternative, ...]:
    good = [(option, left) for option, left in tried if left.fits and given.size > DECISIVE * left.size]
    least = good[0][1].size if good else 0.0
    near = [(option, left) for option, left in good if left.size < DECISIVE * least]
    return tuple(Alternative(option, str(given), str(left)) for option, left in near)
