"""Other readings of hand-eye data: what each mistake of units, order, sign or pairing undoes. All are exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.geometry import se3
from calib.robot.conventions.interpretations import Interpretation as OfTable
from calib.robot.conventions.interpretations import interpretations_of_poses

if TYPE_CHECKING:
    from calib.cell.hand_eye.frame_loop import Setup
    from calib.cell.hand_eye.paired_views import Data


INVERTED = "poses are inverted"


@dataclass(frozen=True)
class Reading:
    """One way to read. name: in words, what the data mean. apply: what it makes of them."""

    name: str
    apply: Callable[[Data], Data]

    def then(self, other: Reading) -> Reading:
        """This reading, and another one of what it gives."""
        return Reading(f"{self.name}; {other.name}", lambda data: other.apply(self.apply(data)))


def readings(data: Data, setup: Setup | None) -> tuple[Reading, ...]:
    """Every single other reading that asks for no estimate.

    setup: None where both are tried: then inverted poses are the other set-up, and no reading of their own.
    """
    found = []
    for reading in interpretations_of_poses(data.table):
        if reading.name.startswith(INVERTED):
            if setup is None:
                continue
            carrier = "on the hand" if setup == "eye-to-hand" else "fixed"
            words = f"{INVERTED}: base in flange, not flange in base (or the camera is {carrier}, see --setup)"
            reading = replace(reading, name=words)
        found.append(_of_table(reading))
    if data.seen.poses_given and setup is not None:
        found.append(Reading("board poses are inverted: camera in board, not board in camera", _boards_inverted))
    return (*found, *_shifts(data)) if data.clock is None else tuple(found)  # a shift in time is the clocks' offset


def turned_board(data: Data) -> Array | None:
    """The half turn (4, 4) about the middle that maps the board's corners onto themselves; None if there is none."""
    points = np.unique(np.round(np.concatenate([view.corners_in_board for view in data.seen.views]), 9), axis=0)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    turn = se3.compose(np.diag([-1.0, -1.0, 1.0]), middle * (2.0, 2.0, 0.0))
    there = np.unique(np.round(se3.apply(turn, points), 9), axis=0)
    same = there.shape == points.shape and np.allclose(there, points, atol=1e-6 * float(np.ptp(points)))
    return turn if same else None


def half_turned(turn: Array, which: NDArray[np.bool_]) -> Callable[[Data], Data]:
    """The corners of some views (n,) counted from the board's other end."""
    return lambda data: replace(data, seen=data.seen.with_points(turn, which))


def scaled(ratio: float) -> Callable[[Data], Data]:
    """A board that is larger by a ratio."""

    def larger(data: Data) -> Data:
        seen = data.seen.with_points(np.eye(4), np.zeros(len(data.seen.views), bool), ratio)
        return replace(data, seen=seen, board_size=ratio * data.board_size)

    return larger


def _of_table(reading: OfTable) -> Reading:
    return Reading(reading.name, lambda data: data.of(reading.table(data.table)))


def _boards_inverted(data: Data) -> Data:
    return replace(data, seen=replace(data.seen, camera_from_board=se3.inverse(data.seen.camera_from_board)))


def _shifts(data: Data) -> Iterator[Reading]:
    """The list of poses begins one row too early or too late; the image left over at the end has none."""
    for step, words in ((1, "the pose of each image stands one row further down"), (-1, "... one row further up")):
        yield Reading(words.replace("...", "the pose of each image stands"), _shifted(step))


def _shifted(step: int) -> Callable[[Data], Data]:
    def moved(data: Data) -> Data:
        rows = data.rows + step
        kept = np.flatnonzero((rows >= 0) & (rows < len(data.table.lines)))
        return replace(data, rows=rows).chosen(kept)

    return moved
