"""How large the errors of each component of a measurement are, and which rows are beyond them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv

from calib.arrays import Array, Index, Mask

if TYPE_CHECKING:
    from calib.robot.measurement import Measurement
    from calib.robot.table.pose_table import PoseTable


# A row further off than this many standard deviations is wrong: noise alone does it once in 13 million rows of three
# coordinates, and what an arm's model leaves unexplained has short tails.
OUTLIER_SIGMAS = 6.0
BAD_POSE_SIGMAS = 3.0  # the same at a pose with a row as far off: by chance once in 34 rows
# A row whose error at the nominal arm is so many times the median is a gross error: arms out of
# the box have errors of 2 to 4 times their median at most.
LOST_TIMES = 30.0
LOST_BELOW = 1e-6  # m or rad: no row is lost that is off by less
LEAST_SIGMA = 1e-9  # m or rad: rounding of the forward kinematics is 1e-15, of tables with nine digits 1e-9


@dataclass(frozen=True, eq=False)
class MeasurementNoise:
    """Standard deviations of a table's residuals."""

    sigma: Array
    """(n, d)."""
    common: Mapping[str, float]
    """The part common to all rows, per component: the arm's, beside what a column of standard deviations states of the
    instrument."""


def stated_sigma(measurement: Measurement, table: PoseTable) -> Array:
    """Standard deviations (n, d) that the table gives, zero where it gives none."""
    out = np.zeros((len(table.joints), measurement.dimension))
    for component in measurement.components:
        column = getattr(table, component.sigma_column, None) if component.sigma_column else None
        if column is not None:
            out[:, component.part] = column.reshape(len(out), -1)
    return out


def noise_of(measurement: Measurement, given: Array, common: Mapping[str, float]) -> MeasurementNoise:
    """Both parts together. given: (n, d) as of `stated_sigma`."""
    sigma = np.empty_like(given)
    for component in measurement.components:
        part = given[:, component.part]
        sigma[:, component.part] = np.sqrt(part * part + max(common[component.name], LEAST_SIGMA) ** 2)
    return MeasurementNoise(sigma, dict(common))


def median_noise(measurement: Measurement, residuals: Array, given: Array, shrunk: float = 1.0) -> dict[str, float]:
    """The common part per component from the median residual of a row, which wrong rows do not move.

    residuals: (n, d). shrunk: by how much a fit makes residuals smaller than errors, sqrt(1 - parameters / residuals).
    """
    return {
        component.name: _common(
            residuals[:, component.part] ** 2,
            given[:, component.part] ** 2,
            lambda squares: float(np.median(np.sum(squares, axis=1))),
            (chi_median(component.size) * shrunk) ** 2,
        )
        for component in measurement.components
    }


def mean_noise(
    measurement: Measurement, residuals: Array, given: Array, redundancy: Mapping[str, float]
) -> dict[str, float]:
    """The common part per component for which its squared whitened residuals sum to their expectation.

    redundancy: of a component's residuals, how many the fit leaves free, as a share (W. Foerstner, "Ein Verfahren zur
    Schaetzung von Varianz- und Kovarianzkomponenten", AVN 86, 1979).
    """
    return {
        component.name: _common(
            residuals[:, component.part] ** 2,
            given[:, component.part] ** 2,
            lambda squares: float(np.mean(squares)),
            redundancy[component.name],
        )
        for component in measurement.components
    }


def row_sizes(measurement: Measurement, residuals: Array, sigma: Array | float = 1.0) -> dict[str, Array]:
    """Length (n,) of every component of residuals (n, d), in units of sigma."""
    whitened = residuals / sigma
    return {c.name: np.sqrt(np.sum(whitened[:, c.part] ** 2, axis=1)) for c in measurement.components}


def inlier_rows(measurement: Measurement, residuals: Array, noise: MeasurementNoise, pose: Index) -> Mask:
    """Which rows (n,) are within `OUTLIER_SIGMAS` in every component of the arm, and do not share a bad pose.

    pose: (n,) the arm's pose of every row. Where one target is off because the arm was elsewhere, so are the others.
    """
    sizes = row_sizes(measurement, residuals, noise.sigma)
    worst = np.max([sizes[component.name] for component in measurement.of_arm], axis=0)
    bad = np.unique(pose[worst > OUTLIER_SIGMAS])
    return np.asarray(worst <= np.where(np.isin(pose, bad), BAD_POSE_SIGMAS, OUTLIER_SIGMAS))


def plausible_rows(sizes: Mapping[str, Array], typical: Mapping[str, float] | None = None) -> Mask:
    """Which rows (n,) can be measurements of their poses, by errors (n,) per component at the nominal arm.

    typical: median errors, of these rows if None.
    """
    limit = typical or {name: float(np.median(size)) for name, size in sizes.items()}
    within = [size <= max(LOST_TIMES * limit[name], LOST_BELOW) for name, size in sizes.items()]
    return np.asarray(np.all(within, axis=0))


def _common(squares: Array, given: Array, size: Callable[[Array], float], expected: float) -> float:
    """The standard deviation that, beside variances given (n, k), brings squared residuals (n, k) to the size expected
    of them in units of their variance. size: proportional to its argument."""
    if not given.any():
        return max(float(np.sqrt(size(squares) / expected)), LEAST_SIGMA)

    from scipy.optimize import brentq  # takes long to import, and only tables that state their noise need it

    def excess(logarithm: float) -> float:
        return size(squares / (given + np.exp(logarithm))) - expected

    low, high = 2 * np.log(LEAST_SIGMA), np.log(100 * float(np.max(squares)) / expected + 2 * LEAST_SIGMA**2)
    return LEAST_SIGMA if excess(low) <= 0 else float(np.exp(0.5 * brentq(excess, low, high)))


def chi_median(dimension: int) -> float:
    """The median length of a Gaussian vector of unit standard deviation."""
    return float(np.sqrt(2 * gammaincinv(dimension / 2, 0.5)))
