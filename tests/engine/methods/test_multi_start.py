"""Where no good start is known: searches and many starts."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import curve, rosenbrock

from calib.arrays import Array
from calib.engine import ParameterBlock, Problem, ProblemError, solve
from calib.engine.methods.multi_start import best, global_start, multi_start, portfolio


def wavy() -> Problem:
    """y = sin(b1 x) + b2 has a local minimum in almost every frequency."""
    x = np.linspace(0, 10, 50)

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        return np.sin(b[0] * x) + b[1], np.stack([x * np.cos(b[0] * x), np.ones_like(x)], axis=1)

    y = model(x, np.array([3.3, 0.2]))[0] + 0.01 * np.cos(31 * x)
    return curve(model, x, y, [9.0, 0.0], ("rate", "offset"))


def test_global_start_finds_what_a_local_solve_misses() -> None:
    assert solve(wavy()).cost > 1.0
    solution = global_start(wavy(), {"rate": (0.0, 12.0)}, seed=1, generations=40)
    assert solution.value("rate") == pytest.approx(3.3, abs=1e-2)
    assert solution.value("offset") == pytest.approx(0.2, abs=1e-2)
    assert solution.status.converged


def test_global_start_can_be_watched_and_stopped() -> None:
    seen: list[int] = []
    global_start(
        wavy(), {"rate": (0.0, 12.0)}, on_generation=lambda generation, _: seen.append(generation) or len(seen) == 2
    )
    assert seen == [1, 2]


@pytest.mark.parametrize("bounds", [{"none": (0.0, 1.0)}, {"rate": (0.0, np.inf)}, {"rate": (2.0, 1.0)}])
def test_global_start_refuses_what_it_cannot_search(bounds: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(ProblemError):
        global_start(wavy(), bounds)


def test_multi_start_keeps_the_best_and_is_repeatable() -> None:
    attempts = multi_start(wavy(), 6, seed=3)
    again = multi_start(wavy(), 6, seed=3)
    assert attempts[0].name == "start"
    assert best(attempts).solution.cost <= min(a.solution.cost for a in attempts)
    assert best(attempts).solution.cost < attempts[0].solution.cost
    assert [a.solution.cost for a in attempts] == [a.solution.cost for a in again]


def test_portfolio_stops_at_zero_and_never_does_worse() -> None:
    assert len(portfolio(rosenbrock())) == 1
    attempts = portfolio(wavy(), 3)
    assert len(attempts) > 3
    assert best(attempts).solution.cost <= attempts[0].solution.cost


def test_scattered_starts_respect_bounds_and_fixed_labels() -> None:
    (block,) = wavy().parameters
    bounded = ParameterBlock("b", block.values, block.labels, frozenset({"offset"}), bounds={"rate": (8.0, 10.0)})
    for attempt in multi_start(Problem((bounded,), wavy().residuals), 5):
        assert 8.0 <= attempt.solution.values["b"][0, 0] <= 10.0
        assert attempt.solution.values["b"][0, 1] == 0.0
