"""The second-order correction of a Levenberg-Marquardt step: geodesic acceleration.

M. K. Transtrum, J. P. Sethna, "Improvements to the Levenberg-Marquardt algorithm", arXiv:1201.5885, 2012, sec. 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.products import evaluate
from calib.engine.normal_equations.schur import DampedSystem, Tangent
from calib.engine.normal_equations.tangent import gather, move, plus, scaled, scatter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calib.engine.levenberg_marquardt.point import Point
    from calib.engine.problem import ResidualBlock, Rows, Values

PROBE = 0.1  # how far along the step the second derivative is taken, as in the paper and in GSL


def acceleration(point: Point, step: Tangent, damped: DampedSystem) -> Tangent | None:
    """The acceleration a that belongs to a damped step v: the corrected step is v + a / 2. None if it is not finite.

    damped: the matrix that gave the step.
    Solves (J'J + damping) a = -J' r_vv, with r_vv = 2 / h ((r(x + h v) - r(x)) / h - J v) (eq. 15 there).
    """
    layout = point.layout
    point.evaluations += 2  # at the point again, for its Jacobian is not held, and ahead of it
    ahead = move(layout, point.values, scaled(step, PROBE))
    steps = scatter(layout, step)
    slopes = {name: np.zeros_like(own) for name, own in steps.items()}
    for residual in layout.residuals:
        for chunk in residual.chunks:
            _add_slopes(residual.block, chunk.rows, point.values, ahead, steps, slopes)
    slope = point.project(gather(layout, slopes))
    if not slope.finite:
        return None
    found = damped.step_against(slope)
    return found if found.finite else None


def corrected(step: Tangent, accelerated: Tangent) -> Tangent:
    """v + a / 2."""
    return plus(step, scaled(accelerated, 0.5))


def _add_slopes(
    block: ResidualBlock,
    rows: Rows,
    values: Values,
    ahead: Values,
    steps: Mapping[str, Array],
    slopes: dict[str, Array],
) -> None:
    """Add J' r_vv of some rows; robust weights are those at `values`."""
    residuals, jacobians = evaluate(block, values, rows)
    moved, _ = evaluate(block, ahead, rows)
    weight = np.square(np.broadcast_to(np.asarray(block.inverse_sigma(rows)), residuals.shape))
    if block.loss is not None:
        weight = weight * block.loss(np.sum(weight * residuals**2, axis=1))[1][:, None]
    along = np.zeros_like(residuals)
    for (name, members), jacobian in zip(block.blocks.items(), jacobians, strict=True):
        if name in steps:
            own = steps[name][0] if members is None else steps[name][members[rows]]
            along += np.einsum("mdt,t->md" if own.ndim == 1 else "mdt,mt->md", jacobian, own)
    curved = weight * (2 / PROBE * ((moved - residuals) / PROBE - along))
    for (name, members), jacobian in zip(block.blocks.items(), jacobians, strict=True):
        if name not in slopes:
            continue
        if members is None:
            slopes[name][0] += np.einsum("mdt,md->t", jacobian, curved)
        else:
            np.add.at(slopes[name], members[rows], np.einsum("mdt,md->mt", jacobian, curved))
