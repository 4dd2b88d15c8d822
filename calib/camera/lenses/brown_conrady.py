"""Brown-Conrady: radial k1 k2 k3 and tangential p1 p2; OpenCV's default, ROS' plumb_bob.

D. C. Brown, "Decentering distortion of lenses", 1966; signs and order of p1, p2 as in OpenCV.
"""

from __future__ import annotations

from calib.camera.lens import Array, Distorted, Lens, by_ratio


def distort(k: Array, x: Array, y: Array, z: Array) -> Distorted:
    """Distorted coordinates by k1, k2, p1, p2, k3 of points (x, y, z)."""
    k1, k2, p1, p2, k3 = k
    inverse_z = 1.0 / z
    a, b = x * inverse_z, y * inverse_z
    aa, bb, ab2 = a * a, b * b, a * b
    ab2 += ab2
    r2 = aa + bb
    r4 = r2 * r2
    r6 = r4 * r2
    radial = r2 * k1 + r4 * k2 + r6 * k3
    radial += 1.0
    slope = r2 * (2 * k2) + r4 * (3 * k3)
    slope += k1
    t1, t2 = r2 + 2 * bb, r2 + 2 * aa
    m1 = a * radial + p1 * ab2 + p2 * t2
    m2 = b * radial + p1 * t1 + p2 * ab2
    slope += slope
    mixed = (0.5 * ab2) * slope + (2 * p1) * a + (2 * p2) * b
    inner = (
        radial + aa * slope + (2 * p1) * b + (6 * p2) * a,
        mixed,
        mixed,
        radial + bb * slope + (6 * p1) * b + (2 * p2) * a,
    )
    columns = ((a * r2, b * r2), (a * r4, b * r4), (ab2, t1), (t2, ab2), (a * r6, b * r6))
    return Distorted((m1, m2), by_ratio(inner, a, b, inverse_z), columns)


LENS = Lens("brown_conrady", ("k1", "k2", "p1", "p2", "k3"), distort)
