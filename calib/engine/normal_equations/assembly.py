"""From residual blocks to normal equations, chunk by chunk: the whole Jacobian is never held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.engine.normal_equations.columns import Columns, Part
from calib.engine.normal_equations.layout import Chunk, Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calib.engine.problem import ResidualBlock, Values


class EvaluationError(RuntimeError):
    """A residual function raised or returned arrays of the wrong shape; the message names its block."""


@dataclass(frozen=True)
class NormalEquations:
    """J'J and J'r at one point, of the free columns only.

    cost: half the sum of the losses. squares: the weighted squared norm of the residuals.
    shared: (K, K); gradient: (K,). private: per eliminated block (members, t, t + K + 1): for every member its
    t x t matrix, its coupling to the shared columns and its gradient, side by side. residuals: number of scalars.
    """

    cost: float
    squares: float
    shared: Array
    gradient: Array
    private: dict[str, Array]
    residuals: int

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
    cost = squares = 0.0
    count = 0
    for residual in layout.residuals:
        columns = residual.columns
        own = private[residual.private] if residual.private else None
        for chunk in residual.chunks:
            rows = _evaluate(residual.block, chunk, values)
            cost += rows.cost
            squares += rows.squares
            count += rows.residuals.size
            _add_grams(columns, chunk, rows, own, shared, gradient)
            if columns.indexed:
                _add_indexed(columns, chunk, rows, own, shared, gradient)
            del rows  # before the next chunk: its memory, still in the caches, serves again
    return NormalEquations(cost, squares, shared, gradient, private, count)


def triangular_factor(layout: Layout, values: Values) -> Array:
    """The triangular factor R (K + 1, K + 1) of [J r], by Householder QR over chunks; no block may be private.

    J'J squares the condition number, R does not: the last digits and the rank are read from it.
    """
    size = len(layout.free)
    factor: Array = np.zeros((0, size + 1))
    for residual in layout.residuals:
        columns = residual.columns
        for chunk in residual.chunks:
            rows = _evaluate(residual.block, chunk, values)
            m, d = rows.residuals.shape
            dense = np.zeros((m, d, size + 1))
            for part in columns.constant:
                dense[:, :, part.columns] = rows.jacobian(part)
            for part in columns.indexed:
                assert part.members is not None
                where = part.columns[part.members[chunk.rows]]
                dense[np.arange(m)[:, None, None], np.arange(d)[:, None], where[:, None, :]] = rows.jacobian(part)
            dense[:, :, -1] = rows.residuals
            factor = np.asarray(np.linalg.qr(np.concatenate([factor, dense.reshape(m * d, size + 1)]), mode="r"))
    if len(factor) < size + 1:
        factor = np.concatenate([factor, np.zeros((size + 1 - len(factor), size + 1))])
    return factor


def row_norms(layout: Layout, values: Values) -> Iterator[tuple[str, Array, Array]]:
    """Per residual block: its name, the whitened residual norm of every row, and every row's robust weight."""
    for residual in layout.residuals:
        norms = np.empty(residual.block.rows)
        weights = np.ones(residual.block.rows)
        for chunk in residual.chunks:
            rows = _evaluate(residual.block, chunk, values, weigh=False)
            squared = np.einsum("md,md->m", rows.residuals, rows.residuals)
            norms[chunk.rows] = np.sqrt(squared)
            if residual.block.loss is not None:
                weights[chunk.rows] = residual.block.loss(squared)[1]
        yield residual.block.name, norms, weights


@dataclass(frozen=True)
class _Rows:
    """Evaluated rows: whitened and weighted residuals (m, d), raw Jacobians, and the factor that weighs them."""

    residuals: Array
    jacobians: tuple[Array, ...]
    factor: float | Array
    cost: float
    squares: float

    def jacobian(self, part: Part) -> Array:
        """The weighted Jacobian (m, d, coordinates) of one part."""
        jacobian = self.jacobians[part.position]
        if part.free is not None:
            jacobian = jacobian[:, :, part.free]
        if isinstance(self.factor, float):
            return jacobian if self.factor == 1.0 else jacobian * self.factor
        return jacobian * self.factor[:, :, None]


def _evaluate(block: ResidualBlock, chunk: Chunk, values: Values, weigh: bool = True) -> _Rows:
    try:
        residuals, jacobians = block.evaluate(values, chunk.rows)
    except Exception as error:
        raise EvaluationError(f"residual block {block.name!r} raised {type(error).__name__}: {error}") from error
    if residuals.ndim != 2 or residuals.shape[1] != block.dimension or len(jacobians) != len(block.blocks):
        raise EvaluationError(
            f"residual block {block.name!r} returned residuals {residuals.shape} and {len(jacobians)} Jacobians, "
            f"expected (rows, {block.dimension}) and {len(block.blocks)}"
        )
    factor = block.inverse_sigma(chunk.rows)
    if not (isinstance(factor, float) and factor == 1.0):
        residuals = residuals * factor
    # reductions by einsum and sum: a threaded dot product can stall for milliseconds on a busy machine
    if block.loss is None or not weigh:
        squares = float(np.einsum("md,md->", residuals, residuals))
        return _Rows(residuals, tuple(jacobians), factor, 0.5 * squares, squares)
    squared = np.einsum("md,md->m", residuals, residuals)
    rho, weight = block.loss(squared)
    root = np.sqrt(weight)[:, None]
    squares = float(np.sum(weight * squared))
    return _Rows(residuals * root, tuple(jacobians), factor * root, 0.5 * float(np.sum(rho)), squares)


def _add_grams(columns: Columns, chunk: Chunk, rows: _Rows, own: Array | None, shared: Array, gradient: Array) -> None:
    """Add the products of the private part, the constant parts and the residual with one another, group by group."""
    grams = _grams(columns.grouped, chunk, rows)
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


def _grams(parts: tuple[Part, ...], chunk: Chunk, rows: _Rows) -> Array:
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
    rows: _Rows,
    own: Array | None,
    shared: Array,
    gradient: Array,
) -> None:
    """Add the products that involve shared blocks whose member differs from row to row."""
    m = len(rows.residuals)
    constant = [(np.broadcast_to(p.columns, (m, len(p.columns))), rows.jacobian(p)) for p in columns.constant]
    indexed = []
    for part in columns.indexed:
        assert part.members is not None
        indexed.append((part.columns[part.members[chunk.rows]], rows.jacobian(part)))
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
            product = np.matmul(rows.jacobian(columns.private).transpose(0, 2, 1), jacobian)
            np.add.at(own, (member[:, None, None], np.arange(t)[:, None], t + where[:, None, :]), product)


def _add_products(matrix: Array, rows: Index, columns: Index, left: Array, right: Array) -> None:
    """matrix[rows, columns] += left' right, row by row of the observations, by one weighted count."""
    product = np.matmul(left.transpose(0, 2, 1), right)
    flat = rows[:, :, None] * matrix.shape[1] + columns[:, None, :]
    matrix += np.bincount(flat.ravel(), product.ravel(), matrix.size).reshape(matrix.shape)
