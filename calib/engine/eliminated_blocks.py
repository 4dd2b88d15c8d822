"""The covariances of the blocks that were eliminated, worked out on demand: they are many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask

if TYPE_CHECKING:
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.normal_equations.tangent import Tangent

TOUCHED = 1e-6  # share of a null vector, relative to its largest entry, from which a parameter takes part


@dataclass(frozen=True, eq=False)
class EliminatedBlocks:
    """What the covariance of the eliminated blocks follows from: their factors, the covariance (K, K) and null vectors
    (K, q) of the shared coordinates, and the null vectors of members that their own rows do not determine."""

    layout: Layout
    factors: dict[str, Array]
    shared: Array
    null: Array
    unseen: dict[str, dict[int, Array]]
    variance: float = 1.0
    """Of the residuals, in units of that stated."""
    shifts: tuple[Tangent, ...] = ()
    """Each one standard deviation of what the problem leaves out."""

    @cached_property
    def deviations(self) -> dict[str, tuple[Array, Array]]:
        """Standard deviations (members, tangent) and covariances (members, t, t)."""
        found = {}
        for name, own in self.factors.items():
            covariance, coupling = _private_covariance(own, self.shared, self.variance)
            for shift in self.shifts:
                covariance += np.einsum("tm,um->mtu", shift.private[name], shift.private[name])
            sigma = np.sqrt(np.einsum("nii->ni", covariance))
            sigma[_touched_coordinates(coupling, self.null, self.unseen.get(name))] = np.inf
            found[name] = _deviations(self.layout, name, sigma), covariance
        return found


def _private_covariance(factor: Array, shared: Array, variance: float) -> tuple[Array, Array]:
    """Covariances (members, t, t) of one private block, and how it follows the shared coordinates (members, t, K)."""
    t = len(factor)
    roots = np.linalg.inv(np.triu(factor[:, :t].transpose(2, 0, 1)))  # of U; what is below it is left over
    coupling = roots @ factor[:, t:-1].transpose(2, 0, 1)
    covariance = variance * (roots @ roots.transpose(0, 2, 1)) + coupling @ shared @ coupling.transpose(0, 2, 1)
    return covariance, coupling


def _touched_coordinates(coupling: Array, null: Array, unseen: dict[int, Array] | None) -> Mask:
    """Which coordinates (members, t) take part in a direction that is not observable."""
    found = np.zeros(coupling.shape[:2], bool)
    if null.shape[1]:
        found |= (np.abs(coupling @ null) > TOUCHED * np.abs(null).max()).any(axis=2)
    for member, directions in (unseen or {}).items():
        found[member] |= (np.abs(directions) > TOUCHED).any(axis=1)
    return found


def _deviations(layout: Layout, name: str, sigma: Array) -> Array:
    """Standard deviations over all tangent coordinates, 0 where fixed."""
    block = layout.problem.by_name[name]
    full = np.zeros((block.count, block.tangent))
    full[:, block.free] = sigma
    return full
