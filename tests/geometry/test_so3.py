"""Rotations: group axioms, exp and log at the series' switch and near pi, Jacobians against differences."""

from __future__ import annotations

import numpy as np
import pytest

from calib.arrays import Array
from calib.geometry import so3

ANGLES = [
    0.0,
    1e-300,
    1e-12,
    1e-8,
    1e-4,
    0.0999,
    0.1001,
    0.2499999,
    0.2500001,
    1.0,
    2.0,
    3.0,
    np.pi - 1e-3,
    np.pi - 1e-7,
]
AXES = np.random.default_rng(0).normal(size=(20, 3))
AXES = np.concatenate([AXES / np.linalg.norm(AXES, axis=1, keepdims=True), np.eye(3), -np.eye(3)])
H = 1e-6


def rotations() -> Array:
    return so3.exp(np.concatenate([AXES * angle for angle in ANGLES]))


def test_exp_gives_rotations() -> None:
    r = rotations()
    np.testing.assert_allclose(r @ np.swapaxes(r, -1, -2), np.broadcast_to(np.eye(3), r.shape), atol=1e-15)
    np.testing.assert_allclose(np.linalg.det(r), 1.0, rtol=1e-14)


def test_group_axioms() -> None:
    r = rotations()
    np.testing.assert_array_equal(so3.exp(np.zeros(3)), np.eye(3))
    w = AXES * 1.3
    np.testing.assert_allclose(so3.exp(w) @ so3.exp(-w), np.broadcast_to(np.eye(3), (len(w), 3, 3)), atol=1e-15)
    np.testing.assert_allclose(so3.exp(0.4 * w) @ so3.exp(0.6 * w), so3.exp(w), atol=1e-15)
    turned = so3.exp(np.einsum("nij,j->ni", r, w[0]))  # R exp(w) R' = exp(R w)
    np.testing.assert_allclose(r @ so3.exp(w[0]) @ np.swapaxes(r, -1, -2), turned, atol=2e-15)


def test_exp_equals_the_power_series() -> None:
    for angle in (1e-3, 0.2499, 0.2501, 1.0):
        k = so3.hat(AXES[0] * angle)
        term, total = np.eye(3), np.eye(3)
        for n in range(1, 30):
            term = term @ k / n
            total = total + term
        np.testing.assert_allclose(so3.exp(AXES[0] * angle), total, atol=4e-16)


@pytest.mark.parametrize("angle", ANGLES)
def test_log_undoes_exp(angle: float) -> None:
    w = AXES * angle
    np.testing.assert_allclose(so3.log(so3.exp(w)), w, atol=4e-15, rtol=1e-14)


def test_exp_undoes_log_at_pi() -> None:
    """The sign of the vector is free there, the rotation is not."""
    r = so3.exp(AXES * np.pi)
    w = so3.log(r)
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), np.pi, rtol=1e-15)
    np.testing.assert_allclose(so3.exp(w), r, atol=1e-15)
    np.testing.assert_allclose(so3.log(np.diag([1.0, -1.0, -1.0])), [np.pi, 0, 0], atol=1e-15)


def test_hat_is_the_cross_product() -> None:
    u = np.array([0.3, -2.0, 1.1])
    np.testing.assert_allclose(so3.hat(AXES) @ u, np.cross(AXES, u), atol=1e-15)


@pytest.mark.parametrize("squared", [0.0, 1e-20, 0.0624999, 0.0625001, 1.0, 9.0])
def test_coefficients_hold_at_the_switch(squared: float) -> None:
    t = np.sqrt(np.longdouble(squared))
    if squared < 1e-10:
        expected = (1.0, 0.5, 1 / 6)
    else:
        expected = tuple(float(v) for v in (np.sin(t) / t, (1 - np.cos(t)) / t**2, (t - np.sin(t)) / t**3))
    np.testing.assert_allclose(so3.coefficients(np.array(squared)), expected, rtol=1e-14)


@pytest.mark.parametrize("angle", ANGLES)
def test_jacobians(angle: float) -> None:
    w = AXES[:6] * angle
    left, right = so3.left_jacobian(w), so3.right_jacobian(w)
    back = np.swapaxes(so3.exp(w), -1, -2)
    for axis in np.eye(3):
        ahead, behind = so3.exp(w + H * axis), so3.exp(w - H * axis)
        numeric = (so3.log(ahead @ back) - so3.log(behind @ back)) / (2 * H)
        np.testing.assert_allclose(left @ axis, numeric, atol=3e-9)
        numeric = (so3.log(back @ ahead) - so3.log(back @ behind)) / (2 * H)
        np.testing.assert_allclose(right @ axis, numeric, atol=3e-9)


@pytest.mark.parametrize("angle", [*ANGLES, 4.0, 6.0])
def test_inverse_of_the_left_jacobian(angle: float) -> None:
    w = AXES * angle
    product = so3.left_jacobian_inverse(w) @ so3.left_jacobian(w)
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(3), product.shape), atol=1e-12)


def test_complex_step_through_exp() -> None:
    w = np.array([1e-3, 2e-3, -1e-3])
    step = np.imag(so3.exp(w + 1e-30j * np.array([1.0, 0, 0]))) / 1e-30
    expected = so3.exp(w) @ so3.hat(so3.right_jacobian(w)[:, 0])
    np.testing.assert_allclose(step, expected, atol=1e-15)


def test_quaternions_round_trip() -> None:
    r = rotations()
    q = so3.quaternion_xyzw(r)
    np.testing.assert_allclose(np.linalg.norm(q, axis=-1), 1.0, rtol=1e-15)
    assert (q[..., 3] >= 0).all()
    np.testing.assert_allclose(so3.from_quaternion_xyzw(q), r, atol=2e-15)
    np.testing.assert_allclose(so3.from_quaternion_xyzw(-3 * q), r, atol=2e-15)


def test_quaternion_order_is_x_y_z_w() -> None:
    quarter = so3.exp(np.array([0.0, 0.0, np.pi / 2]))
    np.testing.assert_allclose(so3.quaternion_xyzw(quarter), [0, 0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-15)


def test_nearest_rotation() -> None:
    r = rotations()
    np.testing.assert_allclose(so3.nearest(2.5 * r), r, atol=1e-14)
    noisy = r + 1e-3 * np.random.default_rng(1).normal(size=r.shape)
    assert np.abs(so3.nearest(noisy) - r).max() < 5e-3
    reflected = so3.nearest(np.diag([1.0, 1.0, -1.0]))
    assert np.linalg.det(reflected) == pytest.approx(1.0)


def test_any_number_of_leading_axes() -> None:
    w = AXES[:12].reshape(2, 3, 2, 3)
    assert so3.exp(w).shape == (2, 3, 2, 3, 3)
    assert so3.log(so3.exp(w)).shape == w.shape
    np.testing.assert_array_equal(so3.exp(w)[1, 2, 0], so3.exp(w[1, 2, 0]))
