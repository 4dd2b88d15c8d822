"""Poses of a file that says how they are meant: what the data of a calibration would decide is not decided here."""

from __future__ import annotations

from calib.errors import InputError
from calib.robot.table.pose_table import PoseTable


def require_one_reading(table: PoseTable) -> PoseTable:
    """The table. Raises InputError `reading-undecided` where the file leaves units, orders or sequences open."""
    if table.readings:
        one, other = table.readings[:2]
        raise InputError(
            "the file does not say how its columns are meant",
            code="reading-undecided",
            where=table.name,
            why=f"{one.name}, or {other.name}",
            advice=f"state it: {one.options}   or: {other.options}",
        )
    return table
