"""Board poses that something else found and robot poses brought together: by name, by order, or by their times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.cell.frame_loop import MOUNT, SETUPS
from calib.cell.given_boards import BoardPoses, GivenBoards, observations_of, require_board_poses
from calib.cell.hand_eye.pair_views import remarks_on, require_no_lens_options
from calib.cell.pairing.by_name_or_order import named_column, pair, require_poses, stem_of
from calib.cell.pairing.by_time import stream_of
from calib.cell.pairing.paired_views import PairedViews
from calib.cell.pairing.timestamps import ImageTimes, times_of_rows
from calib.errors import InputError
from calib.geometry import so3
from calib.robot.conventions.interpretations import invert_poses

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.cell.frame_loop import Setup
    from calib.cell.hand_eye.options import HandEyeRequest
    from calib.robot.table.pose_table import PoseTable

FEWEST_MOTIONS = 3
ALIKE = 0.1  # difference of two angles in their spread; by chance it is about the spread itself


def pair_board_poses(
    boards: BoardPoses, table: PoseTable, camera: Camera | None, request: HandEyeRequest
) -> PairedViews:
    """Poses of the board that have a pose of the robot: by the images' names where both tables name them, by time where
    the one is a stream for the other, else by order.

    Raises InputError `poses-missing`, `pairing-...`, `time-...`; UsageError `option-conflict` for a camera, or options
    of a lens.
    """
    require_no_lens_options(camera, request)
    require_board_poses(boards.table)
    require_poses(table)
    names = named_column(boards.table.other)
    observations = observations_of(boards, names)
    seen = GivenBoards(
        boards.table, np.arange(len(boards.table.lines)), observations.views, boards.noise, 1.0, observations.excluded
    )
    if names is not None and named_column(table.other) is not None:
        pairing = pair(observations, table)
        place = {view.image: i for i, view in enumerate(observations.views)}
        index = np.array([place[name] for name in pairing.images], dtype=np.intp)
        notes = (*pairing.notes, *remarks_on(table))
        return PairedViews(observations, table, pairing.rows, seen.select(index), notes)
    times = request.image_times or _times_if_needed(boards.table, table)
    if times is not None:
        return _pair_by_time(observations, seen, table, times, request)
    index, rows, note = _by_order(boards.table, table)
    pairs = PairedViews(observations, table, rows, seen.select(index), (note, *remarks_on(table)))
    return _as_motions(pairs, request.setup) if _are_motions(pairs) else pairs


def setup_of(pairs: PairedViews, stated: Setup | None) -> Setup | None:
    """The set-up stated; of motions, which do not tell it, a camera on the hand if none is."""
    return (stated or SETUPS[0]) if pairs.motions else stated


def _are_motions(pairs: PairedViews) -> bool:
    """Whether the board turns as the robot does and moves as far along the axis, pose by pose: motions do (A X = X B),
    whatever the direction of either, and poses do not."""
    robot, board = (_screw(poses) for poses in (pairs.base_from_flange, pairs.seen.camera_from_board))
    if len(pairs.rows) < FEWEST_MOTIONS:
        return False
    apart, spread = np.median(np.abs(robot - board), axis=0), np.minimum(robot.std(axis=0), board.std(axis=0))
    return bool((apart < ALIKE * spread).all())


def _screw(poses: Array) -> Array:
    """(n, 2) angles of poses (n, 4, 4), and ways along the axis of each."""
    turns = so3.log(poses[:, :3, :3])
    angles = np.linalg.norm(turns, axis=1)
    along = np.einsum("ni,ni->n", turns, poses[:, :3, 3]) / np.maximum(angles, 1e-12)
    return np.stack([angles, along], axis=1)


def _as_motions(pairs: PairedViews, setup: Setup | None) -> PairedViews:
    """The pairs with the robot's motions as they enter the loop."""
    on_hand = setup_of(replace(pairs, motions=True), setup) == SETUPS[0]
    mount = MOUNT[SETUPS[0] if on_hand else SETUPS[1]]
    note = f"the files hold motions, for robot and board turn and advance alike: A X = X B, X is {mount}_from_camera"
    note += "" if setup is not None else " (of a fixed camera base_from_camera: state --setup eye-to-hand)"
    table = invert_poses(pairs.table) if on_hand else pairs.table
    return replace(pairs.with_table(table), motions=True, notes=(*pairs.notes, note))


def _times_if_needed(boards: PoseTable, table: PoseTable) -> ImageTimes | None:
    """The times of the board's poses, where their number differs from that of the robot's and both have times."""
    if _count(boards) == _count(table) or times_of_rows(table) is None:
        return None
    found = times_of_rows(boards)
    if found is None:
        return None
    names = named_column(boards.other) or [view.image for view in observations_of(BoardPoses(boards), None).views]
    return ImageTimes(dict(zip(map(stem_of, names), found[0].tolist(), strict=True)), boards.name)


def _pair_by_time(
    observations: Observations, seen: GivenBoards, table: PoseTable, times: ImageTimes, request: HandEyeRequest
) -> PairedViews:
    timed = stream_of(observations, table, times, request.max_time_offset_s)
    located = timed.locate(seen)
    inside = replace(seen.select(located.index), excluded=(*seen.excluded, *located.excluded))
    rows = timed.stream.row_before(located.clock.robot_s)
    return PairedViews(
        observations, table, rows, inside, (*timed.notes, *remarks_on(table, stream=True)), clock=located.clock
    )


def _by_order(boards: PoseTable, table: PoseTable) -> tuple[Index, Index, str]:
    """Rows of both tables that belong together by their places in the files, and a remark."""
    places = [_places(each) for each in (boards, table)]
    counts = [_count(each) for each in (boards, table)]
    if counts[0] != counts[1]:
        raise InputError(
            f"{counts[0]} poses of the board and {counts[1]} of the robot cannot be matched by order",
            code="pairing-count",
            where=boards.name,
            why="the two tables do not both name images, and do not both have times",
            advice="give both tables a column `image`, or both a column time_s",
        )
    shared = np.array(sorted(places[0].keys() & places[1].keys()), dtype=np.intp)
    index, rows = (np.array([own[place] for place in shared.tolist()], dtype=np.intp) for own in places)
    note = f"board poses matched to robot poses by order, line {boards.lines[0]} to line {table.lines[0]}"
    return index, rows, note


def _places(table: PoseTable) -> dict[int, int]:
    """Row by its place among all rows of the file, also those that could not be read."""
    every = {line: i for i, line in enumerate(sorted({*table.lines.tolist(), *(row.line for row in table.excluded)}))}
    return {every[line]: row for row, line in enumerate(table.lines.tolist())}


def _count(table: PoseTable) -> int:
    return len({*table.lines.tolist(), *(row.line for row in table.excluded)})
