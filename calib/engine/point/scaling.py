"""What the damping is relative to: the square of a scale per coordinate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.tangent import Tangent, gather, map_tangent

if TYPE_CHECKING:
    from calib.engine.normal_equations.assembly import NormalEquations
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Values

# more: the largest norm that the coordinate's column has had (J. J. More 1978).
# sized: the same, slowly forgetting, and at least what would change the residuals by their own norm if the coordinate
#     changed by its own size. A coordinate of little effect at the current point then does not
#     take an unbounded step: it is below its size / (2 sqrt(mu)). For starts that may be far off.
# marquardt: the column's norm at the current point (D. W. Marquardt 1963); fails on shrinking columns.
# identity: one for all (K. Levenberg 1944); depends on the units.
Scaling = Literal["sized", "more", "marquardt", "identity"]

# Of the squared norms per accepted step. A start a hundred times too far in a polynomial has columns 1e20 times too
# long; undiminished, they freeze a coordinate for good. Measured on MGH: 1 solves 94 of 117 runs, 1/4 97, 1/25 96.
KEPT = 0.25
LARGEST_RISE = 1e6  # by which a coordinate near zero, whose size is no guide, may be held back at most


def remember(scaling: Scaling, before: Tangent | None, norms: Tangent) -> Tangent:
    """The squared norms to go by: those of the current point and, as far as the scaling needs, those before."""
    if before is None or scaling in ("marquardt", "identity"):
        return norms
    kept = KEPT if scaling == "sized" else 1.0
    return map_tangent(lambda old, new: np.maximum(kept * old, new), before, norms)


def scale(scaling: Scaling, remembered: Tangent, layout: Layout, values: Values, normal: NormalEquations) -> Tangent:
    """The squared scale of every coordinate; 1 for a column of zeros, which is damped as any other."""
    if scaling == "identity":
        return map_tangent(np.ones_like, remembered)
    if scaling == "sized":
        return map_tangent(
            lambda norm, size: _nonzero(_floor_by_size(norm, size, normal.squares)), remembered, sizes(layout, values)
        )
    return map_tangent(_nonzero, remembered)


def sizes(layout: Layout, values: Values) -> Tangent:
    """The absolute value of every free coordinate; on a manifold its member's largest entry is used for all."""
    found = {}
    for block in layout.problem.parameters:
        own = np.abs(values[block.name])
        if own.shape != (block.count, block.tangent):
            own = own.reshape(block.count, -1).max(axis=1, initial=0.0)[:, None]
        found[block.name] = np.broadcast_to(own, (block.count, block.tangent))
    return gather(layout, found)


def _floor_by_size(norm: Array, size: Array, squares: float) -> Array:
    least = np.divide(squares, size * size, out=np.zeros_like(norm), where=size > 0)
    return np.maximum(norm, np.minimum(least, LARGEST_RISE**2 * norm))


def _nonzero(squared_norms: Array) -> Array:
    return np.where(squared_norms > 0, squared_norms, 1.0)
