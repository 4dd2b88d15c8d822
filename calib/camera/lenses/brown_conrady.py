"""Brown-Conrady: radial k1 k2 k3 and tangential p1 p2; OpenCV's default, ROS' plumb_bob.

D. C. Brown, "Decentering distortion of lenses", 1966; signs and order of p1, p2 as in OpenCV.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.camera.lens import Distorted, Lens, by_ratio


def distort(k: Array, points: Array, derivatives: bool = True) -> Distorted:
    """Distorted coordinates by k1, k2, p1, p2, k3 of points (3, ...)."""
    k1, k2, p1, p2, k3 = k.tolist()
    inverse_z = 1.0 / points[2]
    ab = points[:2] * inverse_z
    squares = ab * ab
    r2 = squares[0] + squares[1]
    product = ab[0] * ab[1]
    radial = ((k3 * r2 + k2) * r2 + k1) * r2 + 1.0
    squares2 = squares + squares
    tangential = np.empty((2, *ab.shape))
    tangential[0, 0] = tangential[1, 1] = product + product
    np.add(squares2[1], r2, out=tangential[0, 1])
    np.add(squares2[0], r2, out=tangential[1, 0])
    m = ab * radial + p1 * tangential[0] + p2 * tangential[1]
    if not derivatives:
        return Distorted(m)
    slope = (6 * k3 * r2 + 4 * k2) * r2 + 2 * k1  # d radial / d r2, twice
    by_k = np.empty((5, *ab.shape))
    np.multiply(ab, r2, out=by_k[0])
    np.multiply(by_k[0], r2, out=by_k[1])
    np.multiply(by_k[1], r2, out=by_k[4])
    by_k[2:4] = tangential
    pull = (2 * p1) * ab[1] + (2 * p2) * ab[0]
    diagonal = squares * slope + (radial + pull)
    diagonal[0] += (4 * p2) * ab[0]
    diagonal[1] += (4 * p1) * ab[1]
    mixed = product * slope + (2 * p1) * ab[0] + (2 * p2) * ab[1]
    return Distorted(m, by_ratio(diagonal[0], mixed, diagonal[1], ab, inverse_z), by_k)


# What the terms come to at the corner of the image, over ordinary lenses as they are calibrated: barrel distortion of a
# quarter, the fifth power against it by a tenth, and what is left; centring errors of a few pixels.
PLAUSIBLE = {"k1": 0.25, "k2": 0.1, "k3": 0.05, "p1": 0.003, "p2": 0.003}

LENS = Lens(
    coefficients=("k1", "k2", "p1", "p2", "k3"),
    distort=distort,
    purpose="ordinary lenses; OpenCV's default, ROS' plumb_bob",
    typical=(-0.25, 0.09, 0.0008, -0.0005, -0.01),
    richer="rational",
    base=True,
    smaller=(frozenset({"k3"}),),
    radial="k1",
    plausible=PLAUSIBLE,
)
