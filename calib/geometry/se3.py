"""Rigid transforms as matrices (..., 4, 4), batched.

The convention of the package, stated here and nowhere else: a transform is named `a_from_b` and maps points of
frame b into frame a; its tangent is (vx, vy, vz, wx, wy, wz), metres first, and perturbs on the right:
retract(T, x) = T exp(x).
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.geometry import so3

TANGENT = ("vx_m", "vy_m", "vz_m", "wx_rad", "wy_rad", "wz_rad")

_IDENTITY = np.eye(3)


def compose(rotation: Array, translation: Array) -> Array:
    """Transforms (..., 4, 4) from rotations (..., 3, 3) and translations (..., 3) in metres."""
    r, t = np.asarray(rotation), np.asarray(translation)
    shape = np.broadcast_shapes(r.shape[:-2], t.shape[:-1])
    out = np.zeros((*shape, 4, 4), np.result_type(r, t, float))
    out[..., :3, :3] = r
    out[..., :3, 3] = t
    out[..., 3, 3] = 1
    return out


def inverse(transform: Array) -> Array:
    """b_from_a (..., 4, 4) of a_from_b (..., 4, 4)."""
    rotation = np.swapaxes(transform[..., :3, :3], -1, -2)
    return compose(rotation, -np.einsum("...ij,...j->...i", rotation, transform[..., :3, 3]))


def apply(transform: Array, points: Array) -> Array:
    """Points (..., 3) of frame b in frame a, by a_from_b (..., 4, 4); leading axes broadcast."""
    return np.asarray(np.einsum("...ij,...j->...i", transform[..., :3, :3], points) + transform[..., :3, 3])


def exp(tangent: Array) -> Array:
    """Transforms (..., 4, 4) of tangents (..., 6): vx vy vz [m], wx wy wz [rad] (Sola et al. 2018, eq. 172)."""
    x = np.asarray(tangent)
    v, w = x[..., :3], x[..., 3:]
    a, b, c = (factor[..., None, None] for factor in so3.coefficients(np.sum(w * w, axis=-1)))
    k = so3.hat(w)
    kk = k @ k
    out = np.zeros((*x.shape[:-1], 4, 4), kk.dtype)
    out[..., :3, :3] = a * k + b * kk + _IDENTITY
    out[..., :3, 3] = v + ((b * k + c * kk) @ v[..., None])[..., 0]
    out[..., 3, 3] = 1
    return out


def log(transform: Array) -> Array:
    """Tangents (..., 6) of transforms (..., 4, 4)."""
    w = so3.log(transform[..., :3, :3])
    v = np.einsum("...ij,...j->...i", so3.left_jacobian_inverse(w), transform[..., :3, 3])
    return np.concatenate([v, w], axis=-1)


def retract(transform: Array, step: Array) -> Array:
    """transform @ exp(step): moves transforms (..., 4, 4) by tangents (..., 6)."""
    return np.asarray(transform @ exp(step))


def adjoint(transform: Array) -> Array:
    """Ad (..., 6, 6) with T exp(x) = exp(Ad x) T, for the tangent order (v, w)."""
    r, t = transform[..., :3, :3], transform[..., :3, 3]
    out = np.zeros((*transform.shape[:-2], 6, 6), transform.dtype)
    out[..., :3, :3] = r
    out[..., 3:, 3:] = r
    out[..., :3, 3:] = so3.hat(t) @ r
    return out


def left_jacobian(tangent: Array) -> Array:
    """J (..., 6, 6) with exp(x + dx) = exp(J dx) exp(x) to first order (Sola et al. 2018, eqs. 179-180)."""
    x = np.asarray(tangent)
    v, w = x[..., :3], x[..., 3:]
    t2 = np.sum(w * w, axis=-1)
    _, b, c = so3.coefficients(t2)
    small = np.abs(t2) < 0.25
    safe = np.where(small, 1.0, t2)
    # (1 - t^2/2 - cos t)/t^4 and its companion, with series where they cancel
    d = np.where(
        small,
        -(1 - t2 / 30 * (1 - t2 / 56 * (1 - t2 / 90 * (1 - t2 / 132 * (1 - t2 / 182))))) / 24,
        (b - 0.5) / safe,
    )
    e = np.where(
        small,
        -(1 - t2 / 42 * (1 - t2 / 72 * (1 - t2 / 110 * (1 - t2 / 156 * (1 - t2 / 210))))) / 120,
        (c - 1 / 6) / safe,
    )
    p, k = so3.hat(v), so3.hat(w)
    kp, pk, kk = k @ p, p @ k, k @ k
    q = (
        0.5 * p
        + c[..., None, None] * (kp + pk + k @ pk)
        - d[..., None, None] * (kk @ p + pk @ k - 3 * (k @ pk))
        - 0.5 * (d - 3 * e)[..., None, None] * (k @ pk @ k + kk @ pk)
    )
    out = np.zeros((*x.shape, 6), x.dtype)
    rotation = np.eye(3) + b[..., None, None] * k + c[..., None, None] * kk
    out[..., :3, :3] = rotation
    out[..., 3:, 3:] = rotation
    out[..., :3, 3:] = q
    return out


def right_jacobian(tangent: Array) -> Array:
    """J (..., 6, 6) with exp(x + dx) = exp(x) exp(J dx) to first order."""
    return left_jacobian(-np.asarray(tangent))
