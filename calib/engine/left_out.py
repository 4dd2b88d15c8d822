"""Parameters that a solved problem leaves out: what the residuals show of them, and how far they move the others.

A problem that holds at zero what is not zero (the shape of a board, an effect of an arm) has a solution that is off by
more than its scatter. One Gauss-Newton step of the wider problem, from that solution, estimates the parameters left out
and how the others would follow. That shift is no correction, since the model without them was asked for; it is what
they can do to it, a limit of the error and no random draw: within limits of +-a the variance is a^2 / 3 (Guide to the
Expression of Uncertainty in Measurement, JCGM 100:2008, 4.3.7). It counts as far as the estimate stands out from the
scatter between clusters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.cluster_covariance import cluster_scatter
from calib.engine.clusters import cluster_systems
from calib.engine.covariance import uncertainty
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.schur import SchurComplement, back_substitute, eliminate

if TYPE_CHECKING:
    from calib.engine.covariance import Uncertainty
    from calib.engine.label import Label
    from calib.engine.normal_equations.tangent import Tangent
    from calib.engine.problem import Problem
    from calib.engine.solution import Solution


@dataclass(frozen=True, eq=False, repr=False)
class LeftOut:
    """Parameters left out of a solved problem."""

    labels: tuple[Label, ...]
    """Of the q parameters that the wider problem has and the solved one has not."""
    estimate: Array
    """(q,) of them, one step from where they were held; 0 where the data do not determine them."""
    covariance: Array
    """(q, q) of the estimate, as the scatter between clusters shows it."""
    variance_ratio: float
    """Its mean square in units of that covariance, over the parameters that the data determine: about 1 by chance."""
    determined: int
    """How many parameters those are."""
    shift: Tangent
    """How the parameters of the solved problem would follow, in its own columns."""

    def __repr__(self) -> str:
        return f"LeftOut({', '.join(self.labels)}; variance ratio {self.variance_ratio:.3g})"

    @property
    def evidence(self) -> float:
        """0 to 1, how much of the estimate is believed: 1 - 1 / t^2, t the excess of its variance ratio over 1 in
        standard deviations of chance; 0 without any excess."""
        excess = (self.variance_ratio - 1.0) * np.sqrt(self.determined / 2)
        return max(0.0, 1.0 - 1.0 / excess**2) if excess > 0 else 0.0

    def widen(self, known: Uncertainty) -> Uncertainty:
        """An uncertainty of the solved problem with what is left out in it."""
        return known.widen(float(np.sqrt(self.evidence / 3)) * self.shift) if self.evidence else known


def estimate_left_out(solution: Solution, wider: Problem) -> LeftOut | None:
    """What a wider problem has that the solved one leaves out, from one Gauss-Newton step.

    wider: the solved problem with more shared parameters, which start where the solved one holds them. None where the
    solved one does not determine its own, or the data determine none of those added.
    """
    if solution.uncertainty.unobservable:
        return None
    layout = layout_of(wider.with_values({**wider.start, **solution.values}))
    values, own = layout.problem.start, solution.layout.shared_labels()
    normal = assemble(layout, values)
    system = eliminate(normal)
    stated = uncertainty(layout, values, normal, system)
    determined = stated.rank - len(own)
    freedom = solution.degrees_of_freedom - determined
    if determined < 1 or freedom < 1:
        return None
    step = -stated.root @ (stated.root.T @ system.right)
    squares = normal.squares + float(step @ system.right) - _explained_by_private(system)
    systems = cluster_systems(layout, values, normal)
    if systems is None or not squares > 0:
        return None
    moved = replace(systems, score=systems.score + systems.information @ step)
    scatter = cluster_scatter(stated.root, moved, squares / freedom)
    added = np.array([i for i, label in enumerate(stated.labels) if label not in own], dtype=np.intp)
    root, estimate = stated.root[added], step[added]
    covariance = squares / freedom * (root @ scatter.shrunk @ root.T)
    ratio = float(estimate @ np.linalg.lstsq(covariance, estimate, rcond=None)[0]) / determined
    whole = back_substitute(system, step)
    shift = replace(whole, shared=step[[stated.labels.index(label) for label in own]])
    return LeftOut(tuple(stated.labels[i] for i in added.tolist()), estimate, covariance, ratio, determined, shift)


def _explained_by_private(system: SchurComplement) -> float:
    """By how much the squares fall when the private blocks alone make their step: next to nothing at a solution."""
    return sum(float(np.sum(factor[:, -1] ** 2)) for factor in system.private.values())
