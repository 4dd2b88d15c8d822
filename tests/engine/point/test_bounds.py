"""Bounds are kept at every step, the active ones are named, and the answer is the constrained minimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cases.engine import Use, curve, decay, random_parameters, random_residuals, rosenbrock
from scipy.optimize import lsq_linear

from calib.arrays import Array
from calib.engine import Iteration, ParameterBlock, Problem, ProblemError, solve

X = np.linspace(0, 4, 20)
Y = decay(X, np.array([2.0, 1.1, 0.5]))[0] + 0.01 * np.sin(37 * X)


def bounded(problem: Problem, **bounds: tuple[float, float]) -> Problem:
    (block,) = problem.parameters
    return Problem((ParameterBlock(block.name, block.values, block.labels, bounds=bounds),), problem.residuals)


def test_bounds_that_do_not_bind_change_nothing() -> None:
    problem = curve(decay, X, Y, [1.0, 0.5, 0.0])
    free, held = solve(problem), solve(bounded(problem, b1=(0.0, 9.0), b2=(-1.0, 5.0)))
    np.testing.assert_allclose(held.values["b"], free.values["b"], rtol=1e-9)
    assert held.at_bounds == ()
    assert held.status.converged


def test_a_binding_bound_equals_a_fixed_parameter() -> None:
    problem = curve(decay, X, Y, [1.0, 0.5, 0.0])
    solution = solve(bounded(problem, b2=(0.0, 0.8)))
    assert solution.status.converged
    assert solution.at_bounds == ("b2",)
    fixed = Problem((curve(decay, X, Y, [1.0, 0.8, 0.0]).parameters[0].hold("b2"),), problem.residuals)
    np.testing.assert_allclose(solution.values["b"], solve(fixed).values["b"], rtol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_linear_problems_equal_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, y = rng.normal(size=(12, 5)), 3 * rng.normal(size=12)
    problem = curve(lambda x, b: (A @ b, A), np.arange(12.0), y, [0.0] * 5)
    solution = solve(bounded(problem, **{f"b{i + 1}": (-0.3, 0.4) for i in range(5)}))
    expected = lsq_linear(A, y, (-0.3, 0.4), tol=1e-14)
    np.testing.assert_allclose(solution.values["b"][0], expected.x, atol=1e-6)
    assert solution.cost == pytest.approx(expected.cost, rel=1e-9)
    assert solution.status.converged


def test_rosenbrock_in_a_corner() -> None:
    """The minimum over x <= 0.5 lies on the bound, on the valley's floor."""
    solution = solve(bounded(rosenbrock(), x=(-2.0, 0.5)))
    np.testing.assert_allclose(solution.values["b"][0], [0.5, 0.25], rtol=1e-6)
    assert solution.at_bounds == ("x",)


def test_no_step_leaves_the_bounds() -> None:
    seen: list[float] = []

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        seen.append(b[0])
        return np.sqrt(b[0]) * x, (0.5 * x / np.sqrt(b[0]))[:, None]

    problem = curve(model, X[1:], 0.01 * X[1:], [9.0])
    solution = solve(bounded(problem, b1=(1e-3, 10.0)))
    assert min(seen) >= 1e-3 * (1 - 1e-12)
    assert solution.values["b"][0, 0] == pytest.approx(1e-3)


def test_bounds_on_private_blocks() -> None:
    members = np.repeat(np.arange(6), 5)
    lens, pose = random_parameters("lens", 1, 2, 1), random_parameters("pose", 6, 2, 2)
    uses = {"lens": Use(2), "pose": Use(2, members)}
    seen = random_residuals("seen", 30, 2, uses, 3, curvature=0.0)
    tight = {"pose0": (-0.25, 0.25), "pose1": (-0.25, 0.25)}
    block = ParameterBlock("pose", pose.values.clip(-0.2, 0.2), pose.labels, bounds=tight)
    solution = solve(Problem((lens, block), (seen,)))
    assert solution.status.converged
    assert np.abs(solution.values["pose"]).max() <= 0.25
    jacobian = np.zeros((60, 14))
    zero = {"lens": np.zeros((1, 2)), "pose": np.zeros((6, 2))}
    r, (by_lens, by_pose) = seen.evaluate(zero, slice(0, 30))
    jacobian[:, :2] = by_lens.reshape(60, 2)
    for row, member in enumerate(members):
        jacobian[2 * row : 2 * row + 2, 2 + 2 * member : 4 + 2 * member] = by_pose[row]
    limit = np.concatenate([np.full(2, np.inf), np.full(12, 0.25)])
    expected = lsq_linear(jacobian, -r.ravel(), (-limit, limit), tol=1e-14)
    assert solution.cost == pytest.approx(expected.cost, rel=1e-8)
    assert len(solution.at_bounds) == int(np.sum(expected.active_mask != 0))


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"z": (0.0, 1.0)}, "no label"),
        ({"x": (2.0, 3.0)}, "x must start within its bounds 2 to 3"),
        ({"x": (3.0, -3.0)}, "must start within"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds: dict[str, tuple[float, float]], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        bounded(rosenbrock(), **bounds)


def test_a_manifold_cannot_be_bounded() -> None:
    with pytest.raises(ProblemError, match="plain vector"):
        ParameterBlock("r", np.eye(3)[None], ("wx",), bounds={"wx": (0.0, 1.0)})


def test_cost_never_rises_along_bounds() -> None:
    costs: list[Iteration] = []
    solve(bounded(rosenbrock(), x=(-2.0, 0.5), y=(0.1, 3.0)), on_iteration=costs.append)
    assert all(b.cost <= a.cost for a, b in itertools.pairwise(costs))
