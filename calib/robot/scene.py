"""A simulated arm before it is measured: its pose, and the noise of the instruments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm

FARTHEST_M = 3.0  # of the base from the instrument, along each of its axes


@dataclass(frozen=True)
class Spread:
    """Standard deviations of everything that is drawn, and the outliers."""

    error_m: float = 3e-4
    """Of every length of the arm about its table."""
    error_rad: float = 1e-3
    """Of every angle of the arm about its table."""
    sigma_m: float = 5e-5
    """Of every measured length or coordinate."""
    sigma_rad: float = 1e-4
    """Of every measured orientation, per axis."""
    joint_noise_m: float = 0.0
    """Of every sliding joint about its command."""
    joint_noise_rad: float = 0.0
    """Of every turning joint about its command."""
    outlier_share: float = 0.0
    """Of the rows."""
    outlier_m: float = 0.02
    """How far outliers are displaced, in random directions."""
    outlier_rad: float = 0.05
    """How far outliers are turned, about random axes."""


class FlangeAt(Protocol):
    """Where the flange truly is (m, 4, 4) at commands (m, joints) of some of the poses (m,)."""

    def __call__(self, command: Array, poses: Index) -> Array: ...


@dataclass(frozen=True, eq=False)
class ArmScene:
    """What a measurement is simulated from: m poses of an arm, n rows of a table."""

    nominal: SerialArm
    """As drawn."""
    built: SerialArm
    """As built, without its effects."""
    flange_at: FlangeAt
    """Its true flange poses."""
    command: Array
    """(m, joints) at which the arm is measured."""
    pose: Index
    """(n,) the pose of every row."""
    target: Index
    """(n,) the target of every row, or the point or plane that it touches."""
    targets_in_flange: Array
    """(targets, 3) random places on the flange, m."""
    outlier: Mask
    """(n,) which rows are wrong."""
    spread: Spread
    """Its noise and outliers."""

    @property
    def base_from_flange(self) -> Array:
        """Where the flange truly is at every row, (n, 4, 4)."""
        return self.flange_at(self.command, np.arange(len(self.command)))[self.pose]

    def displace(self, exact: Array, rng: np.random.Generator) -> Array:
        """Lengths (n, d) with noise, and outliers off by their distance."""
        noise = rng.normal(0.0, 1.0, exact.shape) * self.spread.sigma_m
        outliers = self.outlier[:, None] * random_directions(len(exact), exact.shape[1], rng) * self.spread.outlier_m
        return np.asarray(exact + noise + outliers)

    def disturb(self, exact: Array, rng: np.random.Generator) -> Array:
        """Poses (n, 4, 4), turned in their own axes and displaced in those of the instrument."""
        turned = rng.normal(0.0, 1.0, (len(exact), 3)) * self.spread.sigma_rad
        turned += self.outlier[:, None] * random_directions(len(exact), 3, rng) * self.spread.outlier_rad
        return se3.compose(exact[:, :3, :3] @ so3.exp(turned), self.displace(exact[:, :3, 3], rng))


@dataclass(frozen=True, eq=False)
class SimulatedRows:
    """What a measurement makes of a scene."""

    frames: Mapping[str, Array]
    """True values of its frames, by name."""
    columns: Mapping[str, Array] = field(default_factory=dict)
    """Measured columns of the table, by field of `PoseTable`."""
    command: Array | None = None
    """(m, joints) at which the arm was measured, where the measurement decides that."""


def random_directions(rows: int, dimension: int, rng: np.random.Generator) -> Array:
    """Random unit vectors (rows, dimension); signs where the dimension is one."""
    drawn = rng.normal(0.0, 1.0, (rows, dimension))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def random_base(rng: np.random.Generator) -> Array:
    """A random world_from_base (4, 4)."""
    return se3.compose(so3.exp(rng.normal(0.0, 1.0, 3)), rng.uniform(-FARTHEST_M, FARTHEST_M, 3))


def random_tip(rng: np.random.Generator) -> Array:
    """A random tip on the flange (3,), m."""
    return np.array([*rng.uniform(-0.05, 0.05, 2), rng.uniform(0.1, 0.2)])
