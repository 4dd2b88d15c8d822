"""The interpretation and the set-up in which images and poses fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calib.cell.adjustment.position_hold import PositionHold, position_hold
from calib.cell.conventions.diagnose import Alternative, find_alternatives
from calib.cell.conventions.open_readings import read_for_images
from calib.cell.given_boards import GivenBoards
from calib.cell.hand_eye.two_fold import choose_poses
from calib.cell.start.chance import belong_together
from calib.cell.start.motion import Turns, require_motion
from calib.cell.start.setup import ClosedFormStart, SetupStart, start_of_setup
from calib.errors import InputError
from calib.robot.conventions.residual import DECISIVE

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.hand_eye.options import HandEyeRequest
    from calib.cell.pairing.paired_views import PairedViews


MOST_APPLIED = 4  # interpretations, one after another
MOST_NAMED = 3  # in the message
ROUNDING = 1e-6  # size of a residual below which exact data differ by chance


@dataclass(frozen=True, eq=False)
class Resolved:
    """Paired views with all conventions settled."""

    pairs: PairedViews
    """As they are meant."""

    setup: Setup

    start: ClosedFormStart

    other_start: ClosedFormStart | None
    """That of the other set-up, if both were tried."""

    applied: tuple[Alternative, ...]
    """Interpretations that were applied to the data as given."""

    turns: Turns
    """How the flange turns."""

    hold: PositionHold | None
    """Of the camera's position where the poses leave it open, or the user states it."""


def resolve_conventions(pairs: PairedViews, request: HandEyeRequest) -> Resolved:
    """The interpretation, set-up and start in which images and poses fit together.

    Raises InputError `conventions` where another interpretation fits and the request does not allow it,
    `hand-eye-does-not-fit` where none does, `reading-undecided`, `setup-undecided`, `time-offset-undecided`,
    `time-offset-range`; DegenerateError as `require_motion`.
    """
    applied: list[Alternative] = []
    pairs = read_for_images(pairs, request.setup)
    while found := find_alternatives(pairs, request.setup):
        if not request.fix_conventions or len(applied) >= MOST_APPLIED:
            raise _convention_error(found, pairs)
        applied.append(found[0])
        pairs = found[0].interpretation.apply(pairs)
    pairs, chosen = choose_poses(pairs, start_of_setup(pairs, request.setup, request.method), request.method)
    _require_fit(chosen, pairs)
    _require_decided(chosen, pairs)
    if pairs.clock is not None:
        pairs.clock.require_known(pairs.table.name)
    turns = require_motion(pairs.mount_from_fixture(chosen.setup), chosen.setup)
    hold = position_hold(turns.open, request.hold, chosen.start.mount_from_camera)
    return Resolved(pairs, chosen.setup, chosen.start, chosen.other, tuple(applied), turns, hold)


def _convention_error(found: tuple[Alternative, ...], pairs: PairedViews) -> InputError:
    return InputError(
        f"{_both(pairs)} are inconsistent as given; consistent if {found[0].interpretation.name}",
        code="conventions",
        where=pairs.table.name,
        why="; or if ".join(str(each) for each in found[:MOST_NAMED]),
        advice="fix the table, the board or the options, or apply the first with --fix-conventions",
    )


def _require_fit(chosen: SetupStart, pairs: PairedViews) -> None:
    if belong_together(chosen.start, pairs, chosen.setup):
        return
    raise InputError(
        f"{_both(pairs)} do not fit together: off by {chosen.start} at the median",
        code="hand-eye-does-not-fit",
        where=pairs.table.name,
        why="with the same poses in another order they fit about as well; other units, axes, angle sequences, row "
        "orders and board sizes were tried, each and in pairs, and none fits",
        advice="check that every image has the pose in which it was taken"
        if pairs.clock is None
        else "search a larger time offset with --max-time-offset-s, or check both clocks",
    )


def _both(pairs: PairedViews) -> str:
    return "board poses and robot poses" if isinstance(pairs.seen, GivenBoards) else "images and poses"


def _require_decided(chosen: SetupStart, pairs: PairedViews) -> None:
    if chosen.other is None or chosen.other.size >= DECISIVE * max(chosen.start.size, ROUNDING):
        return
    raise InputError(
        "the data do not determine whether the camera is on the hand or fixed",
        code="setup-undecided",
        where=pairs.table.name,
        why=f"{chosen.setup}: off by {chosen.start} at the median; the other set-up: {chosen.other}",
        advice="state it with --setup eye-in-hand or --setup eye-to-hand, or take more images (three are never enough)",
    )
