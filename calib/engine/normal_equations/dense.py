"""The Jacobian in full, for what the normal equations cannot give: the rank, the last digits, wide problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.rows import evaluate_rows
from calib.engine.problem import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calib.engine.normal_equations.columns import Columns
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.normal_equations.rows import EvaluatedRows
    from calib.engine.problem import Values


def triangular_factor(layout: Layout, values: Values) -> Array:
    """The triangular factor R (K + 1, K + 1) of [J r], by Householder QR over chunks. Raises ProblemError.

    J'J squares the condition number, R does not: the last digits and the rank are read from it.
    """
    size = len(layout.free) + 1
    factor: Array = np.zeros((0, size))
    for dense in _dense_chunks(layout, values):
        factor = np.asarray(np.linalg.qr(np.concatenate([factor, dense]), mode="r"))
    if len(factor) < size:
        factor = np.concatenate([factor, np.zeros((size - len(factor), size))])
    return factor


def dense_rows(layout: Layout, values: Values) -> tuple[Array, Array]:
    """The whitened, weighted Jacobian (m, K) of the free coordinates and the residuals (m,). Raises ProblemError."""
    whole = np.concatenate(list(_dense_chunks(layout, values)))
    return whole[:, :-1], whole[:, -1]


def dense_columns(columns: Columns, rows: EvaluatedRows) -> Array:
    """[J_private J_shared r] (m, d, t + K + 1) of some rows, whitened and weighted."""
    m, d = rows.residuals.shape
    t = columns.private.width if columns.private else 0
    dense = np.zeros((m, d, t + columns.shared + 1))
    if columns.private:
        dense[:, :, :t] = rows.jacobian(columns.private.position, columns.private.free)
    for part in columns.constant:
        dense[:, :, t + part.columns] = rows.jacobian(part.position, part.free)
    for part in columns.indexed:
        where = t + part.columns_at(rows.rows)
        dense[np.arange(m)[:, None, None], np.arange(d)[:, None], where[:, None, :]] = rows.jacobian(
            part.position, part.free
        )
    dense[:, :, -1] = rows.residuals
    return dense


def _dense_chunks(layout: Layout, values: Values) -> Iterator[Array]:
    """[J r] (scalar residuals, K + 1), chunk by chunk. Raises ProblemError if a block was eliminated."""
    if layout.private:
        raise ProblemError(f"{layout.private[0]}: private blocks are eliminated, their columns are never held")
    for residual in layout.residuals:
        for chunk in residual.chunks:
            rows = evaluate_rows(residual.block, values, chunk.rows)
            yield dense_columns(residual.columns, rows).reshape(-1, len(layout.free) + 1)
