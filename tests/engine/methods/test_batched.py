"""Many small problems at once: each ends where it would have ended alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from calib.arrays import Array
from calib.engine import EvaluationError, ParameterBlock, Problem, ProblemError, ResidualBlock, huber, solve
from calib.engine.methods.batched import solve_separately
from calib.engine.problem import Rows

X = np.linspace(0, 3, 25)
LABELS = ("height", "rate_per_s", "level")
SETTLED = {"rate_per_s": 1e-10}
START = np.tile([1.0, 0.5, 0.0], (300, 1))


def simulate(members: int, seed: int) -> tuple[Array, Array]:
    """True parameters (members, 3) and noisy curves (members, 25)."""
    rng = np.random.default_rng(seed)
    truth = np.column_stack([rng.uniform(1, 5, members), rng.uniform(0.3, 3, members), rng.uniform(-2, 2, members)])
    seen = truth[:, :1] * np.exp(-truth[:, 1:2] * X) + truth[:, 2:] + rng.normal(0, 0.01, (members, 25))
    return truth, seen


TRUTH, SEEN = simulate(300, seed=4)


def decays(seen: Array, block: ParameterBlock, sigma: float | Array = 1.0) -> Problem:
    """Every member its own decaying curve."""

    def evaluate(values: Mapping[str, Array], rows: Rows) -> tuple[Array, Sequence[Array]]:
        b = values["decay"][rows]
        fall = np.exp(-b[:, 1:2] * X)
        jacobian = np.stack([fall, -b[:, :1] * X * fall, np.ones_like(fall)], axis=2)
        return b[:, :1] * fall + b[:, 2:] - seen[rows], (jacobian,)

    members = np.arange(len(seen)) if len(seen) > 1 else None
    return Problem((block,), (ResidualBlock("curves", len(seen), 25, {"decay": members}, evaluate, sigma),))


def test_each_ends_where_it_would_alone() -> None:
    together = solve_separately(decays(SEEN, ParameterBlock("decay", START, LABELS)), SETTLED)
    assert together.converged.all()
    for i in range(0, 300, 37):
        alone = decays(SEEN[i : i + 1], ParameterBlock("decay", START[i : i + 1], LABELS))
        np.testing.assert_allclose(together.values[i], solve(alone).values["decay"][0], rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(together.values[i], solve_separately(alone, SETTLED).values[0], rtol=1e-12)
        assert together.squares[i] == pytest.approx(2 * solve(alone).cost, rel=1e-10)
    assert np.abs(together.values - TRUTH).max() < 0.3


def test_bounds_hold_and_bind() -> None:
    rng = np.random.default_rng(1)
    matrix, y = rng.normal(size=(40, 12, 3)), 3 * rng.normal(size=(40, 12))

    def evaluate(values: Mapping[str, Array], rows: Rows) -> tuple[Array, Sequence[Array]]:
        return np.einsum("mdt,mt->md", matrix[rows], values["b"][rows]) - y[rows], (matrix[rows],)

    block = ParameterBlock("b", np.zeros((40, 3)), ("p", "q", "r"), bounds={"q": (-0.3, 0.4)})
    problem = Problem((block,), (ResidualBlock("lines", 40, 12, {"b": np.arange(40)}, evaluate),))
    found = solve_separately(problem, dict.fromkeys("pqr", 1e-9), initial_damping=1e-6)
    best = np.array(
        [lsq_linear(matrix[i], y[i], ([-np.inf, -0.3, -np.inf], [np.inf, 0.4, np.inf]), tol=1e-14).x for i in range(40)]
    )
    inside = np.abs(np.clip(best[:, 1], -0.299, 0.399) - best[:, 1]) < 1e-9
    assert 0 < inside.sum() < 40
    assert ((found.values[:, 1] >= -0.3) & (found.values[:, 1] <= 0.4)).all()
    np.testing.assert_allclose(found.values[inside], best[inside], atol=1e-7)
    np.testing.assert_allclose(found.values[:, 1], best[:, 1], atol=1e-6)


def test_held_labels_stay_and_sigma_weighs() -> None:
    block = ParameterBlock("decay", START, LABELS, fixed=frozenset({"level"}))
    sigma = np.broadcast_to(np.where(X > 1, 1e6, 0.1), SEEN.shape).copy()
    found = solve_separately(decays(SEEN, block, sigma), SETTLED)
    assert (found.values[:, 2] == 0).all()
    alone = decays(SEEN[:1], ParameterBlock("decay", START[:1], LABELS, fixed=frozenset({"level"})), sigma[:1])
    np.testing.assert_allclose(found.values[0], solve(alone).values["decay"][0], rtol=1e-6)


def test_what_nothing_depends_on_stays() -> None:
    seen = np.where(np.arange(300)[:, None] % 2, SEEN, 0.0)
    start = np.where(np.arange(300)[:, None] % 2, START, [0.0, 0.7, 0.0])  # no height: no rate to be seen
    found = solve_separately(decays(seen, ParameterBlock("decay", start, LABELS)), SETTLED)
    assert (found.values[::2, 1] == 0.7).all()
    assert found.converged.all()


def test_a_step_into_nothing_is_refused() -> None:
    """sqrt(b) of b < 0 is not finite: such steps are tried, and taken shorter."""

    def evaluate(values: Mapping[str, Array], rows: Rows) -> tuple[Array, Sequence[Array]]:
        root = np.sqrt(values["b"][rows])
        return root - 0.01, (0.5 / root[:, :, None],)

    block = ParameterBlock("b", np.array([[9.0], [1e-4], [0.5]]), ("b",))
    problem = Problem((block,), (ResidualBlock("roots", 3, 1, {"b": np.arange(3)}, evaluate),))
    found = solve_separately(problem, {"b": 1e-12})
    np.testing.assert_allclose(found.values, 1e-4, rtol=1e-6)


def test_members_that_run_out_of_iterations_are_told() -> None:
    found = solve_separately(decays(SEEN, ParameterBlock("decay", START, LABELS)), SETTLED, max_iterations=2)
    assert not found.converged.any()


def test_a_problem_that_does_not_fall_apart_is_refused() -> None:
    good = decays(SEEN, ParameterBlock("decay", START, LABELS))
    rows = good.residuals[0]
    crossed = ResidualBlock("curves", 300, 25, {"decay": np.arange(300)[::-1]}, rows.evaluate)
    robust = ResidualBlock("curves", 300, 25, rows.blocks, rows.evaluate, loss=huber(1.0))
    fewer = ResidualBlock("curves", 200, 25, {"decay": np.arange(200)}, rows.evaluate)
    for wrong in (crossed, robust, fewer):
        with pytest.raises(ProblemError, match="row i must belong to member i"):
            solve_separately(Problem(good.parameters, (wrong,)), SETTLED)
    with pytest.raises(ProblemError, match="one parameter block"):
        solve_separately(Problem(good.parameters, (rows, rows)), SETTLED)
    with pytest.raises(ProblemError, match="no label"):
        solve_separately(good, {"rate": 1.0})


def test_an_error_names_its_block() -> None:
    def evaluate(values: Mapping[str, Array], rows: Rows) -> tuple[Array, Sequence[Array]]:
        raise KeyError("gone")

    block = ParameterBlock("decay", START, LABELS)
    problem = Problem((block,), (ResidualBlock("bad block", 300, 25, {"decay": np.arange(300)}, evaluate),))
    with pytest.raises(EvaluationError, match="'bad block' raised KeyError"):
        solve_separately(problem, SETTLED)
