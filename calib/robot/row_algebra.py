"""Small matrices and vectors of many rows at once, rows along the last axis: (a, b, n) and (a, n).

Every line is then one pass over long vectors. The residuals of all measurements are written with these.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array, Index
from calib.geometry import so3

SMALL_TURN = 0.1  # sine, below which series of four terms are exact to 1e-13


def per_target(columns: Array, target: Index, count: int) -> Array:
    """Columns (t, d, n) by a row's own target as columns (count t, d, n) by all of them: zero but for its own."""
    if count == 1:
        return columns
    out = np.zeros((count, *columns.shape))
    out[target, :, :, np.arange(len(target))] = columns.transpose(2, 0, 1)
    return out.reshape(-1, *columns.shape[1:])


def rows_last(array: Array) -> Array:
    """(n, ...) as contiguous (..., n)."""
    return np.ascontiguousarray(np.moveaxis(array, 0, -1))


def multiply_rows(left: Array, right: Array) -> Array:
    """Matrix products (a, c, n) of (a, b) or (a, b, n) and (b, c, n), row by row."""
    if left.ndim == 2:
        return np.asarray((left @ right.reshape(len(right), -1)).reshape(len(left), *right.shape[1:]))
    return np.asarray(np.einsum("abn,bcn->acn", left, right))


def apply_rows(matrix: Array, vector: Array) -> Array:
    """Matrix (a, b) or (a, b, n) times vector (b, n): (a, n)."""
    return np.asarray(matrix @ vector if matrix.ndim == 2 else np.einsum("abn,bn->an", matrix, vector))


def turn_error(error: Array) -> tuple[Array, Array]:
    """Rotation vectors w (3, n) of turns (3, 3, n), and J (3, 3, n) with log(exp(dw) exp(w)) = w + J dw.

    By the sine and series where all turns are small, as residuals are; they agree with `so3` to rounding.
    """
    axis = 0.5 * np.stack([error[2, 1] - error[1, 2], error[0, 2] - error[2, 0], error[1, 0] - error[0, 1]])
    sine = np.sqrt(np.einsum("an,an->n", axis, axis))
    if sine.max(initial=0.0) > SMALL_TURN or np.einsum("aan->n", error).min(initial=3.0) < 1:
        turns = so3.log(error.transpose(2, 0, 1))
        return turns.T, rows_last(so3.left_jacobian_inverse(turns))
    angle = np.arcsin(sine)
    w = axis * np.where(sine > 1e-8, angle / np.maximum(sine, 1e-8), 1.0)
    squared = angle * angle
    d = (1 + squared / 60 * (1 + squared / 42 * (1 + squared / 40))) / 12  # Sola et al. 2018, eq. 146, as a series
    bend = (d * w)[:, None] * w
    half = 0.5 * w
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        bend[i, i] += 1 - d * squared
        bend[i, j] += half[k]
        bend[j, i] -= half[k]
    return w, bend


def minus_cross(matrix: Array, point: Array) -> Array:
    """-M hat(x), (a, 3, n), of M (a, 3, n) and x (3, n): row r becomes x cross r."""
    out = np.empty(np.broadcast_shapes(matrix.shape, (1, 1, point.shape[1])))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(matrix[:, k], point[j], out=out[:, i])
        out[:, i] -= matrix[:, j] * point[k]
    return out
