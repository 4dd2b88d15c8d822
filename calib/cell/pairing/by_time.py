"""Images located in a stream of poses by their times, where the robot goes on moving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.observations import Excluded
from calib.cell.pairing.by_name_or_order import few, named_column, require_poses, stem_of
from calib.cell.pairing.clock_offset import Clock, align_clocks
from calib.cell.pairing.pose_stream import MOST_GAP, PoseStream
from calib.cell.pairing.timestamps import times_in_names, times_of_rows
from calib.errors import InputError, UsageError

if TYPE_CHECKING:
    from calib.camera.calibration.locate_boards import LocatedBoards
    from calib.camera.observations import Observations
    from calib.cell.given_boards import GivenBoards
    from calib.cell.pairing.timestamps import ImageTimes
    from calib.robot.table.pose_table import PoseTable


MAX_TIME_OFFSET_S = 1.0  # synchronised clocks, and the delay of a driver, differ by less
FEWEST_ROWS = 3
MOST_BEND_RAD = np.deg2rad(1.0)  # ten rows a second of a quick arm have 0.2; stops listed with their times have 10


@dataclass(frozen=True, eq=False)
class LocatedViews:
    """Views in a stream of poses."""

    index: Index
    """(n,) of the views that the stream has a pose for."""

    clock: Clock
    """Those views in the stream."""

    excluded: tuple[Excluded, ...]
    """The other views."""


@dataclass(frozen=True, eq=False)
class TimedStream:
    """A stream of poses and the times of images, before anything is known of the offset."""

    stream: PoseStream

    times: ImageTimes

    most_s: float
    """Largest offset to search."""

    notes: tuple[str, ...]
    """Remarks for the user."""

    def locate(self, seen: LocatedBoards | GivenBoards) -> LocatedViews:
        """The views that lie in the stream, at the offset that their turns determine.

        Raises InputError `time-no-overlap` if none does.
        """
        names = [view.image for view in seen.views]
        has = np.array([stem_of(name) in self.times.seconds for name in names])
        aside = [Excluded(name, f"{self.times.source} has no time for it") for name in np.array(names)[~has]]
        timed = np.flatnonzero(has)
        seconds = np.array([self.times.seconds[stem_of(names[i])] for i in timed])
        clock = align_clocks(self.stream, seconds, seen.camera_from_board[timed], self.most_s)
        inside = clock.covered
        aside += [Excluded(names[timed[i]], self._why(clock.robot_s[i])) for i in np.flatnonzero(~inside)]
        if not inside.any():
            advice = "record the poses throughout the images, or search farther with --max-time-offset-s"
            why = aside[0].reason
            raise InputError("no image lies in the stream of poses", code="time-no-overlap", why=why, advice=advice)
        return LocatedViews(timed[inside], clock.select(np.flatnonzero(inside)), tuple(aside))

    def _why(self, robot_s: float) -> str:
        """Why the stream has no pose at a time."""
        begin, end = self.stream.time_s[[0, -1]].tolist()
        if not begin <= robot_s <= end:
            return f"taken at {robot_s:.3f} s, outside the poses from {begin:.3f} to {end:.3f} s"
        gap = float(self.stream.gap_s(self.stream.row_before(np.array(robot_s))))
        return f"taken in a gap of {gap:.3f} s, over {MOST_GAP:g} times the usual distance of poses"


def times_in_names_if_needed(observations: Observations, table: PoseTable) -> ImageTimes | None:
    """The times in the images' names, where nothing else can pair them: the table has times and names no images, and
    their numbers differ, so that order cannot."""
    count = len({*(view.image for view in observations.views), *(aside.image for aside in observations.excluded)})
    if named_column(table.other) is not None or count == len(table.lines) or times_of_rows(table) is None:
        return None
    return times_in_names(observations)


def stream_of(observations: Observations, table: PoseTable, times: ImageTimes, most_s: float) -> TimedStream:
    """A table of poses as a stream, for images with times.

    Raises InputError `poses-missing`, `time-columns`, `stream-sparse`, `time-names`, `time-no-overlap`, and as
    `times_of_rows`; UsageError `option-conflict` for a table that names the image of every pose.
    """
    require_poses(table)
    if named_column(table.other) is not None:
        raise UsageError(
            "image times cannot be combined with poses that name their image",
            code="option-conflict",
            where=table.name,
            advice="omit --image-times, or give the stream of poses without a column of images",
        )
    read = times_of_rows(table)
    if read is None:
        raise InputError(
            "the poses have no times",
            code="time-columns",
            where=table.name,
            advice="a stream of poses has a column time_s, time_ms, time_us or time_ns",
        )
    seconds = [times.seconds[key] for view in observations.views if (key := stem_of(view.image)) in times.seconds]
    if not seconds:
        seen = [view.image for view in observations.views]
        why = f"images {few(seen)}; times of {few(list(times.seconds))}"
        advice = "give the times under the images' names, with or without their suffix"
        raise InputError("no image has a time", code="time-names", where=times.source, why=why, advice=advice)
    _require_overlap(np.array(seconds), read[0], times, table, most_s)
    stream = PoseStream.of(table, read[0])
    if len(read[0]) < FEWEST_ROWS or stream.bend_rad > MOST_BEND_RAD:
        raise InputError(
            f"{len(read[0])} poses for {len(seconds)} images are no stream",
            code="stream-sparse",
            where=table.name,
            why=f"poses {stream.period_s:.3g} s apart do not determine the motion between them "
            f"(to {np.degrees(stream.bend_rad):.2g} deg)",
            advice="record poses faster, or name the image of every pose in a column `image`",
        )
    note = f"images located by their times ({times.source}) in a stream of {len(read[0])} poses, "
    rate = f"{1 / stream.period_s:.3g} a second{read[1]}, along the screw between two"
    return TimedStream(stream, times, most_s, (note + rate,))


def _require_overlap(image_s: Array, pose_s: Array, times: ImageTimes, table: PoseTable, most_s: float) -> None:
    if image_s.max() + most_s < pose_s[0] or image_s.min() - most_s > pose_s[-1]:
        ranges = [f"from {times.min():.3f} to {times.max():.3f} s" for times in (image_s, pose_s)]
        raise InputError(
            "images and poses were taken at different times",
            code="time-no-overlap",
            where=table.name,
            why=f"images {ranges[0]} ({times.source}), poses {ranges[1]}",
            advice="perhaps by two clocks that count from different days: bring one to the other, or search farther "
            "with --max-time-offset-s",
        )
