"""The input of a hand-eye calibration: board poses by the camera, and the robot's pose for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.cell.frame_loop import Setup, mount_from_fixture
from calib.cell.pairing.clock_offset import Clock, align_clocks
from calib.cell.pairing.pose_stream import PoseStream
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.calibration.locate_boards import LocatedBoards
    from calib.camera.observations import Observations
    from calib.cell.given_boards import GivenBoards
    from calib.robot.table.pose_table import PoseTable


@dataclass(frozen=True, eq=False)
class PairedViews:
    """Views of the board that have a pose of the robot."""

    observations: Observations
    """As given, all of them."""

    table: PoseTable
    """Poses of the flange in the base."""

    rows: Index
    """(n,) of the table, for each view of `seen`."""

    seen: LocatedBoards | GivenBoards
    """The views with the board poses by the camera."""

    notes: tuple[str, ...] = ()
    """Remarks for the user."""

    board_size: float = 1.0
    """Ratio of the board's size assumed to the one given."""

    motions: bool = False
    """Whether robot and board are given by motions from one image to another, A X = X B."""

    clock: Clock | None = None
    """Locates the images between the rows of a stream, each after its row; None where each has a row of its own."""

    @property
    def base_from_flange(self) -> Array:
        """(n, 4, 4) for each view."""
        if self.clock is not None:
            return self.clock.base_from_flange
        assert self.table.rotation is not None
        assert self.table.position is not None
        return se3.compose(self.table.rotation[self.rows], self.table.position[self.rows])

    def mount_from_fixture(self, setup: Setup) -> Array:
        """(n, 4, 4) for each view."""
        return mount_from_fixture(self.base_from_flange, setup)

    @property
    def offset_s(self) -> float:
        """By which the robot's clock is ahead of the images'; zero without clocks."""
        return 0.0 if self.clock is None else self.clock.offset_s

    def select(self, index: Index) -> PairedViews:
        """Some of the views."""
        clock = None if self.clock is None else self.clock.select(index)
        return replace(self, rows=self.rows[index], seen=self.seen.select(index), clock=clock)

    def with_table(self, table: PoseTable) -> PairedViews:
        """The same images with another interpretation of the table; in a stream that then turns in other ways, at the
        offset that fits it."""
        if self.clock is None:
            return replace(self, table=table)
        before = self.clock
        stream = PoseStream.of(table, before.stream.time_s)
        if np.allclose(stream.turns_rad, before.stream.turns_rad, atol=1e-6):
            return replace(self, table=table, clock=replace(before, stream=stream))
        clock = align_clocks(stream, before.image_s, self.seen.camera_from_board, before.search.most_s)
        return replace(self, table=table, rows=stream.row_before(clock.robot_s), clock=clock)

    def at(self, offset_s: float) -> PairedViews:
        """The same images at another offset of the clocks; without clocks as they are."""
        if self.clock is None:
            return self
        clock = self.clock.at(offset_s)
        return replace(self, rows=clock.stream.row_before(clock.robot_s), clock=clock)
