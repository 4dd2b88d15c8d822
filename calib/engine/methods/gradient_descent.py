"""Gradient descent with the four classic ways to set its rate: for comparison, and for what it teaches.

D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors", Nature 323, 1986
(momentum); H. Robbins, S. Monro, Ann. Math. Statist. 22, 1951 (decay).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.levenberg_marquardt.point import Point
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.schur import Tangent, gradient
from calib.engine.normal_equations.tangent import plus, scaled
from calib.engine.solution import Solution
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.engine.problem import Problem


@dataclass(frozen=True)
class Rate:
    """The step is -rate times the gradient of half the squared sum, plus `momentum` times the step before.

    A constant rate converges below 2 / (largest eigenvalue of J'J), slowly if small, and circles or diverges above.
    decay: factor per iteration, down to `floor`.
    """

    rate: float
    momentum: float = 0.0
    decay: float = 1.0
    floor: float = 0.0

    def at(self, index: int) -> float:
        """The rate of iteration `index`, from 0."""
        return max(self.rate * self.decay**index, self.floor)


def gradient_descent(
    problem: Problem,
    rate: Rate,
    max_iterations: int = 10_000,
    gradient_tolerance: float = 1e-8,
    on_iteration: OnIteration | None = None,
) -> Solution:
    """Follow the gradient. Ends GRADIENT or ZERO at a stationary point, DIVERGED, ITERATIONS, or CANCELLED by the
    on_iteration. In `history` the damping is the inverse of the rate."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        layout = layout_of(problem)
        point = Point(layout, problem.start)
        history: list[Iteration] = []
        status = _descend(point, rate, max_iterations, gradient_tolerance, on_iteration, history)
    return Solution(status, layout, point.values, point.normal, tuple(history), point.evaluations)


def _descend(
    point: Point,
    rate: Rate,
    max_iterations: int,
    gradient_tolerance: float,
    on_iteration: OnIteration | None,
    history: list[Iteration],
) -> Status:
    if not point.normal.finite:
        return Status.START_NOT_FINITE
    before: Tangent | None = None
    for index in range(max_iterations):
        if point.normal.squares <= point.rounding:
            return Status.ZERO
        cosine = point.cosine()
        if cosine <= gradient_tolerance:
            return Status.GRADIENT
        eta, cost = rate.at(index), point.normal.cost
        slope = gradient(point.normal)
        step = scaled(slope, -eta)
        if before is not None and rate.momentum:
            step = plus(step, scaled(before, rate.momentum))
        values, normal = point.trial(step)
        if not normal.finite:
            return Status.DIVERGED
        predicted = eta * slope.dot(slope)
        point.accept(values, normal)
        before = step
        gain = (cost - normal.cost) / predicted if predicted > 0 else 0.0
        iteration = Iteration(index + 1, normal.cost, cosine, 1 / eta, gain, True)
        history.append(iteration)
        if on_iteration is not None and on_iteration(iteration) is True:
            return Status.CANCELLED
    return Status.ITERATIONS
