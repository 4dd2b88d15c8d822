"""Rotation matrices and rotation vectors, batched: every function takes any number of leading axes.

Source of the formulas: J. Sola, J. Deray, D. Atchuthan, "A micro Lie theory for state estimation in
robotics", 2018, eqs. 132-146.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from calib.arrays import Array

_SERIES_BELOW = 0.25  # rad; the series below are exact to 1e-17 there
# Taylor coefficients in t^2, highest first, of sin(t)/t, (1 - cos t)/t^2 and (t - sin t)/t^3: (-1)^k / (2k + 1, 2, 3)!
_SERIES = np.array([[(-1) ** k / factorial(2 * k + first) for first in (1, 2, 3)] for k in range(5, -1, -1)])

# hat of the three unit vectors, as rows of 9
_GENERATORS = np.array([[0, 0, 0, 0, 0, -1, 0, 1, 0], [0, 0, 1, 0, 0, 0, -1, 0, 0], [0, -1, 0, 1, 0, 0, 0, 0, 0.0]])


def hat(vector: Array) -> Array:
    """Skew matrices (..., 3, 3) with hat(v) @ u = cross(v, u), from vectors (..., 3)."""
    v = np.asarray(vector)
    return np.asarray(v @ _GENERATORS).reshape(*v.shape, 3)


def coefficients(squared_angle: Array) -> tuple[Array, Array, Array]:
    """sin(t)/t, (1 - cos t)/t^2 and (t - sin t)/t^3 from t^2 (...), accurate at and near zero.

    Complex input is allowed (for complex-step derivatives).
    """
    t2 = np.asarray(squared_angle)
    small = np.abs(t2) < _SERIES_BELOW**2
    if small.all():
        return _series(t2)
    safe = np.where(small, 1.0, t2)
    t = np.sqrt(safe)
    sine, half_sine = np.sin(t), np.sin(0.5 * t)
    a, b, c = _series(np.where(small, t2, 0.0))
    return (
        np.where(small, a, sine / t),
        np.where(small, b, 2 * half_sine * half_sine / safe),
        np.where(small, c, (t - sine) / (safe * t)),
    )


def _series(t2: Array) -> tuple[Array, Array, Array]:
    terms = _SERIES.reshape(len(_SERIES), 3, *(1 for _ in t2.shape))
    out = terms[0] * t2 + terms[1]
    for term in terms[2:]:
        out = out * t2 + term
    return out[0], out[1], out[2]


def exp(rotation_vector: Array) -> Array:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3) in radians (Rodrigues)."""
    w = np.asarray(rotation_vector)
    t2 = np.sum(w * w, axis=-1)
    a, b, _ = coefficients(t2)
    return blend(1 - b * t2, a, b, w)


def blend(unit: Array, skew: Array, outer: Array, vector: Array) -> Array:
    """unit I + skew hat(v) + outer v v' (..., 3, 3), for factors (...) and vectors (..., 3).

    Rotations and their Jacobians all have this form, for hat(v)^2 = v v' - |v|^2 I.
    """
    out: Array = (outer[..., None] * vector)[..., :, None] * vector[..., None, :]
    turned = skew[..., None] * vector
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        out[..., i, i] += unit
        out[..., k, j] += turned[..., i]
        out[..., j, k] -= turned[..., i]
    return out


def log(rotation: Array) -> Array:
    """Rotation vectors (..., 3), of length at most pi, of rotation matrices (..., 3, 3).

    By way of the quaternion, which keeps its digits near pi where the matrix' skew part vanishes.
    """
    q = quaternion_xyzw(rotation)
    vector, scalar = q[..., :3], q[..., 3]
    sine = np.sqrt(np.sum(vector * vector, axis=-1))
    angle = 2 * np.arctan2(sine, scalar)
    tiny = sine < 1e-8
    factor = np.where(tiny, 2.0, angle / np.where(tiny, 1.0, sine))
    return np.asarray(vector * factor[..., None])


def quaternion_xyzw(rotation: Array) -> Array:
    """Unit quaternions (..., 4), order x y z w, w >= 0, of rotation matrices (..., 3, 3).

    Shepperd's method (S. W. Shepperd, J. Guidance and Control 1, 1978): divide by the largest component.
    """
    r = np.asarray(rotation, dtype=float)
    xx, yy, zz = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    squares = np.stack([1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz], axis=-1)
    xy, xz, yz = r[..., 1, 0] + r[..., 0, 1], r[..., 0, 2] + r[..., 2, 0], r[..., 2, 1] + r[..., 1, 2]
    wx, wy, wz = r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]
    rows = np.stack(
        [
            np.stack([squares[..., 0], xy, xz, wx], axis=-1),
            np.stack([xy, squares[..., 1], yz, wy], axis=-1),
            np.stack([xz, yz, squares[..., 2], wz], axis=-1),
            np.stack([wx, wy, wz, squares[..., 3]], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(squares, axis=-1)
    q = np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return np.asarray(np.where(q[..., 3:] < 0, -q, q))


def from_quaternion_xyzw(quaternion: Array) -> Array:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4), order x y z w; any length but zero."""
    q = np.asarray(quaternion, dtype=float)
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    v, w = q[..., :3], q[..., 3, None, None]
    k = hat(v)
    return np.asarray(np.eye(3) + 2 * (w * k + k @ k))


def left_jacobian(rotation_vector: Array) -> Array:
    """J (..., 3, 3) with exp(w + dw) = exp(J dw) exp(w) to first order."""
    w = np.asarray(rotation_vector)
    t2 = np.sum(w * w, axis=-1)
    _, b, c = coefficients(t2)
    return blend(1 - c * t2, b, c, w)


def right_jacobian(rotation_vector: Array) -> Array:
    """J (..., 3, 3) with exp(w + dw) = exp(w) exp(J dw) to first order."""
    return left_jacobian(np.negative(rotation_vector))


def left_jacobian_inverse(rotation_vector: Array) -> Array:
    """Inverse of `left_jacobian` (..., 3, 3), for angles below 2 pi."""
    w = np.asarray(rotation_vector)
    t2 = np.sum(w * w, axis=-1)
    a, b, _ = coefficients(t2)
    t4 = t2 * t2
    series = (1 + t2 / 60 + t4 / 2520 + t4 * t2 / 100800) / 12  # of (1 - a / (2 b)) / t^2
    small = t2 < 0.01
    safe = np.where(small, 1.0, t2)
    d = np.where(small, series, (1 - 0.5 * a / b) / safe)
    k = hat(w)
    return np.asarray(np.eye(3) - 0.5 * k + d[..., None, None] * (k @ k))


def turning_z_to(direction: Array) -> Array:
    """The smallest rotations (..., 3, 3) that turn the z axis to unit vectors (..., 3)."""
    d = np.asarray(direction)
    sine = np.hypot(d[..., 0], d[..., 1])
    angle = np.arctan2(sine, d[..., 2])
    safe = np.maximum(sine, 1e-300)
    straight = sine == 0  # along z: any axis will do
    x = np.where(straight, 1.0, -d[..., 1] / safe)
    y = np.where(straight, 0.0, d[..., 0] / safe)
    return exp(np.stack([angle * x, angle * y, np.zeros_like(sine)], axis=-1))


def nearest(matrix: Array) -> Array:
    """The rotations (..., 3, 3) nearest to matrices (..., 3, 3) in the Frobenius norm.

    K. S. Arun, T. S. Huang, S. D. Blostein, PAMI 9, 1987, with Umeyama's correction against reflections.
    """
    u, _, vt = np.linalg.svd(matrix)
    sign = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    u = u.copy()
    u[..., :, 2] *= sign[..., None]
    return np.asarray(u @ vt)


def angle_between(a: Array, b: Array) -> Array:
    """Angles (...) in rad between rotations (..., 3, 3), 0 to pi: |A - B| = 2 sqrt 2 sin(angle / 2)."""
    chord = np.linalg.norm(a - b, axis=(-2, -1))
    return np.asarray(2 * np.arcsin(np.minimum(chord / np.sqrt(8.0), 1.0)))
