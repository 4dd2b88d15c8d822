"""Rows of a residual block, evaluated: the one place where residuals are whitened and robust losses weigh them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array

if TYPE_CHECKING:
    from calib.arrays import Index
    from calib.engine.problem import ResidualBlock, Rows, Values


class EvaluationError(RuntimeError):
    """A residual function raised or returned arrays of the wrong shape; the message names its block."""


@dataclass(frozen=True, eq=False)
class EvaluatedRows:
    """Some rows of a residual block at one point. Its Jacobians J are to be whitened and weighted, by `factor`."""

    block: ResidualBlock
    """The residual block."""
    rows: Rows
    """Which of its rows."""
    residuals: Array
    """(m, d), whitened and weighted."""
    jacobians: Sequence[Array]
    """(m, d, tangent) per block used, as the residual function returned them: multiplying them is left to the user."""
    factor: float | Array
    """What whitens and weighs: a number, (m, 1) or (m, d)."""
    cost: float
    """Half the sum of the losses."""
    squares: float
    """The squared norm of `residuals`."""

    def weigh(self, raw: Array) -> Array:
        """Other residuals (m, d) of the same rows, whitened and weighted as these were."""
        return raw if isinstance(self.factor, float) and self.factor == 1.0 else raw * self.factor

    def jacobian(self, position: int, free: Index | None = None) -> Array:
        """J of the block at a position, (m, d, coordinates); free: the tangent coordinates needed, None for all."""
        jacobian = self.jacobians[position] if free is None else self.jacobians[position][:, :, free]
        if isinstance(self.factor, float):
            return jacobian if self.factor == 1.0 else jacobian * self.factor
        return jacobian * self.factor[:, :, None]

    def times(self, steps: Mapping[str, Array]) -> Array:
        """J h (m, d) for steps h (members, tangent) per block; blocks without one stay."""
        product = np.zeros_like(self.residuals)
        for (name, members), jacobian in zip(self.block.blocks.items(), self.jacobians, strict=True):
            if name in steps:
                own = steps[name][0] if members is None else steps[name][members[self.rows]]
                product += np.einsum("mdt,t->md" if own.ndim == 1 else "mdt,mt->md", jacobian, own)
        return self.weigh(product)

    def add_transposed(self, vector: Array, sums: dict[str, Array]) -> None:
        """Add J' vector, of a vector (m, d), to sums (members, tangent) per block; blocks without any are omitted."""
        weighted = self.weigh(vector)
        for (name, members), jacobian in zip(self.block.blocks.items(), self.jacobians, strict=True):
            if name not in sums:
                continue
            if members is None:
                sums[name][0] += np.einsum("mdt,md->t", jacobian, weighted)
            else:
                np.add.at(sums[name], members[self.rows], np.einsum("mdt,md->mt", jacobian, weighted))


def evaluate(block: ResidualBlock, values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
    """Residuals (m, d) and Jacobians of some rows as the block's function gives them. Raises EvaluationError."""
    try:
        residuals, jacobians = block.evaluate(values, rows)
    except Exception as error:
        raise EvaluationError(f"residual block {block.name!r} raised {type(error).__name__}: {error}") from error
    if residuals.ndim != 2 or residuals.shape[1] != block.dimension or len(jacobians) != len(block.blocks):
        raise EvaluationError(
            f"residual block {block.name!r} returned residuals {residuals.shape} and {len(jacobians)} Jacobians, "
            f"expected (rows, {block.dimension}) and {len(block.blocks)}"
        )
    return residuals, jacobians


def evaluate_rows(block: ResidualBlock, values: Values, rows: Rows, *, robust: bool = True) -> EvaluatedRows:
    """Evaluate some rows, whiten them by sigma and weigh them by the derivative of the loss, unless not `robust`.

    Re-weighting gives the gradient of the losses and the Gauss-Newton matrix of B. Triggs et al. 2000, sec. 4.3, less
    its second-order term. Raises EvaluationError, with the block's name, where its function fails.
    """
    residuals, jacobians = evaluate(block, values, rows)
    factor = block.inverse_sigma(rows)
    if not (isinstance(factor, float) and factor == 1.0):
        residuals = residuals * factor
    # reductions by einsum and sum: a threaded dot product can stall for milliseconds on a busy machine
    if block.loss is None or not robust:
        squares = float(np.einsum("md,md->", residuals, residuals))
        return EvaluatedRows(block, rows, residuals, jacobians, factor, 0.5 * squares, squares)
    squared = np.einsum("md,md->m", residuals, residuals)
    rho, weight = block.loss(squared)
    root = np.sqrt(weight)[:, None]
    cost, squares = 0.5 * float(np.sum(rho)), float(np.sum(weight * squared))
    return EvaluatedRows(block, rows, residuals * root, jacobians, factor * root, cost, squares)
