"""A problem that contradicts itself is refused with the block's name; blocks behave as their docstrings say."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import Use, random_parameters, random_residuals

from calib.engine import Label, ParameterBlock, Problem, ProblemError, ResidualBlock, prior, solve

A = random_parameters("a", 1, 2, 1)
B = random_parameters("b", 3, 2, 2, named=True)
SEEN = random_residuals("seen", 6, 1, {"a": Use(2), "b": Use(2, np.array([0, 1, 2, 0, 1, 2]))}, 3)


def residuals(blocks: object, sigma: object = 1.0) -> ResidualBlock:
    return ResidualBlock("seen", 6, 2, blocks, SEEN.evaluate, sigma)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Problem((A, A), ()), "share a name"),
        (lambda: Problem((A,), (SEEN,)), "seen: no parameter block 'b'"),
        (lambda: Problem((A, B), (residuals({"b": None}),)), "seen on b: a block of 3 members needs"),
        (lambda: Problem((A, B), (residuals({"b": np.zeros(5, int)}),)), "seen on b: member indices must be"),
        (lambda: Problem((A, B), (residuals({"b": np.zeros(6)}),)), "seen on b: member indices must be"),
        (lambda: Problem((A, B), (residuals({"b": np.full(6, 3)}),)), "seen on b: a member index is outside"),
        (lambda: Problem((A, B), (residuals({"b": np.full(6, -1)}),)), "seen on b: a member index is outside"),
        (lambda: Problem((A,), (residuals({"a": None}, np.ones(3)),)), "seen: sigma of shape"),
        (lambda: Problem((A,), (residuals({"a": None}, np.ones((6, 3))),)), "seen: sigma of shape"),
        (lambda: Problem((A,), (residuals({"a": None}, 0.0),)), "seen: sigma must be positive"),
        (lambda: Problem((A,), (residuals({"a": None}, np.full(6, np.nan)),)), "seen: sigma must be positive"),
        (lambda: ParameterBlock("a", np.zeros(3), ("x", "y", "z")), "a: values must be"),
        (lambda: ParameterBlock("a", np.zeros((1, 2)), ("x", "x")), "a: labels must be distinct"),
        (lambda: ParameterBlock("a", np.zeros((1, 0)), ()), "a: labels must be distinct"),
        (lambda: A.hold("nothing"), "a: no label"),
        (lambda: ParameterBlock("a", np.zeros((2, 1)), ("x",), members=("one",)), "a: 1 member names for 2"),
    ],
)
def test_contradictions_are_refused(make: object, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        make()


def test_full_labels() -> None:
    assert A.full_label(0, 1) == "a1"
    assert B.full_label(2, 1) == "b[m2].b1"
    assert random_parameters("c", 2, 1, 0).full_label(1, 0) == "c[1].c0"


def test_hold_leaves_the_original_alone() -> None:
    held = A.hold("a0")
    assert held.fixed == {"a0"}
    assert list(held.free) == [1]
    assert not A.fixed


def test_with_values_starts_elsewhere() -> None:
    problem = Problem((A, B), (SEEN,))
    there = {"a": np.ones((1, 2)), "b": np.zeros((3, 2))}
    moved = problem.with_values(there)
    np.testing.assert_array_equal(moved.start["a"], 1.0)
    np.testing.assert_array_equal(problem.start["a"], A.values)


def test_solving_leaves_the_start_alone() -> None:
    problem = Problem(
        (A, B), (SEEN, prior(B, {"b0": 0.0}, {"b0": 1.0}), prior(A, {"a0": 0.0, "a1": 0}, {"a0": 1, "a1": 1}))
    )
    before = {name: value.copy() for name, value in problem.start.items()}
    solve(problem)
    for name, value in problem.start.items():
        np.testing.assert_array_equal(value, before[name])


def test_sigma_shapes_mean_the_same() -> None:
    one = random_residuals("seen", 6, 2, {"a": Use(2)}, 3, sigma=0.5)
    per_row = random_residuals("seen", 6, 2, {"a": Use(2)}, 3, sigma=np.full(6, 0.5))
    per_residual = random_residuals("seen", 6, 2, {"a": Use(2)}, 3, sigma=np.full((6, 2), 0.5))
    found = [solve(Problem((A,), (block,))) for block in (one, per_row, per_residual)]
    for other in found[1:]:
        assert other.cost == pytest.approx(found[0].cost, rel=1e-13)
        np.testing.assert_allclose(other.uncertainty.shared, found[0].uncertainty.shared, rtol=1e-10)


def test_sigma_halved_is_deviation_halved() -> None:
    coarse = solve(Problem((A,), (random_residuals("seen", 6, 2, {"a": Use(2)}, 3, sigma=2.0),)))
    fine = solve(Problem((A,), (random_residuals("seen", 6, 2, {"a": Use(2)}, 3, sigma=1.0),)))
    np.testing.assert_allclose(coarse.uncertainty.shared, 4 * fine.uncertainty.shared, rtol=1e-10)


def test_a_prior_alone_is_the_answer() -> None:
    problem = Problem((A,), (prior(A, {"a1": 3.0, "a0": -1.0}, {"a1": 0.5, "a0": 0.1}),))
    solution = solve(problem)
    np.testing.assert_allclose(solution.values["a"], [[-1.0, 3.0]], atol=1e-12)
    assert solution.uncertainty.sigma("a1") == pytest.approx(0.5)


def test_a_prior_weighs_as_a_measurement() -> None:
    """Prior N(0, 1) and one measurement of 1 with sigma 1 meet in the middle."""
    block = ParameterBlock("a", np.zeros((1, 1)), ("x",))
    seen = ResidualBlock("seen", 1, 1, {"a": None}, lambda v, rows: (v["a"] - 1.0, (np.ones((1, 1, 1)),)))
    solution = solve(Problem((block,), (seen, prior(block, {"x": 0.0}, {"x": 1.0}))))
    assert solution.value("x") == pytest.approx(0.5)
    assert solution.uncertainty.sigma("x") == pytest.approx(np.sqrt(0.5))


def test_a_prior_on_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match="a9"):
        prior(A, {"a9": 0.0}, {"a9": 1.0})


def test_prior_of_many_members() -> None:
    problem = Problem((B,), (prior(B, {"b0": 1.0, "b1": 2.0}, {"b0": 1.0, "b1": 1.0}),))
    np.testing.assert_allclose(solve(problem).values["b"], [[1.0, 2.0]] * 3, atol=1e-10)


def test_labels_keep_their_parts_and_gain_an_owner() -> None:
    lens = ParameterBlock("lens", np.zeros((1, 2)), (Label("fx", "px"), "k1"))
    assert all(isinstance(label, Label) for label in lens.labels)
    assert lens.full_label(0, 0) == "fx_px"
    poses = ParameterBlock("camera_from_board", np.zeros((2, 1)), (Label("vx", "m"),), members=("left.png", "b"))
    label = poses.full_label(0, 0)
    assert label == "camera_from_board[left.png].vx_m"
    assert (label.name, label.unit, label.owner, label.member) == ("vx", "m", "camera_from_board", "left.png")
    numbered = ParameterBlock("point", np.zeros((2, 1)), ("x",))
    assert numbered.full_label(1, 0) == "point[1].x"


def test_blocks_with_arrays_compare_by_identity_and_print_in_a_line() -> None:
    block = ParameterBlock("a", np.zeros((5, 2)), ("x", "y"), frozenset({"y"}))
    assert block == block
    assert block != ParameterBlock("a", np.zeros((5, 2)), ("x", "y"))
    residual = ResidualBlock("r", 5, 1, {"a": np.arange(5)}, lambda values, rows: (np.zeros((5, 1)), ()))
    assert repr(block) == "ParameterBlock('a', 5 x 2, 1 free)"
    assert repr(residual) == "ResidualBlock('r', 5 x 1, of a)"
    assert repr(Problem((block,), (residual,))) == "Problem(5 free parameters, 5 residuals)"
