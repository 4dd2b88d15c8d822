"""Every way a solve can end is reached, and its sentence is true."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from cases.engine import Use, curve, decay, random_parameters, random_residuals, rosenbrock

from calib.arrays import Array
from calib.engine import EvaluationError, Iteration, Options, ParameterBlock, Problem, ResidualBlock, Status, solve
from calib.engine.problem import Rows, Values

X = np.linspace(0, 4, 20)
NOISE = 0.01 * np.sin(37 * X)
NOISY = curve(decay, X, decay(X, np.array([2.0, 1.1, 0.5]))[0] + NOISE, [1.0, 0.5, 0.0])
EXACT = curve(decay, X, decay(X, np.array([2.0, 1.1, 0.5]))[0], [1.0, 0.5, 0.0])


def line(x: Array, b: Array) -> tuple[Array, Array]:
    return b[0] + b[1] * x, np.stack([np.ones_like(x), x], axis=1)


def logarithm(x: Array, b: Array) -> tuple[Array, Array]:
    return x * np.log(b[0]), (x / b[0])[:, None]


def scalar(function: object, start: float, dimension: int = 1) -> Problem:
    """One unknown; function(b) returns residuals and derivatives."""

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        r, j = function(values["b"][0, 0])
        return np.array([[r]]), (np.array([[[j]]]),)

    block = ParameterBlock("b", np.array([[start]]), ("b",))
    return Problem((block,), (ResidualBlock("one", 1, dimension, {"b": None}, evaluate),))


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


def test_a_step_that_damping_made_small_is_not_convergence() -> None:
    """Beale's function from far out: a flat stretch where a stale scale freezes the second coordinate."""

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        power = b[1] ** x
        return b[0] * (1 - power), np.stack([1 - power, -b[0] * x * b[1] ** (x - 1)], axis=1)

    solution = solve(curve(model, np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.25, 2.625]), [100.0, 100.0]))
    assert not solution.status.converged or solution.history[-1].gradient < 1e-5


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


def test_nothing_free() -> None:
    held = NOISY.parameters[0].hold("b1", "b2", "b3")
    solution = solve(Problem((held,), NOISY.residuals))
    assert solution.status is Status.NOTHING_FREE
    assert solution.status.converged
    assert solution.cost > 0


def test_nothing_free_among_many_members() -> None:
    members = np.repeat(np.arange(4), 3)
    blocks = (
        random_parameters("lens", 1, 2, 1, fixed=("lens0", "lens1")),
        random_parameters("pose", 4, 1, 2, fixed=("pose0",)),
    )
    problem = Problem(blocks, (random_residuals("r", 12, 1, {"lens": Use(2), "pose": Use(1, members)}, 3),))
    assert solve(problem).status is Status.NOTHING_FREE


def test_iteration_limit() -> None:
    solution = solve(rosenbrock(), Options(max_iterations=3))
    assert solution.status is Status.ITERATIONS
    assert not solution.status.converged
    assert len(solution.history) == 3


def test_stalls_on_a_wrong_jacobian() -> None:
    solution = solve(scalar(lambda b: (b - 1, -1.0), 3.0))
    assert solution.status is Status.STALLED
    assert "Jacobian" in solution.sentence()
    assert solution.values["b"][0, 0] == 3.0


@pytest.mark.parametrize("bad", [(np.nan, 1.0), (np.inf, 1.0), (1.0, np.nan), (1.0, np.inf)])
def test_not_finite_at_the_start(bad: tuple[float, float]) -> None:
    solution = solve(scalar(lambda b: bad, 3.0))
    assert solution.status is Status.START_NOT_FINITE
    assert not solution.status.converged


def test_a_trial_step_that_is_not_finite_is_rejected() -> None:
    """log b from b = 30 towards b = 1: the first full step goes to negative b."""
    x = np.linspace(1, 2, 5)
    solution = solve(curve(logarithm, x, 0.1 * x**2, [30.0]), Options(initial_damping=1e-6))
    assert solution.status.converged
    assert not solution.history[0].accepted
    assert np.isnan(solution.history[0].gain)


@pytest.mark.parametrize("bad", [(np.nan, 1.0), (1.0, np.nan)])
def test_no_finite_step(bad: tuple[float, float]) -> None:
    solution = solve(scalar(lambda b: (b - 1, 1.0) if b == 3.0 else bad, 3.0))
    assert solution.status is Status.NO_FINITE_STEP
    assert not solution.status.converged
    assert solution.values["b"][0, 0] == 3.0


def test_floating_point_warnings_of_a_model_stay_inside() -> None:
    def overflow(b: float) -> tuple[float, float]:
        with np.errstate():
            return float(np.exp(np.float64(b)) - 2), float(np.exp(np.float64(b)))

    solution = solve(scalar(overflow, -9.0))
    assert solution.values["b"][0, 0] == pytest.approx(np.log(2))


def test_the_caller_can_stop() -> None:
    seen: list[Iteration] = []

    def stop(iteration: Iteration) -> bool:
        seen.append(iteration)
        return len(seen) == 2

    solution = solve(rosenbrock(), on_iteration=stop)
    assert solution.status is Status.CANCELLED
    assert [iteration.index for iteration in seen] == [1, 2]
    assert tuple(seen) == solution.history


def test_a_callback_that_returns_nothing_only_watches() -> None:
    seen: list[Iteration] = []
    assert solve(rosenbrock(), on_iteration=seen.append).status.converged
    assert seen


def test_an_error_names_its_block() -> None:
    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        raise KeyError("gone")

    problem = Problem(NOISY.parameters, (ResidualBlock("bad block", 3, 1, {"b": None}, evaluate),))
    with pytest.raises(EvaluationError, match="'bad block' raised KeyError") as caught:
        solve(problem)
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_at_a_later_step_names_its_block() -> None:
    def function(b: float) -> tuple[float, float]:
        if b != 3.0:
            raise ZeroDivisionError
        return b - 1, 1.0

    for geodesic in ("never", "always"):
        with pytest.raises(EvaluationError, match="'one' raised ZeroDivisionError"):
            solve(scalar(function, 3.0), Options(geodesic=geodesic))


@pytest.mark.parametrize(
    ("residuals", "jacobians"),
    [(np.zeros((3, 2)), [np.zeros((3, 1, 3))]), (np.zeros(3), [np.zeros((3, 1, 3))]), (np.zeros((3, 1)), [])],
)
def test_wrong_shapes_name_their_block(residuals: Array, jacobians: list[Array]) -> None:
    block = ResidualBlock("odd", 3, 1, {"b": None}, lambda values, rows: (residuals, jacobians))
    with pytest.raises(EvaluationError, match="'odd' returned"):
        solve(Problem(NOISY.parameters, (block,)))


def test_every_status_is_a_sentence() -> None:
    for status in Status:
        assert status.value.split(":")[0] in {"converged", "stopped", "failed", "nothing to solve"}
        assert status.converged == status.value.startswith(("converged", "nothing"))


def test_cost_never_rises() -> None:
    history = solve(rosenbrock()).history
    costs = [iteration.cost for iteration in history]
    assert all(b <= a for a, b in itertools.pairwise(costs))


def test_a_column_of_zeros_does_not_disturb_the_rest() -> None:
    def with_idle(x: Array, b: Array) -> tuple[Array, Array]:
        values, slopes = decay(x, b[:3])
        return values, np.column_stack([slopes, np.zeros_like(x)])

    y = decay(X, np.array([2.0, 1.1, 0.5]))[0] + NOISE
    solution = solve(curve(with_idle, X, y, [1.0, 0.5, 0.0, 7.0]))
    np.testing.assert_allclose(solution.values["b"][0, :3], solve(NOISY).values["b"][0], rtol=1e-7)
    assert solution.values["b"][0, 3] == 7.0


def test_columns_of_very_different_units() -> None:
    scales = np.array([1e-9, 1.0, 1e9])

    def scaled(x: Array, b: Array) -> tuple[Array, Array]:
        values, slopes = decay(x, b * scales)
        return values, slopes * scales

    y = decay(X, np.array([2.0, 1.1, 0.5]))[0] + NOISE
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
