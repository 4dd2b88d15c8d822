"""What the data cannot see is named; the rest keeps its correct deviation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from cases.bundles import PROBLEMS
from cases.engine import Use, curve, dense, random_parameters, random_residuals

from calib.arrays import Array
from calib.engine import ParameterBlock, Problem, ResidualBlock, Solution, prior, solve
from calib.engine.covariance import uncertainty
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.engine.problem import Rows, Values

X = np.linspace(0.5, 3, 12)
Y = 2 * X + 1 + 0.05 * np.sin(9 * X)


def reduced(problem: Problem, solution: Solution, keep: Sequence[str]) -> dict[str, float]:
    """Deviations of the labels kept when every other is held: the truth where those kept are identifiable."""
    reference = dense(problem, solution.values)
    columns = [reference.labels.index(label) for label in keep]
    J = reference.jacobian[:, columns]
    return dict(zip(keep, np.sqrt(np.diagonal(np.linalg.inv(J.T @ J))), strict=True))


def test_product_of_two_parameters() -> None:
    """y = a b x + c: a and b trade with each other, c is known."""

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        return b[0] * b[1] * x + b[2], np.stack([b[1] * x, b[0] * x, np.ones_like(x)], axis=1)

    problem = curve(model, X, Y, [1.0, 1.0, 0.0], ("a", "b", "c"))
    solution = solve(problem)
    assert solution.status.converged
    assert np.prod(solution.values["b"][0, :2]) == pytest.approx(np.polyfit(X, Y, 1)[0])
    found = solution.uncertainty
    assert found.rank == 2
    (direction,) = found.unobservable
    assert {direction.label, *direction.trades_with} == {"a", "b"}
    assert "is not separable from" in str(direction)
    assert found.sigma("a") == found.sigma("b") == np.inf
    assert found.sigma("c") == pytest.approx(reduced(problem, solution, ["b", "c"])["c"], rel=1e-9)


def test_redundant_sum() -> None:
    """y = (a + b + 2 c) x + d: two directions, d known."""
    columns = np.stack([X, X, 2 * X, np.ones_like(X)], axis=1)
    problem = curve(lambda x, b: (columns @ b, columns), X, Y, [0.0] * 4, ("a", "b", "c", "d"))
    solution = solve(problem)
    found = solution.uncertainty
    assert found.rank == 2
    assert len(found.unobservable) == 2
    named = {label for d in found.unobservable for label in (d.label, *d.trades_with)}
    assert named == {"a", "b", "c"}
    assert all(found.sigma(label) == np.inf for label in "abc")
    assert found.sigma("d") == pytest.approx(reduced(problem, solution, ["a", "d"])["d"], rel=1e-9)


def test_column_of_zeros() -> None:
    columns = np.stack([X, np.zeros_like(X), np.ones_like(X)], axis=1)
    problem = curve(lambda x, b: (columns @ b, columns), X, Y, [0.0] * 3, ("a", "idle", "c"))
    solution = solve(problem)
    found = solution.uncertainty
    (direction,) = found.unobservable
    assert direction.label == "idle"
    assert direction.trades_with == ()
    assert str(direction) == "idle has no effect on any residual"
    assert found.sigma("idle") == np.inf
    expected = reduced(problem, solution, ["a", "c"])
    assert found.sigma("a") == pytest.approx(expected["a"], rel=1e-9)
    assert found.sigma("c") == pytest.approx(expected["c"], rel=1e-9)


def gauge_problem(anchored: bool) -> Problem:
    """Levels between stations: only differences are seen, so one common offset is free."""
    rng = np.random.default_rng(2)
    stations, rows = 6, 40
    left, right = np.array([rng.choice(stations, 2, replace=False) for _ in range(rows)]).T
    y = right * 1.0 - left + 0.01 * rng.normal(size=rows)

    def evaluate(values: Values, chosen: Rows) -> tuple[Array, Sequence[Array]]:
        height = values["height"][0]
        a, b = left[chosen], right[chosen]
        jacobian = np.zeros((len(a), 1, stations))
        jacobian[np.arange(len(a)), 0, a] -= 1
        jacobian[np.arange(len(a)), 0, b] += 1
        return (height[b] - height[a] - y[chosen])[:, None], (jacobian,)

    block = ParameterBlock("height", np.zeros((1, stations)), tuple(f"h{i}_m" for i in range(stations)))
    residuals = [ResidualBlock("levels", rows, 1, {"height": None}, evaluate, sigma=0.01)]
    if anchored:
        residuals.append(prior(block, {"h0_m": 0.0}, {"h0_m": 0.02}))
    return Problem((block,), tuple(residuals))


def test_gauge_freedom() -> None:
    found = solve(gauge_problem(anchored=False)).uncertainty
    assert found.rank == 5
    (direction,) = found.unobservable
    assert len(direction.trades_with) == 5
    assert np.isinf(np.diagonal(found.shared)).all()


def test_a_prior_removes_the_gauge() -> None:
    problem = gauge_problem(anchored=True)
    solution = solve(problem)
    found = solution.uncertainty
    assert found.unobservable == ()
    assert found.sigma("h0_m") == pytest.approx(0.02, rel=1e-9)
    assert found.sigma("h3_m") == pytest.approx(dense(problem, solution.values).sigma("h3_m"), rel=1e-9)


def pose_only_bundle(shared_offset: bool) -> Problem:
    """Views see `offset + pose`: a common shift of all poses hides in the shared offset; `gain` is seen."""
    rng = np.random.default_rng(4)
    members = np.repeat(np.arange(5), 4)
    x = rng.normal(size=20)
    y = rng.normal(size=20)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        gain, offset = values["lens"][0]
        own = values["pose"][members[rows], 0]
        shape = (len(own), 1, 1)
        by_lens = np.concatenate([x[rows].reshape(shape), np.ones(shape)], axis=2)
        return (gain * x[rows] + offset + own - y[rows])[:, None], (by_lens, np.ones(shape))

    fixed = frozenset() if shared_offset else frozenset({"offset"})
    lens = ParameterBlock("lens", np.zeros((1, 2)), ("gain", "offset"), fixed)
    pose = ParameterBlock("pose", np.zeros((5, 1)), ("shift",), members=tuple("abcde"))
    return Problem((lens, pose), (ResidualBlock("seen", 20, 1, {"lens": None, "pose": members}, evaluate),))


def test_gauge_between_shared_and_private() -> None:
    problem = pose_only_bundle(shared_offset=True)
    solution = solve(problem)
    assert solution.status.converged
    found = solution.uncertainty
    assert [d.label for d in found.unobservable] == ["offset"]
    assert found.sigma("offset") == np.inf
    assert np.isinf(found.private["pose"]).all()
    fixed = pose_only_bundle(shared_offset=False)
    assert found.sigma("gain") == pytest.approx(solve(fixed).uncertainty.sigma("gain"), rel=1e-9)


def test_private_member_with_too_few_rows() -> None:
    """A view with one row cannot carry three coordinates: its own are named, everyone else's stay correct."""
    members = np.concatenate([np.repeat(np.arange(6), 5), [6]])
    blocks = (random_parameters("lens", 1, 2, 1), random_parameters("pose", 7, 3, 2, named=True))
    uses = {"lens": Use(2), "pose": Use(3, members)}
    problem = Problem(blocks, (random_residuals("seen", 31, 1, uses, 3, curvature=0.0),))
    solution = solve(problem)
    assert solution.status.converged
    found = solution.uncertainty
    assert len(found.unobservable) == 2
    named = {label for d in found.unobservable for label in (d.label, *d.trades_with)}
    assert named == {f"pose[m6].pose{i}" for i in range(3)}
    assert np.isinf(found.private["pose"][6]).all()
    # the lone row is explained away by its own pose: one coordinate of it does that as well as three
    keep = ["lens0", "lens1", "pose[m6].pose0", *(f"pose[m{m}].pose{i}" for m in range(6) for i in range(3))]
    expected = reduced(problem, solution, keep)
    assert found.sigma("lens0") == pytest.approx(expected["lens0"], rel=1e-7)
    assert found.private["pose"][2, 1] == pytest.approx(expected["pose[m2].pose1"], rel=1e-7)


def test_private_member_without_rows() -> None:
    members = np.repeat([0, 1, 2, 4], 5)
    blocks = (random_parameters("lens", 1, 2, 1), random_parameters("pose", 5, 2, 2))
    problem = Problem(blocks, (random_residuals("seen", 20, 1, {"lens": Use(2), "pose": Use(2, members)}, 3),))
    found = solve(problem).uncertainty
    assert {d.label for d in found.unobservable} == {"pose[3].pose0", "pose[3].pose1"}
    assert all(d.trades_with == () for d in found.unobservable)
    assert np.isfinite(found.private["pose"][[0, 1, 2, 4]]).all()
    assert np.isinf(found.private["pose"][3]).all()


def test_fewer_rows_than_parameters() -> None:
    columns = np.vander([1.0, 2.0], 4, increasing=True)
    problem = curve(lambda x, b: (columns @ b, columns), X[:2], Y[:2], [0.0] * 4)
    found = solve(problem).uncertainty
    assert found.rank == 2
    assert len(found.unobservable) == 2


def test_badly_scaled_is_not_unobservable() -> None:
    columns = np.vander(X, 4, increasing=True) * [1e-12, 1e-3, 1e6, 1e12]
    problem = curve(lambda x, b: (columns @ b, columns), X, Y, [0.0] * 4)
    solution = solve(problem)
    assert solution.uncertainty.unobservable == ()
    expected = dense(problem, solution.values).jacobian / [1e-12, 1e-3, 1e6, 1e12]
    sigma = np.sqrt(np.diagonal(np.linalg.inv(expected.T @ expected))) / [1e-12, 1e-3, 1e6, 1e12]
    np.testing.assert_allclose(np.sqrt(np.diagonal(solution.uncertainty.shared)), sigma, rtol=1e-9)


def test_covariance_of_chosen_labels() -> None:
    columns = np.vander(X, 3, increasing=True)
    problem = curve(lambda x, b: (columns @ b, columns), X, Y, [0.0] * 3)
    held = Problem((problem.parameters[0].hold("b2"),), problem.residuals)
    found = solve(held).uncertainty
    matrix = found.covariance(("b3", "b2", "b1"))
    J = columns[:, [2, 0]]
    np.testing.assert_allclose(matrix[np.ix_([0, 2], [0, 2])], np.linalg.inv(J.T @ J), rtol=1e-9)
    assert not matrix[1].any()
    assert not matrix[:, 1].any()


def test_deviations_are_those_of_repeated_experiments() -> None:
    """Simulated: the spread of the estimates over 400 noise draws is the deviation stated."""
    rng = np.random.default_rng(8)
    columns = np.vander(X, 2, increasing=True)
    found = []
    for _ in range(400):
        y = columns @ [1.0, 2.0] + 0.3 * rng.normal(size=len(X))
        found.append(np.linalg.lstsq(columns, y)[0])
    solution = solve(curve(lambda x, b: (columns @ b, columns), X, y, [0.0, 0.0], sigma=0.3))
    np.testing.assert_allclose(np.std(found, axis=0), np.sqrt(np.diagonal(solution.uncertainty.shared)), rtol=0.12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_covariance_equals_the_dense_inverse(name: str) -> None:
    problem = PROBLEMS[name]()
    solution = solve(problem)
    layout, reference = layout_of(problem), dense(problem, solution.values)
    found = uncertainty(layout, solution.values, assemble(layout, solution.values))
    assert found.unobservable == ()
    where = [reference.labels.index(label) for label in found.labels]
    np.testing.assert_allclose(found.shared, reference.covariance[np.ix_(where, where)], rtol=1e-7, atol=1e-12)
    for name, sigma in found.private.items():
        block = problem.by_name[name]
        for member in range(block.count):
            for coordinate in range(block.tangent):
                expected = reference.sigma(block.full_label(member, coordinate)) if coordinate in block.free else 0.0
                assert sigma[member, coordinate] == pytest.approx(expected, rel=1e-7)
