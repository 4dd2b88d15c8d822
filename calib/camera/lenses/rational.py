"""The rational model: radial (1 + k1 r2 + k2 r4 + k3 r6) / (1 + k4 r2 + k5 r4 + k6 r6), tangential p1 p2.

D. Claus, A. W. Fitzgibbon, "A rational function lens distortion model for general cameras", CVPR 2005, in the form
and order of OpenCV's CALIB_RATIONAL_MODEL.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.camera.lens import Distorted, Lens, by_ratio


def distort(k: Array, points: Array, derivatives: bool = True) -> Distorted:
    """Distorted coordinates by k1, k2, p1, p2, k3, k4, k5, k6 of points (3, ...)."""
    k1, k2, p1, p2, k3, k4, k5, k6 = k.tolist()
    inverse_z = 1.0 / points[2]
    ab = points[:2] * inverse_z
    squares = ab * ab
    r2 = squares[0] + squares[1]
    product = ab[0] * ab[1]
    below = 1.0 / (((k6 * r2 + k5) * r2 + k4) * r2 + 1.0)
    radial = (((k3 * r2 + k2) * r2 + k1) * r2 + 1.0) * below
    tangential = np.empty((2, *ab.shape))
    tangential[0, 0] = tangential[1, 1] = 2 * product
    tangential[0, 1], tangential[1, 0] = r2 + 2 * squares[1], r2 + 2 * squares[0]
    m = ab * radial + p1 * tangential[0] + p2 * tangential[1]
    if not derivatives:
        return Distorted(m)
    above_slope = (3 * k3 * r2 + 2 * k2) * r2 + k1
    below_slope = (3 * k6 * r2 + 2 * k5) * r2 + k4
    slope = 2 * below * (above_slope - radial * below_slope)  # d radial / d r2, twice
    by_k = np.empty((8, *ab.shape))
    above = ab * (r2 * below)
    under = above * -radial
    for power, (numerator, denominator) in enumerate(((0, 5), (1, 6), (4, 7))):
        by_k[numerator], by_k[denominator] = above * r2**power, under * r2**power
    by_k[2:4] = tangential
    pull = (2 * p1) * ab[1] + (2 * p2) * ab[0]
    d11 = radial + squares[0] * slope + pull + (4 * p2) * ab[0]
    d22 = radial + squares[1] * slope + pull + (4 * p1) * ab[1]
    mixed = product * slope + (2 * p1) * ab[0] + (2 * p2) * ab[1]
    return Distorted(m, by_ratio(d11, mixed, d22, ab, inverse_z), by_k)


# Numerator and denominator nearly cancel on a mild lens: without a prior their coefficients run off to thousands.
# Those of real lenses are of order 1; with a corner noise of 0.2 px, 5 amounts to a standard deviation of 1.
RADIAL = ("k1", "k2", "k3", "k4", "k5", "k6")

LENS = Lens(
    coefficients=("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    distort=distort,
    purpose="wide lenses of strong distortion; OpenCV's CALIB_RATIONAL_MODEL",
    typical=(0.35, 0.06, 0.0008, -0.0005, 0.005, 0.6, 0.12, 0.01),
    radial="k1",
    weak=dict.fromkeys(RADIAL, 5.0),
)
