"""Clusters: rows that were measured together and may share an error, and what each contributes to the shared columns.

The corners of one view share its defocus, its motion and the shape of the paper; the rows of one pose share the
arm's. Such errors do not average out over the rows of a cluster, only over clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.engine.normal_equations.dense import dense_columns
from calib.engine.normal_equations.rows import evaluate_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calib.engine.normal_equations.assembly import NormalEquations
    from calib.engine.normal_equations.layout import Layout, ResidualLayout
    from calib.engine.problem import Values

# Beyond so many, neighbours are merged: the scatter between clusters is known to 4 % by then, and an error may well
# last from one cluster to the next. Their matrices then take at most so many numbers, 160 MB.
MOST_CLUSTERS, MOST_NUMBERS = 400, 20_000_000


@dataclass(frozen=True, eq=False, repr=False)
class ClusterSystems:
    """Per cluster, its part of the normal equations of the shared columns, its private blocks eliminated."""

    information: Array
    """(G, K, K): they sum to the Schur complement, but for the priors."""
    score: Array
    """(G, K) J'r: they sum to zero at a minimum, but for the priors."""
    squares: Array
    """(G,) squared norms of the whitened, weighted residuals."""
    prior: Array
    """(K, K) information of the priors, which have no scatter."""

    def __repr__(self) -> str:
        return f"ClusterSystems({len(self.score)} clusters, {self.score.shape[1]} shared columns)"

    def held_out_squares(self) -> Array:
        """(G,) squares of every cluster when the shared parameters are those that the others determine.

        Its private members follow its own rows still. Exact for a linear problem: the leave-one-out step of the rest is
        (H - H_g)^-1 u_g. Infinite where the others do not determine what the cluster sees.
        """
        rest = self.information.sum(axis=0) + self.prior - self.information
        scale = 1.0 / np.sqrt(np.maximum(np.einsum("gkk->gk", rest), 1e-300))
        try:
            step = (
                scale
                * np.linalg.solve(rest * scale[:, None] * scale[:, :, None], (scale * self.score)[..., None])[..., 0]
            )
        except np.linalg.LinAlgError:
            return np.full(len(self.score), np.inf)
        moved = 2 * np.einsum("gk,gk->g", self.score, step) + np.einsum("gk,gkl,gl->g", step, self.information, step)
        return np.asarray(np.where(moved >= 0, self.squares + moved, np.inf))

    def hold(self, columns: Index, step: Array) -> ClusterSystems:
        """The systems with some columns held, after they made a step (columns,) and the others followed: exact for a
        linear problem, which a parameter within its own noise makes of any."""
        kept = np.setdiff1d(np.arange(self.score.shape[1]), columns)
        whole = self.information.sum(axis=0) + self.prior
        full = np.zeros(self.score.shape[1])
        full[columns] = step
        full[kept] = -np.linalg.lstsq(whole[np.ix_(kept, kept)], whole[np.ix_(kept, columns)] @ step, rcond=None)[0]
        by_step = self.information @ full
        squares = self.squares + 2 * self.score @ full + by_step @ full
        information = self.information[:, kept[:, None], kept]
        return ClusterSystems(information, (self.score + by_step)[:, kept], squares, self.prior[np.ix_(kept, kept)])


def cluster_systems(
    layout: Layout, values: Values, normal: NormalEquations | None = None, *, settled: bool = False
) -> ClusterSystems | None:
    """The systems of all clusters at a solution; None if there is only one, or too many columns to be held.

    normal: the normal equations there, whose shares of the private members spare their rows. settled: whether the
    members' own gradients have vanished since these were assembled.
    """
    size = len(layout.free)
    numbering = _number(layout)
    count = min(numbering.count, MOST_CLUSTERS, MOST_NUMBERS // max(size * size, 1))
    if count < 2 or not size:
        return None
    merged = np.arange(numbering.count) * count // numbering.count
    information, score, squares = np.zeros((count, size, size)), np.zeros((count, size)), np.zeros(count)
    prior = np.zeros((size, size))
    kept = {} if normal is None else normal.shares
    widths = {name: layout.width(name) for name in numbering.members}
    members = {name: np.zeros((len(numbering.members[name]), t, t + size + 1)) for name, t in widths.items()}

    def add(clusters: Index, grams: Array) -> None:
        """Add products (n, K + 1, K + 1) of [J_shared r]."""
        np.add.at(information, clusters, grams[:, :-1, :-1])
        np.add.at(score, clusters, grams[:, :-1, -1])
        np.add.at(squares, clusters, grams[:, -1, -1])

    for residual in layout.residuals:
        if residual.private in kept:
            continue
        for runs in _runs(residual, values, numbering):
            grams = runs.columns.transpose(0, 2, 1) @ runs.columns
            t = grams.shape[1] - size - 1
            if residual.private:
                members[residual.private][runs.keys] += grams[:, :t]
            if residual.block.prior:
                prior += grams[:, t:-1, t:-1].sum(axis=0)
            else:
                keys = numbering.members[residual.private][runs.keys] if residual.private else runs.keys
                add(merged[keys], grams[:, t:, t:])
    for name, share in kept.items():
        assert normal is not None
        with_rows = np.flatnonzero(numbering.members[name] >= 0)
        add(merged[numbering.members[name][with_rows]], share[with_rows])
        members[name] = normal.private[name].copy()
        members[name][:, :, -1] *= not settled
    for name, system in members.items():
        t = widths[name]
        known = np.flatnonzero(numbering.members[name] >= 0)  # a member without rows contributes nothing
        own, coupling = system[known, :, :t], system[known, :, t:]
        explained = coupling[:, :, :-1].transpose(0, 2, 1) @ _solve(own, coupling)
        clusters = merged[numbering.members[name][known]]
        np.subtract.at(information, clusters, explained[:, :, :-1])
        np.subtract.at(score, clusters, explained[:, :, -1])
    return ClusterSystems(information, score, squares, prior)


@dataclass(frozen=True, eq=False)
class _Numbering:
    """Which cluster everything belongs to."""

    rows: dict[str, Index]
    """Per residual block that is no prior, the cluster of every row."""
    members: dict[str, Index]
    """Per private block, the cluster of every member; -1 without rows."""
    count: int
    """Clusters in all."""


def _number(layout: Layout) -> _Numbering:
    """Rows belong to the cluster that their block states; else to that of their private member; else to their own."""
    measured = [residual for residual in layout.residuals if not residual.block.prior]
    rows: dict[str, Index] = {}
    members = {name: np.full(layout.problem.by_name[name].count, -1) for name in layout.private}
    count = 0
    for residual in measured:
        if residual.block.clusters is not None:
            rows[residual.block.name] = residual.block.clusters
            count = max(count, 1 + int(residual.block.clusters.max(initial=-1)))
            if residual.private:
                members[residual.private][residual.members] = residual.block.clusters
    for residual in measured:
        if residual.private and residual.block.name not in rows:
            own = members[residual.private]
            new = np.unique(residual.members[own[residual.members] < 0])
            own[new] = count + np.arange(len(new))
            count += len(new)
            rows[residual.block.name] = own[residual.members]
    for residual in measured:
        if residual.block.name not in rows:
            rows[residual.block.name] = count + np.arange(residual.block.rows)
            count += residual.block.rows
    used = np.unique(np.concatenate([np.unique(own) for own in rows.values()])) if rows else np.zeros(0, np.intp)
    dense = np.full(count + 1, -1)  # the last for members without rows
    dense[used] = np.arange(len(used))
    rows, members = ({name: dense[own] for name, own in each.items()} for each in (rows, members))
    return _Numbering(rows, members, len(used))


def _solve(own: Array, right: Array) -> Array:
    """own^-1 right per member; of a member that its rows do not determine, what they do."""
    try:
        return np.asarray(np.linalg.solve(own, right))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(own, hermitian=True) @ right)


@dataclass(frozen=True, eq=False)
class _Runs:
    """Rows of one residual block, in runs of as many rows each that belong to one private member, or to one cluster."""

    keys: Index
    """(g,) the member, or the cluster, of every run: none twice."""
    columns: Array
    """(g, m, t + K + 1) of every scalar residual: by the private member, by the shared columns, and itself."""


def _runs(residual: ResidualLayout, values: Values, numbering: _Numbering) -> Iterator[_Runs]:
    """All rows of a residual block; those of a prior without private members in one run."""
    if residual.private:
        keys = residual.members
    else:
        keys = numbering.rows.get(residual.block.name, np.zeros(residual.block.rows, np.intp))
    for chunk in residual.chunks:
        rows = evaluate_rows(residual.block, values, chunk.rows)
        own = keys[chunk.rows]
        order = np.argsort(own, kind="stable")
        begins = np.flatnonzero(np.diff(own[order], prepend=-1))
        lengths = np.diff(begins, append=len(own))
        columns = dense_columns(residual.columns, rows)
        for length in np.unique(lengths):
            alike = begins[lengths == length]
            run = order[alike[:, None] + np.arange(length)]
            yield _Runs(own[run[:, 0]], columns[run].reshape(len(alike), -1, columns.shape[2]))
