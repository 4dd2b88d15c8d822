"""Levenberg-Marquardt.

The idea. Near a point x the residuals are almost linear, r(x + h) ~ r + J h, and the cost |r + J h|^2 / 2 of that
model is least for the Gauss-Newton step J'J h = -J'r. Far from the solution that step is too long to be believed;
damping keeps it short:

    (J'J + mu D) h = -J'r

with D the squared scale of every coordinate, so that units do not matter. Large mu gives short steps down the gradient,
small mu Gauss-Newton's. A step that lowers the cost is taken; `gain`, the decrease achieved over the one that the model
predicted, measures the validity of the model, and sets the next mu. In a loop:

    stop?      `stopping`: zero, flat, settled, or no step helps; near the end undamped steps bring the last digits
    step       `step`: solve the damped system, bend the step along the curve (`geodesic`), clip it at the bounds
    damping    `damping`: Nielsen's rule, or another
    scaling    `scaling`: the largest norm that each column has had (More), slowly forgetting if the start is far off

J. J. More, "The Levenberg-Marquardt algorithm: implementation and theory", 1978; H. B. Nielsen, IMM-REP-1999-05; K.
Madsen, H. B. Nielsen, O. Tingleff, "Methods for non-linear least squares problems", 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calib.engine.checkpoint import Checkpoint, Progress
from calib.engine.iterate import iterate
from calib.engine.levenberg_marquardt.options import Options
from calib.engine.levenberg_marquardt.step import try_step
from calib.engine.levenberg_marquardt.stopping import stop_or_polish
from calib.engine.point.point import Point
from calib.engine.status import Iteration, OnIteration

if TYPE_CHECKING:
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Problem
    from calib.engine.solution import Solution


def solve(
    problem: Problem,
    options: Options | None = None,
    on_iteration: OnIteration | None = None,
    resume: Checkpoint | None = None,
) -> Solution:
    """Minimise half the sum of the losses of the whitened residuals.

    on_iteration(iteration) is called after every step tried and stops the solve by returning True. resume: go on where
    a solution's `checkpoint` was put down; max_iterations counts from the first start. Raises EvaluationError, with the
    block's name, if a residual function fails.
    """
    options = options or Options()
    method = _LevenbergMarquardt(options, resume)
    outcome = iterate(problem, method.begin, method.step, partial(stop_or_polish, options), on_iteration)
    point = outcome.point
    return outcome.solution(Checkpoint(point.values, point.remembered, outcome.state, point.evaluations))


@dataclass(frozen=True, eq=False)
class _LevenbergMarquardt:
    """Where the method begins, and its step rule; its stop rule is `stop_or_polish`."""

    options: Options
    resume: Checkpoint | None

    def begin(self, layout: Layout) -> tuple[Point, Progress]:
        """At the start, or where an earlier solve was put down."""
        options, resume = self.options, self.resume
        scaling = options.scaling if options.scaling != "auto" else "sized" if options.far else "more"
        point = Point(layout, resume.values if resume else layout.problem.start, scaling)
        if resume:
            point.restore(resume.remembered, resume.evaluations)
            return point, resume.progress
        damping = options.damping.start(options.initial_damping, float(np.sqrt(point.normal.squares)))
        hand_over = options.polish.hand_over if options.polish else 0.0
        cost = point.normal.cost
        return point, Progress(damping, cost, hand_over, self._accelerates(poor=False), last=cost)

    def step(self, point: Point, progress: Progress) -> tuple[Iteration, Progress]:
        """Try one damped step and draw the conclusions for the next."""
        options, damping = self.options, progress.damping
        cost, cosine = point.normal.cost, point.cosine
        tried = try_step(point, damping.mu, progress.curved, options)
        poor = not (tried.accepted and tried.gain > options.acceleration.poor_gain)
        following = Progress(
            damping=options.damping.after(damping, tried.gain, tried.accepted, float(np.sqrt(point.normal.squares))),
            start=progress.start,
            hand_over=progress.hand_over,
            curved=self._accelerates(poor),
            index=progress.index + 1,
            predicted_decrease=tried.predicted if progress.accepted else progress.predicted_decrease,
            achieved=cost - point.normal.cost,
            accepted=tried.accepted,
            last=progress.achieved if progress.accepted and progress.index else progress.last,
        )
        return Iteration(following.index, point.normal.cost, cosine, damping.mu, tried.gain, tried.accepted), following

    def _accelerates(self, poor: bool) -> bool:
        """Whether to correct the next step to second order, after one that was poor or not."""
        options = self.options
        return options.geodesic == "always" or (options.geodesic == "auto" and (options.far or poor))
