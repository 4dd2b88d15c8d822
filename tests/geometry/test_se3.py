"""Rigid transforms: group axioms, exp and log, the tangent's order, Jacobians against differences."""

from __future__ import annotations

import numpy as np
import pytest

from calib.geometry import se3, so3

ANGLES = [0.0, 1e-12, 1e-6, 1e-3, 0.2499999, 0.2500001, 0.4999999, 0.5000001, 1.0, 2.0, 3.0, np.pi - 1e-4]
AXES, SHIFTS = np.random.default_rng(0).normal(size=(2, 8, 3))
AXES /= np.linalg.norm(AXES, axis=1, keepdims=True)
H = 1e-6


def tangents(angle: float) -> se3.Array:
    return np.concatenate([SHIFTS, AXES * angle], axis=1)


TRANSFORMS = se3.exp(np.concatenate([tangents(angle) for angle in ANGLES]))


def test_group_axioms() -> None:
    a, b = se3.exp(np.random.default_rng(1).normal(size=(2, 5, 6)))
    identity = np.broadcast_to(np.eye(4), a.shape)
    np.testing.assert_allclose(a @ se3.inverse(a), identity, atol=1e-15)
    np.testing.assert_allclose(se3.inverse(a) @ a, identity, atol=1e-15)
    np.testing.assert_allclose(se3.exp(se3.log(a @ b)), a @ b, atol=1e-14)
    np.testing.assert_allclose(se3.inverse(a @ b), se3.inverse(b) @ se3.inverse(a), atol=1e-14)
    np.testing.assert_array_equal(se3.exp(np.zeros(6)), np.eye(4))


def test_one_parameter_subgroup() -> None:
    x = tangents(1.2)
    np.testing.assert_allclose(se3.exp(0.3 * x) @ se3.exp(0.7 * x), se3.exp(x), atol=1e-14)
    np.testing.assert_allclose(se3.exp(-x), se3.inverse(se3.exp(x)), atol=1e-14)


@pytest.mark.parametrize("angle", ANGLES)
def test_log_undoes_exp(angle: float) -> None:
    x = tangents(angle)
    np.testing.assert_allclose(se3.log(se3.exp(x)), x, atol=2e-12)


def test_tangent_is_metres_first_and_perturbs_on_the_right() -> None:
    assert se3.TANGENT == ("vx_m", "vy_m", "vz_m", "wx_rad", "wy_rad", "wz_rad")
    quarter = se3.compose(so3.exp(np.array([0, 0, np.pi / 2])), np.zeros(3))
    moved = se3.retract(quarter, np.array([1.0, 0, 0, 0, 0, 0]))
    np.testing.assert_allclose(moved[:3, 3], [0, 1, 0], atol=1e-15)  # one metre along the moved frame's own x


def test_apply_maps_points_of_b_into_a() -> None:
    a_from_b, b_from_c = TRANSFORMS[7], TRANSFORMS[40]
    points = np.random.default_rng(2).normal(size=(6, 3))
    homogeneous = np.concatenate([points, np.ones((6, 1))], axis=1)
    np.testing.assert_allclose(se3.apply(a_from_b, points), (homogeneous @ a_from_b.T)[:, :3], atol=1e-14)
    chained = se3.apply(a_from_b, se3.apply(b_from_c, points))
    np.testing.assert_allclose(se3.apply(a_from_b @ b_from_c, points), chained, atol=1e-14)
    np.testing.assert_allclose(se3.apply(se3.inverse(a_from_b), se3.apply(a_from_b, points)), points, atol=1e-14)


def test_adjoint_moves_a_tangent_through_a_transform() -> None:
    x = 0.3 * np.random.default_rng(3).normal(size=6)
    left = TRANSFORMS @ se3.exp(x)
    right = se3.exp(np.einsum("nij,j->ni", se3.adjoint(TRANSFORMS), x)) @ TRANSFORMS
    np.testing.assert_allclose(left, right, atol=1e-13)
    product = se3.adjoint(TRANSFORMS[3] @ TRANSFORMS[9])
    np.testing.assert_allclose(product, se3.adjoint(TRANSFORMS[3]) @ se3.adjoint(TRANSFORMS[9]), atol=1e-13)


@pytest.mark.parametrize("angle", ANGLES)
def test_jacobians(angle: float) -> None:
    x = tangents(angle)
    left, right = se3.left_jacobian(x), se3.right_jacobian(x)
    back = se3.inverse(se3.exp(x))
    for axis in np.eye(6):
        ahead, behind = se3.exp(x + H * axis), se3.exp(x - H * axis)
        numeric = (se3.log(ahead @ back) - se3.log(behind @ back)) / (2 * H)
        np.testing.assert_allclose(left @ axis, numeric, atol=1e-8)
        numeric = (se3.log(back @ ahead) - se3.log(back @ behind)) / (2 * H)
        np.testing.assert_allclose(right @ axis, numeric, atol=1e-8)


@pytest.mark.parametrize("switch", [0.25, 0.5])
def test_no_jump_at_the_switch_between_series_and_formula(switch: float) -> None:
    below, above = tangents(switch * (1 - 1e-12)), tangents(switch * (1 + 1e-12))
    np.testing.assert_allclose(se3.exp(below), se3.exp(above), atol=1e-11)
    np.testing.assert_allclose(se3.left_jacobian(below), se3.left_jacobian(above), atol=1e-11)


def test_compose_broadcasts() -> None:
    assert se3.compose(np.eye(3), np.zeros((4, 2, 3))).shape == (4, 2, 4, 4)
    np.testing.assert_array_equal(se3.compose(np.eye(3), np.zeros(3)), np.eye(4))
