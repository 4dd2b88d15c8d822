"""Are all lengths off by one factor? Then it is the instrument's scale, for no arm is built so.

A draw-wire whose drum is 2 % too small, a tracker with the wrong refraction, a board whose squares are not as stated:
each makes every length of the arm come out longer by the same share, and leaves nothing in the residuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv

from calib.robot.identification.model import AS_BUILT
from calib.robot.identification.residuals import ARM_BLOCK

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.identification.robust_fit import Fit

SIGMAS_95 = 1.96
MANY_SIGMAS = 3.0
EXPLAINED = 0.95  # quantile below which what one factor leaves of the lengths is as arms are built


@dataclass(frozen=True)
class LengthScale:
    """The factor by which lengths identified differ from nominal ones."""

    factor: float
    """Identified over nominal."""
    sigma: float
    """Of the factor, arms being built to `AS_BUILT`."""
    common: bool
    """Whether it explains every length, as arms are built."""

    @property
    def decisive(self) -> bool:
        """Whether the lengths are off by one factor, and not as arms are built."""
        return self.common and abs(self.factor - 1) > MANY_SIGMAS * self.sigma

    @property
    def interval_95(self) -> tuple[float, float]:
        """Of the factor."""
        return self.factor - SIGMAS_95 * self.sigma, self.factor + SIGMAS_95 * self.sigma

    def __str__(self) -> str:
        low, high = self.interval_95
        return f"{self.factor:.4f} [{low:.4f}, {high:.4f}] 95 %"


def length_scale(nominal: SerialArm, fitted: Fit) -> LengthScale | None:
    """The factor common to all lengths that a fit estimates; None where no length is measured, or none estimated.

    Generalised least squares of changes on nominal lengths; both the fit's covariance and the tolerance to which arms
    are built count.
    """
    model = fitted.model
    sliding = {nominal.labels[column] for column in nominal.motion_columns}
    lengths = [
        i
        for i, label in enumerate(nominal.labels)
        if label.unit == "m" and label not in model.held and label not in sliding
    ]
    size = nominal.parameters[lengths]
    if model.measurement.contact or not np.any(size):
        return None
    change = fitted.values[ARM_BLOCK][0][lengths] - size
    covariance = fitted.uncertainty.covariance([nominal.labels[i] for i in lengths])
    if not np.isfinite(covariance).all():
        return None
    weighted = np.linalg.solve(covariance + AS_BUILT[0] ** 2 * np.eye(len(lengths)), np.column_stack([size, change]))
    precision, along = float(size @ weighted[:, 0]), float(size @ weighted[:, 1])
    left = float(change @ weighted[:, 1]) - along**2 / precision
    limit = 2 * gammaincinv((len(lengths) - 1) / 2, EXPLAINED) if len(lengths) > 1 else 0.0
    return LengthScale(1 + along / precision, precision**-0.5, bool(left <= limit))
