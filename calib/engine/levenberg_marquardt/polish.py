"""The last digits: undamped Gauss-Newton steps until what they explain is lost in the residual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from calib.engine.normal_equations.dense import triangular_factor
from calib.engine.normal_equations.schur import NotPositiveDefinite
from calib.engine.normal_equations.tangent import Tangent, gradient

if TYPE_CHECKING:
    from calib.engine.levenberg_marquardt.options import Polish
    from calib.engine.point.point import Point

EPS = float(np.finfo(float).eps)
SINGULAR = 1e-13  # of a column's norm, below which a diagonal entry of R is rounding: some 500 eps
RISE = 1e-13  # relative rise of the cost that is rounding in its sum


def polish(point: Point, previous_size: float, how: Polish) -> bool:
    """Undamped Gauss-Newton steps until they stop shrinking. False if they do not contract.

    A step is measured by the residual it explains, |J h| / |r|; previous_size: that of the step that led here. Small
    problems are finished by QR to the last digit, if requested; elsewhere a step that the contraction shows to be the
    last is not worth another evaluation (P. Deuflhard, "Newton methods for nonlinear problems", 2004, sec. 4.3). The
    point only moves while steps contract, so a failed polish leaves Levenberg-Marquardt where it was or better.
    """
    small = how.last_digit and _small(point, how.qr_entries)
    steps, contraction = (how.small_steps, how.small_contraction) if small else (how.steps, how.contraction)
    last = how.first
    for _ in range(steps):
        try:
            step, explained = _step_by_qr(point) if small else _step_by_elimination(point)
        except NotPositiveDefinite:
            return False
        if point.bounds is not None and not point.bounds.allows(point.values, step):
            return False
        size = explained / max(float(np.sqrt(point.normal.squares)), 1e-300)
        settled = last <= how.unexamined
        previous_size = min(previous_size, last)
        if not step.finite or size > contraction * last:
            return settled
        if not small and size * size / previous_size <= how.left:
            point.trust(step, explained)
            return True
        values, normal = point.trial(step)
        rise = normal.cost - point.normal.cost * (1 + RISE)
        if not normal.finite or (rise > 0 and rise > point.cost_rounding):
            return settled
        point.accept(values, normal)
        if size <= EPS:
            return True
        last = previous_size = size
    return last <= how.unexamined


def _small(point: Point, entries: int) -> bool:
    """Whether the polish can afford Householder QR: no private block, no bound in the way, few Jacobian entries."""
    layout = point.layout
    rows = sum(block.rows * block.dimension for block in layout.problem.residuals)
    return not layout.private and point.active is None and rows * (len(layout.free) + 1) <= entries


def _step_by_elimination(point: Point) -> tuple[Tangent, float]:
    """The Gauss-Newton step and the length |J h| of the residual it explains."""
    step = point.factorise_undamped().step()
    return step, float(np.sqrt(max(-step.dot(gradient(point.normal)), 0.0)))


def _step_by_qr(point: Point) -> tuple[Tangent, float]:
    """The same from the triangular factor: J'J would square the condition number."""
    factor = triangular_factor(point.layout, point.values)
    norms = np.sqrt(np.sum(factor[:-1, :-1] ** 2, axis=0))
    if (np.abs(np.diagonal(factor)[:-1]) <= SINGULAR * norms).any():
        raise NotPositiveDefinite
    right = factor[:-1, -1]
    return Tangent(-solve_triangular(factor[:-1, :-1], right), {}), float(np.sqrt(np.sum(right**2)))
