"""Robust losses rho(s) of the squared norm s of a row's whitened residual, applied by re-weighting.

Each returns rho(s) and its derivative, the row's weight; rho(s) ~ s near zero, so that a loss leaves good data
alone. Defaults give 95 % efficiency on Gaussian data for scalar residuals (P. J. Huber, Robust Statistics, 1981;
R. A. Maronna et al., Robust Statistics, 2019, table 2.2).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from calib.arrays import Array

Loss = Callable[[Array], tuple[Array, Array]]


def huber(width: float = 1.345) -> Loss:
    """Quadratic up to `width` standard deviations, linear beyond: bounded influence, convex."""
    return partial(_huber, width)


def cauchy(width: float = 2.385) -> Loss:
    """width^2 log(1 + s / width^2): the influence of far rows falls off as 1 / distance."""
    return partial(_cauchy, width)


def tukey(width: float = 4.685) -> Loss:
    """The biweight: rows beyond `width` standard deviations have no influence at all. Needs a good start."""
    return partial(_tukey, width)


def soft_l1(width: float = 1.345) -> Loss:
    """2 width^2 (sqrt(1 + s / width^2) - 1): a smooth Huber."""
    return partial(_soft_l1, width)


LOSSES: dict[str, Callable[..., Loss]] = {"huber": huber, "cauchy": cauchy, "tukey": tukey, "soft_l1": soft_l1}


def _huber(width: float, squared: Array) -> tuple[Array, Array]:
    norm = np.sqrt(squared)
    weight = np.minimum(1.0, width / np.maximum(norm, 1e-300))
    return np.where(norm <= width, squared, 2 * width * norm - width**2), weight


def _cauchy(width: float, squared: Array) -> tuple[Array, Array]:
    ratio = squared / width**2
    return width**2 * np.log1p(ratio), 1.0 / (1.0 + ratio)


def _tukey(width: float, squared: Array) -> tuple[Array, Array]:
    ratio = np.minimum(squared / width**2, 1.0)
    # width^2 / 3 (1 - (1 - ratio)^3), multiplied out so that small residuals do not cancel
    return width**2 * ratio * (1.0 - ratio + ratio**2 / 3), (1.0 - ratio) ** 2


def _soft_l1(width: float, squared: Array) -> tuple[Array, Array]:
    root = np.sqrt(1.0 + squared / width**2)
    return 2 * squared / (root + 1.0), 1.0 / root
