"""Which of several ways to read a file is right: the one that fits alone, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.errors import InputError
from calib.geometry import so3
from calib.robot.conventions.residual import DECISIVE

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable
    from calib.robot.table.reading import Reading

ROUNDING = 1e-6  # size of a residual below which exact data differ by chance
SAME = 1e-6  # m or rad, and of joints: readings that differ by less are one
READ_AS = "columns read as {}"


@dataclass(frozen=True, eq=False)
class TriedReading:
    """A reading, and what the closed form leaves of it."""

    reading: Reading
    table: PoseTable
    """So read."""
    size: float
    """Of the residual; infinite where nothing could be computed."""
    fits: bool
    """Whether it is small against the motion."""
    left: str
    """The residual in words."""

    def __str__(self) -> str:
        return f"{self.reading.name}: {self.left}"


def choose_reading(tried: Sequence[TriedReading], where: str) -> tuple[TriedReading, str]:
    """The reading that fits and none other does, with a remark that names both; the best where none fits, if that is
    beyond doubt: what is wrong with it is for the convention check to find.

    Raises InputError `reading-undecided` with the numbers of both.
    """
    order = sorted(tried, key=lambda each: (not each.fits, each.size))
    best = order[0]
    others = [each for each in order[1:] if not _same_poses(best.table, each.table)]
    rival = others[0] if others else None
    near = rival is not None and rival.size < DECISIVE * max(best.size, ROUNDING)
    if near and rival is not None and (rival.fits or not best.fits) and np.isfinite(best.size):
        raise InputError(
            f"the file does not say how its columns are meant, and two readings {'fit' if best.fits else 'fit alike'}",
            code="reading-undecided",
            where=where,
            why=f"{best}; {rival}",
            advice=f"state it: {best.reading.options}   or: {rival.reading.options}",
        )
    return best, READ_AS.format(best) + (f"; the next best reading: {rival.left}" if rival is not None else "")


def _same_poses(one: PoseTable, other: PoseTable) -> bool:
    """Whether two readings give the same numbers: about one axis, every sequence of Euler angles does."""
    if one.joints.shape != other.joints.shape or np.abs(one.joints - other.joints).max(initial=0.0) > SAME:
        return False
    for a, b in ((one.position, other.position), (one.distance, other.distance)):
        if a is not None and (b is None or np.abs(a - b).max() > SAME):
            return False
    if one.rotation is None or other.rotation is None:
        return one.rotation is other.rotation
    return float(so3.angle_between(one.rotation, other.rotation).max()) < SAME
