"""The table of measured poses, as arrays in SI units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from calib.arrays import Array, Index
from calib.geometry import so3
from calib.robot.table.orientation import Angles

if TYPE_CHECKING:
    from calib.robot.table.reading import Reading

MeasurementName = Literal["pose", "position", "distance", "joints"]


@dataclass(frozen=True)
class ExcludedRow:
    """A row that is not used."""

    line: int
    """In the file."""
    reason: str
    """In words."""


@dataclass(frozen=True, eq=False, repr=False)
class PoseTable:
    """Measured poses, SI units throughout; n rows. What was not measured is None."""

    joints: Array
    """(n, joints) commanded values, rad or m."""
    prismatic: tuple[bool, ...]
    """Which joints were given in m or mm."""
    target: Index
    """(n,) indices into `target_names`; all 0 without such a column."""
    pose: Index
    """(n,) indices into `pose_names`; without such a column every row is a pose of its own."""
    lines: Index
    """(n,) line of each row in the file."""
    position: Array | None = None
    """(n, 3) m."""
    quaternion_xyzw: Array | None = None
    """(n, 4) as given, of nearly unit length."""
    angles: Angles | None = None
    """Where the quaternions come from, if orientations were given as three angles."""
    distance: Array | None = None
    """(n,) m."""
    target_names: tuple[str, ...] = ()
    """As in the file; empty without such a column."""
    pose_names: tuple[str, ...] = ()
    """As in the file; empty without such a column."""
    sigma_position: Array | None = None
    """(n, 3) m, standard deviations."""
    sigma_rotation: Array | None = None
    """(n, 3) rad."""
    sigma_distance: Array | None = None
    """(n,) m."""
    temperature_degc: Array | None = None
    """(n,)."""
    payload_kg: Array | None = None
    """(n,)."""
    other: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The columns of other names, as text."""
    excluded: tuple[ExcludedRow, ...] = ()
    """Rows that could not be read."""
    notes: tuple[str, ...] = ()
    """Remarks for the user."""
    name: str = ""
    """The file."""
    readings: tuple[Reading, ...] = ()
    """The ways to read a file that leaves units, orders or sequences open, this one first; empty for one that states
    them."""

    def __repr__(self) -> str:
        source = f" from {self.name}" if self.name else ""
        return f"PoseTable: {len(self.joints)} rows ({self.measurement}) of {self.joints.shape[1]} joints{source}"

    @property
    def measurement(self) -> MeasurementName:
        """What was measured, by the columns: a pose, a position, a distance, or nothing but joint values."""
        if self.distance is not None:
            return "distance"
        if self.position is None:
            return "joints"
        return "position" if self.quaternion_xyzw is None else "pose"

    @cached_property
    def rotation(self) -> Array | None:
        """Measured orientations world_from_target (n, 3, 3), if any."""
        return None if self.quaternion_xyzw is None else so3.from_quaternion_xyzw(self.quaternion_xyzw)
