"""The answer of a solve: values, status, history, and, on demand, residuals and uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.cluster_covariance import cluster_scatter
from calib.engine.clusters import ClusterSystems, cluster_systems
from calib.engine.covariance import Uncertainty, measure, uncertainty
from calib.engine.normal_equations.assembly import NormalEquations, row_norms

if TYPE_CHECKING:
    from calib.engine.checkpoint import Checkpoint
    from calib.engine.label import Label
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.normal_equations.schur import SchurComplement
    from calib.engine.problem import Problem
    from calib.engine.status import Iteration, Status


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """What a solve found."""

    status: Status
    """Why it stopped."""
    layout: Layout
    """The problem, as it was laid out."""
    values: dict[str, Array]
    """Per block, as in the problem."""
    normal: NormalEquations
    """The normal equations at the values. Where `trusted`, their matrices and gradient are those one step before, a
    step that explains at most some 1e-3 of the residual, and cost and squares are what the linear model predicts."""
    history: tuple[Iteration, ...]
    """Every step tried."""
    evaluations: int
    """Of the whole problem."""
    at_bounds: tuple[Label, ...] = ()
    """Labels that are at a bound, whose standard deviations have no meaning."""
    checkpoint: Checkpoint | None = None
    """To go on from here."""
    eliminated: SchurComplement | None = None
    """`normal` without its private blocks, where the solve ended with that."""
    trusted: bool = False
    """Whether the last Gauss-Newton step was taken without evaluating where it leads."""

    def __repr__(self) -> str:
        return f"Solution({self.status.name}, {len(self.history)} steps, cost {self.cost:.9g})"

    @property
    def problem(self) -> Problem:
        """The problem that was solved."""
        return self.layout.problem

    @property
    def cost(self) -> float:
        """Half the sum of the losses."""
        return self.normal.cost

    @property
    def degrees_of_freedom(self) -> int:
        """Scalar residuals less free coordinates."""
        own = sum(len(system) * int(system.shape[1]) for system in self.normal.private.values())
        return int(self.normal.residuals - len(self.layout.free) - own)

    @property
    def variance_factor(self) -> float:
        """Weighted squared residuals per degree of freedom: 1 if sigma was right; NaN without any freedom left."""
        free = self.degrees_of_freedom
        return self.normal.squares / free if free > 0 else float("nan")

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """Covariance of the parameters for independent errors of the sigma given."""
        return uncertainty(self.layout, self.values, self.normal, self.eliminated)

    @cached_property
    def measured_uncertainty(self) -> Uncertainty:
        """Covariance of the parameters as the residuals show it: their size, and what the rows of a cluster share.

        Where sigma was not known, or errors may be shared. As `uncertainty` without a degree of freedom left.
        """
        return self.uncertainty_for(self.variance_factor, self.degrees_of_freedom)

    def uncertainty_for(self, variance: float, freedom: float) -> Uncertainty:
        """`measured_uncertainty` for a variance factor that was measured otherwise, with so many degrees of freedom."""
        stated, systems = self.uncertainty, self.clusters
        if not 0 < variance < np.inf:
            return stated
        scatter = cluster_scatter(stated.root, systems, variance) if systems is not None and stated.rank else None
        return measure(stated, scatter, variance, freedom)

    @cached_property
    def clusters(self) -> ClusterSystems | None:
        """The part of every cluster in the normal equations; None where there is only one."""
        return cluster_systems(self.layout, self.values, self.normal, settled=self.trusted)

    def row_norms(self) -> dict[str, tuple[Array, Array]]:
        """Per residual block, the whitened residual norm and the robust weight of every row."""
        return {name: (norms, weights) for name, norms, weights in row_norms(self.layout, self.values)}

    def sentence(self) -> str:
        """Why the solve stopped, with its figures."""
        angle = self.history[-1].gradient if self.history else float("nan")
        return f"{self.status.value} ({len(self.history)} steps, cost {self.cost:.9g}, cosine {angle:.1e})"

    def value(self, label: str) -> float:
        """The value of one label of a single-member Euclidean block. Raises KeyError."""
        for block in self.problem.parameters:
            if block.count == 1 and label in block.labels:
                return float(np.ravel(self.values[block.name])[block.labels.index(label)])
        raise KeyError(label)
