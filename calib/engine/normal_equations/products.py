"""Products with the Jacobian, streamed over the rows, and with the normal matrix: for methods that solve nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.normal_equations.rows import EvaluatedRows, evaluate_rows
from calib.engine.normal_equations.tangent import Tangent, gather

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calib.arrays import Array
    from calib.engine.normal_equations.assembly import NormalEquations
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Values


def cost(layout: Layout, values: Values) -> float:
    """Half the sum of the losses, without any Jacobian."""
    return sum(rows.cost for rows in _all_rows(layout, values))


def weighted_squares(layout: Layout, values: Values) -> float:
    """The squared norm of the whitened, weighted residuals, without any Jacobian."""
    return sum(rows.squares for rows in _all_rows(layout, values))


def frozen_gradient(layout: Layout, frozen: Values, values: Values) -> tuple[Tangent, float]:
    """J(frozen)' r(values) and |r(values)|^2, both whitened; robust losses are not applied."""
    slopes = empty_sums(layout)
    squares = 0.0
    for residual in layout.residuals:
        for chunk in residual.chunks:
            here = evaluate_rows(residual.block, values, chunk.rows, robust=False)
            there = here if frozen is values else evaluate_rows(residual.block, frozen, chunk.rows, robust=False)
            squares += here.squares
            there.add_transposed(here.residuals, slopes)
    return gather(layout, slopes), squares


def empty_sums(layout: Layout) -> dict[str, Array]:
    """Zeros (members, tangent) for every block with free coordinates, to add products with J' to."""
    return {b.name: np.zeros((b.count, b.tangent)) for b in layout.problem.parameters if len(b.free)}


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
        product = normal_times(normal, vector) * inverse
        length = product.length
        if not length > 0.0:  # nothing to find, or not a number
            return value
        value = length / vector.length
        vector = product * (1 / length)
    return value


def with_gradient(normal: NormalEquations, slope: Tangent) -> NormalEquations:
    """The same matrix with another right-hand side."""
    private = {name: system.copy() for name, system in normal.private.items()}
    for name, system in private.items():
        system[:, :, -1] = slope.private[name].T
    return replace(normal, gradient=slope.shared, private=private)


def _all_rows(layout: Layout, values: Values) -> Iterator[EvaluatedRows]:
    for residual in layout.residuals:
        for chunk in residual.chunks:
            yield evaluate_rows(residual.block, values, chunk.rows)
