"""Poses of the flange over time, and where they are between two rows.

Between rows the flange moves along the screw that leads from one to the next: exp(s log(A^-1 B)) is the same motion in
every frame and for inverted poses too, so that what is read differently is interpolated alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable


LEAST_SPAN_S = 0.02  # either side, of a twist: over a row of 1 ms the noise of two poses is all there is
SPAN_ROWS = 2.0
MOST_GAP = 5.0  # times the usual distance of rows; a motion is no screw for as long
STATIONARY_SPAN_S = 0.05  # either side, over which a stationary flange is distinguished from a moving one
STATIONARY_TIMES = 1.5  # the motion that the stream's own noise feigns; over some images its rms is known to a tenth
STATIONARY = (1e-5, 1e-5)  # m and rad, the same for a stream without noise: what robots hold


@dataclass(frozen=True, eq=False)
class PoseStream:
    """time_s: (m,) increasing, by the robot's clock. base_from_flange: (m, 4, 4)."""

    time_s: Array
    base_from_flange: Array

    @classmethod
    def of(cls, table: PoseTable, time_s: Array) -> PoseStream:
        """The stream of a table of poses whose rows were at these times (m,)."""
        assert table.rotation is not None
        assert table.position is not None
        return cls(time_s, se3.compose(table.rotation, table.position))

    @cached_property
    def period_s(self) -> float:
        """The usual distance of rows."""
        return float(np.median(np.diff(self.time_s)))

    @property
    def span_s(self) -> float:
        """How far either side of a time its twist looks."""
        return max(SPAN_ROWS * self.period_s, LEAST_SPAN_S)

    @cached_property
    def bend_rad(self) -> float:
        """By how much the usual turn between rows misses a screw, rad: x'' dt^2 / 8 of linear interpolation."""
        bends = np.linalg.norm(np.diff(self._screws[:, 3:], axis=0), axis=1) / 8
        return float(np.median(bends)) if len(bends) else 0.0

    @property
    def turns_rad(self) -> Array:
        """(m - 1,) angles from each row to the next, the same in every frame."""
        return np.asarray(np.linalg.norm(self._screws[:, 3:], axis=1))

    def row_before(self, time_s: Array) -> NDArray[np.intp]:
        """The row (...) that each time follows; the last but one at most, so that there is a next."""
        return np.clip(np.searchsorted(self.time_s, time_s, "right") - 1, 0, len(self.time_s) - 2)

    def at(self, time_s: Array) -> Array:
        """Poses (..., 4, 4) at times (...); beyond either end along the last screw."""
        row = self.row_before(time_s)
        share = (time_s - self.time_s[row]) / self.gap_s(row)
        before = self.base_from_flange[row]
        return se3.retract(before, share[..., None] * self._screws[row])

    def twist(self, time_s: Array, span_s: float | None = None) -> Array:
        """Velocities (n, 6) of the flange along its own axes, m/s and rad/s, over a span either side (`span_s`)."""
        span = span_s or self.span_s
        low, high = (np.clip(time_s + side * span, *self.time_s[[0, -1]]) for side in (-1, 1))
        return np.asarray(se3.log(se3.inverse(self.at(low)) @ self.at(high)) / (high - low)[:, None])

    def has(self, time_s: Array) -> NDArray[np.bool_]:
        """Which times (...) lie between two rows that stand as close as usual."""
        row = self.row_before(time_s)
        covered = (time_s >= self.time_s[0]) & (time_s <= self.time_s[-1])
        return np.asarray(covered & ~(self.gap_s(row) > MOST_GAP * self.period_s))

    def gap_s(self, row: NDArray[np.intp]) -> Array:
        """Seconds (...) from a row to the next."""
        return np.asarray(self.time_s[row + 1] - self.time_s[row])

    def is_stationary(self, time_s: Array) -> bool:
        """Whether the flange moves, rms over times (n,), by no more than the noise of the rows feigns."""
        span = max(self.span_s, STATIONARY_SPAN_S)
        moved = 2 * span * self.twist(time_s, span)
        rms = np.sqrt(np.mean(moved**2, axis=0).reshape(2, 3).sum(axis=1))
        feigned = STATIONARY_TIMES * np.sqrt(6.0) * self._noise  # six: of two poses, along three axes
        return bool((rms <= np.maximum(feigned, STATIONARY)).all())

    @cached_property
    def _screws(self) -> Array:
        """(m - 1, 6) from each row to the next."""
        return se3.log(se3.inverse(self.base_from_flange[:-1]) @ self.base_from_flange[1:])

    @cached_property
    def _noise(self) -> Array:
        """Standard deviations (2,) per axis of a row, m and rad: a screw less the one before has six times its
        variance. Medians, for a motion that begins is no noise; 0.6745 sigma is the median of a normal error's size.
        """
        if len(self._screws) < 2:
            return np.zeros(2)
        size = np.abs(np.diff(self._screws, axis=0)) / (0.6745 * np.sqrt(6.0))
        return np.array([np.median(size[:, :3]), np.median(size[:, 3:])])
