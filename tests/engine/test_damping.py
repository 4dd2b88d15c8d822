"""Every damping rule solves what it is made for, and follows its source's formula."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import curve, noisy_decay, rosenbrock

from calib.arrays import Array
from calib.engine import Options, Status, solve
from calib.engine.damping import Convergent, Damping, DampingRule, Fixed, Marquardt, Nielsen

X = np.linspace(0, 4, 20)
NOISY = noisy_decay()


def study(mu: float) -> Options:
    """The textbook's damped steps, each one taken."""
    return Options(damping=Fixed(mu), polish=None, geodesic="never", scaling="more", max_iterations=5000)


ADAPTIVE = [Nielsen(), Marquardt(), Convergent(), Convergent(c=1e-4, delta=2.0)]


@pytest.mark.parametrize("rule", ADAPTIVE, ids=repr)
@pytest.mark.parametrize("start", [(-1.2, 1.0), (5.0, -7.0), (-12.0, 10.0)])
def test_rosenbrock_is_solved(rule: DampingRule, start: tuple[float, float]) -> None:
    solution = solve(rosenbrock(start), Options(damping=rule, max_iterations=5000))
    assert solution.status.converged
    np.testing.assert_allclose(solution.values["b"][0], 1.0, rtol=1e-8)


@pytest.mark.parametrize("rule", ADAPTIVE, ids=repr)
def test_rules_agree_where_residuals_remain(rule: DampingRule) -> None:
    solution = solve(NOISY, Options(damping=rule))
    np.testing.assert_allclose(solution.values["b"], solve(NOISY).values["b"], rtol=1e-8)


def test_nielsen_follows_the_gain() -> None:
    rule, mu = Nielsen(), Damping(1.0)
    assert rule.after(mu, 1.0, True, 1.0).mu == pytest.approx(1 / 3)
    assert rule.after(mu, 0.5, True, 1.0).mu == pytest.approx(1.0)
    assert rule.after(mu, 0.25, True, 1.0).mu == pytest.approx(1.125)
    once = rule.after(mu, -1.0, False, 1.0)
    twice = rule.after(once, -1.0, False, 1.0)
    assert (once.mu, once.growth) == (2.0, 4.0)
    assert (twice.mu, twice.growth) == (8.0, 8.0)
    assert rule.after(twice, 0.5, True, 1.0).growth == 2.0


def test_marquardt_multiplies_and_divides() -> None:
    rule = Marquardt()
    assert rule.start(1e-3, 5.0).mu == 1e-3
    assert rule.after(Damping(1.0), 0.1, True, 1.0).mu == pytest.approx(0.1)
    assert rule.after(Damping(1.0), -2.0, False, 1.0).mu == pytest.approx(10.0)


def test_convergent_damping_is_a_power_of_the_residual_norm() -> None:
    rule = Convergent(c=0.5, delta=2.0)
    assert rule.start(1.0, 3.0).mu == pytest.approx(4.5)
    assert rule.after(Damping(9.0), 1.0, True, 0.1).mu == pytest.approx(0.005)


def test_convergent_never_rejects_a_descent_direction() -> None:
    history = solve(rosenbrock((-12.0, 10.0)), Options(damping=Convergent(), geodesic="never")).history
    assert all(iteration.accepted for iteration in history)


def test_convergent_is_fast_at_a_singular_root() -> None:
    """Powell's singular function: J is singular at the root; the cost must still fall to nothing."""

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        p, q, r, s = b
        values = np.array([p + 10 * q, np.sqrt(5) * (r - s), (q - 2 * r) ** 2, np.sqrt(10) * (p - s) ** 2])
        slopes = np.zeros((4, 4))
        slopes[0, :2] = 1, 10
        slopes[1, 2:] = np.sqrt(5), -np.sqrt(5)
        slopes[2, 1:3] = 2 * (q - 2 * r), -4 * (q - 2 * r)
        slopes[3, [0, 3]] = 2 * np.sqrt(10) * (p - s) * np.array([1, -1])
        return values[x.astype(int)], slopes[x.astype(int)]

    problem = curve(model, np.arange(4.0), np.zeros(4), [3.0, -1.0, 0.0, 1.0])
    solution = solve(problem, Options(damping=Convergent(delta=1.0), polish=None))
    assert solution.cost < 1e-20


def test_fixed_takes_every_step() -> None:
    history = solve(rosenbrock(), study(8e-8)).history
    assert all(iteration.accepted and iteration.damping == 8e-8 for iteration in history)
    assert any(iteration.gain < 0 for iteration in history)  # it climbs out of the valley on the way


def test_fixed_damping_that_is_large_is_slow() -> None:
    small = solve(rosenbrock(), study(8e-8))
    large = solve(rosenbrock(), study(0.05))
    assert small.cost < 1e-10
    assert large.cost < 1e-10
    assert len(large.history) > 5 * len(small.history)


def test_fixed_stops_where_it_cannot_go_on() -> None:
    def root(x: Array, b: Array) -> tuple[Array, Array]:
        return np.sqrt(b[0]) * x, (0.5 * x / np.sqrt(b[0]))[:, None]

    solution = solve(curve(root, np.ones(2), np.array([-9.0, -9.0]), [1.0]), Options(damping=Fixed(0.0)))
    assert solution.status is Status.NO_FINITE_STEP
