"""The second-order correction of a Levenberg-Marquardt step: geodesic acceleration.

M. K. Transtrum, J. P. Sethna, "Improvements to the Levenberg-Marquardt algorithm", arXiv:1201.5885, 2012, sec. 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.engine.normal_equations.products import empty_sums
from calib.engine.normal_equations.rows import evaluate, evaluate_rows
from calib.engine.normal_equations.tangent import Tangent, gather, move, scatter

if TYPE_CHECKING:
    from calib.engine.normal_equations.schur import DampedSystem
    from calib.engine.point.point import Point


def acceleration(point: Point, step: Tangent, system: DampedSystem, probe: float) -> Tangent | None:
    """The acceleration a that belongs to a damped step v: the corrected step is v + a / 2. None if it is not finite.

    system: the damped matrix that gave the step. probe: how far along the step the second derivative is taken, h.
    Solves (J'J + damping) a = -J' r_vv, with r_vv = 2 / h ((r(x + h v) - r(x)) / h - J v) (eq. 15 there); robust
    weights are those at x.
    """
    layout = point.layout
    point.count_evaluations(2)  # at the point again, for its Jacobian is not held, and ahead of it
    values_ahead = move(layout, point.values, probe * step)
    steps, slopes = scatter(layout, step), empty_sums(layout)
    for residual in layout.residuals:
        for chunk in residual.chunks:
            here = evaluate_rows(residual.block, point.values, chunk.rows)
            ahead = here.weigh(evaluate(residual.block, values_ahead, chunk.rows)[0])
            curved = 2 / probe * ((ahead - here.residuals) / probe - here.times(steps))
            here.add_transposed(curved, slopes)
    slope = point.project(gather(layout, slopes))
    if not slope.finite:
        return None
    found = system.step_against(slope)
    return found if found.finite else None
