"""The iteratively regularised Gauss-Newton method: Landweber's fast rival for ill-posed problems.

A. B. Bakushinskii, "The problem of the convergence of the iteratively regularized Gauss-Newton method", Comput. Math.
Math. Phys. 32, 1992; B. Blaschke, A. Neubauer, O. Scherzer, IMA J. Numer. Anal. 17, 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.iterate import iterate
from calib.engine.methods.landweber import NoiseBounds
from calib.engine.normal_equations.products import with_gradient
from calib.engine.normal_equations.schur import NotPositiveDefinite, solve_damped
from calib.engine.normal_equations.tangent import Tangent, gather, gradient
from calib.engine.point.point import Point
from calib.engine.problem import ProblemError
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Problem
    from calib.engine.solution import Solution


def irgn(
    problem: Problem,
    noise: NoiseBounds,
    first: float = 1.0,
    factor: float = 0.5,
    max_iterations: int = 100,
    on_iteration: OnIteration | None = None,
) -> Solution:
    """x <- x - (J'J + a D)^-1 (J'r + a D (x - x0)), a = first, first factor, ..., until the discrepancy principle.

    D: squared column norms at the start, so that units do not matter. Blocks must be plain vectors (ProblemError).
    Ends in DISCREPANCY, DIVERGED, ITERATIONS, STALLED (no factor) or CANCELLED. In `history` the damping is a.
    """
    for block in problem.parameters:
        if block.values.shape != (block.count, block.tangent):
            raise ProblemError(f"{block.name}: only plain vector blocks can be regularised towards their start")
    method = _RegularisedGaussNewton(noise, first, factor, max_iterations)
    return iterate(problem, method.begin, method.step, method.stop, on_iteration).solution()


@dataclass(frozen=True, eq=False)
class _Anchor:
    """What the iteration is drawn back to, and in which metric. weight: a of the next step. index: steps taken."""

    start: Tangent
    scale: Tangent
    weight: float
    index: int = 0

    def offset(self, point: Point) -> Tangent:
        """x - x0."""
        return gather(point.layout, point.values) - self.start


@dataclass(frozen=True)
class _RegularisedGaussNewton:
    """The three rules."""

    noise: NoiseBounds
    first: float
    factor: float
    max_iterations: int

    def begin(self, layout: Layout) -> tuple[Point, _Anchor]:
        point = Point(layout, layout.problem.start)
        return point, _Anchor(gather(layout, point.values), point.scale, self.first)

    def stop(self, point: Point, anchor: _Anchor, history: Sequence[Iteration]) -> tuple[Status | None, _Anchor]:
        offset = anchor.offset(point)
        distance = float(np.sqrt(offset.dot(offset * anchor.scale)))
        if np.sqrt(point.normal.squares) <= self.noise.level(distance):
            return Status.DISCREPANCY, anchor
        return (Status.ITERATIONS if anchor.index >= self.max_iterations else None), anchor

    def step(self, point: Point, anchor: _Anchor) -> tuple[Iteration | Status, _Anchor]:
        pull = anchor.weight * anchor.scale
        slope = gradient(point.normal) + pull * anchor.offset(point)
        try:
            step = solve_damped(with_gradient(point.normal, slope), pull)
        except NotPositiveDefinite:
            return Status.STALLED, anchor
        cosine = point.cosine
        values, normal = point.trial(step)
        if not normal.finite:
            return Status.DIVERGED, anchor
        point.accept(values, normal)
        index = anchor.index + 1
        following = replace(anchor, weight=self.first * self.factor**index, index=index)
        return Iteration(index, normal.cost, cosine, anchor.weight, 1.0, True), following
