"""Bounds on parameters: projected steps, and the coordinates held at a bound.

C. Kanzow, N. Yamashita, M. Fukushima, "Levenberg-Marquardt methods with strong local convergence properties for
solving nonlinear equations with convex constraints", J. Comput. Appl. Math. 172, 2004; the active set is D. P.
Bertsekas', "Projected Newton methods", SIAM J. Control Optim. 20, 1982.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.assembly import NormalEquations
from calib.engine.normal_equations.tangent import Tangent, gather, gradient, map_tangent

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import ParameterBlock, Values


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds of every free coordinate."""

    layout: Layout
    """Of the problem."""
    lower: Tangent
    """Infinite where there is none."""
    upper: Tangent
    """Infinite where there is none."""

    def active(self, values: Values, normal: NormalEquations) -> Tangent:
        """1 for every coordinate that is at a bound and whose gradient pushes it outwards, else 0."""
        at, slope = gather(self.layout, values), gradient(normal)

        def press(x: Array, low: Array, high: Array, g: Array) -> Array:
            return (((x <= low) & (g > 0)) | ((x >= high) & (g < 0))).astype(float)

        return map_tangent(press, at, self.lower, self.upper, slope)

    def clip(self, values: Values, step: Tangent) -> Tangent:
        """The step shortened, coordinate by coordinate, so that it ends within the bounds."""
        at = gather(self.layout, values)
        return map_tangent(lambda x, low, high, h: np.clip(h, low - x, high - x), at, self.lower, self.upper, step)

    def allows(self, values: Values, step: Tangent) -> bool:
        """Whether a step ends within the bounds."""
        cut = self.clip(values, step)
        return all(bool((a == b).all()) for a, b in zip(cut.parts, step.parts, strict=True))

    def at_bound(self, values: Values) -> tuple[Label, ...]:
        """Labels of the coordinates that are at a bound."""
        found: list[Label] = []
        for block in self.layout.problem.parameters:
            for coordinate in block.free:
                low, high = block.bounds.get(block.labels[coordinate], (-np.inf, np.inf))
                at = values[block.name][:, coordinate] if block.bounds else np.zeros(block.count)
                found += [block.full_label(int(m), int(coordinate)) for m in np.flatnonzero((at <= low) | (at >= high))]
        return tuple(found)


def bounds_of(layout: Layout) -> Bounds | None:
    """The bounds of a problem, or None if it has none."""
    problem = layout.problem
    if not any(block.bounds for block in problem.parameters):
        return None
    sides = [{block.name: _side(block, side) for block in problem.parameters} for side in (0, 1)]
    return Bounds(layout, gather(layout, sides[0]), gather(layout, sides[1]))


def freeze(normal: NormalEquations, active: Tangent) -> NormalEquations:
    """The normal equations without the rows and columns of the active coordinates, which get a unit diagonal."""
    kept = 1.0 - active.shared
    shared = normal.shared * kept * kept[:, None] + np.diag(active.shared)
    private = {}
    for name, system in normal.private.items():
        t = system.shape[1]
        own = 1.0 - active.private[name].T
        held = system * own[:, :, None]
        held[:, :, :t] *= own[:, None, :]
        held[:, :, t:-1] *= kept
        held[:, range(t), range(t)] += 1.0 - own
        private[name] = held
    return replace(normal, shared=shared, gradient=normal.gradient * kept, private=private)


def decrease(normal: NormalEquations, step: Tangent) -> float:
    """Predicted decrease of the cost for any step: -g'h - h'J'J h / 2."""
    curvature = float(step.shared @ normal.shared @ step.shared)
    for name, system in normal.private.items():
        t, own = system.shape[1], step.private[name].T
        curvature += float(np.einsum("mi,mij,mj->", own, system[:, :, :t], own))
        curvature += 2 * float(np.einsum("mi,mij,j->", own, system[:, :, t:-1], step.shared))
    return -step.dot(gradient(normal)) - 0.5 * curvature


def _side(block: ParameterBlock, side: int) -> Array:
    unbounded = (-np.inf, np.inf)
    return np.tile([block.bounds.get(label, unbounded)[side] for label in block.labels], (block.count, 1))
