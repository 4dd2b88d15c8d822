"""The damped step of a wide problem, and training by batches."""

from __future__ import annotations

import numpy as np
from cases.engine import Use, curve, decay, dense, random_parameters, random_residuals

from calib.engine import Problem, huber
from calib.engine.damping import Damping
from calib.engine.methods.mini_batch import BatchState, batch_step, dual_step, run
from calib.engine.normal_equations.dense import dense_rows
from calib.engine.normal_equations.layout import layout_of


def wide(seed: int = 0) -> Problem:
    """12 residuals of 40 parameters."""
    block = random_parameters("a", 1, 40, seed)
    return Problem((block,), (random_residuals("few", 6, 2, {"a": Use(40)}, seed, sigma=0.5, loss=huber(2.0)),))


def test_dual_step_equals_the_primal_one() -> None:
    problem = wide()
    J, r = dense_rows(layout_of(problem), problem.start)
    reference = dense(problem, problem.start)
    np.testing.assert_allclose(J, reference.jacobian, atol=1e-13)
    np.testing.assert_allclose(r, reference.residuals, atol=1e-13)
    scale = np.linspace(1, 2, 40)
    primal = -np.linalg.solve(J.T @ J + 0.1 * np.diag(scale), J.T @ r)
    np.testing.assert_allclose(dual_step(J, r, scale, 0.1), primal, rtol=1e-9, atol=1e-12)


def test_batch_step_lowers_its_batch() -> None:
    problem = wide()
    state = BatchState(problem.start, Damping(1.0))
    for _ in range(30):
        before = state
        state = batch_step(problem, state)
        assert state.squares[1] <= state.squares[0]
        assert state.accepted or state.values is before.values
    assert state.squares[1] < 1e-12


def test_training_by_batches_reaches_the_common_minimum() -> None:
    x = np.linspace(0, 4, 40)
    y = decay(x, np.array([2.0, 1.1, 0.5]))[0]
    order = np.random.default_rng(0).permutation(40).reshape(8, 5)

    def batch(index: int) -> Problem:
        own = order[index % 8]
        return curve(decay, x[own], y[own], [1.0, 0.5, 0.0])

    values, squares = run(batch, {"b": np.array([[1.0, 0.5, 0.0]])}, 80)
    np.testing.assert_allclose(values["b"][0], [2.0, 1.1, 0.5], rtol=1e-4)
    assert squares[-1] < 1e-6 * squares[0]
