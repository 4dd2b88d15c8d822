"""Landweber iteration for ill-posed problems: regularised by stopping before the noise is fitted.

M. Hanke, A. Neubauer, O. Scherzer, "A convergence analysis of the Landweber iteration for nonlinear ill-posed
problems", Numer. Math. 72, 1995. The frozen derivative: B. Kaltenbacher, A. Neubauer, O. Scherzer, Iterative
Regularization Methods, 2008, sec. 2.3. Operators known to within h: A. V. Goncharskii, A. S. Leonov, A. G. Yagola, "A
generalized discrepancy principle", USSR Comput. Math. Math. Phys. 13, 1973.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.iterate import iterate, quiet
from calib.engine.normal_equations.products import frozen_gradient, largest_eigenvalue
from calib.engine.normal_equations.tangent import Tangent, map_tangent, move
from calib.engine.point.point import Point
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Problem
    from calib.engine.solution import Solution

SAFETY = 0.9  # of 1 / |J|^2, which the power method estimates from below


@dataclass(frozen=True)
class NoiseBounds:
    """Bounds on the errors of data and model."""

    data: float
    """delta: on the norm of the data's error, whitened."""
    operator: float = 0.0
    """h: on the norm of the derivative's error, relative to its columns."""
    tau: float = 1.1
    """> 1, by how much the discrepancy principle stays above the noise."""

    def level(self, distance: float) -> float:
        """tau (delta + h |x - x0|): the residual norm at which to stop (the generalised discrepancy principle)."""
        return self.tau * (self.data + self.operator * distance)


@dataclass(frozen=True)
class Sweeps:
    """How often the derivative is evaluated."""

    inner: int = 1
    """Steps per derivative; 1 is the plain method, 0 freezes the derivative at the start for good."""
    most: int = 100_000
    """Steps in all."""


def landweber(
    problem: Problem,
    noise: NoiseBounds,
    sweeps: Sweeps | None = None,
    on_iteration: OnIteration | None = None,
) -> Solution:
    """Steps -w J' r from the start until the residual norm meets the discrepancy principle, w = 0.9 / |J|^2.

    With `inner` > 1 the doubly perturbed double loop: inner sweeps with the derivative frozen, outer refresh. Ends in
    DISCREPANCY, or DIVERGED, ITERATIONS, CANCELLED. Coordinates are scaled by the norms of their columns at the
    start, so that units do not matter; robust losses are ignored. In `history` the cost is that before the step, the
    damping 1 / w, and the cosine NaN: a sweep forms no column.
    """
    method = _Landweber(noise, sweeps or Sweeps())
    outcome = iterate(problem, method.begin, method.step, method.stop, on_iteration)
    if outcome.history:
        with quiet():
            outcome.point.jump_to(outcome.state.values)
    return outcome.solution()


@dataclass(frozen=True, eq=False)
class _Sweep:
    """Where the sweeps are. They need no normal equations, so the point stays behind until the end."""

    values: dict[str, Array]
    """At which the sweeps are."""
    frozen: dict[str, Array]
    """Where the derivative was taken."""
    travelled: Tangent
    """x - x0, as the sum of the steps."""
    slope: Tangent
    """J(frozen)' r(values)."""
    squares: float
    """|r(values)|^2."""
    weight: float
    """w."""
    inverse: Tangent
    """1 / squared scale."""
    index: int = 0
    """Sweeps taken."""


@dataclass(frozen=True)
class _Landweber:
    """The three rules."""

    noise: NoiseBounds
    sweeps: Sweeps

    def begin(self, layout: Layout) -> tuple[Point, _Sweep]:
        point = Point(layout, layout.problem.start)
        inverse = map_tangent(np.reciprocal, point.scale)
        weight = SAFETY / max(largest_eigenvalue(point.normal, inverse), 1e-300)
        slope, squares = frozen_gradient(layout, point.values, point.values)
        return point, _Sweep(point.values, point.values, 0.0 * inverse, slope, squares, weight, inverse)

    def stop(self, point: Point, at: _Sweep, history: Sequence[Iteration]) -> tuple[Status | None, _Sweep]:
        if not (at.slope.finite and np.isfinite(at.squares)):
            return Status.DIVERGED, at
        if np.sqrt(at.squares) <= self.noise.level(point.length(at.travelled)):
            return Status.DISCREPANCY, at
        return (Status.ITERATIONS if at.index >= self.sweeps.most else None), at

    def step(self, point: Point, at: _Sweep) -> tuple[Iteration, _Sweep]:
        index, inner = at.index + 1, self.sweeps.inner
        step = -at.weight * (at.slope * at.inverse)
        values = move(point.layout, at.values, step)
        frozen = values if inner and index % inner == 0 else at.frozen
        slope, squares = frozen_gradient(point.layout, frozen, values)
        point.count_evaluations(1)
        following = replace(
            at, values=values, frozen=frozen, travelled=at.travelled + step, slope=slope, squares=squares, index=index
        )
        return Iteration(index, 0.5 * at.squares, float("nan"), 1 / at.weight, 1.0, True), following
