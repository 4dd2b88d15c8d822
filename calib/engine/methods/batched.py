"""Levenberg-Marquardt for thousands of small problems at once that have nothing to do with one another.

`solve` would damp them all alike and go on until the slowest is done. Here every member of a block has its own damping
and its own end, and is evaluated no more once it is there; Nielsen's rule, More's scaling and projection onto bounds
are those of `levenberg_marquardt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.engine.iterate import quiet
from calib.engine.normal_equations.layout import CHUNK_ENTRIES
from calib.engine.normal_equations.rows import evaluate_rows
from calib.engine.problem import ParameterBlock, Problem, ProblemError, ResidualBlock

LEAST_DAMPING = 1e-9  # keeps the equations of a member that does not determine all of its unknowns solvable
MOST_DAMPING = 1e12  # no step, however short, lowers the cost


@dataclass(frozen=True, eq=False, repr=False)
class BatchedSolution:
    """What was found for every member."""

    values: Array
    """(members, ...)"""
    squares: Array
    """(members,) of the whitened residuals."""
    converged: Mask
    """(members,) whether the last step was below the limits."""

    def __repr__(self) -> str:
        return f"BatchedSolution({int(self.converged.sum())} of {len(self.values)} members converged)"


def solve_separately(
    problem: Problem, settled: Mapping[str, float], *, max_iterations: int = 100, initial_damping: float = 1e-3
) -> BatchedSolution:
    """Minimise the squared residuals of every member for itself.

    problem: one parameter block, and one residual block without a loss whose row i belongs to member i. settled: per
    label the step below which a member has converged, in the label's unit; other labels are not looked at.
    Raises ProblemError if the problem does not fall apart so.
    """
    block, residual = _only_blocks(problem)
    if unknown := set(settled) - set(block.labels):
        raise ProblemError(f"{block.name}: no label {sorted(unknown)} to settle")
    limits = np.array([settled.get(label, np.inf) for label in block.labels])[block.free]
    solved = BatchedSolution(block.values.copy(), np.empty(block.count), np.zeros(block.count, bool))
    trial = block.values.copy()
    most = max(1, CHUNK_ENTRIES // ((1 + block.tangent) * residual.dimension))
    with quiet():  # a step that is not finite is refused
        for begin in range(0, block.count, most):  # each chunk to its end, while it is in the caches
            live = _Live.begin(block, residual, np.arange(begin, min(begin + most, block.count)), initial_damping)
            for _ in range(max_iterations):
                live = live.after_a_step(solved, trial, limits)
                if not len(live.members):
                    break
    return solved


def _only_blocks(problem: Problem) -> tuple[ParameterBlock, ResidualBlock]:
    if len(problem.parameters) != 1 or len(problem.residuals) != 1:
        raise ProblemError("members are solved separately for one parameter block and one residual block")
    block, residual = problem.parameters[0], problem.residuals[0]
    members = residual.blocks.get(block.name)
    each_its_own = residual.rows == block.count and (members is None or bool((np.diff(members) == 1).all()))
    if not each_its_own or residual.loss is not None:
        raise ProblemError(f"{residual.name}: row i must belong to member i of {block.name}, without a loss")
    return block, residual


@dataclass(frozen=True, eq=False)
class _Equations:
    """J'J (m, t, t), J'r (m, t) and r'r (m,) of the free coordinates of some members."""

    normal: Array
    gradient: Array
    squares: Array

    @property
    def finite(self) -> Mask:
        """(m,)"""
        return np.isfinite(self.squares) & np.isfinite(self.gradient).all(axis=1)

    def merge(self, where: Mask, other: _Equations) -> _Equations:
        """Those of `other` where the mask (m,) is true, else these."""
        return _Equations(
            np.where(where[:, None, None], other.normal, self.normal),
            np.where(where[:, None], other.gradient, self.gradient),
            np.where(where, other.squares, self.squares),
        )

    def select(self, keep: Mask) -> _Equations:
        """Those of some members."""
        return _Equations(self.normal[keep], self.gradient[keep], self.squares[keep])


def _equations(block: ParameterBlock, residual: ResidualBlock, values: Array, members: Index) -> _Equations:
    rows = evaluate_rows(residual, {block.name: values}, members)
    jacobian = rows.jacobian(0, block.free if len(block.free) < block.tangent else None)
    across = jacobian.transpose(0, 2, 1)
    gradient = np.matmul(across, rows.residuals[:, :, None])[:, :, 0]
    return _Equations(np.matmul(across, jacobian), gradient, np.einsum("md,md->m", rows.residuals, rows.residuals))


@dataclass(frozen=True, eq=False)
class _Live:
    """The members of a chunk that are still on their way: the equations about their values, the scale of every
    coordinate (m, t), and Nielsen's damping and growth (m,)."""

    block: ParameterBlock
    residual: ResidualBlock
    members: Index
    at: _Equations
    scale: Array
    damping: Array
    growth: Array

    @classmethod
    def begin(cls, block: ParameterBlock, residual: ResidualBlock, members: Index, damping: float) -> _Live:
        """At the start."""
        at = _equations(block, residual, block.values, members)
        count = len(members)
        return cls(block, residual, members, at, _sizes(at), np.full(count, damping), np.full(count, 2.0))

    def after_a_step(self, solved: BatchedSolution, trial: Array, limits: Array) -> _Live:
        """Try one step of every member. `solved` and `trial` (members, ...), of all members, change in place."""
        members, at = self.members, self.at
        step, whole = self._step(solved.values[members])
        trial[members] = self.block.retract(solved.values[members], whole)
        there = _equations(self.block, self.residual, trial, members)
        predicted_decrease = -np.einsum("mi,mi->m", step, 2 * at.gradient + np.einsum("mij,mj->mi", at.normal, step))
        better = there.finite & (there.squares <= at.squares)
        gain = np.where(
            predicted_decrease > 0, (at.squares - there.squares) / predicted_decrease, 1.0
        )  # 1: nothing was left to gain
        solved.values[members[better]] = trial[members[better]]
        now = at.merge(better, there)
        solved.squares[members] = now.squares
        shrunk = np.maximum(1 / 3, 1 - (2 * np.clip(gain, 0.0, 2.0) - 1) ** 3)
        damping = self.damping * np.where(better, shrunk, self.growth)
        growth = np.where(better, 2.0, 2 * self.growth)
        done = better & (np.abs(step) < limits).all(axis=1)
        solved.converged[members[done]] = True
        on = ~done & (damping < MOST_DAMPING)
        scale = np.maximum(self.scale, _sizes(now))
        return _Live(
            self.block,
            self.residual,
            members[on],
            now.select(on),
            scale[on],
            np.maximum(damping[on], LEAST_DAMPING),
            growth[on],
        )

    def _step(self, values: Array) -> tuple[Array, Array]:
        """The damped step (m, t) within the bounds, and the same over all coordinates, held ones included."""
        damped = self.at.normal.copy()
        diagonal = np.einsum("mii->mi", damped)
        diagonal += self.damping[:, None] * self.scale
        step = -np.linalg.solve(damped, self.at.gradient[:, :, None])[:, :, 0]
        block = self.block
        whole = np.zeros((len(step), block.tangent))
        whole[:, block.free] = step
        if block.bounds:
            low, high = (np.array([block.bounds.get(n, (-np.inf, np.inf))[s] for n in block.labels]) for s in (0, 1))
            whole = np.clip(whole, low - values, high - values)
        return whole[:, block.free], whole


def _sizes(at: _Equations) -> Array:
    """The diagonal of J'J (m, t); 1 for a coordinate that nothing depends on, which then stays."""
    diagonal = np.einsum("mii->mi", at.normal)
    return np.asarray(np.where(diagonal > 0, diagonal, 1.0))
