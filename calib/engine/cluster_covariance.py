"""The covariance that the scatter between clusters shows, where rows of a cluster may share an error.

With L the root of the plain covariance, L L' = (J'J)^-1, cluster g has the whitened score z = L'J_g'r_g and the
leverage M = L'J_g'J_g L, which sum to 0 and 1. For independent errors of variance s^2 the adjusted scores
(1 - M)^-1/2 z have together, without bias, the scatter R = s^2 (R. M. Bell, D. F. McCaffrey, "Bias reduction in
standard errors for linear regression with multi-stage samples", Survey Methodology 28, 2002: CR2), and L R L' is the
covariance whatever the errors within a cluster are. Few clusters determine R poorly. It is shrunk towards a multiple
of the unit matrix, the dispersion (O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance
matrices", J. Multivariate Anal. 88, 2004), and, unless the dispersion is plainly above 1, towards independent errors.
Clusters whose errors last from one to the next make it larger (`drift`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.drift import Drift, drift_of

if TYPE_CHECKING:
    from calib.engine.clusters import ClusterSystems

# A cluster that alone determines a direction has leverage 1 there, and its residuals say nothing about it.
LARGEST_LEVERAGE = 1.0 - 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class ClusterScatter:
    """The scatter of the whitened scores over clusters, in units of the variance of one residual."""

    values: Array
    """(G, k) the leverages of every cluster, eigenvalues of M, from 0 to almost 1."""
    vectors: Array
    """(G, k, k) their eigenvectors, in columns."""
    adjusted: Array
    """(G, k) scores, adjusted for it."""
    variance: Array
    """(k, k) their scatter as measured; 1 on average for independent errors."""

    def __repr__(self) -> str:
        return f"ClusterScatter({len(self.adjusted)} clusters, dispersion {self.dispersion:.3g})"

    @cached_property
    def dispersion(self) -> float:
        """How many times the variance of independent errors was measured, over all directions."""
        return float(np.trace(self.variance)) / len(self.variance)

    @cached_property
    def dispersion_sigma(self) -> float:
        """Its standard deviation for independent errors."""
        own, lost = self._forms
        loss = np.einsum("gij,gkj->ik", lost, lost)
        squares = np.sum(own**2) - 2 * np.einsum("gij,gki,gkj->", own, lost, lost) + np.sum(loss**2)
        return float(np.sqrt(2 * max(squares, 0.0))) / len(self.variance)

    @cached_property
    def evidence(self) -> float:
        """0 to 1, how much of the excess over independent errors is believed: 1 - 1 / t^2, t its size in sigmas."""
        excess = self.dispersion - 1.0
        return max(0.0, 1.0 - (self.dispersion_sigma / excess) ** 2) if excess > 0 else 0.0

    @cached_property
    def inflation(self) -> float:
        """The dispersion, shrunk towards 1 by the evidence."""
        return 1.0 + self.evidence * (self.dispersion - 1.0)

    @cached_property
    def roundness(self) -> float:
        """0 to 1, how far the scatter is shrunk towards the same in every direction (Ledoit and Wolf)."""
        mean, count = self.variance / len(self.adjusted), len(self.adjusted)
        lengths = np.einsum("gi,gi->g", self.adjusted, self.adjusted)
        own = np.sum(lengths**2) - 2 * np.einsum("gi,ij,gj->", self.adjusted, mean, self.adjusted)
        noise = float(own) + count * float(np.sum(mean**2))
        size = float(np.sum((self.variance - self.dispersion * np.eye(len(self.variance))) ** 2))
        return min(1.0, noise / size) if size > 0 else 1.0

    @cached_property
    def shrunk(self) -> Array:
        """(k, k) the variance to go by."""
        return self.drift.inflation * self.steady

    @cached_property
    def steady(self) -> Array:
        """(k, k) the same for clusters that are independent of each other."""
        even = np.eye(len(self.variance))
        measured = (1.0 - self.roundness) * self.variance + self.roundness * self.dispersion * even
        return (1.0 - self.evidence) * even + self.evidence * measured

    @cached_property
    def drift(self) -> Drift:
        """Whether errors last from one cluster to the next, in the order of the rows."""
        return drift_of(self.adjusted, self._forms[1])

    def degrees_of_freedom(self, directions: Array) -> Array:
        """(n,) of the variances measured along whitened directions (n, k), by Satterthwaite's rule.

        Of the scatter in one direction they are Bell and McCaffrey's; of the dispersion and of the drift, what their
        variances come to.
        """
        length = np.maximum(np.einsum("nk,nk->n", directions, directions), 1e-300)
        own, lost = self._forms
        squares = np.einsum("ni,gij,nj->gn", directions, own, directions)
        left = np.einsum("gij,nj->gni", lost, directions)
        overlap = np.einsum("gni,gnj->nij", left, left)
        trace = np.sum(squares, axis=0) - np.einsum("nii->n", overlap)
        drawn = np.einsum("gni,gni->gn", left, left)
        total = np.sum(squares**2 - 2 * squares * drawn, axis=0) + np.einsum("nij,nij->n", overlap, overlap)
        scatter = np.maximum(total, 1e-300) / np.maximum(trace, 1e-300) ** 2  # 1 / degrees of freedom
        measured = np.einsum("ni,ij,nj->n", directions, self.variance, directions) / length
        parts = self.evidence * (1.0 - self.roundness) * measured
        common = self.evidence * self.roundness * self.dispersion * self.dispersion_sigma
        used = np.einsum("ni,ij,nj->n", directions, self.steady, directions) / length
        lasting = (used * self.drift.inflation_sigma / self.drift.inflation) ** 2 / 2
        return np.asarray(used**2 / np.maximum(parts**2 * scatter + common**2 / 2 + lasting, 1e-300))

    @cached_property
    def _forms(self) -> tuple[Array, Array]:
        """A M A and M A per cluster, with A = (1 - M)^-1/2: adjusted scores of clusters g, h have, for independent
        errors, the covariance A_g M_g A_g [g = h] - A_g M_g M_h A_h."""
        left = 1.0 - self.values
        return _matrices(self.values / left, self.vectors), _matrices(self.values / np.sqrt(left), self.vectors)


def cluster_scatter(root: Array, systems: ClusterSystems, variance_factor: float) -> ClusterScatter:
    """The scatter over clusters. root: (K, k), root root' being the covariance for independent errors of variance 1."""
    leverage = root.T @ systems.information @ root
    values, vectors = np.linalg.eigh((leverage + leverage.transpose(0, 2, 1)) / 2)
    values = np.clip(values, 0.0, LARGEST_LEVERAGE)
    scores = systems.score @ root / np.sqrt(variance_factor)
    adjusted = np.einsum("gij,gj->gi", _matrices(1.0 / np.sqrt(1.0 - values), vectors), scores)
    return ClusterScatter(values, vectors, adjusted, adjusted.T @ adjusted + root.T @ systems.prior @ root)


def _matrices(values: Array, vectors: Array) -> Array:
    """(G, k, k) symmetric matrices of eigenvalues (G, k) and eigenvectors."""
    return np.asarray((vectors * values[:, None, :]) @ vectors.transpose(0, 2, 1))
