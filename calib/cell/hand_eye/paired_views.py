"""What a hand-eye calibration starts from: boards as the camera sees them, and the robot's pose for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Index
from calib.camera.calibration.locate_boards import BoardsSeen, boards_seen
from calib.cell.hand_eye.frame_loop import Setup, mount_from_rest
from calib.cell.pairing.by_name_or_order import pair
from calib.cell.pairing.by_time import MOST_OFFSET_S, stamps_of, timed
from calib.cell.pairing.clock_offset import Clock, aligned
from calib.cell.pairing.pose_stream import Stream
from calib.errors import UsageError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.cell.pairing.timestamps import Stamps
    from calib.robot.table.read import PoseTable


@dataclass(frozen=True, eq=False)
class Data:
    """table: poses of the flange in the base. rows: (n,) of the table, for each view of `seen`. notes: for the user.
    board_size: by which the board is taken larger than given. clock: places the images between the rows of a stream,
    each after its row; None where every image has a row of its own."""

    observations: Observations
    table: PoseTable
    rows: NDArray[np.intp]
    seen: BoardsSeen
    notes: tuple[str, ...] = ()
    board_size: float = 1.0
    clock: Clock | None = None

    @property
    def base_from_flange(self) -> Array:
        """(n, 4, 4) for each view."""
        if self.clock is not None:
            return self.clock.base_from_flange
        assert self.table.rotation is not None
        assert self.table.position is not None
        return se3.compose(self.table.rotation[self.rows], self.table.position[self.rows])

    def mount_from_rest(self, setup: Setup) -> Array:
        """(n, 4, 4) for each view."""
        return mount_from_rest(self.base_from_flange, setup)

    @property
    def offset_s(self) -> float:
        """What the robot's clock shows more than the images'; zero without clocks."""
        return 0.0 if self.clock is None else self.clock.offset_s

    def chosen(self, index: Index) -> Data:
        """Some of the views."""
        clock = None if self.clock is None else self.clock.chosen(index)
        return replace(self, rows=self.rows[index], seen=self.seen.chosen(index), clock=clock)

    def of(self, table: PoseTable) -> Data:
        """The same images with a table read otherwise; in a stream that turns otherwise, at the offset it asks for."""
        if self.clock is None:
            return replace(self, table=table)
        before = self.clock
        stream = Stream.of(table, before.stream.time_s)
        if np.allclose(stream.turns_rad, before.stream.turns_rad, atol=1e-6):
            return replace(self, table=table, clock=replace(before, stream=stream))
        clock = aligned(stream, before.image_s, self.seen.camera_from_board, before.search.most_s)
        return replace(self, table=table, rows=stream.row_before(clock.robot_s), clock=clock)

    def at(self, offset_s: float) -> Data:
        """The same images at another offset of the clocks; without clocks as they are."""
        if self.clock is None:
            return self
        clock = self.clock.at(offset_s)
        return replace(self, rows=clock.stream.row_before(clock.robot_s), clock=clock)


def gathered(
    observations: Observations,
    table: PoseTable,
    camera: Camera | None,
    lens: str,
    robust: bool,
    image_times: Stamps | None = None,
    max_offset_s: float = MOST_OFFSET_S,
) -> Data:
    """Board poses of the images that have a pose of the robot.

    image_times: makes the table a stream, in which images stand by their times.
    Raises as `pair`, `placed` and `boards_seen`; UsageError `board-size-needed` for a board whose size is not known.
    """
    require_scale(observations)
    # the reader's remark on columns it knows no use for names the very column of images; a flange that stands repeats
    remarks = tuple(note for note in table.notes if not note.startswith("columns not used"))
    stamps = image_times or stamps_of(observations, table)
    if stamps is not None:
        stream = timed(observations, table, stamps, max_offset_s)
        seen = boards_seen(observations, camera, lens, robust=robust)
        placed = stream.placed(seen)
        chosen = replace(seen.chosen(placed.index), excluded=(*seen.excluded, *placed.set_aside))
        rows = stream.stream.row_before(placed.clock.robot_s)
        notes = (*stream.notes, *(note for note in remarks if "repeat an earlier one" not in note))
        return Data(observations, table, rows, chosen, notes, clock=placed.clock)
    pairing = pair(observations, table)
    seen = boards_seen(observations, camera, lens, robust=robust)
    row_of = dict(zip(pairing.images, pairing.rows.tolist(), strict=True))
    index = np.array([i for i, view in enumerate(seen.views) if view.image in row_of], dtype=np.intp)
    chosen = seen.chosen(index)
    rows = np.array([row_of[view.image] for view in chosen.views], dtype=np.intp)
    return Data(observations, table, rows, chosen, (*pairing.notes, *remarks))


def require_scale(observations: Observations) -> None:
    """Raise UsageError `board-size-needed` for a board whose size is not known."""
    if not observations.scale_known:
        advice = "give the board with its square, as in --board checkerboard:9x6:25mm"
        why = "the camera's place is a length, and a board without size tells none"
        raise UsageError("the size of the board's squares is needed", code="board-size-needed", why=why, advice=advice)
