"""A serial arm: a table of Denavit-Hartenberg rows with Hayati's extra rotation, and what surrounds it.

Every row holds theta, d, a, alpha and beta, and means

    standard_dh   Rz(theta + q) Tz(d) Tx(a) Rx(alpha) Ry(beta)       (Denavit & Hartenberg 1955; Paul 1981)
    modified_dh   Tx(a) Rx(alpha) Ry(beta) Rz(theta + q) Tz(d)       (Craig 1986: a and alpha of the link before)

with q added to d instead of theta where the joint is prismatic. beta is zero in a plain table. It takes over from d
where consecutive axes are nearly parallel: there the common normal, and d with it, runs away to infinity
(S. A. Hayati, M. Mirmirani, "Improving the absolute positioning accuracy of robot manipulators", J. Robotic Systems 2,
1985).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.engine.label import Label
from calib.errors import InputError
from calib.robot.arm import kinematics
from calib.robot.arm.dh_row import ALPHA, BETA, COLUMNS, THETA, UNITS, Convention, D

NEAR_PARALLEL_RAD = np.deg2rad(5.0)
"""Axes closer than this count as parallel. The foot of the common normal moves by L / sin^2 of the angle per radian of
axis error, 130 times the link length L here, while beta stays well defined up to 90 degrees (Hayati & Mirmirani)."""

MOST_JOINTS = 200  # no arm has a tenth of them, and what is worked out of an arm grows with their square


def require_few_joints(count: int, where: str) -> None:
    """Raises InputError `too-many-joints`."""
    if count > MOST_JOINTS:
        what, advice = f"{count} moving joints; at most {MOST_JOINTS} are read", "describe one arm, or name its tip"
        raise InputError(what, code="too-many-joints", where=where, advice=advice)


@dataclass(frozen=True, eq=False)
class Check:
    """A known pose of the flange, by which an arm's table is verified."""

    command: Array
    """(joints,) rad or m."""
    base_from_flange: Array
    """(4, 4)."""
    source: str
    """Where the pose comes from."""
    within_m: float = 1e-6
    """Largest distance of the arm's pose from it."""
    within_rad: float = 1e-6
    """Largest angle."""


@dataclass(frozen=True)
class UrdfText:
    """The URDF that an arm was read from."""

    content: bytes
    """All of it."""
    tip: str
    """The link that is the flange."""


@dataclass(frozen=True, eq=False, repr=False)
class SerialArm:
    """The kinematics of a serial arm; frozen, its arrays read-only."""

    name: str
    """Short name."""
    convention: Convention
    """What a row means; see the module."""
    table: Array
    """(joints, 5): theta_rad d_m a_m alpha_rad beta_rad."""
    prismatic: tuple[bool, ...]
    """Which joints slide."""
    motion_from_command: Array
    """(joints, joints): joint motions from commanded values; signs on the diagonal, couplings such as FANUC's J2 in J3
    beside it."""
    limits: Array
    """(joints, 2) of the commanded values, rad or m; infinite where unknown."""
    base: Array
    """(4, 4): arm base from the frame of the first row."""
    tool: Array
    """(4, 4): frame of the last row from flange."""
    joint_names: tuple[str, ...]
    """As the manufacturer names them."""
    title: str = ""
    """The arm in words."""
    source: str = ""
    """Where the numbers come from."""
    checks: tuple[Check, ...] = field(default=())
    """Poses known from elsewhere."""
    urdf: UrdfText | None = None
    """What it was read from, if that was a URDF: an export changes it where the arm differs by now."""

    carried: tuple[str, ...] = ()
    """First links of other arms that hang on its joints, as on a torso: their weight is not modelled."""

    def __post_init__(self) -> None:
        n = len(self.prismatic)
        shapes = {"table": (n, 5), "motion_from_command": (n, n), "limits": (n, 2), "base": (4, 4), "tool": (4, 4)}
        for name, shape in shapes.items():
            array = np.array(getattr(self, name), dtype=float)
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def joints(self) -> int:
        """How many joints the arm has."""
        return len(self.prismatic)

    def __repr__(self) -> str:
        kinds = "".join("P" if slides else "R" for slides in self.prismatic)
        return f"SerialArm({self.name!r}, joints {kinds}, {self.convention})"

    @property
    def labels(self) -> tuple[Label, ...]:
        """Names of `parameters`, in order: theta1_rad d1_m a1_m alpha1_rad beta1_rad theta2_rad ..."""
        return tuple(
            Label(f"{column}{joint + 1}", unit)
            for joint in range(self.joints)
            for column, unit in zip(COLUMNS, UNITS, strict=True)
        )

    @property
    def parameters(self) -> Array:
        """The table as one vector (5 joints,), row after row; a fresh copy."""
        return self.table.ravel().copy()

    @property
    def motion_columns(self) -> Index:
        """For each joint, which of `parameters` moves along with it: theta where it turns, d where it slides."""
        own = np.where(self.prismatic, D, THETA)
        return np.asarray(len(COLUMNS) * np.arange(self.joints) + own, dtype=np.intp)

    def with_parameters(self, parameters: Array) -> SerialArm:
        """The same arm with other parameters (5 joints,). Its checks are dropped: they were the old table's."""
        table = np.reshape(np.asarray(parameters, dtype=float), (self.joints, 5))
        return replace(self, table=table, checks=())

    @property
    def row_after_axis(self) -> tuple[int, ...]:
        """For each axis but the last, the row that holds a, alpha and beta of the link to the next axis."""
        shift = 1 if self.convention == "modified_dh" else 0
        return tuple(axis + shift for axis in range(self.joints - 1))

    @property
    def near_parallel(self) -> tuple[bool, ...]:
        """For each axis but the last, whether the next one is nearly parallel (or antiparallel) to it."""
        rows = self.table[list(self.row_after_axis)]
        cosine = np.cos(rows[:, ALPHA]) * np.cos(rows[:, BETA])
        return tuple(bool(value) for value in np.abs(cosine) > np.cos(NEAR_PARALLEL_RAD))

    @property
    def geometry_labels(self) -> tuple[Label, ...]:
        """The parameters that geometry is made of: theta, d, a, alpha of each row, with beta in the place of d wherever
        two axes are nearly parallel. In the order of `labels`."""
        use = np.tile([True, True, True, True, False], (self.joints, 1))
        for axis, (row, parallel) in enumerate(zip(self.row_after_axis, self.near_parallel, strict=True)):
            if parallel:
                use[axis, D] = False
                use[row, BETA] = True
        return tuple(label for label, chosen in zip(self.labels, use.ravel(), strict=True) if chosen)

    def base_from_flange(self, command: Array) -> Array:
        """Flange poses (..., 4, 4) of commanded joint values (..., joints), rad or m.

        Raises InputError `joint-count`.
        """
        return kinematics.base_from_flange(self, command)

    def motions(self, command: Array) -> Array:
        """Joint motions (..., joints) of commanded joint values (..., joints); rad or m.

        Raises InputError `joint-count`.
        """
        q = np.asarray(command)
        if q.ndim == 0 or q.shape[-1] != self.joints:
            found = q.shape[-1] if q.ndim else 0
            what = f"{self.name} has {self.joints} joints, found {found}"
            advice = "give one value per joint, or name the arm that the values are of"
            raise InputError(what, code="joint-count", advice=advice)
        return np.asarray(q @ self.motion_from_command.T)

    def outside_limits(self, command: Array) -> Mask:
        """Which commanded values (..., joints) are outside the joint limits."""
        q = np.asarray(command)
        return np.asarray((q < self.limits[:, 0]) | (q > self.limits[:, 1]))
