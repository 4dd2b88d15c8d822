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
from calib.engine.levenberg_marquardt.damping import Damping, Nielsen
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.products import evaluate
from calib.engine.normal_equations.schur import Tangent
from calib.engine.normal_equations.tangent import move
from calib.engine.problem import ProblemError

if TYPE_CHECKING:
    from calib.engine.normal_equations.layout import Layout
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


def rows(layout: Layout, values: Values) -> tuple[Array, Array]:
    """The whitened Jacobian (m, K) of the free coordinates and the residuals (m,); robust losses weigh them.

    Raises ProblemError if a block was eliminated: such a problem is not wide.
    """
    if layout.private:
        raise ProblemError(f"{layout.private[0]}: private blocks are eliminated, not solved in the dual form")
    jacobians, residuals = [], []
    for residual in layout.residuals:
        block = residual.block
        for chunk in residual.chunks:
            r, own = evaluate(block, values, chunk.rows)
            weight = np.broadcast_to(np.asarray(block.inverse_sigma(chunk.rows)), r.shape)
            if block.loss is not None:
                squared = np.sum((r * weight) ** 2, axis=1)
                weight = weight * np.sqrt(block.loss(squared)[1])[:, None]
            whole = np.zeros((*r.shape, layout.columns))
            for (name, members), jacobian in zip(block.blocks.items(), own, strict=True):
                tangent = layout.problem.by_name[name].tangent
                first = np.zeros(len(r), np.intp) if members is None else tangent * members[chunk.rows]
                columns = layout.offset[name] + first[:, None] + np.arange(tangent)
                whole[np.arange(len(r))[:, None, None], np.arange(r.shape[1])[:, None], columns[:, None, :]] = jacobian
            jacobians.append((whole * weight[:, :, None]).reshape(-1, layout.columns)[:, layout.free])
            residuals.append((r * weight).ravel())
    return np.concatenate(jacobians), np.concatenate(residuals)


@dataclass(frozen=True)
class BatchState:
    """Where mini-batch training stands. values: per block. damping: of the next step. squares: of the last batch,
    before and after its step. accepted: whether that step was taken."""

    values: Values
    damping: Damping
    squares: tuple[float, float] = (np.inf, np.inf)
    accepted: bool = False


def batch_step(batch: Problem, state: BatchState, rule: Nielsen | None = None, tries: int = 5) -> BatchState:
    """One Levenberg-Marquardt step on a batch, damping carried from batch to batch; up to `tries` dampings.

    batch: a problem over the same parameter blocks with the residuals of the batch alone; its start is ignored.
    Damping is relative to the batch's squared column norms, kept from vanishing by their mean.
    """
    rule = rule or Nielsen()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        layout = layout_of(batch)
        jacobian, residuals = rows(layout, state.values)
        norms = np.einsum("mk,mk->k", jacobian, jacobian)
        scale = norms + np.mean(norms) + 1e-300
        before = float(residuals @ residuals)
        damping = state.damping
        for _ in range(tries):
            step = dual_step(jacobian, residuals, scale, damping.mu)
            if step is not None and np.isfinite(step).all():
                values = move(layout, state.values, Tangent(step, {}))
                after = float(np.sum(rows(layout, values)[1] ** 2))
                predicted = damping.mu * float(step @ (scale * step)) - float(step @ (jacobian.T @ residuals))
                gain = (before - after) / predicted if predicted > 0 else np.nan
                if gain > 0:
                    return BatchState(values, rule.after(damping, gain, True, after), (before, after), True)
            damping = rule.after(damping, -1.0, False, before)
    return replace(state, damping=damping, squares=(before, before), accepted=False)


def run(
    batches: Callable[[int], Problem], start: Values, steps: int, initial_damping: float = 1.0
) -> tuple[Values, tuple[float, ...]]:
    """`steps` batch steps; batches(i) poses batch i. Returns the values and every batch's squares before its step."""
    state = BatchState(start, Damping(initial_damping))
    seen = []
    for index in range(steps):
        state = batch_step(batches(index), state)
        seen.append(state.squares[0])
    return state.values, tuple(seen)
