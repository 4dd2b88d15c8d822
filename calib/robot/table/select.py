"""Some rows of a table of poses, and which rows belong together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Index

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable


_FNV_PRIME = np.uint64(1099511628211)  # G. Fowler, L. C. Noll, K.-P. Vo, the hash FNV-1a of 64 bits
PER_ROW = (
    "joints",
    "target",
    "pose",
    "lines",
    "position",
    "quaternion_xyzw",
    "distance",
    "sigma_position",
    "sigma_rotation",
    "sigma_distance",
    "temperature_degc",
    "payload_kg",
)


def select_rows(table: PoseTable, rows: Index | NDArray[np.bool_]) -> PoseTable:
    """The table with these rows only; names of targets and poses stay, so indices keep their meaning."""
    index = np.flatnonzero(rows) if rows.dtype == bool else rows
    parts: dict[str, Any] = {name: column[index] for name in PER_ROW if (column := getattr(table, name)) is not None}
    if table.angles is not None:
        parts["angles"] = replace(table.angles, values=table.angles.values[index])
    other = {name: tuple(texts[i] for i in index) for name, texts in table.other.items()}
    return replace(table, **parts, other=other)


def pose_groups(table: PoseTable) -> Index:
    """Which rows (n,) belong to one pose of the arm: those with one name in the column `pose`, or, without names,
    those with the same commanded joint values."""
    if table.pose_names:
        return table.pose
    return _row_groups(table.joints)


def repeated_rows(rows: Array) -> Index:
    """The rows (k,) of a table (n, columns) that equal an earlier one, ascending."""
    words = np.ascontiguousarray(rows + 0.0).view(np.uint64)  # -0.0 becomes 0.0: equal numbers have equal bits
    key = np.zeros(len(rows), dtype=np.uint64)
    for column in words.T:
        key = (key ^ column) * _FNV_PRIME
    order = np.argsort(key)
    same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    alike = np.unique(order[np.concatenate([same, same + 1])])  # equal rows are among these, and few others
    return np.setdiff1d(alike, alike[np.unique(_row_groups(rows[alike]), return_index=True)[1]])


def _row_groups(rows: Array) -> Index:
    """A number for each row (n, columns), the same for equal rows, ascending as the rows are in lexical order."""
    if not rows.size:
        return np.zeros(len(rows), dtype=np.intp)
    order = np.lexsort(rows.T[::-1])  # several times as fast as np.unique of rows
    ordered = rows[order]
    group = np.zeros(len(rows), dtype=np.intp)
    group[order[1:]] = np.cumsum(np.any(ordered[1:] != ordered[:-1], axis=1))
    return group


def with_lengths_times(table: PoseTable, factor: float) -> PoseTable:
    """The table with its measured lengths, and their standard deviations, multiplied by a factor."""
    names = ("position", "distance", "sigma_position", "sigma_distance")
    columns = {name: column for name in names if (column := getattr(table, name)) is not None}
    return replace(table, **{name: column * factor for name, column in columns.items()})
