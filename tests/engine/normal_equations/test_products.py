"""Products streamed over the rows equal the dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from cases.bundles import views
from cases.engine import dense

from calib.arrays import Array
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.products import (
    cost,
    frozen_gradient,
    largest_eigenvalue,
    normal_times,
    weighted_squares,
)
from calib.engine.normal_equations.tangent import Tangent


def test_products_equal_the_dense_ones() -> None:
    problem = views(sigma=0.5)
    layout, reference = layout_of(problem), dense(problem, problem.start)
    J, r = reference.jacobian, reference.residuals

    def flat(step: Tangent) -> Array:
        return np.concatenate([step.shared, step.private["pose"].T.ravel()])

    slope, squares = frozen_gradient(layout, problem.start, problem.start)
    np.testing.assert_allclose(flat(slope), J.T @ r, atol=1e-12)
    assert squares == pytest.approx(float(r @ r))
    assert cost(layout, problem.start) == pytest.approx(0.5 * squares)
    assert weighted_squares(layout, problem.start) == pytest.approx(squares)
    normal = assemble(layout, problem.start)
    vector = Tangent(np.ones(1), {"pose": np.arange(18.0).reshape(3, 6)})
    np.testing.assert_allclose(flat(normal_times(normal, vector)), J.T @ J @ flat(vector), rtol=1e-10)
    one = Tangent(np.ones(1), {"pose": np.ones((3, 6))})
    assert largest_eigenvalue(normal, one, 2000) == pytest.approx(np.linalg.norm(J, 2) ** 2, rel=1e-6)
