"""Tangents are vectors: their operators are those of the whole array of coordinates."""

from __future__ import annotations

import numpy as np
import pytest
from cases.bundles import PROBLEMS

from calib.arrays import Array
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.tangent import Tangent, gather, map_tangent, move, scatter


def random_tangent(seed: int) -> Tangent:
    rng = np.random.default_rng(seed)
    return Tangent(rng.normal(size=3), {"pose": rng.normal(size=(2, 5)), "point": rng.normal(size=(3, 4))})


def flat(tangent: Tangent) -> Array:
    return np.concatenate([part.ravel() for part in tangent.parts])


def test_operators_are_those_of_the_coordinates() -> None:
    a, b = random_tangent(0), random_tangent(1)
    x, y = flat(a), flat(b)
    np.testing.assert_array_equal(flat(a + b), x + y)
    np.testing.assert_array_equal(flat(a - b), x - y)
    np.testing.assert_array_equal(flat(-a), -x)
    np.testing.assert_array_equal(flat(a * b), x * y)
    np.testing.assert_array_equal(flat(0.5 * a), 0.5 * x)
    np.testing.assert_array_equal(flat(a * 0.5), 0.5 * x)
    np.testing.assert_array_equal(flat(np.float64(0.5) * a), 0.5 * x)
    np.testing.assert_array_equal(flat(a + 0.5 * b), x + 0.5 * y)
    np.testing.assert_array_equal(flat(map_tangent(np.maximum, a, b)), np.maximum(x, y))


def test_inner_product_and_length() -> None:
    a, b = random_tangent(0), random_tangent(1)
    assert a.dot(b) == pytest.approx(float(flat(a) @ flat(b)), rel=1e-14)
    assert a.length == pytest.approx(float(np.linalg.norm(flat(a))), rel=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_finite_asks_every_coordinate(bad: float) -> None:
    assert random_tangent(0).finite
    for spoilt in range(3):
        tangent = random_tangent(0)
        tangent.parts[spoilt].flat[-1] = bad
        assert not tangent.finite


@pytest.mark.parametrize("name", PROBLEMS)
def test_gathering_undoes_scattering(name: str) -> None:
    problem = PROBLEMS[name]()
    layout = layout_of(problem)
    rng = np.random.default_rng(3)
    steps = {b.name: rng.normal(size=(b.count, b.tangent)) for b in problem.parameters}
    tangent = gather(layout, steps)
    again = scatter(layout, tangent)
    for block in problem.parameters:
        expected = np.where(np.isin(np.arange(block.tangent), block.free), steps[block.name], 0.0)
        np.testing.assert_array_equal(again[block.name], expected)
        moved = move(layout, problem.start, tangent)[block.name]
        np.testing.assert_array_equal(moved, block.values + expected)
