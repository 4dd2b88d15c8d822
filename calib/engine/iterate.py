"""The one loop of every method: begin, test whether to stop, else take a step and report it.

A method is three functions over a point and a state of its own, as in optimistix's `_iterate.py`: `begin` makes
the point, the stop rule decides whether to go on, the step rule moves the point. What belongs to all of them is here:
the layout, a start that is not finite, the history, the caller who watches and may stop, and floating-point warnings,
which stay inside because every method looks for what is not finite and ends with a status.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from calib.engine.normal_equations.layout import layout_of
from calib.engine.solution import Solution
from calib.engine.status import Iteration, OnIteration, Status

if TYPE_CHECKING:
    from calib.engine.checkpoint import Checkpoint
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.point.point import Point
    from calib.engine.problem import Problem

S = TypeVar("S")

Begin = Callable[["Layout"], tuple["Point", S]]
"""The point where a method starts, and what it remembers there."""
StopRule = Callable[["Point", S, Sequence[Iteration]], tuple[Status | None, S]]
"""Given every step tried so far, why to stop, or None; may polish the point."""
StepRule = Callable[["Point", S], tuple[Iteration | Status, S]]
"""One step: it moves the point, or not, and is described; or why there is none."""


@dataclass(frozen=True, eq=False)
class Outcome(Generic[S]):
    """The end of a method."""

    status: Status
    """Why it ended."""
    point: Point
    """Where it ended."""
    state: S
    """What the method carries from step to step, as it was then."""
    history: tuple[Iteration, ...]
    """Every step tried."""

    def solution(self, checkpoint: Checkpoint | None = None) -> Solution:
        """The outcome as what a caller is given; checkpoint: to go on from there, if the method can."""
        point = self.point
        return Solution(
            self.status,
            point.layout,
            point.values,
            point.normal,
            self.history,
            point.evaluations,
            at_bounds=point.bounds.at_bound(point.values) if point.bounds else (),
            checkpoint=checkpoint,
            eliminated=point.eliminated if point.active is None else None,
            trusted=point.trusted,
        )


def iterate(
    problem: Problem,
    begin: Begin[S],
    step_rule: StepRule[S],
    stop_rule: StopRule[S],
    on_iteration: OnIteration | None = None,
) -> Outcome[S]:
    """Step until the stop rule, the step rule or the caller ends it.

    on_iteration(iteration) is called after every step tried and stops the loop by returning True. Raises
    EvaluationError, with the block's name, if a residual function fails.
    """
    history: list[Iteration] = []
    with quiet():
        point, state = begin(layout_of(problem))
        status = _obstacle(point)
        while status is None:
            status, state = stop_rule(point, state, history)
            if status is not None:
                break
            step, state = step_rule(point, state)
            if isinstance(step, Status):
                status = step
                break
            history.append(step)
            if on_iteration is not None and on_iteration(step) is True:
                status = Status.CANCELLED
    return Outcome(status, point, state, tuple(history))


def quiet() -> np.errstate:
    """No floating-point warnings: what is not finite is looked for, and reported by a status."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def _obstacle(point: Point) -> Status | None:
    """Why not even a first step can be tried, if so."""
    if not point.normal.finite:
        return Status.START_NOT_FINITE
    return None if point.has_free else Status.NOTHING_FREE
