"""One loop for every method: it refuses a start that is not finite, keeps the history, and heeds the caller."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from cases.engine import curve, noisy_decay, scalar

from calib.arrays import Array
from calib.engine import EvaluationError, Iteration, OnIteration, Problem, ResidualBlock, Solution, Status, solve
from calib.engine.methods.gradient_descent import Rate, gradient_descent
from calib.engine.methods.irgn import irgn
from calib.engine.methods.landweber import NoiseBounds, landweber
from calib.engine.problem import Rows, Values

Method = Callable[[Problem, OnIteration | None], Solution]
METHODS: dict[str, Method] = {
    "levenberg_marquardt": lambda problem, watch: solve(problem, on_iteration=watch),
    "gradient_descent": lambda problem, watch: gradient_descent(problem, Rate(1e-3), on_iteration=watch),
    "landweber": lambda problem, watch: landweber(problem, NoiseBounds(1e-6), on_iteration=watch),
    "irgn": lambda problem, watch: irgn(problem, NoiseBounds(1e-6), on_iteration=watch),
}


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> Method:
    return METHODS[request.param]


@pytest.mark.parametrize("bad", [(np.nan, 1.0), (np.inf, 1.0), (1.0, np.nan), (1.0, np.inf)])
def test_a_start_that_is_not_finite_is_told(method: Method, bad: tuple[float, float]) -> None:
    solution = method(scalar(lambda b: bad, 3.0), None)
    assert solution.status is Status.START_NOT_FINITE
    assert not solution.status.converged
    assert solution.history == ()


def test_nothing_free_is_nothing_to_solve(method: Method) -> None:
    problem = noisy_decay()
    held = problem.parameters[0].hold("b1", "b2", "b3")
    solution = method(Problem((held,), problem.residuals), None)
    assert solution.status is Status.NOTHING_FREE
    assert solution.status.converged
    assert solution.cost > 0


def test_the_caller_sees_the_history_and_can_stop(method: Method) -> None:
    seen: list[Iteration] = []

    def stop(iteration: Iteration) -> bool:
        seen.append(iteration)
        return len(seen) == 2

    solution = method(noisy_decay(), stop)
    assert solution.status is Status.CANCELLED
    assert [iteration.index for iteration in seen] == [1, 2]
    assert tuple(seen) == solution.history


def test_a_caller_who_returns_nothing_only_watches(method: Method) -> None:
    problem = curve(lambda x, b: (x * b[0], x[:, None]), np.arange(4.0), 2 * np.arange(4.0) + 1e-3, [0.0])
    seen: list[Iteration] = []
    solution = method(problem, seen.append)
    assert solution.status is not Status.CANCELLED
    assert tuple(seen) == solution.history
    assert seen


def test_an_error_names_its_block(method: Method) -> None:
    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        raise KeyError("gone")

    problem = Problem(noisy_decay().parameters, (ResidualBlock("bad block", 3, 1, {"b": None}, evaluate),))
    with pytest.raises(EvaluationError, match="'bad block' raised KeyError") as caught:
        method(problem, None)
    assert isinstance(caught.value.__cause__, KeyError)


def test_floating_point_warnings_stay_inside(method: Method) -> None:
    def overflow(b: float) -> tuple[float, float]:
        return float(np.exp(np.float64(b)) - 2), float(np.exp(np.float64(b)))

    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        solution = method(scalar(overflow, 800.0), None)
    assert solution.status is Status.START_NOT_FINITE
