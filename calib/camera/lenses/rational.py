"""The rational model: radial (1 + k1 r2 + k2 r4 + k3 r6) / (1 + k4 r2 + k5 r4 + k6 r6), tangential p1 p2.

D. Claus, A. W. Fitzgibbon, "A rational function lens distortion model for general cameras", CVPR 2005, in the form
and order of OpenCV's CALIB_RATIONAL_MODEL.
"""

from __future__ import annotations

from calib.camera.lens import Array, Distorted, Lens, by_ratio


def distort(k: Array, x: Array, y: Array, z: Array) -> Distorted:
    """Distorted coordinates by k1, k2, p1, p2, k3, k4, k5, k6 of points (x, y, z)."""
    k1, k2, p1, p2, k3, k4, k5, k6 = k
    inverse_z = 1.0 / z
    a, b = x * inverse_z, y * inverse_z
    aa, bb, ab2 = a * a, b * b, 2 * a * b
    r2 = aa + bb
    r4 = r2 * r2
    r6 = r4 * r2
    below = 1.0 / (1 + k4 * r2 + k5 * r4 + k6 * r6)
    radial = (1 + k1 * r2 + k2 * r4 + k3 * r6) * below
    twice_slope = 2 * below * ((k1 + 2 * k2 * r2 + 3 * k3 * r4) - radial * (k4 + 2 * k5 * r2 + 3 * k6 * r4))
    t1, t2 = r2 + 2 * bb, r2 + 2 * aa
    m1 = a * radial + p1 * ab2 + p2 * t2
    m2 = b * radial + p1 * t1 + p2 * ab2
    mixed = 0.5 * ab2 * twice_slope + 2 * p1 * a + 2 * p2 * b
    inner = (
        radial + aa * twice_slope + 2 * p1 * b + 6 * p2 * a,
        mixed,
        mixed,
        radial + bb * twice_slope + 6 * p1 * b + 2 * p2 * a,
    )
    above = below
    under = -radial * below
    columns = (
        (a * r2 * above, b * r2 * above),
        (a * r4 * above, b * r4 * above),
        (ab2, t1),
        (t2, ab2),
        (a * r6 * above, b * r6 * above),
        (a * r2 * under, b * r2 * under),
        (a * r4 * under, b * r4 * under),
        (a * r6 * under, b * r6 * under),
    )
    return Distorted((m1, m2), by_ratio(inner, a, b, inverse_z), columns)


# Numerator and denominator nearly cancel on a mild lens: without a prior their coefficients run off to thousands.
# Those of real lenses are of order 1; with a corner noise of 0.2 px, 5 stands for a standard deviation of 1.
RADIAL = ("k1", "k2", "k3", "k4", "k5", "k6")

LENS = Lens(
    "rational",
    ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    distort,
    weak=dict.fromkeys(RADIAL, 5.0),
)
