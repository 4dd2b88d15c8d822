"""From residual blocks to normal equations, chunk by chunk: the whole Jacobian is never held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.structure import BlockLayout, Chunk, Structure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calib.engine.problem import Array, Index, Values


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


@dataclass(frozen=True)
class _Part:
    """Columns that one parameter block contributes to the rows of a residual block.

    position: of its Jacobian among those returned. free: its free tangent coordinates, or None for all.
    columns: where they go among the free shared columns, (coordinates,) or, with a member per row, (members,
    coordinates). members: the member of every row, if it has many.
    """

    position: int
    free: Index | None
    columns: Index
    members: Index | None = None


@dataclass(frozen=True)
class _Columns:
    """How the Jacobians of a residual block are divided: the private part, the shared parts that are the same in every
    row, and those whose member differs from row to row."""

    private: _Part | None
    constant: tuple[_Part, ...]
    indexed: tuple[_Part, ...]

    @property
    def constant_columns(self) -> Index:
        """Shared columns of the constant parts, concatenated."""
        parts = [part.columns for part in self.constant]
        return np.concatenate(parts).astype(np.intp) if parts else np.zeros(0, np.intp)


def assemble(structure: Structure, values: Values) -> NormalEquations:
    """Evaluate every residual block at `values` and accumulate the normal equations.

    Raises EvaluationError with the block's name where a residual function fails.
    """
    problem = structure.problem
    size = len(structure.free)
    shared = np.zeros((size, size))
    gradient = np.zeros(size)
    private = {
        name: np.zeros((problem.by_name[name].count, t, t + size + 1))
        for name in structure.private
        for t in [len(problem.by_name[name].free)]
    }
    cost = squares = 0.0
    count = 0
    for layout in structure.layouts:
        columns = _columns(structure, layout)
        own = private[layout.private] if layout.private else None
        for chunk in layout.chunks:
            rows = _evaluate(layout, chunk, values)
            cost += rows.cost
            squares += rows.squares
            count += rows.residuals.size
            _add_grams(columns, chunk, rows, own, shared, gradient)
            if columns.indexed:
                _add_indexed(columns, layout, chunk, rows, own, shared, gradient)
            del rows  # before the next chunk: its memory, still in the caches, serves again
    return NormalEquations(cost, squares, shared, gradient, private, count)


def triangle(structure: Structure, values: Values) -> Array:
    """The triangular factor R (K + 1, K + 1) of [J r], by Householder QR over chunks; no block may be private.

    J'J squares the condition number, R does not: the last digits and the rank are read from it.
    """
    size = len(structure.free)
    factor: Array = np.zeros((0, size + 1))
    for layout in structure.layouts:
        columns = _columns(structure, layout)
        for chunk in layout.chunks:
            rows = _evaluate(layout, chunk, values)
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


def row_norms(structure: Structure, values: Values) -> Iterator[tuple[str, Array, Array]]:
    """Per residual block: its name, the whitened residual norm of every row, and every row's robust weight."""
    for layout in structure.layouts:
        norms = np.empty(layout.block.rows)
        weights = np.ones(layout.block.rows)
        for chunk in layout.chunks:
            rows = _evaluate(layout, chunk, values, weigh=False)
            squared = np.einsum("md,md->m", rows.residuals, rows.residuals)
            norms[chunk.rows] = np.sqrt(squared)
            if layout.block.loss is not None:
                weights[chunk.rows] = layout.block.loss(squared)[1]
        yield layout.block.name, norms, weights


@dataclass(frozen=True)
class _Rows:
    """Evaluated rows: whitened and weighted residuals (m, d), raw Jacobians, and the factor that weighs them."""

    residuals: Array
    jacobians: tuple[Array, ...]
    factor: float | Array
    cost: float
    squares: float

    def jacobian(self, part: _Part) -> Array:
        """The weighted Jacobian (m, d, coordinates) of one part."""
        jacobian = self.jacobians[part.position]
        if part.free is not None:
            jacobian = jacobian[:, :, part.free]
        if isinstance(self.factor, float):
            return jacobian if self.factor == 1.0 else jacobian * self.factor
        return jacobian * self.factor[:, :, None]


def _evaluate(layout: BlockLayout, chunk: Chunk, values: Values, weigh: bool = True) -> _Rows:
    block = layout.block
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


def _columns(structure: Structure, layout: BlockLayout) -> _Columns:
    position_of = np.full(structure.columns, -1, np.intp)
    position_of[structure.free] = np.arange(len(structure.free))
    private: _Part | None = None
    constant: list[_Part] = []
    indexed: list[_Part] = []
    for position, (name, members) in enumerate(layout.block.blocks.items()):
        block = structure.problem.by_name[name]
        free = None if len(block.free) == block.tangent else block.free
        if name == layout.private:
            private = _Part(position, free, np.zeros(0, np.intp), members)
        elif len(block.free):
            starts = structure.offset[name] + block.tangent * np.arange(block.count)
            columns = position_of[starts[:, None] + block.free]
            if members is None or block.count == 1:
                constant.append(_Part(position, free, columns[0]))
            else:
                indexed.append(_Part(position, free, columns, members))
    return _Columns(private, tuple(constant), tuple(indexed))


def _add_grams(
    columns: _Columns,
    chunk: Chunk,
    rows: _Rows,
    own: Array | None,
    shared: Array,
    gradient: Array,
) -> None:
    """Add the products of the private part, the constant parts and the residual with one another, group by group."""
    parts = ([columns.private] if columns.private else []) + list(columns.constant)
    where = columns.constant_columns
    grams = _grams(parts, chunk, rows)
    t = 0 if own is None else own.shape[1]
    total = grams.sum(axis=0)
    shared[np.ix_(where, where)] += total[t:-1, t:-1]
    gradient[where] += total[t:-1, -1]
    if own is not None:
        assert chunk.members is not None
        members = _as_slice(chunk.members)
        across = np.concatenate([np.arange(t), t + where, [own.shape[2] - 1]])
        if np.array_equal(across, np.arange(own.shape[2])):  # every column takes part: no scatter needed
            own[members] += grams[:, :t]
        else:
            own[chunk.members[:, None, None], np.arange(t)[:, None], across] += grams[:, :t]


def _grams(parts: list[_Part], chunk: Chunk, rows: _Rows) -> Array:
    """Products [J r]'[J r] of each group of the chunk: (groups, T + 1, T + 1)."""
    m, d = rows.residuals.shape
    widths = [len(part.free) if part.free is not None else rows.jacobians[part.position].shape[2] for part in parts]
    total = sum(widths) + 1
    n = chunk.uniform
    if n:  # memory (groups, T + 1, d, n): one product per group, long inner runs to copy
        packed = np.empty((m // n, total, d, n))
        view = packed.transpose(1, 2, 0, 3)
    else:
        packed = np.empty((total, d, m))
        view = packed[:, :, None, :]
    begin = 0
    factor = rows.factor if isinstance(rows.factor, float) else rows.factor.T.reshape(-1, *view.shape[2:])
    for part, width in zip(parts, widths, strict=True):
        jacobian = rows.jacobians[part.position]
        if part.free is not None:
            jacobian = jacobian[:, :, part.free]
        source = jacobian.transpose(2, 1, 0).reshape(width, d, *view.shape[2:])
        np.multiply(source, factor, out=view[begin : begin + width])
        begin += width
    view[begin] = rows.residuals.T.reshape(d, *view.shape[2:])
    if n:
        flat = packed.reshape(m // n, total, d * n)
        return np.asarray(np.matmul(flat, flat.transpose(0, 2, 1)))
    groups = [packed[:, :, a:b].reshape(total, -1) for a, b in zip(chunk.bounds, chunk.bounds[1:], strict=False)]
    return np.stack([group @ group.T for group in groups])


def _add_indexed(
    columns: _Columns,
    layout: BlockLayout,
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
        _scatter(shared, where, where, jacobian, jacobian)
        for other_where, other in constant + indexed[:i]:
            _scatter(shared, where, other_where, jacobian, other)
            _scatter(shared, other_where, where, other, jacobian)
        if own is not None:
            assert columns.private is not None
            assert columns.private.members is not None
            t = own.shape[1]
            member = columns.private.members[chunk.rows]
            product = np.matmul(rows.jacobian(columns.private).transpose(0, 2, 1), jacobian)
            np.add.at(own, (member[:, None, None], np.arange(t)[:, None], t + where[:, None, :]), product)


def _scatter(matrix: Array, rows: Index, columns: Index, left: Array, right: Array) -> None:
    """matrix[rows, columns] += left' right, row by row of the observations, by one weighted count."""
    product = np.matmul(left.transpose(0, 2, 1), right)
    flat = rows[:, :, None] * matrix.shape[1] + columns[:, None, :]
    matrix += np.bincount(flat.ravel(), product.ravel(), matrix.size).reshape(matrix.shape)


def _as_slice(members: Index) -> slice | Index:
    """Consecutive members as a slice, which numpy adds to in place without gathering."""
    if members[-1] - members[0] == len(members) - 1 and bool((np.diff(members) == 1).all()):
        return slice(int(members[0]), int(members[-1]) + 1)
    return members
