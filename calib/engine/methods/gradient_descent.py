"""Gradient descent with the four classic ways to set its rate: for comparison, and for what it teaches.

D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors", Nature 323, 1986
(momentum); H. Robbins, S. Monro, Ann. Math. Statist. 22, 1951 (decay).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calib.engine.iterate import iterate
from calib.engine.normal_equations.tangent import Tangent, gradient
from calib.engine.point.point import Point
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Problem
    from calib.engine.solution import Solution


@dataclass(frozen=True)
class Rate:
    """The step is -rate times the gradient of half the squared sum, plus `momentum` times the step before.

    A constant rate converges below 2 / (largest eigenvalue of J'J), slowly if small, and circles or diverges above.
    """

    rate: float
    """Of the first iteration."""
    momentum: float = 0.0
    """Share of the step before."""
    decay: float = 1.0
    """Factor of the rate per iteration."""
    floor: float = 0.0
    """Below which the rate does not decay."""

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
    """Follow the gradient. Ends GRADIENT or ZERO at a stationary point, DIVERGED, ITERATIONS, or CANCELLED by
    on_iteration. In `history` the damping is the inverse of the rate."""
    method = _Descent(rate, max_iterations, gradient_tolerance)
    return iterate(problem, method.begin, method.step, method.stop, on_iteration).solution()


@dataclass(frozen=True, eq=False)
class _Momentum:
    """The step before, None at first, and how many there were."""

    step: Tangent | None = None
    index: int = 0


@dataclass(frozen=True)
class _Descent:
    """The three rules."""

    rate: Rate
    max_iterations: int
    gradient_tolerance: float

    def begin(self, layout: Layout) -> tuple[Point, _Momentum]:
        return Point(layout, layout.problem.start), _Momentum()

    def stop(self, point: Point, before: _Momentum, history: Sequence[Iteration]) -> tuple[Status | None, _Momentum]:
        if point.normal.squares <= point.rounding:
            return Status.ZERO, before
        if point.cosine <= self.gradient_tolerance:
            return Status.GRADIENT, before
        return (Status.ITERATIONS if before.index >= self.max_iterations else None), before

    def step(self, point: Point, before: _Momentum) -> tuple[Iteration | Status, _Momentum]:
        index = before.index + 1
        rate, cost, cosine = self.rate.at(before.index), point.normal.cost, point.cosine
        slope = gradient(point.normal)
        step = -rate * slope
        if before.step is not None and self.rate.momentum:
            step = step + self.rate.momentum * before.step
        values, normal = point.trial(step)
        if not normal.finite:
            return Status.DIVERGED, before
        predicted = rate * slope.dot(slope)
        point.accept(values, normal)
        gain = (cost - normal.cost) / predicted if predicted > 0 else 0.0
        return Iteration(index, normal.cost, cosine, 1 / rate, gain, True), _Momentum(step, index)
