"""Wide problems, more parameters than residuals: the damped step from a matrix of the residuals' size.

By the identity (J'J + mu D)^-1 J' = D^-1 J' (J D^-1 J' + mu I)^-1 (Sherman, Morrison, Woodbury) a mini-batch step never
forms a matrix of the parameters squared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack

from calib.arrays import Array
from calib.engine.damping import Damping, Nielsen
from calib.engine.iterate import quiet
from calib.engine.normal_equations.dense import dense_rows
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.products import weighted_squares
from calib.engine.normal_equations.tangent import Tangent, move

if TYPE_CHECKING:
    from calib.engine.problem import Problem, Values


def dual_step(jacobian: Array, residuals: Array, scale: Array, mu: float) -> Array | None:
    """The step h (K,) of (J'J + mu diag(scale)) h = -J'r, with J (m, K) and r (m,), m < K; None if it has no factor."""
    across = jacobian / scale
    matrix = across @ jacobian.T
    matrix[np.diag_indices_from(matrix)] += mu
    factor, failed = lapack.dpotrf(matrix)
    if failed:
        return None
    return np.asarray(-(across.T @ lapack.dpotrs(factor, residuals)[0]))


@dataclass(frozen=True, eq=False)
class BatchState:
    """The state of mini-batch training."""

    values: Values
    """Per block."""
    damping: Damping
    """Of the next step."""
    squares: tuple[float, float] = (np.inf, np.inf)
    """Squared residuals of the last batch, before and after its step."""
    accepted: bool = False
    """Whether that step was taken."""

    def __repr__(self) -> str:
        return f"BatchState(squares {self.squares[1]:.6g}, damping {self.damping.mu:.3g})"


def batch_step(batch: Problem, state: BatchState, rule: Nielsen | None = None, tries: int = 5) -> BatchState:
    """One Levenberg-Marquardt step on a batch, damping carried from batch to batch; up to `tries` dampings.

    batch: a problem over the same parameter blocks with the residuals of the batch alone; its start is ignored.
    Damping is relative to the batch's squared column norms, kept from vanishing by their mean. Raises ProblemError if
    the batch has private blocks: such a problem is not wide.
    """
    rule = rule or Nielsen()
    with quiet():
        layout = layout_of(batch)
        jacobian, residuals = dense_rows(layout, state.values)
        norms = np.einsum("mk,mk->k", jacobian, jacobian)
        scale = norms + np.mean(norms) + 1e-300
        before = float(residuals @ residuals)
        damping = state.damping
        for _ in range(tries):
            step = dual_step(jacobian, residuals, scale, damping.mu)
            if step is not None and np.isfinite(step).all():
                values = move(layout, state.values, Tangent(step, {}))
                after = weighted_squares(layout, values)
                predicted = damping.mu * float(step @ (scale * step)) - float(step @ (jacobian.T @ residuals))
                gain = (before - after) / predicted if predicted > 0 else np.nan
                if gain > 0:
                    return BatchState(values, rule.after(damping, gain, True, after), (before, after), True)
            damping = rule.after(damping, -1.0, False, before)
    return replace(state, damping=damping, squares=(before, before), accepted=False)


def run(
    batches: Callable[[int], Problem], start: Values, steps: int, initial_damping: float = 1.0
) -> tuple[Values, tuple[float, ...]]:
    """`steps` batch steps; batches(i) poses batch i. Returns the values and every batch's squares before its step.

    Every step is on another problem, so this is no `iterate`: there is no cost whose convergence could be tested.
    """
    state = BatchState(start, Damping(initial_damping))
    squares = []
    for index in range(steps):
        state = batch_step(batches(index), state)
        squares.append(state.squares[0])
    return state.values, tuple(squares)
