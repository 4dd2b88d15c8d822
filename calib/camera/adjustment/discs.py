"""What is measured of a circle: the middle of the area of its image, which is not the image of its middle.

The middle of the area inside a curve is a ratio of integrals along it (Green's theorem), and the image of a circle is
a smooth periodic curve whatever the lens: the trapezoidal rule over a few of its points, with the derivative along it
from their trigonometric interpolant, is exact to rounding for any circle worth measuring (L. N. Trefethen,
J. A. C. Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 56, 2014). J. Heikkila, "Geometric
camera calibration using circular control points", PAMI 22, 2000, has the part of the perspective alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array

POINTS = 8  # of a contour; products of three coordinates need six for an ellipse, the rest is what bends it


def _slopes_matrix(count: int) -> Array:
    """(count, count) derivatives of the trigonometric interpolant of values at equal angles (Trefethen 2000, ch. 3)."""
    step = np.arange(count)[:, None] - np.arange(count)
    with np.errstate(divide="ignore"):
        entries = 0.5 * (-1.0) ** step / np.tan(step * np.pi / count)
    return np.where(step == 0, 0.0, entries)


_ANGLES = 2 * np.pi * np.arange(POINTS) / POINTS
_SLOPES = _slopes_matrix(POINTS)


def contours(in_board: Array, radius: Array) -> Array:
    """Points (3, rows * POINTS) of circles about board points (3, rows), circle by circle, in the board's plane."""
    around = np.stack([np.cos(_ANGLES), np.sin(_ANGLES), np.zeros(POINTS)])
    return np.asarray((in_board[:, :, None] + radius[:, None] * around[:, None]).reshape(3, -1))


@dataclass(frozen=True, eq=False)
class AreaCentres:
    """The middles of the areas inside curves."""

    px: Array
    """(2, rows)"""
    by_contour: Array
    """(2, 2, rows, POINTS) derivatives by the curves' points."""

    @classmethod
    def of(cls, contour_px: Array) -> AreaCentres:
        """Of curves through pixels (2, rows * POINTS), curve by curve; of a curve without area, the mean of it."""
        points = contour_px.reshape(2, -1, POINTS)
        mean = points.mean(axis=2)
        x, y = from_mean = points - mean[:, :, None]
        slope_x, slope_y = from_mean @ _SLOPES.T
        area = np.sum(x * slope_y - y * slope_x, axis=1)
        with np.errstate(divide="ignore"):
            inverse = np.where(area != 0.0, 1.0 / area, 0.0)
        off = np.stack([np.sum(x**2 * slope_y, axis=1), -np.sum(y**2 * slope_x, axis=1)]) * inverse
        by_area = 2 * np.stack([slope_y, -slope_x])
        squared_x, squared_y = x**2 @ _SLOPES.T, y**2 @ _SLOPES.T
        by_moments = np.stack([np.stack([2 * x * slope_y, -squared_x]), np.stack([squared_y, -2 * y * slope_x])])
        by = (by_moments - off[:, None, :, None] * by_area) * inverse[:, None]
        by -= by.mean(axis=3, keepdims=True)  # through the mean, which goes along with each of the points
        by[[0, 1], [0, 1]] += 1.0 / POINTS
        return cls(mean + off, by)

    def through(self, by_contour_points: Array) -> Array:
        """Derivatives (k, 2, rows) of the middles from those (k, 2, rows * POINTS) of the curves' points."""
        each = by_contour_points.reshape(len(by_contour_points), 2, *self.by_contour.shape[2:])
        return np.asarray(np.einsum("dern,kern->kdr", self.by_contour, each))
