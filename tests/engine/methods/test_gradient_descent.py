"""Gradient descent converges below the limit of its rate and diverges above it."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import curve

from calib.engine import Problem, Status, solve
from calib.engine.methods.gradient_descent import Rate, gradient_descent

X = np.linspace(-1, 1, 30)
A = np.vander(X, 2, increasing=True)


def straight(noise: float = 0.0) -> Problem:
    y = A @ [1.0, -2.0] + noise * np.random.default_rng(0).normal(size=30)
    return curve(lambda x, b: (A @ b, A), X, y, [0.0] * 2)


STEEPEST = float(np.linalg.eigvalsh(A.T @ A)[-1])


@pytest.mark.parametrize(
    "rate",
    [
        Rate(0.1 / STEEPEST),
        Rate(1.8 / STEEPEST),
        Rate(1.0 / STEEPEST, momentum=0.9),
        Rate(1.9 / STEEPEST, decay=0.99, floor=0.5 / STEEPEST),
    ],
    ids=["small", "large", "momentum", "decayed"],
)
def test_gradient_descent_converges_below_the_limit(rate: Rate) -> None:
    solution = gradient_descent(straight(0.1), rate, max_iterations=2000, gradient_tolerance=1e-7)
    assert solution.status is Status.GRADIENT
    np.testing.assert_allclose(solution.values["b"], solve(straight(0.1)).values["b"], atol=1e-3)


def test_gradient_descent_diverges_above_the_limit() -> None:
    solution = gradient_descent(straight(), Rate(3.0 / STEEPEST), max_iterations=8000)
    assert solution.status is Status.DIVERGED
    assert not solution.status.converged


def test_momentum_is_faster_than_a_small_rate() -> None:
    small = gradient_descent(straight(0.1), Rate(0.02 / STEEPEST), 5000, 1e-4)
    momentum = gradient_descent(straight(0.1), Rate(0.02 / STEEPEST, momentum=0.9), 5000, 1e-4)
    assert len(momentum.history) < 0.5 * len(small.history)


def test_gradient_descent_ends() -> None:
    assert gradient_descent(straight(), Rate(1e-3), max_iterations=5).status is Status.ITERATIONS
    seen = gradient_descent(straight(), Rate(1e-3), on_iteration=lambda iteration: iteration.index == 3)
    assert seen.status is Status.CANCELLED
    assert len(seen.history) == 3
    assert gradient_descent(straight().with_values({"b": np.array([[1.0, -2.0]])}), Rate(1.0)).status is Status.ZERO
