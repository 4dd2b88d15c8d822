"""Other interpretations of hand-eye data: what each mistake of units, order, sign or pairing undoes. All are exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.given_boards import GivenBoards
from calib.geometry import se3
from calib.robot.conventions.interpretations import interpretations_of_poses, invert_poses

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews
    from calib.robot.table.pose_table import PoseTable


INVERTED = "poses are inverted"


@dataclass(frozen=True)
class HandEyeInterpretation:
    """One way to understand hand-eye data."""

    name: str
    """What the data mean, in words."""

    apply: Callable[[PairedViews], PairedViews]
    """The data so understood."""

    parts: tuple[HandEyeInterpretation, ...] = ()
    """Of which it is made up, one after another; empty if it is one."""

    def then(self, other: HandEyeInterpretation) -> HandEyeInterpretation:
        """This interpretation, and another one of what it gives."""
        name, parts = f"{self.name}; {other.name}", (*(self.parts or (self,)), *(other.parts or (other,)))
        return HandEyeInterpretation(name, lambda pairs: other.apply(self.apply(pairs)), parts)


def interpretations(pairs: PairedViews, setup: Setup | None) -> tuple[HandEyeInterpretation, ...]:
    """Every single other interpretation that needs no estimate.

    setup: None where both are tried: then inverted poses are the other set-up, and no interpretation of their own.
    """
    found = []
    for each in interpretations_of_poses(pairs.table):
        name = each.name
        if name.startswith(INVERTED):
            if setup is None:
                continue
            carrier = "on the hand" if setup == "eye-to-hand" else "fixed"
            name = f"{INVERTED}: base in flange, not flange in base (or the camera is {carrier}, see --setup)"
        found.append(_of_table(name, each.table))
    if isinstance(pairs.seen, GivenBoards):
        found += _of_given_boards(pairs.seen, setup)
    return tuple(found)


def _of_given_boards(seen: GivenBoards, setup: Setup | None) -> Iterator[HandEyeInterpretation]:
    """Every other interpretation of the table of board poses."""
    for each in interpretations_of_poses(seen.table):
        if not each.name.startswith(INVERTED):
            yield HandEyeInterpretation(f"board poses: {each.name}", _with_board_table(each.table))
        elif setup is not None and seen.invert().in_front.all():
            yield INVERTED_BOARDS


def half_turn(pairs: PairedViews) -> Array | None:
    """The half turn (4, 4) about the middle that maps the board's corners onto themselves; None if there is none."""
    points = np.unique(np.round(np.concatenate([view.corners_in_board for view in pairs.seen.views]), 9), axis=0)
    if not len(points):
        return None
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    turn = se3.compose(np.diag([-1.0, -1.0, 1.0]), middle * (2.0, 2.0, 0.0))
    turned = np.unique(np.round(se3.apply(turn, points), 9), axis=0)
    same = turned.shape == points.shape and np.allclose(turned, points, atol=1e-6 * float(np.ptp(points)))
    return turn if same else None


def turn_boards(turn: Array, which: Mask) -> Callable[[PairedViews], PairedViews]:
    """The corners of some views (n,) counted from the board's other end."""
    return lambda pairs: replace(pairs, seen=pairs.seen.with_points(turn, which))


def scale_board(ratio: float) -> Callable[[PairedViews], PairedViews]:
    """A board that is larger by a ratio."""

    def larger(pairs: PairedViews) -> PairedViews:
        seen = pairs.seen.with_points(np.eye(4), np.zeros(len(pairs.seen.views), bool), ratio)
        return replace(pairs, seen=seen, board_size=ratio * pairs.board_size)

    return larger


def _of_table(name: str, apply: Callable[[PoseTable], PoseTable]) -> HandEyeInterpretation:
    return HandEyeInterpretation(name, lambda pairs: pairs.with_table(apply(pairs.table)))


def _with_board_table(apply: Callable[[PoseTable], PoseTable]) -> Callable[[PairedViews], PairedViews]:
    def reinterpret(pairs: PairedViews) -> PairedViews:
        assert isinstance(pairs.seen, GivenBoards)
        return replace(pairs, seen=replace(pairs.seen, table=apply(pairs.seen.table)))

    return reinterpret


INVERTED_BOARDS = HandEyeInterpretation(
    "board poses are inverted: camera in board, not board in camera", _with_board_table(invert_poses)
)
