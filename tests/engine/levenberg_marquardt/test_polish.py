"""The undamped steps at the end bring the last digits, and say where they were taken on trust."""

from __future__ import annotations

import numpy as np
import pytest
from cases.bundles import PROBLEMS, uniform
from cases.engine import dense, noisy_decay

from calib.arrays import Array
from calib.engine import Options, Polish, Problem, Status, solve
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]()


def test_a_step_taken_on_trust_leads_where_it_says(problem: Problem) -> None:
    """The cost that is told is the cost there, and the last digit is not far."""
    solution = solve(problem, Options(polish=Polish(last_digit=False)))
    assert solution.status.converged
    there = assemble(layout_of(problem), solution.values)
    assert there.cost == pytest.approx(solution.cost, rel=1e-10)
    assert there.squares == pytest.approx(solution.normal.squares, rel=1e-10)
    assert there.cost == pytest.approx(solve(problem, Options(gradient_tolerance=1e-14)).cost, rel=1e-10)


def test_the_normal_equations_are_those_of_the_values_unless_trusted(problem: Problem) -> None:
    for options in (Options(), Options(polish=Polish(last_digit=False)), Options(polish=None)):
        solution = solve(problem, options)
        there = assemble(layout_of(problem), solution.values)
        assert solution.cost == pytest.approx(there.cost, rel=1e-10)
        if solution.trusted:  # one step before, a step that explains less than 5e-4 of the residual
            assert options.polish is not None
            np.testing.assert_allclose(solution.normal.shared, there.shared, rtol=1e-2, atol=1e-2)
        else:
            np.testing.assert_array_equal(solution.normal.shared, there.shared)


def test_a_large_problem_ends_on_trust_and_a_small_one_does_not() -> None:
    assert solve(uniform()).trusted
    assert not solve(noisy_decay()).trusted
    assert solve(noisy_decay(), Options(polish=Polish(last_digit=False))).trusted


def test_without_polish_fewer_digits_are_found() -> None:
    problem = noisy_decay()
    polished, rough = solve(problem), solve(problem, Options(polish=None))
    assert polished.status is Status.GAUSS_NEWTON

    def cosine(values: dict[str, Array]) -> float:
        found = dense(problem, values)
        slopes = np.abs(found.jacobian.T @ found.residuals) / np.linalg.norm(found.jacobian, axis=0)
        return float(slopes.max() / np.linalg.norm(found.residuals))

    assert cosine(polished.values) < 0.1 * cosine(rough.values)
