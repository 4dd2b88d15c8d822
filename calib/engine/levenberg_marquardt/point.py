"""The current point of a solve, and the one place where it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.levenberg_marquardt.bounds import bounds_of, freeze
from calib.engine.levenberg_marquardt.scaling import Scaling, remember, scale, sizes
from calib.engine.normal_equations.assembly import NormalEquations, assemble
from calib.engine.normal_equations.schur import SchurComplement, Tangent, diagonal, gradient
from calib.engine.normal_equations.tangent import map_tangent, move, scaled

if TYPE_CHECKING:
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Values

EPS = float(np.finfo(float).eps)


class Point:
    """Values, their normal equations, the scale of the damping, and the coordinates that press against a bound.

    system: the normal equations without the coordinates of `active`, which stand on a bound. norms: squared, of the
    Jacobian's columns. eliminated: the system without damping, where a step has asked for it.
    """

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

    def restore(self, remembered: Tangent, evaluations: int) -> None:
        """Take up what an earlier solve that stood here remembered."""
        self.evaluations = evaluations
        self._measure_by(remembered)

    def _stand(self, values: dict[str, Array], normal: NormalEquations, before: Tangent | None = None) -> None:
        self.values, self.normal, self.norms = values, normal, diagonal(normal)
        self._measure_by(remember(self.scaling, before, self.norms))
        self.active = self.bounds.active(values, normal) if self.bounds else None
        self.system = normal if self.active is None else freeze(normal, self.active)
        self.eliminated: SchurComplement | None = None

    def _measure_by(self, remembered: Tangent) -> None:
        self.remembered = remembered
        self.scale = scale(self.scaling, remembered, self.layout, self.values, self.normal)

    def cosine(self) -> float:
        """Largest cosine between the residual and a Jacobian column that may move."""
        slope, norms = gradient(self.system), self.norms
        length = max(float(np.sqrt(self.normal.squares)), 1e-300)
        pairs = [(slope.shared, norms.shared)] + [(slope.private[n], norms.private[n]) for n in slope.private]
        cosines = [np.abs(g) / (np.sqrt(np.maximum(q, 1e-300)) * length) for g, q in pairs if g.size]
        return max(float(c.max()) for c in cosines)

    def damped(self, damping: float) -> Tangent:
        """What damping adds to the diagonal of J'J."""
        return scaled(self.scale, damping)

    def length(self, step: Tangent) -> float:
        """The scaled length of a step."""
        return float(np.sqrt(step.dot(step.times(self.scale))))

    def project(self, slope: Tangent) -> Tangent:
        """A gradient without the coordinates that press against a bound."""
        return slope if self.active is None else slope.times(map_tangent(lambda a: 1.0 - a, self.active))

    @property
    def steepest(self) -> float:
        """Largest diagonal entry of the scaled J'J: about 1, but for the identity as a scale."""
        shares = map_tangent(np.divide, self.norms, self.scale)
        return max(float(a.max(initial=0.0)) for a in (shares.shared, *shares.private.values()))

    @property
    def rounding(self) -> float:
        """Squared norm that some ten roundings per value give the residuals: (10 eps)^2 sum (J_j x_j)^2."""
        size = sizes(self.layout, self.values)
        return (10 * EPS) ** 2 * self.norms.dot(size.times(size))

    @property
    def cost_rounding(self) -> float:
        """How far they move the cost: |r| |dr|."""
        return float(np.sqrt(self.normal.squares * self.rounding))
