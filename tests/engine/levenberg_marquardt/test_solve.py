"""Levenberg-Marquardt finds minima, and tells what went wrong where it cannot."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cases.engine import Use, curve, decay, noisy_decay, random_parameters, random_residuals, rosenbrock, scalar

from calib.arrays import Array
from calib.engine import EvaluationError, Options, Problem, Status, solve

X = np.linspace(0, 4, 20)
NOISY = noisy_decay()
EXACT = curve(decay, X, decay(X, np.array([2.0, 1.1, 0.5]))[0], [1.0, 0.5, 0.0])


def line(x: Array, b: Array) -> tuple[Array, Array]:
    return b[0] + b[1] * x, np.stack([np.ones_like(x), x], axis=1)


def logarithm(x: Array, b: Array) -> tuple[Array, Array]:
    return x * np.log(b[0]), (x / b[0])[:, None]


def test_nothing_free_among_many_members() -> None:
    members = np.repeat(np.arange(4), 3)
    blocks = (
        random_parameters("lens", 1, 2, 1, fixed=("lens0", "lens1")),
        random_parameters("pose", 4, 1, 2, fixed=("pose0",)),
    )
    problem = Problem(blocks, (random_residuals("r", 12, 1, {"lens": Use(2), "pose": Use(1, members)}, 3),))
    assert solve(problem).status is Status.NOTHING_FREE


def test_a_trial_step_that_is_not_finite_is_rejected() -> None:
    """log b from b = 30 towards b = 1: the first full step goes to negative b."""
    x = np.linspace(1, 2, 5)
    solution = solve(curve(logarithm, x, 0.1 * x**2, [30.0]), Options(initial_damping=1e-6))
    assert solution.status.converged
    assert not solution.history[0].accepted
    assert np.isnan(solution.history[0].gain)


def test_floating_point_warnings_of_a_model_stay_inside() -> None:
    def overflow(b: float) -> tuple[float, float]:
        with np.errstate():
            return float(np.exp(np.float64(b)) - 2), float(np.exp(np.float64(b)))

    solution = solve(scalar(overflow, -9.0))
    assert solution.values["b"][0, 0] == pytest.approx(np.log(2))


def test_an_error_at_a_later_step_names_its_block() -> None:
    def function(b: float) -> tuple[float, float]:
        if b != 3.0:
            raise ZeroDivisionError
        return b - 1, 1.0

    for geodesic in ("never", "always"):
        with pytest.raises(EvaluationError, match="'one' raised ZeroDivisionError"):
            solve(scalar(function, 3.0), Options(geodesic=geodesic))


def test_cost_never_rises() -> None:
    history = solve(rosenbrock()).history
    costs = [iteration.cost for iteration in history]
    assert all(b <= a for a, b in itertools.pairwise(costs))


def test_a_column_of_zeros_does_not_disturb_the_rest() -> None:
    def with_idle(x: Array, b: Array) -> tuple[Array, Array]:
        values, slopes = decay(x, b[:3])
        return values, np.column_stack([slopes, np.zeros_like(x)])

    y = decay(X, np.array([2.0, 1.1, 0.5]))[0] + 0.01 * np.sin(37 * X)
    solution = solve(curve(with_idle, X, y, [1.0, 0.5, 0.0, 7.0]))
    np.testing.assert_allclose(solution.values["b"][0, :3], solve(NOISY).values["b"][0], rtol=1e-7)
    assert solution.values["b"][0, 3] == 7.0


def test_columns_of_very_different_units() -> None:
    scales = np.array([1e-9, 1.0, 1e9])

    def scaled(x: Array, b: Array) -> tuple[Array, Array]:
        values, slopes = decay(x, b * scales)
        return values, slopes * scales

    y = decay(X, np.array([2.0, 1.1, 0.5]))[0] + 0.01 * np.sin(37 * X)
    solution = solve(curve(scaled, X, y, np.array([1.0, 0.5, 0.0]) / scales))
    np.testing.assert_allclose(solution.values["b"][0] * scales, solve(NOISY).values["b"][0], rtol=1e-9)
    assert len(solution.history) == len(solve(NOISY).history)


def test_degrees_of_freedom_and_variance_factor() -> None:
    solution = solve(NOISY)
    assert solution.degrees_of_freedom == 17
    assert solution.variance_factor == pytest.approx(2 * solution.cost / 17)
    few = solve(curve(line, X[:2], X[:2], [0.0, 0.0]))
    assert np.isnan(few.variance_factor)


def test_value_by_label() -> None:
    solution = solve(NOISY)
    assert solution.value("b2") == solution.values["b"][0, 1]
    with pytest.raises(KeyError):
        solution.value("b9")
