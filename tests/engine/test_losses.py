"""Robust losses: the weight is the derivative, good data are left alone, outliers do not win."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import curve

from calib.arrays import Array
from calib.engine import LOSSES, Problem, solve

SQUARED = np.array([1e-8, 0.01, 0.5, 1.0, 1.7, 4.0, 20.0, 22.0, 400.0, 1e6])


def line(x: Array, b: Array) -> tuple[Array, Array]:
    return b[0] + b[1] * x, np.stack([np.ones_like(x), x], axis=1)


def contaminated(name: str | None) -> Problem:
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 60)
    y = 1 + 2 * x + 0.1 * rng.normal(size=60)
    y[::10] += 30
    return curve(line, x, y, [0.0, 0.0], sigma=0.1, loss=LOSSES[name]() if name else None)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("width", [0.7, 2.0])
def test_weight_is_the_derivative(name: str, width: float) -> None:
    loss = LOSSES[name](width)
    h = 1e-5 * SQUARED
    numeric = (loss(SQUARED + h)[0] - loss(SQUARED - h)[0]) / (2 * h)
    np.testing.assert_allclose(loss(SQUARED)[1], numeric, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_small_residuals_count_as_in_least_squares(name: str) -> None:
    rho, weight = LOSSES[name]()(np.array([0.0, 1e-10]))
    np.testing.assert_allclose(rho, [0.0, 1e-10], rtol=1e-5)
    np.testing.assert_allclose(weight, 1.0, rtol=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_rho_never_falls_and_never_exceeds_the_square(name: str) -> None:
    s = np.linspace(0, 100, 500)
    rho, weight = LOSSES[name]()(s)
    assert (np.diff(rho) >= 0).all()
    assert (rho <= s + 1e-12).all()
    assert ((weight >= 0) & (weight <= 1)).all()


@pytest.mark.parametrize("name", ["huber", "cauchy", "soft_l1"])
def test_resists_outliers(name: str) -> None:
    plain, robust = solve(contaminated(None)), solve(contaminated(name))
    assert robust.status.converged
    error = np.abs(robust.values["b"][0] - [1.0, 2.0]).max()
    assert error < 0.2
    assert error < 0.1 * np.abs(plain.values["b"][0] - [1.0, 2.0]).max()


def test_tukey_resists_outliers_from_a_good_start() -> None:
    problem = contaminated("tukey")
    start = solve(contaminated("huber")).values
    robust = solve(problem.with_values(start))
    assert np.abs(robust.values["b"][0] - [1.0, 2.0]).max() < 0.1
    weights = robust.row_norms()["curve"][1]
    assert (weights[::10] == 0).all()
    assert np.median(weights) > 0.8


@pytest.mark.parametrize("name", ["huber", "cauchy", "soft_l1"])
def test_converges_to_a_stationary_point_of_the_loss(name: str) -> None:
    problem = contaminated(name)
    found = solve(problem)
    cost = found.cost
    for step in ([1e-4, 0], [-1e-4, 0], [0, 1e-4], [0, -1e-4]):
        moved = found.values["b"] + np.array([step])
        rho = LOSSES[name]()((problem.residuals[0].evaluate({"b": moved}, slice(0, 60))[0][:, 0] / 0.1) ** 2)[0]
        assert 0.5 * rho.sum() >= cost


def test_the_loss_acts_per_row() -> None:
    """A row of two residuals is one observation: its norm decides."""
    _, weight = LOSSES["huber"](1.0)(np.array([3.0**2 + 4.0**2]))
    assert weight == pytest.approx(1 / 5)
