"""What a solve reports: why it stopped, in a sentence with its criterion, and how it got there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """Why a solve stopped; each value is the criterion as a sentence."""

    GRADIENT = (
        "converged: no column of the Jacobian makes an angle with the residual whose cosine exceeds the tolerance"
    )
    COST = "converged: predicted and achieved relative decrease of the cost are below the tolerance"
    GAUSS_NEWTON = "converged: undamped Gauss-Newton steps shrank until what they explain is lost in the residual"
    ROUNDING = "converged: the decrease that a step could bring is below the rounding of the cost"
    ZERO = "converged: the residuals are zero to rounding"
    NOTHING_FREE = "nothing to solve: every parameter is held fixed"
    ITERATIONS = "stopped: the iteration limit was reached before any convergence criterion"
    STALLED = "stopped: no step lowers the cost, although the gradient has not vanished (is a Jacobian wrong?)"
    NO_FINITE_STEP = "stopped: residuals or Jacobians are not finite at any step tried, however short"
    START_NOT_FINITE = "failed: a residual or its Jacobian is not finite at the start"
    DISCREPANCY = "converged: the residual came down to the noise level (discrepancy principle)"
    DIVERGED = "failed: the steps grew until a residual or its Jacobian was no longer finite"
    CANCELLED = "stopped: the caller asked to stop"

    @property
    def converged(self) -> bool:
        """Whether the values returned are what the method looks for: a stationary point or, for the methods that
        regularise by stopping, the first point that explains the data to their noise."""
        return self in _CONVERGED


_CONVERGED = {
    Status.GRADIENT,
    Status.COST,
    Status.GAUSS_NEWTON,
    Status.ROUNDING,
    Status.ZERO,
    Status.NOTHING_FREE,
    Status.DISCREPANCY,
}


@dataclass(frozen=True)
class Iteration:
    """One step tried. cost: after it (before it, if rejected). gain: achieved over predicted decrease, NaN where the
    step led to residuals or Jacobians that are not finite.

    gradient: largest cosine between a Jacobian column and the residual, before the step.
    """

    index: int
    cost: float
    gradient: float
    damping: float
    gain: float
    accepted: bool


OnIteration = Callable[[Iteration], object]
"""Told of every step tried; returning True stops the solve."""
