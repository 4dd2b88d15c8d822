"""One of several ways to read a table whose file leaves units, orders or sequences open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable


@dataclass(frozen=True, eq=False)
class Reading:
    """A way to read a table. Which one is right is for the data to decide, and for nobody else."""

    name: str
    """In words: x y z in mm, quaternion w first."""
    options: str
    """What states it on the command line: --columns 1=x_mm,... --euler ZYX."""
    build: Callable[[], PoseTable]
    """The table so read, with the same rows in every reading."""
