"""The input of a hand-eye calibration: board poses by the camera, and the robot's pose for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.calibration.locate_boards import LocatedBoards, locate_boards
from calib.cell.hand_eye.frame_loop import Setup, mount_from_fixture
from calib.cell.pairing.by_name_or_order import pair
from calib.cell.pairing.by_time import stream_of, times_in_names_if_needed
from calib.cell.pairing.clock_offset import Clock, align_clocks
from calib.cell.pairing.pose_stream import PoseStream
from calib.errors import UsageError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.cell.hand_eye.options import HandEyeRequest
    from calib.cell.pairing.timestamps import ImageTimes
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

    seen: LocatedBoards
    """The views with the board poses by the camera."""

    notes: tuple[str, ...] = ()
    """Remarks for the user."""

    board_size: float = 1.0
    """Ratio of the board's size assumed to the one given."""

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


def pair_views(
    observations: Observations, table: PoseTable, camera: Camera | None, request: HandEyeRequest
) -> PairedViews:
    """Board poses of the images that have a pose of the robot: by time in a stream, else by name or order.

    Raises as `by_name_or_order.pair`, `TimedStream.locate` and `locate_boards`; UsageError `board-size-needed` for a
    board whose size is not known.
    """
    require_scale(observations)
    request.require_own_lens(camera)
    times = request.image_times or times_in_names_if_needed(observations, table)
    # the reader's remark on unused columns names the very column of images
    remarks = tuple(note for note in table.notes if not note.startswith("columns not used"))
    if times is not None:
        return _pair_by_time(observations, table, camera, times, request, remarks)
    pairing = pair(observations, table)
    seen = _locate_boards(observations, camera, request)
    row_of = dict(zip(pairing.images, pairing.rows.tolist(), strict=True))
    index = np.array([i for i, view in enumerate(seen.views) if view.image in row_of], dtype=np.intp)
    paired = seen.select(index)
    rows = np.array([row_of[view.image] for view in paired.views], dtype=np.intp)
    return PairedViews(observations, table, rows, paired, (*pairing.notes, *remarks))


def _pair_by_time(
    observations: Observations,
    table: PoseTable,
    camera: Camera | None,
    times: ImageTimes,
    request: HandEyeRequest,
    remarks: tuple[str, ...],
) -> PairedViews:
    timed = stream_of(observations, table, times, request.max_time_offset_s)
    seen = _locate_boards(observations, camera, request)
    located = timed.locate(seen)
    paired = replace(seen.select(located.index), excluded=(*seen.excluded, *located.excluded))
    rows = timed.stream.row_before(located.clock.robot_s)
    # in a stream, a flange at rest repeats its pose
    notes = (*timed.notes, *(note for note in remarks if "repeat an earlier one" not in note))
    return PairedViews(observations, table, rows, paired, notes, clock=located.clock)


def _locate_boards(observations: Observations, camera: Camera | None, request: HandEyeRequest) -> LocatedBoards:
    return locate_boards(
        observations,
        camera,
        request.lens,
        fix=request.fix,
        free=request.free,
        robust=request.robust,
        global_start=request.global_start,
        on_progress=request.on_progress,
    )


def require_scale(observations: Observations) -> None:
    """Raise UsageError `board-size-needed` for a board whose size is not known."""
    if not observations.scale_known:
        raise UsageError(
            "the size of the board's squares is needed",
            code="board-size-needed",
            why="the camera's position is a length, and a board of unknown size gives no scale",
            advice="give the board with its square, as in --board checkerboard:9x6:25mm",
        )
