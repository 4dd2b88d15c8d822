"""Numeric derivatives that any residual block's Jacobian can be held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array

if TYPE_CHECKING:
    from calib.engine.problem import Evaluate, ParameterBlock, Problem, ResidualBlock, Rows, Values

# The step of a central difference balances truncation h^2 against rounding eps / h: h = eps^(1/3).
CENTRAL_STEP = float(np.finfo(float).eps) ** (1 / 3)
COMPLEX_STEP = 1e-30  # no subtraction, no rounding: any tiny step will do


def numeric_jacobians(
    problem: Problem, block: ResidualBlock, values: Values, method: Literal["central", "complex"] = "central"
) -> tuple[Array, ...]:
    """Jacobians (rows, dimension, tangent) of a residual block by finite differences along each tangent coordinate.

    All members of a parameter block are moved at once: a row meets only one of them. "complex" needs a residual and
    a retraction that are analytic and pass complex numbers through (W. Squire, G. Trapp, SIAM Review 40, 1998).
    """
    rows = slice(0, block.rows)
    jacobians = []
    for name in block.blocks:
        parameters = problem.by_name[name]
        columns = []
        for coordinate in range(parameters.tangent):
            step = np.zeros((parameters.count, parameters.tangent))
            if method == "complex":
                moved = parameters.retract(values[name], step + 1j * COMPLEX_STEP * _unit(step, coordinate))
                columns.append(np.imag(block.evaluate({**values, name: moved}, rows)[0]) / COMPLEX_STEP)
            else:
                ahead = parameters.retract(values[name], CENTRAL_STEP * _unit(step, coordinate))
                behind = parameters.retract(values[name], -CENTRAL_STEP * _unit(step, coordinate))
                difference = (
                    block.evaluate({**values, name: ahead}, rows)[0] - block.evaluate({**values, name: behind}, rows)[0]
                )
                columns.append(difference / (2 * CENTRAL_STEP))
        jacobians.append(np.stack(columns, axis=-1))
    return tuple(jacobians)


def complex_step(blocks: Sequence[ParameterBlock], residuals: Callable[[Values, Rows], NDArray[Any]]) -> Evaluate:
    """An `evaluate` for residuals without hand-written Jacobians, exact to rounding; one evaluation per coordinate.

    blocks: the parameter blocks used, in the order of the residual block. residuals(values, rows) returns (m, d); it
    and the blocks' retractions must be analytic and pass complex numbers through (Squire and Trapp 1998).
    """

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        jacobians = []
        for block in blocks:
            columns = []
            for coordinate in range(block.tangent):
                step = np.zeros((block.count, block.tangent), complex)
                step[:, coordinate] = 1j * COMPLEX_STEP
                moved = {**values, block.name: block.retract(values[block.name], step)}
                columns.append(np.imag(residuals(moved, rows)) / COMPLEX_STEP)
            jacobians.append(np.stack(columns, axis=-1))
        return residuals(values, rows), jacobians

    return evaluate


def jacobian_errors(
    problem: Problem, block: ResidualBlock, values: Values, method: Literal["central", "complex"] = "central"
) -> dict[str, float]:
    """Largest deviation of each analytic Jacobian from the numeric one, relative to that Jacobian's largest entry."""
    _, analytic = block.evaluate(values, slice(0, block.rows))
    numeric = numeric_jacobians(problem, block, values, method)
    return {
        name: float(np.abs(a - n).max(initial=0.0) / max(float(np.abs(n).max(initial=0.0)), 1e-300))
        for name, a, n in zip(block.blocks, analytic, numeric, strict=True)
    }


def _unit(like: Array, coordinate: int) -> Array:
    out = np.zeros_like(like)
    out[:, coordinate] = 1.0
    return out
