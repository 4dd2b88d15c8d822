"""Rows are whitened and weighted in one place, and every product with them follows from that."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import Use, dense, random_parameters, random_residuals

from calib.arrays import Array
from calib.engine import EvaluationError, Problem, ResidualBlock, huber
from calib.engine.losses import Loss
from calib.engine.normal_equations.rows import evaluate_rows

MEMBERS = np.repeat(np.arange(4), 5)
SIGMAS = {
    "one": 1.0,
    "number": 0.3,
    "per row": np.linspace(0.2, 2.0, 20),
    "per residual": np.linspace(0.2, 2.0, 40).reshape(20, 2),
}


def problem(sigma: float | Array, loss: Loss | None) -> Problem:
    blocks = (random_parameters("lens", 1, 3, 1), random_parameters("pose", 4, 2, 2))
    uses = {"lens": Use(3), "pose": Use(2, MEMBERS)}
    return Problem(blocks, (random_residuals("seen", 20, 2, uses, 3, sigma=sigma, loss=loss),))


@pytest.mark.parametrize("loss", [None, huber(0.7)], ids=["squares", "huber"])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_products_are_those_of_the_dense_jacobian(sigma: str, loss: Loss | None) -> None:
    asked = problem(SIGMAS[sigma], loss)
    reference = dense(asked, asked.start)
    rows = evaluate_rows(asked.residuals[0], asked.start, slice(0, 20))
    np.testing.assert_allclose(rows.residuals.ravel(), reference.residuals, rtol=1e-12)
    assert rows.squares == pytest.approx(float(reference.residuals @ reference.residuals), rel=1e-12)
    np.testing.assert_allclose(rows.jacobian(0).reshape(40, 3), reference.jacobian[:, :3], rtol=1e-12)
    np.testing.assert_allclose(rows.jacobian(0, np.array([2])).reshape(40, 1), reference.jacobian[:, 2:3], rtol=1e-12)
    rng = np.random.default_rng(0)
    steps = {"lens": rng.normal(size=(1, 3)), "pose": rng.normal(size=(4, 2))}
    whole = np.concatenate([steps["lens"].ravel(), steps["pose"].ravel()])
    np.testing.assert_allclose(rows.times(steps).ravel(), reference.jacobian @ whole, atol=1e-12)
    sums = {name: np.zeros_like(step) for name, step in steps.items()}
    vector = rng.normal(size=(20, 2))
    rows.add_transposed(vector, sums)
    found = np.concatenate([sums["lens"].ravel(), sums["pose"].ravel()])
    np.testing.assert_allclose(found, reference.jacobian.T @ vector.ravel(), atol=1e-12)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_other_residuals_are_weighed_alike(sigma: str) -> None:
    asked = problem(SIGMAS[sigma], huber(0.7))
    block = asked.residuals[0]
    rows = evaluate_rows(block, asked.start, slice(5, 12))
    raw = block.evaluate(asked.start, slice(5, 12))[0]
    np.testing.assert_allclose(rows.weigh(raw), rows.residuals, rtol=1e-13)
    np.testing.assert_array_equal(raw, block.evaluate(asked.start, slice(5, 12))[0])


def test_cost_is_half_the_sum_of_the_losses() -> None:
    asked = problem(0.3, huber(0.7))
    whitened = asked.residuals[0].evaluate(asked.start, slice(0, 20))[0] / 0.3
    expected = 0.5 * float(np.sum(huber(0.7)(np.sum(whitened**2, axis=1))[0]))
    assert evaluate_rows(asked.residuals[0], asked.start, slice(0, 20)).cost == pytest.approx(expected, rel=1e-13)
    plain = evaluate_rows(asked.residuals[0], asked.start, slice(0, 20), robust=False)
    assert plain.cost == pytest.approx(0.5 * float(np.sum(whitened**2)), rel=1e-13)


def test_a_failing_function_is_named() -> None:
    def fail(values: object, rows: object) -> tuple[Array, tuple[Array, ...]]:
        raise ZeroDivisionError

    with pytest.raises(EvaluationError, match="'bad' raised ZeroDivisionError"):
        evaluate_rows(ResidualBlock("bad", 3, 1, {}, fail), {}, slice(0, 3))
    wrong = ResidualBlock("odd", 3, 2, {}, lambda values, rows: (np.zeros((3, 1)), ()))
    with pytest.raises(EvaluationError, match="'odd' returned"):
        evaluate_rows(wrong, {}, slice(0, 3))
