"""Kannala-Brandt: the distance from the centre is an odd polynomial of the angle off the axis; OpenCV's fisheye.

J. Kannala, S. S. Brandt, "A generic camera model and calibration method for conventional, wide-angle, and fish-eye
lenses", PAMI 28, 2006, eq. 6 with leading coefficient 1.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.camera.lens import Distorted, Lens


def distort(k: Array, points: Array, derivatives: bool = True) -> Distorted:
    """Distorted coordinates by k1, k2, k3, k4 of points (3, ...), also at and behind the plane z = 0."""
    k1, k2, k3, k4 = k.tolist()
    xy, z = points[:2], points[2]
    rho2 = xy[0] * xy[0] + xy[1] * xy[1]
    rho = np.sqrt(rho2)
    angle = np.arctan2(rho, z)
    t2 = angle * angle
    polynomial = (((k4 * t2 + k3) * t2 + k2) * t2 + k1) * t2 + 1
    length2 = rho2 + z * z
    # everything per unit of rho: finite on the axis, where angle / rho tends to 1 / z
    on_axis = rho2 < 1e-16 * length2
    angle_per_rho = np.where(on_axis, 1.0 / np.where(z == 0, 1.0, z), angle / np.where(on_axis, 1.0, rho))
    scale = angle_per_rho * polynomial
    if not derivatives:
        return Distorted(scale * xy)
    slope = (((9 * k4 * t2 + 7 * k3) * t2 + 5 * k2) * t2 + 3 * k1) * t2 + 1  # d (angle polynomial) / d angle
    curl = np.where(on_axis, 0.0, (slope * z / length2 - scale) / np.where(on_axis, 1.0, rho2))  # d scale / rho d rho
    by_point = np.empty((2, 3, *z.shape))
    by_point[0, 0] = scale + curl * xy[0] * xy[0]
    by_point[0, 1] = by_point[1, 0] = curl * xy[0] * xy[1]
    by_point[1, 1] = scale + curl * xy[1] * xy[1]
    by_point[:, 2] = -slope / length2 * xy
    by_k = np.empty((4, *xy.shape))
    np.multiply(xy, angle_per_rho * t2, out=by_k[0])
    for i in range(3):
        np.multiply(by_k[i], t2, out=by_k[i + 1])
    return Distorted(scale * xy, by_point, by_k)


LENS = Lens(
    coefficients=("k1", "k2", "k3", "k4"),
    distort=distort,
    purpose="fisheye lenses, also beyond 180 degrees; OpenCV's fisheye",
    typical=(0.03, -0.008, 0.003, -0.001),
    typical_focal=0.35,
    base=True,
    radial="k1",
    widest_deg=179.0,
)
