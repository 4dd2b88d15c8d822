"""Levenberg-Marquardt: the loop, the damping rule, the stopping rules, the final Gauss-Newton polish.

Damping: H. B. Nielsen, "Damping parameter in Marquardt's method", IMM-REP-1999-05. Scaling by the running maximum of
the column norms and the gradient test by its angle: J. J. More, "The Levenberg-Marquardt algorithm", 1978.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from calib.engine.assembly import NormalEquations, assemble, triangle
from calib.engine.linear import NotPositiveDefinite, Tangent, diagonal, gradient, solve_damped
from calib.engine.report import Iteration, Status
from calib.engine.solution import Solution
from calib.engine.structure import Structure, structure

if TYPE_CHECKING:
    from calib.engine.problem import Array, Problem, Values

EPS = float(np.finfo(float).eps)
LARGEST_DAMPING = 1e18  # beyond it a scaled step is below rounding
HAND_OVER = 1e-4  # predicted relative decrease at which undamped Gauss-Newton steps are tried
QR_ENTRIES = 5_000_000  # the polish affords Householder QR up to this many Jacobian entries
POLISH_STEPS = 12
UNEXAMINED = 1e-5  # |J h| / |r| of a last step taken on trust: its square, 1e-10, is the relative decrease it brings


@dataclass(frozen=True)
class Options:
    """How to solve.

    initial_damping: relative to the scaled, unit diagonal of J'J; Nielsen's tau, small for a good start.
    gradient_tolerance: largest cosine between a Jacobian column and the residual. cost_tolerance: relative decrease.
    polish: finish with undamped Gauss-Newton steps.
    """

    max_iterations: int = 200
    initial_damping: float = 1e-3
    gradient_tolerance: float = 1e-12
    cost_tolerance: float = 1e-12
    polish: bool = True


Callback = Callable[[Iteration], object]


def solve(problem: Problem, options: Options | None = None, callback: Callback | None = None) -> Solution:
    """Minimise half the sum of the losses of the whitened residuals.

    callback(iteration) sees every step tried and stops the solve by returning True.
    Raises EvaluationError, with the block's name, if a residual function fails.
    """
    options = options or Options()
    laid_out = structure(problem)
    state = _State(laid_out, problem.start)
    if not state.normal.finite:
        return state.solution(Status.START_NOT_FINITE)
    if not len(laid_out.free) and not any(system.size for system in state.normal.private.values()):
        return state.solution(Status.NOTHING_FREE)
    return state.solution(_iterate(state, options, callback))


class _State:
    """The current point of a solve; the one place where it moves."""

    def __init__(self, laid_out: Structure, values: Values) -> None:
        self.structure = laid_out
        self.values = dict(values)
        self.normal = assemble(laid_out, self.values)
        self.history: list[Iteration] = []
        self.evaluations = 1
        norms = diagonal(self.normal)
        self.scale = Tangent(_nonzero(norms.shared), {name: _nonzero(a) for name, a in norms.private.items()})

    def trial(self, step: Tangent) -> tuple[dict[str, Array], NormalEquations]:
        values = move(self.structure, self.values, step)
        self.evaluations += 1
        return values, assemble(self.structure, values)

    def accept(self, values: dict[str, Array], normal: NormalEquations) -> None:
        self.values, self.normal = values, normal
        norms = diagonal(normal)
        self.scale = Tangent(
            np.maximum(self.scale.shared, norms.shared),
            {name: np.maximum(a, norms.private[name]) for name, a in self.scale.private.items()},
        )

    def angle(self) -> float:
        """Largest cosine between a Jacobian column and the residual."""
        slope, norms = gradient(self.normal), diagonal(self.normal)
        length = max(float(np.sqrt(self.normal.squares)), 1e-300)
        pairs = [(slope.shared, norms.shared)] + [(slope.private[n], norms.private[n]) for n in slope.private]
        cosines = [np.abs(g) / (np.sqrt(_nonzero(q)) * length) for g, q in pairs if g.size]
        return max(float(c.max()) for c in cosines)

    def solution(self, status: Status) -> Solution:
        return Solution(status, self.structure, self.values, self.normal, tuple(self.history), self.evaluations)


def move(laid_out: Structure, values: Values, step: Tangent) -> dict[str, Array]:
    """Retract every block by its share of a step over the free coordinates."""
    whole = np.zeros(laid_out.columns)
    whole[laid_out.free] = step.shared
    steps = {
        block.name: whole[laid_out.offset[block.name] :][: block.count * block.tangent].reshape(block.count, -1)
        for block in laid_out.shared()
        if len(block.free)
    }
    for name, own in step.private.items():
        block = laid_out.problem.by_name[name]
        full = np.zeros((block.count, block.tangent))
        full[:, block.free] = own.T
        steps[name] = full
    return laid_out.problem.retract(values, steps)


def _iterate(state: _State, options: Options, callback: Callback | None) -> Status:
    damping, growth = options.initial_damping, 2.0
    start = state.normal.cost
    hand_over = HAND_OVER if options.polish else 0.0
    for index in range(1, options.max_iterations + 1):
        angle = state.angle()
        cost = state.normal.cost
        if cost <= EPS * EPS * start:
            return Status.ZERO
        if angle <= options.gradient_tolerance:
            return Status.GRADIENT
        try:
            step = solve_damped(state.normal, _scaled(state.scale, damping))
            damped = damping * step.dot(step.times(state.scale))
            predicted = 0.5 * (damped - step.dot(gradient(state.normal)))
            if not step.finite:
                raise NotPositiveDefinite
        except NotPositiveDefinite:
            predicted, achieved, gain, accepted = np.inf, 0.0, 0.0, False
        else:
            values, normal = state.trial(step)
            achieved = cost - normal.cost
            gain = achieved / predicted if predicted > 0 else 0.0
            accepted = normal.finite and gain > 0
            if accepted:
                state.accept(values, normal)
        iteration = Iteration(index, state.normal.cost, angle, damping, gain, accepted)
        state.history.append(iteration)
        if callback is not None and callback(iteration) is True:
            return Status.CANCELLED
        if accepted:
            damping = max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), EPS * EPS)
            growth = 2.0
        else:
            damping *= growth
            growth *= 2.0
        if predicted <= hand_over * cost:
            if _polish(state):
                return Status.GAUSS_NEWTON
            hand_over *= HAND_OVER
        if predicted <= options.cost_tolerance * cost and abs(achieved) <= 2 * predicted:
            return Status.COST
        if predicted <= 4 * EPS * cost:
            return Status.ROUNDING
        if damping > LARGEST_DAMPING:
            return Status.STALLED
    return Status.ITERATIONS


def _polish(state: _State) -> bool:
    """Undamped Gauss-Newton steps until they stop shrinking: the last digits. False if they do not contract.

    A step is measured by the residual it explains, |J h| / |r|. Small problems are finished by QR to the last digit;
    elsewhere a step that is certain to be the last is not worth another evaluation. The point only moves while steps
    contract, so a failed polish leaves Levenberg-Marquardt where it was or better.
    """
    rows = sum(block.rows * block.dimension for block in state.structure.problem.residuals)
    small = not state.structure.private and rows * (len(state.structure.free) + 1) <= QR_ENTRIES
    last = 0.1  # a first step that explains more is Levenberg-Marquardt's business
    for _ in range(POLISH_STEPS):
        try:
            step = _gauss_newton_by_qr(state) if small else solve_damped(state.normal)
        except NotPositiveDefinite:
            return False
        explained = -step.dot(gradient(state.normal))
        size = float(np.sqrt(max(explained, 0.0) / max(state.normal.squares, 1e-300)))
        settled = last <= UNEXAMINED
        if not step.finite or size > 0.5 * last:
            return settled
        if not small and size <= UNEXAMINED:
            state.values = move(state.structure, state.values, step)
            return True
        values, normal = state.trial(step)
        if not normal.finite or normal.cost > state.normal.cost * (1 + 1e-13):
            return settled
        state.accept(values, normal)
        if size <= EPS:
            return True
        last = size
    return last <= UNEXAMINED


def _gauss_newton_by_qr(state: _State) -> Tangent:
    factor = triangle(state.structure, state.values)
    norms = np.sqrt(np.sum(factor[:-1, :-1] ** 2, axis=0))
    if (np.abs(np.diagonal(factor)[:-1]) <= 1e-13 * norms).any():
        raise NotPositiveDefinite
    return Tangent(-solve_triangular(factor[:-1, :-1], factor[:-1, -1]), {})


def _scaled(scale: Tangent, damping: float) -> Tangent:
    return Tangent(damping * scale.shared, {name: damping * a for name, a in scale.private.items()})


def _nonzero(squared_norms: Array) -> Array:
    """Squared column norms with 1 in place of 0: a column the data do not touch is damped as any other."""
    return np.where(squared_norms > 0, squared_norms, 1.0)
