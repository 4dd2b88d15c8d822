"""Products with the Jacobian, streamed over the rows, and with the normal matrix: for methods that solve nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.assembly import EvaluationError
from calib.engine.normal_equations.schur import Tangent
from calib.engine.normal_equations.tangent import gather, scaled

if TYPE_CHECKING:
    from calib.engine.normal_equations.assembly import NormalEquations
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import ResidualBlock, Rows, Values


def evaluate(block: ResidualBlock, values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
    """Residuals and Jacobians of some rows. Raises EvaluationError with the block's name where the function fails."""
    try:
        return block.evaluate(values, rows)
    except Exception as error:
        raise EvaluationError(f"residual block {block.name!r} raised {type(error).__name__}: {error}") from error


def frozen_gradient(layout: Layout, frozen: Values, values: Values) -> tuple[Tangent, float]:
    """J(frozen)' r(values) and |r(values)|^2, both whitened; robust losses are not applied."""
    slopes = {b.name: np.zeros((b.count, b.tangent)) for b in layout.problem.parameters if len(b.free)}
    squares = 0.0
    for residual in layout.residuals:
        block = residual.block
        for chunk in residual.chunks:
            inverse = np.asarray(block.inverse_sigma(chunk.rows))
            residuals = evaluate(block, values, chunk.rows)[0] * inverse
            squares += float(np.einsum("md,md->", residuals, residuals))
            weighted = residuals * inverse
            for (name, members), jacobian in zip(
                block.blocks.items(), evaluate(block, frozen, chunk.rows)[1], strict=True
            ):
                if name not in slopes:
                    continue
                if members is None:
                    slopes[name][0] += np.einsum("mdt,md->t", jacobian, weighted)
                else:
                    np.add.at(slopes[name], members[chunk.rows], np.einsum("mdt,md->mt", jacobian, weighted))
    return gather(layout, slopes), squares


def cost(layout: Layout, values: Values) -> float:
    """Half the sum of the losses, without any product of Jacobians."""
    total = 0.0
    for residual in layout.residuals:
        block = residual.block
        for chunk in residual.chunks:
            residuals = evaluate(block, values, chunk.rows)[0] * np.asarray(block.inverse_sigma(chunk.rows))
            squared = np.einsum("md,md->m", residuals, residuals)
            total += 0.5 * float(np.sum(squared if block.loss is None else block.loss(squared)[0]))
    return total


def normal_times(normal: NormalEquations, vector: Tangent) -> Tangent:
    """J'J times a vector."""
    shared = normal.shared @ vector.shared
    private = {}
    for name, system in normal.private.items():
        t, own = system.shape[1], vector.private[name].T
        shared = shared + np.einsum("mij,mi->j", system[:, :, t:-1], own)
        product = np.einsum("mij,mj->mi", system[:, :, :t], own) + system[:, :, t:-1] @ vector.shared
        private[name] = product.T
    return Tangent(shared, private)


def largest_eigenvalue(normal: NormalEquations, inverse: Tangent, sweeps: int = 100) -> float:
    """Of J'J with its coordinates scaled by `inverse` (1 / squared scale), by the power method: from below."""
    vector, value = inverse, 0.0
    for _ in range(sweeps):
        product = normal_times(normal, vector).times(inverse)
        length = float(np.sqrt(product.dot(product)))
        if length == 0.0:
            return value
        value = length / float(np.sqrt(vector.dot(vector)))
        vector = scaled(product, 1 / length)
    return value


def with_gradient(normal: NormalEquations, slope: Tangent) -> NormalEquations:
    """The same matrix with another right-hand side."""
    private = {name: system.copy() for name, system in normal.private.items()}
    for name, system in private.items():
        system[:, :, -1] = slope.private[name].T
    return replace(normal, gradient=slope.shared, private=private)
