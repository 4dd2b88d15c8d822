"""The current point of a solve, and the one place where it moves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.assembly import NormalEquations, assemble, move_share
from calib.engine.normal_equations.schur import DampedSystem, SchurComplement, factorise
from calib.engine.normal_equations.tangent import Tangent, diagonal, gradient, map_tangent, move
from calib.engine.point.bounds import bounds_of, freeze
from calib.engine.point.scaling import Scaling, remember, scale, sizes

if TYPE_CHECKING:
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.point.bounds import Bounds
    from calib.engine.problem import Values

EPS = float(np.finfo(float).eps)


class Point:
    """Values, their normal equations, the scale of the damping, and the coordinates that press against a bound.

    Others read it; it moves by `accept`, `jump_to` and `trust` alone.
    """

    layout: Layout
    """Of the problem."""
    bounds: Bounds | None
    """Of the problem, if it has any."""
    values: dict[str, Array]
    """Per block."""
    normal: NormalEquations
    """The normal equations at the values, but after `trust`."""
    active: Tangent | None
    """1 for the coordinates that press against a bound, else 0; None without bounds."""
    system: NormalEquations
    """`normal` without the active coordinates."""
    norms: Tangent
    """Squared, of the Jacobian's columns."""
    remembered: Tangent
    """What the scaling keeps of them."""
    scale: Tangent
    """Squared, of every coordinate."""
    eliminated: SchurComplement | None
    """`system` without its private blocks and without damping, where a step has needed it."""
    trusted: bool
    """Whether `normal` is that of the point before the last step."""
    evaluations: int
    """Of the whole problem, so far."""

    def __init__(self, layout: Layout, values: Values, scaling: Scaling = "more") -> None:
        self.layout = layout
        self.scaling: Scaling = scaling
        self.bounds = bounds_of(layout)
        self.evaluations = 1
        self._stand(dict(values), assemble(layout, values))

    def trial(self, step: Tangent) -> tuple[dict[str, Array], NormalEquations]:
        """Values and normal equations one step away; the point stays."""
        values = move(self.layout, self.values, step)
        self.evaluations += 1
        return values, assemble(self.layout, values)

    def accept(self, values: dict[str, Array], normal: NormalEquations) -> None:
        """Move to a trial."""
        self._stand(values, normal, self.remembered)

    def jump_to(self, values: Values) -> None:
        """Move to values that no trial has evaluated: their normal equations are worked out."""
        self.evaluations += 1
        self._stand(dict(values), assemble(self.layout, values), self.remembered)

    def trust(self, step: Tangent, explained: float) -> None:
        """Move by an undamped step without evaluating where it leads.

        explained: |J h|. The sums of squares, and what each member adds to the gradient, become what the linear model
        predicts; the matrices stay those before.
        """
        self.values = move(self.layout, self.values, step)
        squares, cost = self.normal.squares - explained**2, self.normal.cost - 0.5 * explained**2
        shares = {name: move_share(self.normal, name, step) for name in self.normal.shares}
        self.normal = replace(self.normal, squares=squares, cost=cost, shares=shares)
        self.trusted = True

    def restore(self, remembered: Tangent, evaluations: int) -> None:
        """Take up what an earlier solve that stood here remembered."""
        self.evaluations = evaluations
        self._measure_by(remembered)

    def count_evaluations(self, more: int) -> None:
        """Count evaluations of the problem that were made without a trial."""
        self.evaluations += more

    def factorise_undamped(self) -> DampedSystem:
        """The system without damping, factored. Raises NotPositiveDefinite."""
        undamped = factorise(self.system)
        self.eliminated = undamped.system
        return undamped

    def _stand(self, values: dict[str, Array], normal: NormalEquations, before: Tangent | None = None) -> None:
        self.values, self.normal, self.norms = values, normal, diagonal(normal)
        self._measure_by(remember(self.scaling, before, self.norms))
        self.active = self.bounds.active(values, normal) if self.bounds else None
        self.system = normal if self.active is None else freeze(normal, self.active)
        self.eliminated = None
        self.trusted = False
        self._cosine: float | None = None

    def _measure_by(self, remembered: Tangent) -> None:
        self.remembered = remembered
        self.scale = scale(self.scaling, remembered, self.layout, self.values, self.normal)

    @property
    def cosine(self) -> float:
        """Largest cosine between the residual and a Jacobian column that may move."""
        if self._cosine is None:
            self._cosine = self._largest_cosine()
        return self._cosine

    def _largest_cosine(self) -> float:
        slope, norms = gradient(self.system), self.norms
        length = max(float(np.sqrt(self.normal.squares)), 1e-300)
        pairs = [(slope.shared, norms.shared)] + [(slope.private[n], norms.private[n]) for n in slope.private]
        cosines = [np.abs(g) / (np.sqrt(np.maximum(q, 1e-300)) * length) for g, q in pairs if g.size]
        return max(float(c.max()) for c in cosines)

    def length(self, step: Tangent) -> float:
        """The scaled length of a step."""
        return float(np.sqrt(step.dot(step * self.scale)))

    def project(self, slope: Tangent) -> Tangent:
        """A gradient without the coordinates that press against a bound."""
        return slope if self.active is None else slope * map_tangent(lambda a: 1.0 - a, self.active)

    @property
    def has_free(self) -> bool:
        """Whether any coordinate is estimated."""
        return len(self.layout.free) > 0 or any(own.size for own in self.norms.private.values())

    @property
    def steepest(self) -> float:
        """Largest diagonal entry of the scaled J'J: about 1, but for the identity as a scale."""
        return max(float(a.max(initial=0.0)) for a in map_tangent(np.divide, self.norms, self.scale).parts)

    @property
    def rounding(self) -> float:
        """Squared norm that some ten roundings per value give the residuals: (10 eps)^2 sum (J_j x_j)^2."""
        size = sizes(self.layout, self.values)
        return (10 * EPS) ** 2 * self.norms.dot(size * size)

    @property
    def cost_rounding(self) -> float:
        """How far they move the cost: |r| |dr|."""
        return float(np.sqrt(self.normal.squares * self.rounding))
