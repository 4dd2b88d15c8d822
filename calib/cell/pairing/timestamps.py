"""Time stamps in tables and file names: with their unit, or in the one unit that a plain number can have.

Columns are called time, t, stamp or timestamp, with the unit as in time_s, time_ms, stamp_us, stamp_ns. Without a unit
a stamp is read only where it counts from 1970, for then its size distinguishes seconds from nanoseconds (ROS has
either).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.cell.pairing.by_name_or_order import NAME_COLUMNS, few, named_column, stem_of
from calib.delimited import numbers, read_delimited, uses_decimal_comma
from calib.errors import InputError

if TYPE_CHECKING:
    from calib.camera.observations import Observations
    from calib.robot.table.pose_table import PoseTable


STEMS = ("time", "t", "stamp", "timestamp")
PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
SINCE_1970_S = (1e9, 4.1e9)  # the years 2001 to 2099; units are a thousand apart, so at most one fits
_CALL_IT = "call it time_s, time_ms, time_us or time_ns"


@dataclass(frozen=True, eq=False, repr=False)
class ImageTimes:
    """When images were taken, by one clock."""

    seconds: Mapping[str, float]
    """By image name without folder and ending."""

    source: str
    """In words."""

    def __repr__(self) -> str:
        return f"ImageTimes({len(self.seconds)} images, from {self.source})"


def read_image_times(path: str | Path) -> ImageTimes:
    """The table image,time_s of when each image was taken.

    Raises InputError `table-*`, `time-columns`, `time-unit`, `time-number`, `time-not-increasing`, `pairing-twice`.
    """
    where = str(path)
    text = read_delimited(Path(path))
    columns = {text.header[i]: tuple(cells.tolist()) for i, cells in text.cells.items()}
    names = named_column(columns)
    found = times_of(columns, text.lines, where)
    if names is None or found is None:
        raise InputError(
            f"no column of {'images' if names is None else 'times'}",
            code="time-columns",
            where=where,
            why=f"the columns are: {', '.join(text.header)}",
            advice=f"expected image,time_s; {_CALL_IT}, and the names one of {', '.join(NAME_COLUMNS)}",
        )
    seconds: dict[str, float] = {}
    for name, line, value in zip(names, text.lines, found[0].tolist(), strict=True):
        if stem_of(name) in seconds:
            place = f"{where}, line {line}"
            raise InputError(f"image {name!r} has two times", code="pairing-twice", where=place, advice="keep one")
        seconds[stem_of(name)] = value
    _require_distinct(seconds, where)
    return ImageTimes(seconds, f"{PurePath(where).name}{found[1]}")


def times_in_names(observations: Observations) -> ImageTimes | None:
    """Times from file names that are stamps and nothing else, as exports of ROS bags write them; None if any is not."""
    names = [stem_of(view.image) for view in observations.views]
    values = numbers(tuple(names), decimal_comma=False)
    unit = _since_1970(values)
    if unit is None:
        return None
    seconds = dict(zip(names, (values / PER_SECOND[unit]).tolist(), strict=True))
    _require_distinct(seconds, "the images' names")
    return ImageTimes(seconds, f"the files' names, read as {unit} since 1970")


def times_of_rows(table: PoseTable) -> tuple[Array, str] | None:
    """When the rows (n,) of a pose table were, in s, and how that was read; None if it has no column of times.

    Raises InputError `time-unit`, `time-number`, `time-not-increasing`.
    """
    found = times_of(table.other, table.lines.tolist(), table.name)
    if found is None:
        return None
    back = np.flatnonzero(np.diff(found[0]) <= 0)
    if back.size:
        row = int(back[0])
        raise InputError(
            "the times of the poses do not increase",
            code="time-not-increasing",
            where=f"{table.name}, line {table.lines[row + 1]}",
            why=f"{found[0][row + 1]:.9g} s after {found[0][row]:.9g} s, one of {len(back)} such rows",
            advice="sort the table by its times and remove rows that repeat one",
        )
    return found


def times_of(columns: Mapping[str, tuple[str, ...]], lines: Any, where: str) -> tuple[Array, str] | None:
    """Seconds (n,) of the column of times and a remark on its unit; None if there is no such column.

    Raises InputError `time-unit` for a unit that is not determined, `time-number`, `table-column-twice`.
    """
    known = {*STEMS, *(f"{stem}_{unit}" for stem in STEMS for unit in PER_SECOND)}
    found = [name for name in columns if name.lower() in known]
    if not found:
        return None
    if len(found) > 1:
        what = f"several columns of times: {', '.join(found)}"
        advice = f"keep {found[0]} and rename or remove the others"
        raise InputError(what, code="table-column-twice", where=where, advice=advice)
    cells = columns[found[0]]
    values = numbers(cells, uses_decimal_comma([cells]))
    if np.isnan(values).any():
        row = int(np.flatnonzero(np.isnan(values))[0])
        place = f"{where}, line {lines[row]}, column {found[0]}"
        raise InputError(f"not a time: {cells[row]!r}", code="time-number", where=place, advice="fix or remove the row")
    unit, remark = found[0].lower().rpartition("_")[2], ""
    if unit not in PER_SECOND:
        since = _since_1970(values)
        if since is None:
            what = f"column {found[0]!r} names no unit"
            raise InputError(what, code="time-unit", where=where, advice=_CALL_IT)
        unit, remark = since, f", {found[0]} read as {since} since 1970"
    return values / PER_SECOND[unit], remark


def _since_1970(values: Array) -> str | None:
    """The one unit in which all values count from 1970 to our days."""
    low, high = SINCE_1970_S
    fits = (unit for unit, per in PER_SECOND.items() if ((values >= low * per) & (values <= high * per)).all())
    return next(fits, None) if values.size else None


def _require_distinct(seconds: Mapping[str, float], where: str) -> None:
    seen: dict[float, str] = {}
    for name, value in seconds.items():
        if value in seen:
            raise InputError(
                "two images have the same time",
                code="time-not-increasing",
                where=where,
                why=f"{few([seen[value], name])}: {value:.9g} s",
                advice="one camera takes one image at a time: check the times",
            )
        seen[value] = name
