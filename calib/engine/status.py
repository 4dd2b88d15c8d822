"""What a solve reports: why it stopped, in a sentence and a formula, and how it got there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """Why a solve stopped. value: a sentence. criterion: the formula that held.

    In the formulas r are the whitened, weighted residuals, J their Jacobian with columns J_j, c the cost, c_0 the cost
    at the start, dc its decrease by the last step tried and dc_model the decrease that the linear model predicted for
    it, h a step, mu the damping, D the scale, and eps the rounding of a double. Names are fields of `Options` and of
    its parts; where two formulas would hold, the first of the list is reported.
    """

    criterion: str
    converged: bool
    """Whether the values returned are what the method looks for: a stationary point or, for the methods that
    regularise by stopping, the first point that explains the data to their noise."""

    def __new__(cls, sentence: str, criterion: str, converged: bool) -> Status:
        member = object.__new__(cls)
        member._value_ = sentence
        member.criterion, member.converged = criterion, converged
        return member

    START_NOT_FINITE = (
        "failed: a residual or its Jacobian is not finite at the start",
        "not isfinite(r, J) at the start",
        False,
    )
    NOTHING_FREE = ("nothing to solve: every parameter is held fixed", "no free coordinates", True)
    ZERO = (
        "converged: the residuals are zero to rounding",
        "c <= eps^2 min(c_0, 1), or c <= vanishing c_0 and |r|^2 <= (10 eps)^2 sum_j (J_j x_j)^2 (times near_zero "
        "where no step lowers the cost)",
        True,
    )
    GRADIENT = (
        "converged: no column of the Jacobian makes an angle with the residual whose cosine exceeds the tolerance",
        "max_j |J_j' r| / (|J_j| |r|) <= gradient_tolerance",
        True,
    )
    GAUSS_NEWTON = (
        "converged: undamped Gauss-Newton steps shrank until what they explain is lost in the residual",
        "|J h| / |r| <= eps, or it no longer shrinks below unexamined, or (|J h| / |r|)^2 / (|J h| / |r| of the step "
        "before) <= left, with J'J h = -J'r",
        True,
    )
    COST = (
        "converged: predicted and achieved relative decrease of the cost are below the tolerance",
        "dc_model <= cost_tolerance c and |dc| <= 2 dc_model and max_j |J_j' r| / (|J_j| |r|) <= max(flat, "
        "10 sqrt(cost_tolerance))",
        True,
    )
    ROUNDING = (
        "converged: the decrease that a step could bring is below the rounding of the cost",
        "max_j |J_j' r| / (|J_j| |r|) <= flat and dc_model <= 4 eps c, or mu > largest_damping and dc_model <= lost c",
        True,
    )
    DISCREPANCY = (
        "converged: the residual came down to the noise level (discrepancy principle)",
        "|r| <= tau (delta + h |x - x_0|)",
        True,
    )
    NO_FINITE_STEP = (
        "stopped: residuals or Jacobians are not finite at any step tried, however short",
        "mu > largest_damping and not isfinite(r, J) after every step since the last one taken",
        False,
    )
    STALLED = (
        "stopped: no step lowers the cost, although the gradient has not vanished (is a Jacobian wrong?)",
        "mu > largest_damping and max_j |J_j' r| / (|J_j| |r|) > flat, or J'J + mu D has no Cholesky factor",
        False,
    )
    ITERATIONS = (
        "stopped: the iteration limit was reached before any convergence criterion",
        "iterations >= max_iterations",
        False,
    )
    DIVERGED = (
        "failed: the steps grew until a residual or its Jacobian was no longer finite",
        "not isfinite(r, J) after a step that is not safeguarded",
        False,
    )
    CANCELLED = ("stopped: the caller requested it", "on_iteration(iteration) is True", False)


@dataclass(frozen=True)
class Iteration:
    """One step tried."""

    index: int
    """From 1."""
    cost: float
    """After the step; before it, if it was rejected."""
    gradient: float
    """Largest cosine between a Jacobian column and the residual, before the step."""
    damping: float
    """Relative to the scale; of a method without damping, the inverse of its rate."""
    gain: float
    """Achieved over predicted decrease; NaN where the step led to residuals or Jacobians that are not finite."""
    accepted: bool
    """Whether the step was taken."""


OnIteration = Callable[[Iteration], object]
"""Called after every step tried; returning True stops the solve."""
