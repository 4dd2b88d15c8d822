"""Every way Levenberg-Marquardt can end is reached, and its sentence is true."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import curve, decay, noisy_decay, rosenbrock, scalar

from calib.arrays import Array
from calib.engine import Options, Status, Stopping, solve

X = np.linspace(0, 4, 20)
NOISY = noisy_decay()
EXACT = curve(decay, X, decay(X, np.array([2.0, 1.1, 0.5]))[0], [1.0, 0.5, 0.0])


def line(x: Array, b: Array) -> tuple[Array, Array]:
    return b[0] + b[1] * x, np.stack([np.ones_like(x), x], axis=1)


def test_ends_by_gradient() -> None:
    solution = solve(curve(line, X, X**2, [0.0, 0.0]), Options(initial_damping=1e-15, polish=None))
    assert solution.status is Status.GRADIENT
    np.testing.assert_allclose(solution.values["b"][0], np.polyfit(X, X**2, 1)[::-1], rtol=1e-10)


def test_ends_by_cost() -> None:
    solution = solve(NOISY, Options(polish=None, gradient_tolerance=0.0))
    assert solution.status is Status.COST


def test_a_coarse_tolerance_ends_sooner() -> None:
    fine = solve(NOISY, Options(polish=None, geodesic="never"))
    coarse = solve(NOISY, Options(polish=None, geodesic="never", cost_tolerance=1e-4))
    assert coarse.status is Status.COST
    assert len(coarse.history) < len(fine.history)


def test_ends_by_gauss_newton() -> None:
    solution = solve(NOISY)
    assert solution.status is Status.GAUSS_NEWTON
    assert "cost" in solution.sentence()


def test_ends_by_rounding() -> None:
    solution = solve(NOISY, Options(polish=None, gradient_tolerance=0.0, cost_tolerance=0.0))
    assert solution.status is Status.ROUNDING


def test_ends_by_zero() -> None:
    solution = solve(EXACT)
    assert solution.status is Status.ZERO
    np.testing.assert_allclose(solution.values["b"][0], [2.0, 1.1, 0.5], rtol=1e-12)


def test_starts_at_zero() -> None:
    solution = solve(scalar(lambda b: (b - 1, 1.0), 1.0))
    assert solution.status is Status.ZERO


def test_stalls_on_a_wrong_jacobian() -> None:
    solution = solve(scalar(lambda b: (b - 1, -1.0), 3.0))
    assert solution.status is Status.STALLED
    assert "Jacobian" in solution.sentence()
    assert solution.values["b"][0, 0] == 3.0


@pytest.mark.parametrize("bad", [(np.nan, 1.0), (1.0, np.nan)])
def test_no_finite_step(bad: tuple[float, float]) -> None:
    solution = solve(scalar(lambda b: (b - 1, 1.0) if b == 3.0 else bad, 3.0))
    assert solution.status is Status.NO_FINITE_STEP
    assert not solution.status.converged
    assert solution.values["b"][0, 0] == 3.0


def test_iteration_limit() -> None:
    solution = solve(rosenbrock(), Options(max_iterations=3))
    assert solution.status is Status.ITERATIONS
    assert not solution.status.converged
    assert len(solution.history) == 3


def test_a_step_that_damping_made_small_is_not_convergence() -> None:
    """Beale's function from far out: a flat stretch where a stale scale freezes the second coordinate."""

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        power = b[1] ** x
        return b[0] * (1 - power), np.stack([1 - power, -b[0] * x * b[1] ** (x - 1)], axis=1)

    problem = curve(model, np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.25, 2.625]), [100.0, 100.0])
    hasty = solve(problem, Options(scaling="more", stopping=Stopping(flat=1.0)))
    assert hasty.status is Status.COST  # by the small step alone
    assert hasty.history[-1].gradient > 1e-3
    solution = solve(problem, Options(scaling="more"))
    assert solution.status is Status.COST
    assert solution.history[-1].gradient < 1e-5
    assert solution.cost < 0.1 * hasty.cost
