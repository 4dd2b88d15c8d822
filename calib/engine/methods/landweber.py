"""Landweber iteration for ill-posed problems: regularised by stopping before the noise is fitted.

M. Hanke, A. Neubauer, O. Scherzer, "A convergence analysis of the Landweber iteration for nonlinear ill-posed
problems", Numer. Math. 72, 1995. The frozen derivative: B. Kaltenbacher, A. Neubauer, O. Scherzer, Iterative
Regularization Methods, 2008, sec. 2.3. Operators known to within h: A. V. Goncharskii, A. S. Leonov, A. G. Yagola, "A
generalized discrepancy principle", USSR Comput. Math. Math. Phys. 13, 1973.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.levenberg_marquardt.point import Point
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.products import frozen_gradient, largest_eigenvalue
from calib.engine.normal_equations.tangent import map_tangent, move, plus, scaled
from calib.engine.solution import Solution
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.engine.problem import Problem

SAFETY = 0.9  # of 1 / |J|^2, which the power method estimates from below


@dataclass(frozen=True)
class Noise:
    """How well data and model are known.

    data: bound delta on the norm of the data's error, whitened. operator: bound h on the norm of the derivative's
    error, relative to its columns. tau: > 1, by how much the discrepancy principle stays above the noise.
    """

    data: float
    operator: float = 0.0
    tau: float = 1.1

    def level(self, distance: float) -> float:
        """tau (delta + h |x - x0|): the residual norm at which to stop (the generalised discrepancy principle)."""
        return self.tau * (self.data + self.operator * distance)


@dataclass(frozen=True)
class Sweeps:
    """How often the derivative is taken anew: after every `inner` steps; 1 is the plain method, 0 freezes it at the
    start for good. most: steps in all."""

    inner: int = 1
    most: int = 100_000


def landweber(
    problem: Problem,
    noise: Noise,
    sweeps: Sweeps | None = None,
    on_iteration: OnIteration | None = None,
) -> Solution:
    """Steps -w J' r from the start until the residual norm meets the discrepancy principle, w = 0.9 / |J|^2.

    With `inner` > 1 the doubly perturbed double loop: inner sweeps with the derivative frozen, outer refresh. Ends in
    DISCREPANCY, or DIVERGED, ITERATIONS, CANCELLED. Coordinates are scaled by the norms of their columns at the
    start, so that units do not matter; robust losses are ignored.
    """
    sweeps = sweeps or Sweeps()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        layout = layout_of(problem)
        point = Point(layout, problem.start)
        history: list[Iteration] = []
        status = _sweep(point, noise, sweeps, on_iteration, history) if point.normal.finite else Status.START_NOT_FINITE
        final = Point(layout, point.values)
    return Solution(status, layout, point.values, final.normal, tuple(history), point.evaluations)


def _sweep(
    point: Point,
    noise: Noise,
    sweeps: Sweeps,
    on_iteration: OnIteration | None,
    history: list[Iteration],
) -> Status:
    inverse = map_tangent(np.reciprocal, point.scale)
    weight = SAFETY / max(largest_eigenvalue(point.normal, inverse), 1e-300)
    frozen, values = point.values, point.values
    travelled = scaled(inverse, 0.0)
    for index in range(1, sweeps.most + 2):
        slope, squares = frozen_gradient(point.layout, frozen, values)
        point.values = values
        if not (slope.finite and np.isfinite(squares)):
            return Status.DIVERGED
        if np.sqrt(squares) <= noise.level(float(np.sqrt(travelled.dot(travelled.times(point.scale))))):
            return Status.DISCREPANCY
        if index > sweeps.most:
            return Status.ITERATIONS
        step = scaled(slope.times(inverse), -weight)
        values = move(point.layout, values, step)
        travelled = plus(travelled, step)
        point.evaluations += 1
        iteration = Iteration(index, 0.5 * squares, float("nan"), 1 / weight, 1.0, True)
        history.append(iteration)
        if on_iteration is not None and on_iteration(iteration) is True:
            return Status.CANCELLED
        if sweeps.inner and index % sweeps.inner == 0:
            frozen = values
    return Status.ITERATIONS
