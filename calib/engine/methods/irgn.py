"""The iteratively regularised Gauss-Newton method: Landweber's fast rival for ill-posed problems.

A. B. Bakushinskii, "The problem of the convergence of the iteratively regularized Gauss-Newton method", Comput. Math.
Math. Phys. 32, 1992; B. Blaschke, A. Neubauer, O. Scherzer, IMA J. Numer. Anal. 17, 1997.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.engine.levenberg_marquardt.point import Point
from calib.engine.methods.landweber import Noise
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.products import with_gradient
from calib.engine.normal_equations.schur import NotPositiveDefinite, gradient, solve_damped
from calib.engine.normal_equations.tangent import gather, plus, scaled
from calib.engine.problem import ProblemError
from calib.engine.solution import Solution
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.engine.problem import Problem


def irgn(
    problem: Problem,
    noise: Noise,
    first: float = 1.0,
    factor: float = 0.5,
    max_iterations: int = 100,
    on_iteration: OnIteration | None = None,
) -> Solution:
    """x <- x - (J'J + a D)^-1 (J'r + a D (x - x0)), a = first, first factor, ..., until the discrepancy principle.

    D: squared column norms at the start, so that units do not matter. Blocks must be plain vectors (ProblemError).
    Ends in DISCREPANCY, DIVERGED, ITERATIONS, STALLED (no factor) or CANCELLED.
    """
    for block in problem.parameters:
        if block.values.shape != (block.count, block.tangent):
            raise ProblemError(f"{block.name}: only plain vector blocks can be drawn back to their start")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        layout = layout_of(problem)
        point = Point(layout, problem.start)
        history: list[Iteration] = []
        status = Status.START_NOT_FINITE
        if point.normal.finite:
            status = _iterate(point, noise, first, factor, max_iterations, on_iteration, history)
    return Solution(status, layout, point.values, point.normal, tuple(history), point.evaluations)


def _iterate(
    point: Point,
    noise: Noise,
    first: float,
    factor: float,
    max_iterations: int,
    on_iteration: OnIteration | None,
    history: list[Iteration],
) -> Status:
    scale, start = point.scale, gather(point.layout, point.values)
    for index in range(max_iterations + 1):
        away = plus(gather(point.layout, point.values), scaled(start, -1.0))
        distance = float(np.sqrt(away.dot(away.times(scale))))
        if np.sqrt(point.normal.squares) <= noise.level(distance):
            return Status.DISCREPANCY
        if index == max_iterations:
            return Status.ITERATIONS
        drawn = scaled(scale, first * factor**index)
        slope = plus(gradient(point.normal), drawn.times(away))
        try:
            step = solve_damped(with_gradient(point.normal, slope), drawn)
        except NotPositiveDefinite:
            return Status.STALLED
        cosine = point.cosine()
        values, normal = point.trial(step)
        if not normal.finite:
            return Status.DIVERGED
        point.values, point.normal = values, normal
        iteration = Iteration(index + 1, normal.cost, cosine, first * factor**index, 1.0, True)
        history.append(iteration)
        if on_iteration is not None and on_iteration(iteration) is True:
            return Status.CANCELLED
    return Status.ITERATIONS
