"""From residual blocks to normal equations, chunk by chunk: the whole Jacobian is never held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.engine.normal_equations.columns import Columns, Part
from calib.engine.normal_equations.layout import Chunk, Layout
from calib.engine.normal_equations.rows import EvaluatedRows, evaluate_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calib.engine.normal_equations.tangent import Tangent
    from calib.engine.problem import Values


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """J'J and J'r at one point, of the free columns only."""

    cost: float
    """Half the sum of the losses."""
    squares: float
    """The squared norm of the weighted residuals."""
    shared: Array
    """(K, K) of the columns that are not eliminated."""
    gradient: Array
    """(K,) J'r of the same."""
    private: dict[str, Array]
    """(members, t, t + K + 1) per eliminated block: a member's t x t matrix, its coupling to the shared columns and
    its gradient, side by side."""
    residuals: int
    """Number of scalar residuals."""
    shares: dict[str, Array] = field(default_factory=dict)
    """Per eliminated block, (members, K + 1, K + 1) products of [J_shared r] over the rows of each member: what it adds
    to `shared`, `gradient` and `squares`. Only where they are cheap to keep, see `Layout.shares`."""

    def __repr__(self) -> str:
        return f"NormalEquations(cost {self.cost:.9g}, {len(self.gradient)} shared columns, {self.residuals} residuals)"

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        arrays = (self.shared, self.gradient, *self.private.values())
        return bool(np.isfinite(self.cost)) and all(bool(np.isfinite(a).all()) for a in arrays)


def assemble(layout: Layout, values: Values) -> NormalEquations:
    """Evaluate every residual block at `values` and accumulate the normal equations.

    Raises EvaluationError with the block's name where a residual function fails.
    """
    problem = layout.problem
    size = len(layout.free)
    shared = np.zeros((size, size))
    gradient = np.zeros(size)
    private = {
        name: np.zeros((problem.by_name[name].count, t, t + size + 1))
        for name in layout.private
        for t in [len(problem.by_name[name].free)]
    }
    shares = {name: np.zeros((len(own), size + 1, size + 1)) for name, own in private.items() if layout.shares[name]}
    cost = squares = 0.0
    count = 0
    for residual in layout.residuals:
        columns = residual.columns
        own = private[residual.private] if residual.private else None
        share = shares.get(residual.private) if residual.private else None
        for chunk in residual.chunks:
            rows = evaluate_rows(residual.block, values, chunk.rows)
            cost += rows.cost
            squares += rows.squares
            count += rows.residuals.size
            grams = _grams(columns.grouped, chunk, rows)
            _add_grams(columns, chunk, grams, own, shared, gradient)
            if share is not None:
                _add_shares(columns, chunk, grams, share)
            if columns.indexed:
                _add_indexed(columns, chunk, rows, own, shared, gradient)
            del rows  # before the next chunk: its memory, still in the caches, serves again
    return NormalEquations(cost, squares, shared, gradient, private, count, shares)


def move_share(normal: NormalEquations, name: str, step: Tangent) -> Array:
    """The shares of an eliminated block's members after a step, as the linear model predicts them."""
    share, system, own = normal.shares[name], normal.private[name], step.private[name].T
    t = system.shape[1]
    matrices, slopes = share[:, :-1, :-1], share[:, :-1, -1]
    coupling, gradient = system[:, :, t:-1], system[:, :, -1]
    by_shared, by_own = matrices @ step.shared, np.einsum("mtk,mt->mk", coupling, own)
    moved = share.copy()
    moved[:, :-1, -1] += by_shared + by_own
    moved[:, -1, :-1] = moved[:, :-1, -1]
    squares = (2 * slopes + by_shared + 2 * by_own) @ step.shared
    squares += np.einsum("mt,mt->m", own, 2 * gradient + np.einsum("mij,mj->mi", system[:, :, :t], own))
    moved[:, -1, -1] += squares
    return np.asarray(moved)


def row_norms(layout: Layout, values: Values) -> Iterator[tuple[str, Array, Array]]:
    """Per residual block: its name, the whitened residual norm of every row, and every row's robust weight."""
    for residual in layout.residuals:
        norms = np.empty(residual.block.rows)
        weights = np.ones(residual.block.rows)
        for chunk in residual.chunks:
            rows = evaluate_rows(residual.block, values, chunk.rows, robust=False)
            squared = np.einsum("md,md->m", rows.residuals, rows.residuals)
            norms[chunk.rows] = np.sqrt(squared)
            if residual.block.loss is not None:
                weights[chunk.rows] = residual.block.loss(squared)[1]
        yield residual.block.name, norms, weights


def _add_shares(columns: Columns, chunk: Chunk, grams: Array, share: Array) -> None:
    """Add what each group adds to the shared columns to its member's share."""
    assert chunk.members is not None
    where = np.append(columns.total, columns.shared)
    t = grams.shape[1] - len(where)
    if columns.across is None:  # every column, in order
        share[chunk.members] += grams[:, t:, t:]
        return
    members = np.arange(len(share))[chunk.members]
    share[members[:, None, None], where[:, None], where] += grams[:, t:, t:]


def _add_grams(columns: Columns, chunk: Chunk, grams: Array, own: Array | None, shared: Array, gradient: Array) -> None:
    """Add the products of the private part, the constant parts and the residual with one another, group by group."""
    t = 0 if own is None else own.shape[1]
    total = np.add.reduce(grams, axis=0)
    where = columns.total
    shared[where[:, None], where] += total[t:-1, t:-1]
    gradient[where] += total[t:-1, -1]
    if own is not None:
        assert chunk.members is not None
        if columns.across is None:
            own[chunk.members] += grams[:, :t]
        else:
            members = np.arange(len(own))[chunk.members]
            own[members[:, None, None], np.arange(t)[:, None], columns.across] += grams[:, :t]


def _grams(parts: tuple[Part, ...], chunk: Chunk, rows: EvaluatedRows) -> Array:
    """Products [J r]'[J r] of each group of the chunk: (groups, T + 1, T + 1)."""
    m, d = rows.residuals.shape
    total = sum(part.width for part in parts) + 1
    n = chunk.uniform
    if n:  # memory (groups, T + 1, d, n): one product per group, long inner runs to copy
        packed = np.empty((m // n, total, d, n))
        view = packed.transpose(1, 2, 0, 3)
    else:
        packed = np.empty((total, d, m))
        view = packed[:, :, None, :]
    begin = 0
    factor = rows.factor if isinstance(rows.factor, float) else rows.factor.T.reshape(-1, *view.shape[2:])
    for part in parts:
        columns = rows.jacobians[part.position].transpose(2, 1, 0)
        for run in part.runs:
            width = run.stop - run.start
            source = columns[run].reshape(width, d, *view.shape[2:])
            np.multiply(source, factor, out=view[begin : begin + width])
            begin += width
    view[begin] = rows.residuals.T.reshape(d, *view.shape[2:])
    if n:
        flat = packed.reshape(m // n, total, d * n)
        return np.asarray(np.matmul(flat, flat.transpose(0, 2, 1)))
    groups = [packed[:, :, a:b].reshape(total, -1) for a, b in zip(chunk.bounds, chunk.bounds[1:], strict=False)]
    return np.stack([group @ group.T for group in groups])


def _add_indexed(
    columns: Columns,
    chunk: Chunk,
    rows: EvaluatedRows,
    own: Array | None,
    shared: Array,
    gradient: Array,
) -> None:
    """Add the products that involve shared blocks whose member differs from row to row."""
    m = len(rows.residuals)
    constant, indexed = [], []
    for part in columns.constant:
        everywhere = np.broadcast_to(part.columns, (m, len(part.columns)))
        constant.append((everywhere, rows.jacobian(part.position, part.free)))
    for part in columns.indexed:
        indexed.append((part.columns_at(chunk.rows), rows.jacobian(part.position, part.free)))
    for i, (where, jacobian) in enumerate(indexed):
        np.add.at(gradient, where, np.einsum("mdt,md->mt", jacobian, rows.residuals))
        _add_products(shared, where, where, jacobian, jacobian)
        for other_where, other in constant + indexed[:i]:
            _add_products(shared, where, other_where, jacobian, other)
            _add_products(shared, other_where, where, other, jacobian)
        if own is not None:
            assert columns.private is not None
            assert columns.private.members is not None
            t = own.shape[1]
            member = columns.private.members[chunk.rows]
            mine = rows.jacobian(columns.private.position, columns.private.free)
            product = np.matmul(mine.transpose(0, 2, 1), jacobian)
            np.add.at(own, (member[:, None, None], np.arange(t)[:, None], t + where[:, None, :]), product)


def _add_products(matrix: Array, rows: Index, columns: Index, left: Array, right: Array) -> None:
    """matrix[rows, columns] += left' right, row by row of the observations, by one weighted count."""
    product = np.matmul(left.transpose(0, 2, 1), right)
    flat = rows[:, :, None] * matrix.shape[1] + columns[:, None, :]
    matrix += np.bincount(flat.ravel(), product.ravel(), matrix.size).reshape(matrix.shape)
