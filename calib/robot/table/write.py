"""A table of poses as comma-separated text, as `calib.robot.table.read` reads it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from calib.arrays import Array
from calib.files import write_text
from calib.robot.table.columns import POSITION, QUATERNION, ROTATION
from calib.robot.table.pose_table import PoseTable
from calib.text import as_cell


def write_poses(table: PoseTable, path: Path, *, overwrite: bool = False) -> None:
    """Write a table as comma-separated text in SI units: reading it again gives the same arrays, writing that again
    the same bytes. Excluded rows are not written.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`.
    """
    write_text(poses_text(table), path, overwrite=overwrite)


def poses_text(table: PoseTable) -> str:
    """The text that `write_poses` writes."""
    columns: dict[str, list[str]] = {}
    for name, names, index in (("pose", table.pose_names, table.pose), ("target", table.target_names, table.target)):
        if names:
            columns[name] = [as_cell(names[i]) for i in index]
    units = ["m" if slides else "rad" for slides in table.prismatic]
    _add(columns, [f"j{i + 1}_{unit}" for i, unit in enumerate(units)], table.joints)
    _add(columns, [f"{name}_m" for name in POSITION], table.position)
    _add(columns, list(QUATERNION), table.quaternion_xyzw)
    _add(columns, ["distance_m"], table.distance)
    _add(columns, [f"sigma_{name}_m" for name in POSITION], table.sigma_position)
    _add(columns, [f"sigma_{name}_rad" for name in ROTATION], table.sigma_rotation)
    _add(columns, ["sigma_distance_m"], table.sigma_distance)
    _add(columns, ["temperature_degc"], table.temperature_degc)
    _add(columns, ["payload_kg"], table.payload_kg)
    columns |= {name: [as_cell(text) for text in texts] for name, texts in table.other.items()}
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue()


def _add(columns: dict[str, list[str]], names: list[str], values: Array | None) -> None:
    if values is not None:
        for name, column in zip(names, np.reshape(values, (len(values), -1)).T.tolist(), strict=True):
            columns[name] = [repr(value) for value in column]
