"""The last digits: undamped Gauss-Newton steps until what they explain is lost in the residual."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from calib.engine.normal_equations.assembly import triangular_factor
from calib.engine.normal_equations.schur import NotPositiveDefinite, Tangent, factorise, gradient
from calib.engine.normal_equations.tangent import move

if TYPE_CHECKING:
    from calib.engine.levenberg_marquardt.point import Point

EPS = float(np.finfo(float).eps)
QR_ENTRIES = 5_000_000  # the polish affords Householder QR up to this many Jacobian entries
STEPS, SMALL_STEPS = 12, 100
FIRST = 0.1  # a first step that explains more is Levenberg-Marquardt's business
# A step must be shorter than this share of the one before. Where the residuals are large and curved Gauss-Newton
# converges linearly; a small problem can wait for it, a large one has its figures by then.
CONTRACTION, SMALL_CONTRACTION = 0.5, 0.9
UNEXAMINED = 1e-5  # a step below this that does not shrink any more has met rounding
LEFT = 2e-6  # |J h| / |r| expected after a last step taken on trust; its square is the relative decrease still to gain


def polish(point: Point, previous_size: float, last_digit: bool) -> bool:
    """Undamped Gauss-Newton steps until they stop shrinking. False if they do not contract.

    A step is measured by the residual it explains, |J h| / |r|; led: that of the step that led here. Small problems
    are finished by QR to the last digit, if asked; elsewhere a step that the contraction shows to be the last is not
    worth another evaluation (P. Deuflhard, "Newton methods for nonlinear problems", 2004, sec. 4.3). The point only
    moves while steps contract, so a failed polish leaves Levenberg-Marquardt where it was or better.
    """
    rows = sum(block.rows * block.dimension for block in point.layout.problem.residuals)
    alone = not point.layout.private and point.active is None
    small = last_digit and alone and rows * (len(point.layout.free) + 1) <= QR_ENTRIES
    steps, contraction = (SMALL_STEPS, SMALL_CONTRACTION) if small else (STEPS, CONTRACTION)
    last = FIRST
    for _ in range(steps):
        try:
            step, explained = _by_qr(point) if small else _by_elimination(point)
        except NotPositiveDefinite:
            return False
        if point.bounds is not None and not point.bounds.allows(point.values, step):
            return False
        size = explained / max(float(np.sqrt(point.normal.squares)), 1e-300)
        settled = last <= UNEXAMINED
        previous_size = min(previous_size, last)
        if not step.finite or size > contraction * last:
            return settled
        if not small and size * size / previous_size <= LEFT:
            _trust(point, step, explained)
            return True
        values, normal = point.trial(step)
        rise = normal.cost - point.normal.cost * (1 + 1e-13)
        if not normal.finite or (rise > 0 and rise > point.cost_rounding):
            return settled
        point.accept(values, normal)
        if size <= EPS:
            return True
        last = previous_size = size
    return last <= UNEXAMINED


def _trust(point: Point, step: Tangent, explained: float) -> None:
    """Take a step without evaluating where it leads: the sums of squares become what its model predicts."""
    point.values = move(point.layout, point.values, step)
    squares, cost = point.normal.squares - explained**2, point.normal.cost - 0.5 * explained**2
    point.normal = replace(point.normal, squares=squares, cost=cost)


def _by_elimination(point: Point) -> tuple[Tangent, float]:
    """The Gauss-Newton step and the length |J h| of the residual it explains."""
    undamped = factorise(point.system)
    point.eliminated, step = undamped.system, undamped.step()
    return step, float(np.sqrt(max(-step.dot(gradient(point.normal)), 0.0)))


def _by_qr(point: Point) -> tuple[Tangent, float]:
    """The same from the triangular factor: J'J would square the condition number."""
    factor = triangular_factor(point.layout, point.values)
    norms = np.sqrt(np.sum(factor[:-1, :-1] ** 2, axis=0))
    if (np.abs(np.diagonal(factor)[:-1]) <= 1e-13 * norms).any():
        raise NotPositiveDefinite
    right = factor[:-1, -1]
    return Tangent(-solve_triangular(factor[:-1, :-1], right), {}), float(np.sqrt(np.sum(right**2)))
