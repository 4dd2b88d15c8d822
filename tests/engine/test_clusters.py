"""Each cluster's part of the normal equations, and the covariance that their scatter shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from cases.bundles import PROBLEMS
from cases.seeds import runs
from scipy import stats
from scipy.linalg import block_diag, sqrtm

from calib.arrays import Array, Index
from calib.engine import ParameterBlock, Problem, ResidualBlock, Solution, prior, solve
from calib.engine.cluster_covariance import ClusterScatter, cluster_scatter
from calib.engine.clusters import MOST_CLUSTERS, cluster_systems
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.schur import eliminate
from calib.engine.point.point import Point
from calib.engine.problem import ProblemError, Rows, Values

SIZES = (4, 9, 6, 12, 5, 7)


def line(design: Array, seen: Array, clusters: Index | None = None, extra: Sequence[ResidualBlock] = ()) -> Problem:
    """seen = design @ b."""
    block = ParameterBlock("b", np.zeros((1, design.shape[1])), [f"b{i}" for i in range(design.shape[1])])

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        return (design[rows] @ values["b"][0] - seen[rows])[:, None], (design[rows][:, None, :],)

    measured = ResidualBlock("line", len(seen), 1, {"b": None}, evaluate, clusters=clusters)
    return Problem((block,), (measured, *extra))


def drawn(seed: int, shared: float = 0.0, sizes: Sequence[int] = SIZES) -> tuple[Array, Array, Index]:
    """A design of three columns, observations of b = 0 with an error per cluster besides their own, the clusters."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    columns = [np.ones(len(clusters)), rng.normal(size=len(clusters)), rng.normal(size=len(sizes))[clusters]]
    design = np.stack(columns, axis=1)
    seen = rng.normal(size=len(clusters)) + shared * rng.normal(size=len(sizes))[clusters]
    return design, seen, clusters


def scatter_of(solution: Solution) -> ClusterScatter:
    found = solution.measured_uncertainty.scatter
    assert found is not None
    return found


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_parts_of_all_clusters_are_the_reduced_normal_equations(name: str) -> None:
    problem = PROBLEMS[name]()
    layout, values = layout_of(problem), problem.start
    normal = assemble(layout, values)
    found = cluster_systems(layout, values)
    assert found is not None
    whole = eliminate(normal)
    scale = np.abs(whole.matrix).max()
    np.testing.assert_allclose(found.information.sum(axis=0) + found.prior, whole.matrix, atol=1e-9 * scale)
    if not any(block.prior for block in problem.residuals):
        np.testing.assert_allclose(found.score.sum(axis=0), whole.right, atol=1e-9 * np.abs(whole.right).max())


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_the_solve_keeps_spares_another_look_at_the_rows(name: str) -> None:
    problem = PROBLEMS[name]()
    layout, values = layout_of(problem), problem.start
    normal = assemble(layout, values)
    seen, kept = cluster_systems(layout, values), cluster_systems(layout, values, normal)
    assert seen is not None
    assert kept is not None
    for attribute in ("information", "score", "squares", "prior"):
        expected = getattr(seen, attribute)
        np.testing.assert_allclose(getattr(kept, attribute), expected, atol=1e-9 * np.abs(expected).max(initial=1e-9))


def test_a_step_that_is_trusted_moves_what_each_member_adds() -> None:
    """Of a linear problem, exactly as evaluating it there would."""
    rng = np.random.default_rng(8)
    members = np.repeat(np.arange(5), 6)
    by_shared, by_own, seen = rng.normal(size=(30, 2, 3)), rng.normal(size=(30, 2, 2)), rng.normal(size=(30, 2))

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        own = np.einsum("mdt,mt->md", by_own[rows], values["own"][members[rows]])
        return by_shared[rows] @ values["all"][0] + own - seen[rows], (by_shared[rows], by_own[rows])

    blocks = (ParameterBlock("all", np.zeros((1, 3)), "abc"), ParameterBlock("own", np.zeros((5, 2)), "de"))
    problem = Problem(blocks, (ResidualBlock("seen", 30, 2, {"all": None, "own": members}, evaluate),))
    point = Point(layout_of(problem), problem.start)
    step = 0.7 * point.factorise_undamped().step()
    _, there = point.trial(step)
    point.trust(step, 0.0)
    np.testing.assert_allclose(point.normal.shares["own"], there.shares["own"], atol=1e-12)


def test_the_scatter_is_that_of_bell_and_mccaffrey() -> None:
    """The adjusted residuals of the textbook, which takes the root of a matrix as large as the cluster."""
    design, seen, clusters = drawn(1)
    solution = solve(line(design, seen, clusters))
    inverse = np.linalg.inv(design.T @ design)
    residuals = design @ solution.values["b"][0] - seen
    meat = np.zeros((3, 3))
    adjusted = []
    for cluster in range(len(SIZES)):
        own = design[clusters == cluster]
        root = np.linalg.inv(np.real(sqrtm(np.eye(len(own)) - own @ inverse @ own.T)))
        adjusted.append(root @ own)
        score = own.T @ root @ residuals[clusters == cluster]
        meat += np.outer(score, score)
    root = solution.uncertainty.root
    found = solution.variance_factor * root @ scatter_of(solution).variance @ root.T
    np.testing.assert_allclose(found, inverse @ meat @ inverse, rtol=1e-6)

    annihilator = np.eye(len(seen)) - design @ inverse @ design.T
    for contrast in np.eye(3):
        pieces = block_diag(*[(own @ inverse @ contrast)[:, None] for own in adjusted])
        form = pieces.T @ annihilator @ pieces
        freedom = np.trace(form) ** 2 / np.trace(form @ form)
        scatter = _believed(scatter_of(solution))
        assert scatter.degrees_of_freedom((contrast @ root)[None])[0] == pytest.approx(freedom, rel=1e-6)


def _believed(scatter: ClusterScatter) -> ClusterScatter:
    """The same, not shrunk."""
    copy = replace(scatter)
    copy.__dict__.update(evidence=1.0, roundness=0.0)
    return copy


@pytest.mark.parametrize("count", runs(2000, 300))
def test_the_scatter_of_independent_errors_is_one_on_average(count: int) -> None:
    variance, dispersion = np.zeros((3, 3)), []
    for seed in range(count):
        design, seen, clusters = drawn(0)
        seen = np.random.default_rng([seed, 5]).normal(size=len(seen))
        solution = solve(line(design, seen, clusters))
        layout, values = solution.layout, solution.values
        systems = cluster_systems(layout, values)
        assert systems is not None
        scatter = cluster_scatter(solution.uncertainty.root, systems, 1.0)
        variance += scatter.variance / count
        dispersion.append(scatter.dispersion)
    np.testing.assert_allclose(variance, np.eye(3), atol=5 * np.sqrt(2 / count))
    assert np.std(dispersion) == pytest.approx(scatter.dispersion_sigma, rel=5 / np.sqrt(count))


@pytest.mark.parametrize("count", runs(1000, 200))
@pytest.mark.parametrize("shared", [0.0, 2.0])
def test_intervals_hold_whether_clusters_share_an_error_or_not(shared: float, count: int) -> None:
    sizes, inside, width = [8] * 20, 0, []
    for seed in range(count):
        design, seen, clusters = drawn(seed, shared, sizes)
        solution = solve(line(design, seen, clusters))
        known = solution.measured_uncertainty
        for label, value in zip(known.labels, solution.values["b"][0], strict=True):
            quantile = stats.t.ppf(0.975, known.degrees_of_freedom([label])[0])
            inside += abs(value) < quantile * known.sigma(label)
            width.append(known.sigma(label) / np.sqrt(solution.variance_factor) / solution.uncertainty.sigma(label))
    slack = 4 * np.sqrt(0.05 * 0.95 / (2 * count))  # the three values of one run are not independent
    assert 0.95 - slack - (0.02 if shared else 0.0) < inside / (3 * count) < 0.95 + slack
    assert shared or np.mean(width) < 1.05  # and independent errors cost almost nothing


def test_clusters_are_as_stated_or_the_members_of_the_private_block() -> None:
    problem = PROBLEMS["uniform"]()
    (seen,) = problem.residuals
    stated = replace(problem, residuals=(replace(seen, clusters=seen.blocks["pose"]),))
    by_member, by_statement = (solve(each).measured_uncertainty.shared for each in (problem, stated))
    np.testing.assert_allclose(by_member, by_statement, rtol=1e-9)
    pairs = replace(problem, residuals=(replace(seen, clusters=np.repeat(np.arange(6), 10)),))
    found = solve(pairs).measured_uncertainty.scatter
    assert found is not None
    assert len(found.adjusted) == 6


def test_rows_on_their_own_are_merged_with_neighbours_where_they_are_many() -> None:
    design, seen, _ = drawn(3, sizes=[1] * (3 * MOST_CLUSTERS))
    assert len(scatter_of(solve(line(design, seen))).adjusted) == MOST_CLUSTERS


def test_a_prior_has_no_scatter() -> None:
    design, seen, clusters = drawn(4)
    block = line(design, seen).parameters[0]
    strong = prior(block, {"b2": 0.0}, {"b2": 1e-6})
    known = solve(line(design, seen, clusters, (strong,))).measured_uncertainty
    assert known.scatter is not None
    assert len(known.scatter.adjusted) == len(SIZES)
    assert known.sigma("b2") == pytest.approx(1e-6, rel=0.5)


def test_one_cluster_or_nothing_left_over_shows_no_scatter() -> None:
    design, seen, clusters = drawn(5)
    one = solve(line(design, seen, np.zeros_like(clusters)))
    assert one.measured_uncertainty.scatter is None
    np.testing.assert_allclose(one.measured_uncertainty.shared, one.variance_factor * one.uncertainty.shared)
    exact = solve(line(design[:3], seen[:3]))
    assert exact.measured_uncertainty is exact.uncertainty


def test_clusters_must_be_one_per_row() -> None:
    design, seen, clusters = drawn(6)
    with pytest.raises(ProblemError, match="clusters"):
        line(design, seen, clusters[:-1])


def test_errors_that_last_from_one_cluster_to_the_next_are_said_to_drift() -> None:
    found = []
    for walks in (False, True):
        design, seen, clusters = drawn(3, sizes=(5,) * 80)
        steps = np.random.default_rng(6).normal(size=80)
        seen = seen + (np.cumsum(steps) / 3 if walks else steps)[clusters]
        found.append(scatter_of(solve(line(design[:, :1], seen, clusters))))  # a mean: drift is in it
    still, walking = found
    assert not still.drift.is_plain
    assert walking.drift.is_plain
    assert walking.drift.inflation > 2
    np.testing.assert_allclose(walking.shrunk, walking.drift.inflation * walking.steady)
    alternating = replace(walking, adjusted=walking.adjusted * (-1.0) ** np.arange(80)[:, None])
    assert alternating.drift.inflation == 1.0


@pytest.mark.parametrize("count", runs(1000, 60))
def test_chance_makes_no_drift(count: int) -> None:
    """Of slow changes of independent clusters the most conspicuous stand out a little, and widen next to nothing."""
    sizes, found = [6] * 16, []
    for seed in range(count):
        design, seen, clusters = drawn(seed, 0.5, sizes)
        found.append(scatter_of(solve(line(design, seen, clusters))).drift)
    sigmas = [drift.sigmas for drift in found]
    assert 0.0 < np.mean(sigmas) < 0.8  # the most conspicuous of three
    assert np.mean(np.array(sigmas) > 3) < 0.03
    assert np.mean([np.sqrt(drift.inflation) for drift in found]) < 1.05


@pytest.mark.parametrize("count", runs(500, 60))
def test_intervals_hold_where_errors_drift(count: int) -> None:
    """An error that lasts for some five clusters, against the value that it varies about."""
    clusters, inside, without = 100, 0, 0
    for seed in range(count):
        steps, error = np.random.default_rng([seed, 9]).normal(size=clusters), np.zeros(clusters)
        for i in range(1, clusters):
            error[i] = 0.7 * error[i - 1] + steps[i]
        solution = solve(line(np.ones((clusters, 1)), error))
        known, off = solution.measured_uncertainty, abs(solution.values["b"][0, 0])
        sigma, quantile = known.sigma("b0"), stats.t.ppf(0.975, known.degrees_of_freedom(["b0"])[0])
        inside += off < quantile * sigma
        without += off < 1.96 * sigma / np.sqrt(scatter_of(solution).drift.inflation)
    assert inside / count > 0.85
    assert without / count < 0.75
