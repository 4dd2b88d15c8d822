"""Eliminating private blocks changes nothing but the time: every step equals the dense one."""

from __future__ import annotations

import numpy as np
import pytest
from cases.bundles import PROBLEMS, bundle, flat
from cases.engine import dense

from calib.engine import Options, Problem, solve
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.schur import factorise, solve_damped
from calib.engine.normal_equations.tangent import diagonal, gradient


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]()


@pytest.mark.parametrize("damping", [0.0, 1e-2, 10.0])
def test_damped_step_equals_the_dense_one(problem: Problem, damping: float) -> None:
    layout, reference = layout_of(problem), dense(problem, problem.start)
    normal = assemble(layout, problem.start)
    norms = diagonal(normal)
    added = damping * norms
    J, r = reference.jacobian, reference.residuals
    matrix = J.T @ J + damping * np.diag(np.sum(J * J, axis=0))
    expected = -np.linalg.solve(matrix, J.T @ r)
    np.testing.assert_allclose(flat(layout, solve_damped(normal, added), reference), expected, rtol=1e-8, atol=1e-10)
    again = factorise(normal, added).step_against(gradient(normal))
    np.testing.assert_allclose(flat(layout, again, reference), expected, rtol=1e-8, atol=1e-10)


def test_solution_does_not_depend_on_elimination(problem: Problem) -> None:
    """The minimum found with elimination is stationary for the dense problem."""
    solution = solve(problem)
    assert solution.status.converged
    reference = dense(problem, solution.values)
    length = np.linalg.norm(reference.residuals)
    cosines = reference.jacobian.T @ reference.residuals / np.linalg.norm(reference.jacobian, axis=0) / length
    assert np.abs(cosines).max() < 1e-5  # what a last step taken on trust may leave


def test_held_labels_do_not_move() -> None:
    problem = bundle()
    solution = solve(problem, Options())
    assert solution.values["lens"][0, 2] == problem.start["lens"][0, 2]
    assert solution.uncertainty.sigma("lens2") == 0.0
