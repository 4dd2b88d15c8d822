"""The pinhole: straight lines stay straight."""

from __future__ import annotations

from calib.camera.lens import Array, Distorted, Lens, by_ratio


def distort(k: Array, x: Array, y: Array, z: Array) -> Distorted:
    """Normalised coordinates x/z, y/z; no coefficients."""
    inverse_z = 1.0 / z
    a, b = x * inverse_z, y * inverse_z
    return Distorted((a, b), by_ratio((1.0, 0.0, 0.0, 1.0), a, b, inverse_z), ())


LENS = Lens("pinhole", (), distort)
