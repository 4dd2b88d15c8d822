"""Landweber's error falls with the noise, and it stops before the noise is fitted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cases.engine import ill_posed, smoothing

from calib.engine import Status
from calib.engine.methods.landweber import NoiseBounds, Sweeps, landweber
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of


@pytest.mark.parametrize("sweeps", [Sweeps(), Sweeps(inner=20)], ids=["plain", "double loop"])
def test_landweber_error_falls_with_the_noise(sweeps: Sweeps) -> None:
    errors, counts = [], []
    for level in (1e-1, 1e-2, 1e-3):
        problem, truth, delta, _ = ill_posed(level)
        solution = landweber(problem, NoiseBounds(delta), sweeps)
        assert solution.status is Status.DISCREPANCY
        errors.append(float(np.linalg.norm(solution.values["b"][0] - truth)))
        counts.append(len(solution.history))
    assert all(b <= a for a, b in itertools.pairwise(errors))
    assert errors[-1] < 0.3 * errors[0]
    assert counts == sorted(counts)


def test_landweber_with_the_derivative_frozen() -> None:
    problem, truth, delta, _ = ill_posed(1e-3)
    solution = landweber(problem, NoiseBounds(delta), Sweeps(inner=0))
    assert solution.status is Status.DISCREPANCY
    assert np.linalg.norm(solution.values["b"][0] - truth) < 0.3 * np.linalg.norm(truth)


def test_doubly_perturbed_error_does_not_grow_when_both_perturbations_shrink() -> None:
    errors = []
    for level in (3e-2, 1e-2, 3e-3, 1e-3):
        problem, truth, delta, h = ill_posed(level, operator_error=level / 10)
        # h is relative to the columns: |error| over the smallest of their norms bounds it from above
        smallest = np.linalg.norm(smoothing()[0], axis=0).min()
        solution = landweber(problem, NoiseBounds(delta, operator=h / smallest), Sweeps(inner=10))
        assert solution.status is Status.DISCREPANCY
        errors.append(float(np.linalg.norm(solution.values["b"][0] - truth)))
    assert all(b <= 1.001 * a for a, b in itertools.pairwise(errors))


def test_landweber_ends_in_words() -> None:
    problem, _, delta, _ = ill_posed(1e-3)
    assert landweber(problem, NoiseBounds(delta), Sweeps(most=3)).status is Status.ITERATIONS
    assert landweber(problem, NoiseBounds(delta), on_iteration=lambda i: True).status is Status.CANCELLED
    assert landweber(problem, NoiseBounds(1e9)).history == ()


def test_landweber_returns_the_normal_equations_of_its_values() -> None:
    problem, _, delta, _ = ill_posed(1e-3)
    for most in (3, 100_000):
        solution = landweber(problem, NoiseBounds(delta), Sweeps(most=most))
        there = assemble(layout_of(problem), solution.values)
        np.testing.assert_array_equal(solution.normal.shared, there.shared)
        assert solution.cost == there.cost
