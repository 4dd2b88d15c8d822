"""The pinhole: straight lines stay straight."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.camera.lens import Distorted, Lens, by_ratio


def distort(k: Array, points: Array, derivatives: bool = True) -> Distorted:
    """Ratios x/z, y/z of points (3, ...); no coefficients."""
    inverse_z = 1.0 / points[2]
    ab = points[:2] * inverse_z
    if not derivatives:
        return Distorted(ab)
    one = np.ones_like(inverse_z)
    return Distorted(ab, by_ratio(one, np.zeros_like(one), one, ab, inverse_z), np.empty((0, *ab.shape)))


LENS = Lens(
    coefficients=(),
    distort=distort,
    purpose="images without distortion, or rectified ones",
    typical=(),
    richer="brown_conrady",
)
