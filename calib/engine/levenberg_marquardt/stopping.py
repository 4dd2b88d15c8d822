"""When Levenberg-Marquardt stops: the convergence tests after every step, in the order of evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.levenberg_marquardt.polish import polish
from calib.engine.status import Iteration, Status

if TYPE_CHECKING:
    from calib.engine.checkpoint import Progress
    from calib.engine.levenberg_marquardt.options import Options
    from calib.engine.point.point import Point

EPS = float(np.finfo(float).eps)


def stop_or_polish(
    options: Options, point: Point, progress: Progress, history: Sequence[Iteration]
) -> tuple[Status | None, Progress]:
    """Why to stop after the last step, or None; tries the polish where the next step should bring little."""
    how, cost, cosine = options.stopping, point.normal.cost, point.cosine
    if cost <= EPS * EPS * min(progress.start, 1.0):
        return Status.ZERO, progress
    vanishing = progress.index == 0 or cost <= how.vanishing * progress.start
    if vanishing and point.normal.squares <= point.rounding:
        return Status.ZERO, progress
    if cosine <= options.gradient_tolerance:
        return Status.GRADIENT, progress
    before = cost + progress.achieved
    if options.polish is not None and progress.expected <= progress.hand_over * before:
        if polish(point, float(np.sqrt(progress.achieved / before)), options.polish):
            return Status.GAUSS_NEWTON, progress
        progress = replace(progress, hand_over=progress.hand_over * options.polish.hand_over)
    status = _cost_test(progress, options, before, cosine)
    status = status or _stall_test(point, progress, options, before, cosine, history)
    if status is None and progress.index >= options.max_iterations:
        status = Status.ITERATIONS
    return status, progress


def _cost_test(progress: Progress, options: Options, before: float, cosine: float) -> Status | None:
    """Whether the last step changed too little to go on. before: cost before it."""
    predicted, flat = progress.predicted_decrease, options.stopping.flat
    small = predicted <= options.cost_tolerance * before and abs(progress.achieved) <= 2 * predicted
    if small and cosine <= max(flat, 10 * np.sqrt(options.cost_tolerance)):
        return Status.COST
    if cosine <= flat and predicted <= 4 * EPS * before:
        return Status.ROUNDING
    return None


def _stall_test(
    point: Point, progress: Progress, options: Options, before: float, cosine: float, history: Sequence[Iteration]
) -> Status | None:
    """Which of the ways in which no step, however short, lowers the cost; None while there is a shorter one."""
    how, mu = options.stopping, progress.damping.mu
    damped_out = mu > how.largest_damping and mu > how.largest_damping * point.steepest
    if not damped_out and not (options.damping.accepts_all and not progress.accepted):
        return None
    if point.normal.squares <= how.near_zero * point.rounding:
        return Status.ZERO
    since = next((i for i, step in enumerate(reversed(history)) if step.accepted), len(history))
    gains = np.array([step.gain for step in history[len(history) - since :]])
    # a step too short to move anything has a gain of exactly 0
    if np.isnan(gains).any() and (np.isnan(gains) | (gains == 0)).all():
        return Status.NO_FINITE_STEP
    lost = cosine <= how.flat or progress.predicted_decrease <= how.lost * before
    return Status.ROUNDING if lost else Status.STALLED
