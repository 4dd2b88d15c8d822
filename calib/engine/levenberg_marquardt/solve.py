"""Levenberg-Marquardt: the loop and the stopping rules.

Scaling by the running maximum of the column norms and the gradient test by its angle: J. J. More, "The
Levenberg-Marquardt algorithm", 1978. Damping rules are in `damping`, geodesic acceleration in `geodesic`, projection
onto bounds in `bounds`, the final Gauss-Newton steps in `polish`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from calib.engine.levenberg_marquardt.bounds import decrease
from calib.engine.levenberg_marquardt.checkpoint import Checkpoint, Progress
from calib.engine.levenberg_marquardt.damping import DampingRule, Nielsen
from calib.engine.levenberg_marquardt.geodesic import acceleration, corrected
from calib.engine.levenberg_marquardt.point import Point
from calib.engine.levenberg_marquardt.polish import polish
from calib.engine.levenberg_marquardt.scaling import Scaling
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.schur import NotPositiveDefinite, Tangent, factorise, gradient
from calib.engine.normal_equations.tangent import scaled
from calib.engine.solution import Solution
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.engine.problem import Problem

EPS = float(np.finfo(float).eps)
LARGEST_DAMPING = 1e18  # beyond it a scaled step is below rounding
HAND_OVER = 1e-4  # relative decrease expected of a step from which on undamped Gauss-Newton steps are tried
# Cosine above which a small promise is the damping's doing: undamped, one of 1e-12 comes with a cosine of 1e-6.
FLAT = 1e-5
VANISHING = 1e-10  # of the first cost, from which it is worth asking whether what is left is rounding
NEARLY = 1e4  # times the rounding of the values, where no step helps: a zero of badly conditioned residuals
LOST = 1e-10  # relative decrease that rounding in the residuals of a badly scaled problem can hide
GOOD_START = 1e-4  # initial damping below which a start is taken for good
POOR = 0.75  # gain below which a step has met curvature (More 1978)
LONGEST_ACCELERATION = 0.75  # of the step, beyond which the expansion is not trusted (Transtrum and Sethna, sec. 4)
STRAIGHT = 1e6  # damping from which a step is too short to be curved
ARMIJO = 1e-4  # share of the slope's promise that a shortened step must keep (L. Armijo 1966)
HALVINGS = 30


@dataclass(frozen=True)
class Options:
    """How to solve.

    initial_damping: relative to the scaled, unit diagonal of J'J; Nielsen's tau, small for a good start.
    gradient_tolerance: largest cosine between a Jacobian column and the residual. cost_tolerance: relative decrease.
    polish: finish with undamped Gauss-Newton steps. last_digit: on small problems by QR, as long as anything changes;
    else until the contraction shows that no more than 1e-12 of the cost is left to gain. damping: how it follows the
    success of the steps.
    scaling: what it is relative to. geodesic: correct the steps to second order, at the price of two evaluations each.
    Both are "auto": a start that is said to be good, by an initial damping below 1e-4, is scaled by More's rule and
    steps without correction until one meets curvature; any other is taken for far off (measured on NIST and MGH).
    """

    max_iterations: int = 1000
    initial_damping: float = 1e-3
    gradient_tolerance: float = 1e-12
    cost_tolerance: float = 1e-12
    polish: bool = True
    last_digit: bool = True
    damping: DampingRule = field(default_factory=Nielsen)
    scaling: Literal["auto"] | Scaling = "auto"
    geodesic: Literal["auto", "always", "never"] = "auto"

    @property
    def far(self) -> bool:
        """Whether the start may be far off."""
        return self.initial_damping >= GOOD_START


def solve(
    problem: Problem,
    options: Options | None = None,
    on_iteration: OnIteration | None = None,
    resume: Checkpoint | None = None,
) -> Solution:
    """Minimise half the sum of the losses of the whitened residuals.

    on_iteration(iteration) is told of every step tried and stops the solve by returning True. resume: go on where a
    solution's `checkpoint` was put down; max_iterations counts from the first start.
    Raises EvaluationError, with the block's name, if a residual function fails.
    """
    options = options or Options()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what is not finite is looked for, and told
        layout = layout_of(problem)
        scaling = options.scaling if options.scaling != "auto" else "sized" if options.far else "more"
        point = Point(layout, resume.values if resume else problem.start, scaling)
        if resume:
            point.restore(resume.remembered, resume.evaluations)
        progress = resume.progress if resume else _begin(point, options)
        history: list[Iteration] = []
        if not point.normal.finite:
            status = Status.START_NOT_FINITE
        elif not len(layout.free) and not any(system.size for system in point.normal.private.values()):
            status = Status.NOTHING_FREE
        else:
            status, progress = _iterate(point, progress, options, on_iteration, history)
    checkpoint = Checkpoint(point.values, point.remembered, progress, point.evaluations)
    at_bounds = point.bounds.at_bound(point.values) if point.bounds else ()
    return Solution(
        status,
        layout,
        point.values,
        point.normal,
        tuple(history),
        point.evaluations,
        at_bounds,
        checkpoint,
        point.eliminated if point.active is None else None,
    )


def _begin(point: Point, options: Options) -> Progress:
    damping = options.damping.start(options.initial_damping, float(np.sqrt(point.normal.squares)))
    hand_over = HAND_OVER if options.polish else 0.0
    cost = point.normal.cost
    return Progress(damping, cost, hand_over, _curved(options, poor=False), last=cost)


def _curved(options: Options, poor: bool) -> bool:
    """Whether to correct the next step to second order, after one that was poor or not."""
    return options.geodesic == "always" or (options.geodesic == "auto" and (options.far or poor))


def _iterate(
    point: Point, progress: Progress, options: Options, on_iteration: OnIteration | None, history: list[Iteration]
) -> tuple[Status, Progress]:
    while True:
        cosine = point.cosine()
        status, progress = _finished(point, progress, options, cosine, history)
        if status is not None:
            return status, progress
        if progress.index >= options.max_iterations:
            return Status.ITERATIONS, progress
        cost = point.normal.cost
        tried = _try(point, progress, options)
        iteration = Iteration(
            progress.index + 1, point.normal.cost, cosine, progress.damping.mu, tried.gain, tried.accepted
        )
        history.append(iteration)
        poor = not (tried.accepted and tried.gain > POOR)
        progress = replace(
            progress,
            damping=options.damping.after(
                progress.damping, tried.gain, tried.accepted, float(np.sqrt(point.normal.squares))
            ),
            curved=_curved(options, poor),
            index=progress.index + 1,
            predicted_decrease=tried.predicted if progress.accepted else progress.predicted_decrease,
            achieved=cost - point.normal.cost,
            accepted=tried.accepted,
            last=progress.achieved if progress.accepted and progress.index else progress.last,
        )
        if on_iteration is not None and on_iteration(iteration) is True:
            return Status.CANCELLED, progress


def _finished(
    point: Point, progress: Progress, options: Options, cosine: float, history: Sequence[Iteration]
) -> tuple[Status | None, Progress]:
    """The convergence tests, after the last step."""
    cost, predicted_decrease = point.normal.cost, progress.predicted_decrease
    if cost <= EPS * EPS * min(progress.start, 1.0):
        return Status.ZERO, progress
    vanishing = progress.index == 0 or cost <= VANISHING * progress.start
    if vanishing and point.normal.squares <= point.rounding:
        return Status.ZERO, progress
    if cosine <= options.gradient_tolerance:
        return Status.GRADIENT, progress
    before = cost + progress.achieved
    if progress.expected <= progress.hand_over * before:
        if polish(point, float(np.sqrt(progress.achieved / before)), options.last_digit):
            return Status.GAUSS_NEWTON, progress
        progress = replace(progress, hand_over=progress.hand_over * HAND_OVER)
    settled = predicted_decrease <= options.cost_tolerance * before and abs(progress.achieved) <= 2 * predicted_decrease
    if settled and cosine <= max(FLAT, 10 * np.sqrt(options.cost_tolerance)):
        return Status.COST, progress
    flat = cosine <= FLAT
    if flat and predicted_decrease <= 4 * EPS * before:
        return Status.ROUNDING, progress
    mu = progress.damping.mu
    damped_out = mu > LARGEST_DAMPING and mu > LARGEST_DAMPING * point.steepest
    if damped_out or (options.damping.accepts_all and not progress.accepted):
        if point.normal.squares <= NEARLY * point.rounding:
            return Status.ZERO, progress
        return _stalled(history, flat or predicted_decrease <= LOST * before), progress
    return None, progress


def _stalled(history: Sequence[Iteration], lost: bool) -> Status:
    """Which of the ways in which no step, however short, lowers the cost."""
    since = next((i for i, step in enumerate(reversed(history)) if step.accepted), len(history))
    gains = np.array([step.gain for step in history[len(history) - since :]])
    # a step too short to move anything has a gain of exactly 0
    if np.isnan(gains).any() and (np.isnan(gains) | (gains == 0)).all():
        return Status.NO_FINITE_STEP
    return Status.ROUNDING if lost else Status.STALLED


@dataclass(frozen=True)
class _Tried:
    """A step tried: the decrease its linear model predicts, achieved over predicted, and whether it was taken."""

    predicted: float
    gain: float
    accepted: bool


def _try(point: Point, progress: Progress, options: Options) -> _Tried:
    """Try one damped step; the point moves if it is accepted."""
    mu = progress.damping.mu
    try:
        damped = factorise(point.system, point.damped(mu))
    except NotPositiveDefinite:
        return _Tried(np.inf, np.nan, False)
    step = damped.step()
    if not step.finite:
        return _Tried(np.inf, np.nan, False)
    whole = step
    if progress.curved and mu < STRAIGHT:
        second = acceleration(point, step, damped)
        if second is None:
            return _Tried(np.inf, np.nan, False)
        if point.length(second) > LONGEST_ACCELERATION * point.length(step):
            return _Tried(np.inf, 0.0, False)
        whole = corrected(step, second)
    if point.bounds is None:
        predicted = 0.5 * (mu * point.length(step) ** 2 - step.dot(gradient(point.normal)))
    else:
        whole = point.bounds.clip(point.values, whole)
        predicted = decrease(point.normal, whole)
    if options.damping.searches:
        return _search(point, whole, predicted)
    return _take(point, whole, predicted, options.damping.accepts_all)


def _take(point: Point, step: Tangent, predicted: float, always: bool) -> _Tried:
    """Move by a step that lowers the cost, or always if it leads to finite numbers."""
    cost = point.normal.cost
    values, normal = point.trial(step)
    gain = (cost - normal.cost) / predicted if normal.finite and predicted > 0 else np.nan
    accepted = gain > 0 or (always and normal.finite)
    if accepted:
        point.accept(values, normal)
    return _Tried(predicted, gain, accepted)


def _search(point: Point, step: Tangent, predicted: float) -> _Tried:
    """Halve a step until it keeps Armijo's share of what the slope promises."""
    cost, slope = point.normal.cost, step.dot(gradient(point.normal))
    for halving in range(HALVINGS):
        share = 0.5**halving
        values, normal = point.trial(scaled(step, share))
        if normal.finite and normal.cost <= cost + ARMIJO * share * min(slope, 0.0) and normal.cost < cost:
            point.accept(values, normal)
            return _Tried(predicted, (cost - normal.cost) / predicted, True)
    return _Tried(predicted, np.nan if not normal.finite else -1.0, False)
