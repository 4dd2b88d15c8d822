"""The check that holds Jacobians to account, and residuals without a Jacobian of their own."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import Use, curve, random_parameters, random_residuals

from calib.arrays import Array
from calib.engine import ParameterBlock, Problem, ResidualBlock, solve
from calib.engine.derivatives import complex_step, jacobian_errors, numeric_jacobians
from calib.engine.problem import Values
from calib.geometry import so3

X = np.linspace(0, 3, 15)


def decay(x: Array, b: Array) -> tuple[Array, Array]:
    e = np.exp(-b[1] * x)
    return b[0] * e, np.stack([e, -b[0] * x * e], axis=1)


def wrong(x: Array, b: Array) -> tuple[Array, Array]:
    values, slopes = decay(x, b)
    return values, slopes * [1.0, 1.01]


@pytest.mark.parametrize(("method", "tolerance"), [("central", 1e-8), ("complex", 1e-14)])
def test_right_jacobian_passes(method: str, tolerance: float) -> None:
    problem = curve(decay, X, X, [2.0, 0.7])
    assert jacobian_errors(problem, problem.residuals[0], problem.start, method)["b"] < tolerance


@pytest.mark.parametrize("method", ["central", "complex"])
def test_wrong_jacobian_is_seen(method: str) -> None:
    problem = curve(wrong, X, X, [2.0, 0.7])
    assert jacobian_errors(problem, problem.residuals[0], problem.start, method)["b"] > 1e-3


@pytest.mark.parametrize("method", ["central", "complex"])
def test_many_members_at_once(method: str) -> None:
    members = np.array([2, 0, 1, 1, 2, 0])
    blocks = (random_parameters("a", 1, 2, 1), random_parameters("b", 3, 3, 2))
    block = random_residuals("r", 6, 2, {"a": Use(2), "b": Use(3, members)}, 3, curvature=0.3)
    problem = Problem(blocks, (block,))
    shapes = [j.shape for j in numeric_jacobians(problem, block, problem.start, method)]
    assert shapes == [(6, 2, 2), (6, 2, 3)]
    assert max(jacobian_errors(problem, block, problem.start, method).values()) < 1e-8


def turned(points: Array) -> Problem:
    """Rotation that brings points (n, 3) onto their turned copies: a manifold with its own retraction."""
    target = points @ so3.exp(np.array([0.4, -0.2, 0.9])).T

    def retract(values: Array, step: Array) -> Array:
        return values @ so3.exp(step)

    block = ParameterBlock("rotation", np.eye(3)[None], ("wx_rad", "wy_rad", "wz_rad"), retract=retract)

    def residuals(values: Values, rows: object) -> Array:
        return points[rows] @ np.swapaxes(values["rotation"][0], 0, 1) - target[rows]

    return Problem(
        (block,), (ResidualBlock("turn", len(points), 3, {"rotation": None}, complex_step([block], residuals)),)
    )


def test_complex_step_gives_exact_jacobians_on_a_manifold() -> None:
    points = np.random.default_rng(0).normal(size=(7, 3))
    problem = turned(points)
    solution = solve(problem)
    np.testing.assert_allclose(so3.log(solution.values["rotation"])[0], [0.4, -0.2, 0.9], atol=1e-14)
    _, (jacobian,) = problem.residuals[0].evaluate(problem.start, slice(0, 7))
    np.testing.assert_allclose(jacobian, -so3.hat(points), atol=1e-15)


def test_complex_step_of_many_members() -> None:
    members = np.array([0, 1, 1, 2, 0])
    a, b = random_parameters("a", 1, 2, 1), random_parameters("b", 3, 1, 2)
    x = np.arange(1.0, 6.0)

    def residuals(values: Values, rows: object) -> Array:
        own, shared = values["b"][members[rows], 0], values["a"][0]
        return (np.exp(shared[0] * x[rows]) * own + shared[1] * own**2)[:, None]

    block = ResidualBlock("r", 5, 1, {"a": None, "b": members}, complex_step([a, b], residuals))
    problem = Problem((a, b), (block,))
    assert max(jacobian_errors(problem, block, problem.start).values()) < 1e-8
    r, jacobians = block.evaluate(problem.start, slice(1, 3))
    assert r.shape == (2, 1)
    assert r.dtype == float
    assert [j.shape for j in jacobians] == [(2, 1, 2), (2, 1, 1)]
