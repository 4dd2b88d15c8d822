"""How uncertain each parameter is, and which are not observable.

The rank is read from column-pivoted factors of the column-scaled problem, which name parameters; a parameter that
takes part in any direction that is not observable has an infinite standard deviation, never a pseudo-inverse's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack, qr, solve_triangular

from calib.arrays import Array, Index, Mask
from calib.engine.eliminated_blocks import TOUCHED, EliminatedBlocks
from calib.engine.normal_equations.dense import triangular_factor
from calib.engine.normal_equations.schur import SchurComplement, eliminate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.engine.cluster_covariance import ClusterScatter
    from calib.engine.label import Label
    from calib.engine.normal_equations.assembly import NormalEquations
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.normal_equations.tangent import Tangent
    from calib.engine.problem import Values

# Relative size, in unit-scaled columns, below which a direction is unseen. Seen directions of real problems end at
# 1e-5, rounding begins at 1e-13 (R) and 1e-15 (J'J, squared): both gaps are decades wide.
UNSEEN_IN_R = 1e-10
UNSEEN_IN_SQUARED = 1e-12


@dataclass(frozen=True)
class Unobservable:
    """A direction that is not observable."""

    label: Label
    """The parameter that is not separable."""
    trades_with: tuple[Label, ...]
    """What it is not separable from; empty: it has no effect."""

    def __str__(self) -> str:
        if not self.trades_with:
            return f"{self.label} has no effect on any residual"
        return f"{self.label} is not separable from {', '.join(self.trades_with)}"


@dataclass(frozen=True, eq=False, repr=False)
class Uncertainty:
    """Covariances: for independent errors of the sigma stated in the problem, or as the residuals show them."""

    labels: tuple[Label, ...]
    """Of the shared coordinates."""
    shared: Array
    """Their covariance (K, K), infinite on the diagonal where a coordinate is not observable."""
    unobservable: tuple[Unobservable, ...]
    """One per direction that is not observable."""
    root: Array
    """(K, rank), of the stated covariance: root root' without what is not observable."""
    eliminated: EliminatedBlocks
    """The private blocks, whose covariances are worked out on demand."""
    scatter: ClusterScatter | None = None
    """What the residuals of the clusters show, if there are clusters and it is used."""
    residual_freedom: float = np.inf
    """Degrees of freedom that the size of the residuals was measured with; infinite where it was stated."""
    shifts: tuple[Tangent, ...] = ()
    """Each one standard deviation of what the problem leaves out; the covariances contain them."""

    def __repr__(self) -> str:
        return f"Uncertainty({len(self.labels)} shared coordinates of rank {self.rank})"

    @property
    def rank(self) -> int:
        """Of the shared part."""
        return int(self.root.shape[1])

    @property
    def private(self) -> dict[str, Array]:
        """Per eliminated block, standard deviations (members, tangent), 0 where fixed."""
        return {name: sigma for name, (sigma, _) in self.eliminated.deviations.items()}

    @property
    def private_covariance(self) -> dict[str, Array]:
        """Per eliminated block, covariances (members, t, t) of its free coordinates."""
        return {name: covariance for name, (_, covariance) in self.eliminated.deviations.items()}

    def sigma(self, label: str) -> float:
        """Standard deviation of a shared label; 0 if it was held fixed."""
        if label not in self.labels:
            return 0.0
        i = self.labels.index(label)
        return float(np.sqrt(self.shared[i, i]))

    def covariance(self, labels: Sequence[str]) -> Array:
        """Covariance of shared labels; zero rows for those held fixed."""
        here = [i for i, label in enumerate(labels) if label in self.labels]
        there = [self.labels.index(labels[i]) for i in here]
        out = np.zeros((len(labels), len(labels)))
        out[np.ix_(here, here)] = self.shared[np.ix_(there, there)]
        return out

    def degrees_of_freedom(self, labels: Sequence[str]) -> Array:
        """(n,) that the standard deviations of shared labels were measured with; infinite for those held fixed."""
        contrasts = np.array([[own == label for own in self.labels] for label in labels], float)
        return self.freedom_along(contrasts.reshape(len(labels), len(self.labels)))

    def freedom_along(self, contrasts: Array) -> Array:
        """(n,) that the standard deviations of contrasts (n, K) of the shared coordinates were measured with."""
        directions = contrasts @ self.root
        known = np.full(len(directions), np.inf)
        moving = np.einsum("nk,nk->n", directions, directions) > 0
        if moving.any():
            scatter = self.scatter.degrees_of_freedom(directions[moving]) if self.scatter else np.inf
            known[moving] = 1.0 / (1.0 / np.asarray(scatter) + 1.0 / self.residual_freedom)
        if self.shifts:
            shifted = sum((contrasts @ shift.shared) ** 2 for shift in self.shifts)
            finite = np.where(np.isfinite(self.shared), self.shared, 0.0)
            whole = np.einsum("nk,kl,nl->n", contrasts, finite, contrasts)
            measured = np.maximum(1.0 - shifted / np.where(whole > 0, whole, 1.0), 1e-6)  # share of the variance
            known = known / measured**2
        return known

    def widen(self, shift: Tangent) -> Uncertainty:
        """With the square of a shift in the covariances: one standard deviation of what the problem leaves out, that
        moves all parameters together."""
        shifts = (*self.shifts, shift)
        shared = self.shared + np.outer(shift.shared, shift.shared)
        return replace(self, shared=shared, shifts=shifts, eliminated=replace(self.eliminated, shifts=shifts))


def uncertainty(
    layout: Layout, values: Values, normal: NormalEquations, eliminated: SchurComplement | None = None
) -> Uncertainty:
    """Covariance and observability at a solution, by the same elimination as the solve: `eliminated` if it is known."""
    held, unseen = _hold_unseen_private(layout, normal)
    system = eliminate(held) if eliminated is None or held is not normal else eliminated
    size = len(layout.free)
    labels = layout.shared_labels()
    if layout.private:
        diagonal = np.diagonal(normal.shared)
        scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        factor, order, rank = _pivoted_cholesky(system.matrix * scale * scale[:, None])
    else:
        factor = triangular_factor(layout, values)[:-1, :-1]
        norms = np.sqrt(np.sum(factor**2, axis=0))
        scale = 1.0 / np.where(norms > 0, norms, 1.0)
        factor, order, rank = _pivoted_qr(factor * scale)
    kept, dropped = order[:rank], order[rank:]
    inverse = lapack.dtrtri(factor[:rank, :rank])[0] if rank else np.zeros((0, 0))
    root = np.zeros((size, rank))
    root[kept] = scale[kept, None] * inverse
    null = np.zeros((size, size - rank))
    null[kept] = -inverse @ factor[:rank, rank:] if rank else 0.0
    null[dropped, np.arange(size - rank)] = 1.0
    directions = [_direction(labels, null[:, i], int(dropped[i])) for i in range(size - rank)]
    touched = (np.abs(null) > TOUCHED * np.abs(null).max(axis=0, initial=0.0)).any(axis=1)
    null = null * scale[:, None]
    covariance = root @ root.T
    blocks = EliminatedBlocks(layout, system.private, covariance, null, unseen)
    everything = tuple(directions) + tuple(_private_directions(layout, unseen))
    return Uncertainty(labels, _with_infinite(covariance, touched), everything, root, blocks)


def measure(stated: Uncertainty, scatter: ClusterScatter | None, variance: float, freedom: float) -> Uncertainty:
    """The covariances that the residuals show in place of those stated.

    variance: the variance factor, measured with so many degrees of freedom. scatter: None for independent errors.
    """
    shown = np.eye(stated.rank) if scatter is None else scatter.shrunk
    inflation = 1.0 if scatter is None else scatter.inflation
    shared = variance * (stated.root @ shown @ stated.root.T)
    blocks = replace(stated.eliminated, shared=shared, variance=variance * inflation)
    return replace(
        stated,
        shared=_with_infinite(shared, np.isinf(np.diagonal(stated.shared))),
        eliminated=blocks,
        scatter=scatter,
        residual_freedom=max(freedom, 1.0),
    )


def _with_infinite(covariance: Array, touched: Mask) -> Array:
    """The covariance, infinite on the diagonal where a coordinate is not observable."""
    found = covariance.copy()
    np.fill_diagonal(found, np.where(touched, np.inf, np.diagonal(covariance)))
    return found


def _pivoted_cholesky(matrix: Array) -> tuple[Array, Index, int]:
    if not len(matrix):
        return matrix, np.zeros(0, np.intp), 0
    factor, pivots, rank, _ = lapack.dpstrf(matrix, lower=0, tol=UNSEEN_IN_SQUARED)
    return np.triu(factor), np.asarray(pivots, np.intp) - 1, int(rank)


def _pivoted_qr(scaled: Array) -> tuple[Array, Index, int]:
    if not len(scaled):
        return scaled, np.zeros(0, np.intp), 0
    factor, order = qr(scaled, mode="r", pivoting=True)
    size = np.abs(np.diagonal(factor))
    return np.asarray(factor, float), np.asarray(order, np.intp), int(np.sum(size > UNSEEN_IN_R * max(1.0, size[0])))


def _direction(labels: tuple[Label, ...], null: Array, dropped: int) -> Unobservable:
    others = np.flatnonzero(np.abs(null) > TOUCHED * np.abs(null).max())
    others = others[np.argsort(-np.abs(null[others]), kind="stable")]
    return Unobservable(labels[dropped], tuple(labels[i] for i in others if i != dropped))


def _hold_unseen_private(
    layout: Layout, normal: NormalEquations
) -> tuple[NormalEquations, dict[str, dict[int, Array]]]:
    """Give a unit diagonal to private coordinates that their own rows do not determine, and report them.

    Returns the normal equations and, per block and member, the null vectors (t, q) of the member's matrix.
    """
    unseen: dict[str, dict[int, Array]] = {}
    private = dict(normal.private)
    for name, system in normal.private.items():
        t = system.shape[1]
        if not t:
            continue
        blocks = system[:, :, :t]
        diagonals = np.einsum("nii->ni", blocks)
        scale = 1.0 / np.sqrt(np.where(diagonals > 0, diagonals, 1.0))
        scaled = blocks * scale[:, :, None] * scale[:, None, :]
        # With a unit diagonal, the smallest eigenvalue is at least the determinant over e: few need a closer look.
        suspects = np.flatnonzero(~(np.linalg.det(scaled) > np.e * UNSEEN_IN_SQUARED))
        smallest = np.linalg.eigvalsh(scaled[suspects])[:, 0] if len(suspects) else np.zeros(0)
        for member in suspects[smallest < UNSEEN_IN_SQUARED]:
            s = scale[member]
            factor, order, rank = _pivoted_cholesky(blocks[member] * s * s[:, None])
            kept, dropped = order[:rank], order[rank:]
            null = np.zeros((t, t - rank))
            null[kept] = -solve_triangular(factor[:rank, :rank], factor[:rank, rank:]) if rank else 0.0
            null[dropped, np.arange(t - rank)] = 1.0
            unseen.setdefault(name, {})[int(member)] = null
            system = system.copy() if private[name] is normal.private[name] else private[name]
            system[member, dropped, :] = 0.0
            system[member][:, dropped] = 0.0
            system[member, dropped, dropped] = 1.0
            private[name] = system
    if not unseen:
        return normal, unseen
    held = type(normal)(normal.cost, normal.squares, normal.shared, normal.gradient, private, normal.residuals)
    return held, unseen


def _private_directions(layout: Layout, unseen: dict[str, dict[int, Array]]) -> list[Unobservable]:
    found = []
    for name, members in unseen.items():
        block = layout.problem.by_name[name]
        for member, directions in members.items():
            labels = tuple(block.full_label(member, int(c)) for c in block.free)
            for i in range(directions.shape[1]):
                null = directions[:, i]
                found.append(_direction(labels, null, int(np.argmax(np.abs(null) == 1.0))))
    return found
