"""The Jacobian in full, and its triangular factor."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import Use, dense, random_parameters, random_residuals

from calib.engine import Problem, ProblemError, prior
from calib.engine.normal_equations.dense import dense_rows, triangular_factor
from calib.engine.normal_equations.layout import layout_of


def test_triangle_is_a_square_root_of_the_normal_matrix() -> None:
    """Also where shared members change from row to row, and over many chunks."""
    rng = np.random.default_rng(3)
    members = rng.integers(0, 3, 50)
    blocks = (random_parameters("a", 1, 3, 1), random_parameters("b", 3, 2, 2, fixed=("b0",)))
    uses = {"a": Use(3), "b": Use(2, members)}
    problem = Problem(blocks, (random_residuals("r", 50, 2, uses, 4),))
    held = tuple(block for block in problem.residuals)
    # a second row of members on the same block makes it shared
    other = random_parameters("c", 40, 3, 5)
    uses = {"b": Use(2, members), "c": Use(3, rng.integers(0, 40, 50))}
    whole = Problem((*blocks, other), (*held, random_residuals("s", 50, 4, uses, 6)))
    layout = layout_of(whole)
    assert layout.private == ("c",)
    alone = layout_of(Problem((blocks[0],), (random_residuals("r", 50, 2, {"a": Use(3)}, 4),)))
    reference = dense(alone.problem, alone.problem.start)
    both = np.column_stack([reference.jacobian, reference.residuals])
    factor = triangular_factor(alone, alone.problem.start)
    np.testing.assert_allclose(factor.T @ factor, both.T @ both, rtol=1e-10, atol=1e-10)


def test_dense_rows_of_many_members_and_priors() -> None:
    members = np.array([2, 0, 1, 1])
    left, right = random_parameters("left", 3, 2, 1), random_parameters("right", 4, 3, 2)
    uses = {"left": Use(2, members), "right": Use(3, np.array([0, 3, 3, 1]))}
    problem = Problem((left, right), (random_residuals("pair", 4, 2, uses, 3),))
    with pytest.raises(ProblemError, match="private"):
        dense_rows(layout_of(problem), problem.start)
    alone = random_parameters("alone", 1, 4, 1, fixed=("alone2",))
    held = Problem((alone,), (prior(alone, {"alone0": 1.0, "alone3": 0.0}, {"alone0": 0.1, "alone3": 2.0}),))
    J, r = dense_rows(layout_of(held), held.start)
    reference = dense(held, held.start)
    np.testing.assert_allclose(J, reference.jacobian)
    np.testing.assert_allclose(r, reference.residuals)
