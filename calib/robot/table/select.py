"""Some rows of a table of poses, and which rows belong together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Index

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable


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
    return np.unique(table.joints, axis=0, return_inverse=True)[1].reshape(-1)
