"""Kannala-Brandt: the distance from the centre is an odd polynomial of the angle off the axis; OpenCV's fisheye.

J. Kannala, S. S. Brandt, "A generic camera model and calibration method for conventional, wide-angle, and fish-eye
lenses", PAMI 28, 2006, eq. 6 with leading coefficient 1.
"""

from __future__ import annotations

import numpy as np

from calib.camera.lens import Array, Distorted, Lens


def distort(k: Array, x: Array, y: Array, z: Array) -> Distorted:
    """Distorted coordinates by k1, k2, k3, k4 of points (x, y, z), also at and behind the plane z = 0."""
    k1, k2, k3, k4 = k
    rho2 = x * x + y * y
    rho = np.sqrt(rho2)
    angle = np.arctan2(rho, z)
    t2 = angle * angle
    t4 = t2 * t2
    polynomial = 1 + k1 * t2 + k2 * t4 + k3 * t2 * t4 + k4 * t4 * t4
    slope = 1 + 3 * k1 * t2 + 5 * k2 * t4 + 7 * k3 * t2 * t4 + 9 * k4 * t4 * t4  # d(angle polynomial)/d angle
    length2 = rho2 + z * z
    # per unit of rho: finite on the axis, where angle / rho tends to 1 / z
    on_axis = rho2 < 1e-16 * length2
    safe = np.where(on_axis, 1.0, rho)
    angle_per_rho = np.where(on_axis, 1.0 / np.where(z == 0, 1.0, z), angle / safe)
    scale = angle_per_rho * polynomial
    # d scale / d rho / rho and d scale / d z
    curl = np.where(on_axis, 0.0, (slope * z / length2 - scale) / np.where(on_axis, 1.0, rho2))
    by_z = -slope / length2
    xy = curl * x * y
    by_point = ((scale + curl * x * x, xy, by_z * x), (xy, scale + curl * y * y, by_z * y))
    columns = [(angle_per_rho * power * x, angle_per_rho * power * y) for power in (t2, t4, t2 * t4, t4 * t4)]
    return Distorted((scale * x, scale * y), by_point, columns)


LENS = Lens("kannala_brandt", ("k1", "k2", "k3", "k4"), distort, widest_deg=179.0)
