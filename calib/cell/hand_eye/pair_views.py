"""Images and robot poses brought together: by time in a stream, else by name or order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.calibration.locate_boards import LocatedBoards, locate_boards
from calib.cell.pairing.by_name_or_order import pair
from calib.cell.pairing.by_time import stream_of, times_in_names_if_needed
from calib.cell.pairing.paired_views import PairedViews
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.cell.hand_eye.options import HandEyeRequest
    from calib.cell.pairing.timestamps import ImageTimes
    from calib.robot.table.pose_table import PoseTable


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
    if times is not None:
        return _pair_by_time(observations, table, camera, times, request)
    pairing = pair(observations, table)
    seen = _locate_boards(observations, camera, request)
    row_of = dict(zip(pairing.images, pairing.rows.tolist(), strict=True))
    index = np.array([i for i, view in enumerate(seen.views) if view.image in row_of], dtype=np.intp)
    paired = seen.select(index)
    rows = np.array([row_of[view.image] for view in paired.views], dtype=np.intp)
    return PairedViews(observations, table, rows, paired, (*pairing.notes, *remarks_on(table)))


def _pair_by_time(
    observations: Observations,
    table: PoseTable,
    camera: Camera | None,
    times: ImageTimes,
    request: HandEyeRequest,
) -> PairedViews:
    timed = stream_of(observations, table, times, request.max_time_offset_s)
    seen = _locate_boards(observations, camera, request)
    located = timed.locate(seen)
    paired = replace(seen.select(located.index), excluded=(*seen.excluded, *located.excluded))
    rows = timed.stream.row_before(located.clock.robot_s)
    notes = (*timed.notes, *remarks_on(table, stream=True))
    return PairedViews(observations, table, rows, paired, notes, clock=located.clock)


def remarks_on(table: PoseTable, *, stream: bool = False) -> tuple[str, ...]:
    """What the reader of a table says, less that on unused columns, which names the very column of images, and in a
    stream that on rows that repeat one: a flange at rest repeats its pose."""
    notes = (note for note in table.notes if not note.startswith("columns not used"))
    return tuple(note for note in notes if not (stream and "repeat an earlier one" in note))


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


def require_no_lens_options(camera: Camera | None, request: HandEyeRequest) -> None:
    """Raise UsageError `option-conflict` for a camera, or options of a lens or a surface, beside board poses."""
    request.require_own_lens(True)
    for given, option in ((camera is not None, "--camera"), (bool(request.refine), "--refine")):
        if given:
            raise UsageError(
                f"{option} does not apply to --board-poses",
                code="option-conflict",
                where=option,
                why="poses of the board hold neither a lens nor corners",
                advice=f"leave {option} out, or give --images or --corners instead",
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
