"""The normal equations are those of the dense Jacobian."""

from __future__ import annotations

import numpy as np
import pytest
from cases.bundles import PROBLEMS, flat
from cases.engine import dense

from calib.engine import Problem
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.tangent import diagonal, gradient


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]()


def test_gradient_and_diagonal_equal_the_dense_ones(problem: Problem) -> None:
    layout, reference = layout_of(problem), dense(problem, problem.start)
    normal = assemble(layout, problem.start)
    J, r = reference.jacobian, reference.residuals
    np.testing.assert_allclose(flat(layout, gradient(normal), reference), J.T @ r, atol=1e-12)
    np.testing.assert_allclose(flat(layout, diagonal(normal), reference), np.sum(J * J, axis=0), rtol=1e-12)
    assert normal.squares == pytest.approx(float(r @ r), rel=1e-13)
    assert normal.residuals == len(r)
