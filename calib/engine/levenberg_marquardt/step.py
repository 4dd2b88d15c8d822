"""One damped step, tried: corrected to second order, kept within the bounds, taken if it is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.levenberg_marquardt.geodesic import acceleration
from calib.engine.normal_equations.schur import NotPositiveDefinite, factorise
from calib.engine.normal_equations.tangent import Tangent, gradient
from calib.engine.point.bounds import decrease

if TYPE_CHECKING:
    from calib.engine.damping import LineSearch
    from calib.engine.levenberg_marquardt.options import Options
    from calib.engine.point.point import Point


@dataclass(frozen=True)
class StepOutcome:
    """A step tried."""

    predicted: float
    """The decrease of the cost by its linear model; infinite where there was no step to try."""
    gain: float
    """Achieved over predicted decrease."""
    accepted: bool
    """Whether the point moved."""


NO_STEP = StepOutcome(np.inf, np.nan, False)
TOO_CURVED = StepOutcome(np.inf, 0.0, False)


def try_step(point: Point, mu: float, curved: bool, options: Options) -> StepOutcome:
    """Try one step of damping mu, corrected to second order if `curved`; the point moves if it is accepted."""
    try:
        damped = factorise(point.system, mu * point.scale)
    except NotPositiveDefinite:
        return NO_STEP
    step = damped.step()
    if not step.finite:
        return NO_STEP
    whole = step
    if curved and mu < options.acceleration.straight:
        second = acceleration(point, step, damped, options.acceleration.probe)
        if second is None:
            return NO_STEP
        if point.length(second) > options.acceleration.longest * point.length(step):
            return TOO_CURVED
        whole = step + 0.5 * second
    if point.bounds is None:
        predicted = 0.5 * (mu * point.length(step) ** 2 - step.dot(gradient(point.normal)))
    else:
        whole = point.bounds.clip(point.values, whole)
        predicted = decrease(point.normal, whole)
    if options.damping.search is not None:
        return _search(point, whole, predicted, options.damping.search)
    return _take(point, whole, predicted, options.damping.accepts_all)


def _take(point: Point, step: Tangent, predicted: float, always: bool) -> StepOutcome:
    """Move by a step that lowers the cost, or always if it leads to finite numbers."""
    cost = point.normal.cost
    values, normal = point.trial(step)
    gain = (cost - normal.cost) / predicted if normal.finite and predicted > 0 else np.nan
    accepted = gain > 0 or (always and normal.finite)
    if accepted:
        point.accept(values, normal)
    return StepOutcome(predicted, gain, accepted)


def _search(point: Point, step: Tangent, predicted: float, search: LineSearch) -> StepOutcome:
    """Halve a step until it keeps Armijo's share of what the slope promises."""
    cost, slope = point.normal.cost, step.dot(gradient(point.normal))
    for halving in range(search.halvings):
        share = 0.5**halving
        values, normal = point.trial(share * step)
        enough = cost + search.armijo * share * min(slope, 0.0)
        if normal.finite and normal.cost <= enough and normal.cost < cost:
            point.accept(values, normal)
            return StepOutcome(predicted, (cost - normal.cost) / predicted, True)
    return StepOutcome(predicted, np.nan if not normal.finite else -1.0, False)
