"""What a problem leaves out: one step of the wider problem tells it, and the intervals take it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from cases.seeds import runs
from scipy import stats

from calib.arrays import Array
from calib.engine import (
    LeftOut,
    ParameterBlock,
    Problem,
    ResidualBlock,
    Solution,
    Uncertainty,
    estimate_left_out,
    solve,
)
from calib.engine.problem import Rows, Values

GROUPS, EACH, COLUMNS, MORE = 12, 8, 3, 2
A = np.random.default_rng(1).normal(size=(GROUPS * EACH, COLUMNS))
B = np.random.default_rng(2).normal(size=(GROUPS * EACH, MORE)) + A[:, :MORE]  # what is left out resembles what is not
GROUP = np.repeat(np.arange(GROUPS), EACH)


def problems(seed: int, amount: float) -> tuple[Problem, Problem]:
    """seen = A a + B b + an offset per group + noise, with a = 0 and b = amount: without b as a parameter, and with."""
    rng = np.random.default_rng([seed, 3])
    seen = amount * B.sum(axis=1) + rng.normal(size=GROUPS)[GROUP] + rng.normal(size=len(A))

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        by_a, by_b, by_group = A[rows][:, None, :], B[rows][:, None, :], np.ones((len(A[rows]), 1, 1))
        found = A[rows] @ values["a"][0] + values["group"][GROUP[rows], 0] - seen[rows]
        if "b" not in values:
            return found[:, None], (by_a, by_group)
        return (found + B[rows] @ values["b"][0])[:, None], (by_a, by_group, by_b)

    a = ParameterBlock("a", np.zeros((1, COLUMNS)), [f"a{i}" for i in range(COLUMNS)])
    group = ParameterBlock("group", np.zeros((GROUPS, 1)), ["offset"])
    b = ParameterBlock("b", np.zeros((1, MORE)), [f"b{i}" for i in range(MORE)])
    narrow = ResidualBlock("seen", len(A), 1, {"a": None, "group": GROUP}, evaluate)
    wider = replace(narrow, blocks={**narrow.blocks, "b": None})
    return Problem((a, group), (narrow,)), Problem((a, group, b), (wider,))


def both(seed: int, amount: float) -> tuple[Solution, LeftOut, Solution]:
    narrow, wider = problems(seed, amount)
    solution = solve(narrow)
    found = estimate_left_out(solution, wider)
    assert found is not None
    return solution, found, solve(wider)


def test_of_a_linear_problem_one_step_is_the_solution_of_the_wider_one() -> None:
    solution, found, wide = both(0, 1.0)
    np.testing.assert_allclose(found.estimate, wide.values["b"][0], rtol=1e-9)
    np.testing.assert_allclose(solution.values["a"][0] + found.shift.shared, wide.values["a"][0], atol=1e-9)
    moved = solution.values["group"][:, 0] + found.shift.private["group"][0]
    np.testing.assert_allclose(moved, wide.values["group"][:, 0], atol=1e-9)
    covariance = wide.measured_uncertainty.covariance(found.labels)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-6)
    ratio = found.estimate @ np.linalg.solve(covariance, found.estimate) / MORE
    assert found.variance_ratio == pytest.approx(ratio, rel=1e-6)
    assert found.evidence > 0.95


def test_the_shift_joins_every_covariance() -> None:
    solution, found, _ = both(0, 1.0)
    measured, widened = solution.measured_uncertainty, found.widen(solution.measured_uncertainty)
    weight = found.evidence / 3
    added = widened.shared - measured.shared
    np.testing.assert_allclose(added, weight * np.outer(found.shift.shared, found.shift.shared), atol=1e-12)
    added = (widened.private_covariance["group"] - measured.private_covariance["group"])[:, 0, 0]
    np.testing.assert_allclose(added, weight * found.shift.private["group"][0] ** 2, atol=1e-12)
    np.testing.assert_allclose(widened.private["group"][:, 0] ** 2, widened.private_covariance["group"][:, 0, 0])
    assert (widened.degrees_of_freedom(["a0", "a1"]) > measured.degrees_of_freedom(["a0", "a1"])).all()
    assert solution.measured_uncertainty.sigma("a0") < widened.sigma("a0")


def test_where_nothing_is_seen_of_it_nothing_widens() -> None:
    narrow, wider = problems(0, 0.0)
    solution = solve(narrow)
    blind = replace(wider.residuals[0], blocks={"a": None, "group": GROUP, "b": None}, evaluate=_blind(wider))
    assert estimate_left_out(solution, replace(wider, residuals=(blind,))) is None
    ratios = [both(seed, 0.0)[1].variance_ratio for seed in range(20)]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.7)
    weak = next(found for found in (both(seed, 0.0)[1] for seed in range(20)) if found.variance_ratio < 1)
    assert weak.evidence == 0.0
    assert weak.widen(solution.measured_uncertainty) is solution.measured_uncertainty


def _blind(wider: Problem) -> object:
    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        residuals, (by_a, by_group, by_b) = wider.residuals[0].evaluate(values, rows)
        return residuals, (by_a, by_group, np.zeros_like(by_b))

    return evaluate


@pytest.mark.parametrize("count", runs(400, 10))
def test_intervals_hold_with_something_left_out_and_stay_narrow_without(count: int) -> None:
    """A shift within the scatter is not seen, one far beyond it is all that there is: between them 2 sigmas of shift,
    of which the variance of a limit leaves out the most."""
    slack = 4 * np.sqrt(0.05 / (COLUMNS * count))
    inside, width = coverage(0.0, count)
    assert inside > 0.93 - slack
    assert width < 1.1
    assert coverage(0.5, count)[0] > 0.84 - slack
    inside, width = coverage(2.0, count)
    assert inside > 0.95 - slack
    assert width > 1.5


def coverage(amount: float, count: int) -> tuple[float, float]:
    """Share of 95 % intervals that hold 0, and how many times as wide they are as without what is left out."""
    inside, width = [], []
    for seed in range(count):
        solution, found, _ = both(seed, amount)
        narrow, wide = half_width(solution.measured_uncertainty), half_width(found.widen(solution.measured_uncertainty))
        inside.append(np.abs(solution.values["a"][0]) < wide)
        width.append(wide / narrow)
    return float(np.mean(inside)), float(np.mean(width))


def half_width(known: Uncertainty) -> Array:
    labels = [f"a{i}" for i in range(COLUMNS)]
    return np.asarray(stats.t.ppf(0.975, known.degrees_of_freedom(labels)) * np.sqrt(np.diag(known.covariance(labels))))
