"""How the damping of Levenberg-Marquardt follows the success of its steps: one small class per rule.

A rule is frozen; what it remembers travels in a `Damping`. `mu` is relative to the scaled diagonal of J'J.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

SMALLEST = float(np.finfo(float).eps) ** 2  # below it damping is lost in the diagonal, twice over


@dataclass(frozen=True)
class Damping:
    """The state of a damping rule."""

    mu: float
    """The damping of the next step."""
    growth: float = 2.0
    """The factor of the next rejection."""


@dataclass(frozen=True)
class LineSearch:
    """Halving a step that raises the cost, instead of rejecting it (L. Armijo, Pacific J. Math. 16, 1966)."""

    armijo: float = 1e-4
    """Share of the predicted decrease that a shortened step must reach; the customary value (Nocedal and Wright,
    2006)."""
    halvings: int = 30
    """At most: the step is then a billionth of itself."""


class DampingRule(Protocol):
    """What the loop requires of a rule."""

    @property
    def search(self) -> LineSearch | None:
        """How a step that raises the cost is shortened along its line; None where it is rejected."""

    @property
    def accepts_all(self) -> bool:
        """Whether every finite step is taken, downhill or not."""

    def start(self, initial: float, norm: float) -> Damping:
        """The first damping, from the option `initial_damping` and the norm of the residuals."""

    def after(self, damping: Damping, gain: float, accepted: bool, norm: float) -> Damping:
        """The next damping. gain: achieved over predicted decrease; norm: of the residuals, after the step."""


@dataclass(frozen=True)
class Nielsen:
    """Smooth in the gain: mu times max(1/3, 1 - (2 gain - 1)^3); 2, 4, 8, ... times on repeated rejection.

    H. B. Nielsen, "Damping parameter in Marquardt's method", IMM-REP-1999-05, eq. 2.4.
    """

    search = None
    accepts_all = False

    def start(self, initial: float, norm: float) -> Damping:
        """Nielsen's tau."""
        return Damping(initial)

    def after(self, damping: Damping, gain: float, accepted: bool, norm: float) -> Damping:
        """Shrink by up to 3, grow ever faster."""
        if accepted:
            return Damping(max(damping.mu * max(1 / 3, 1 - (2 * min(gain, 2.0) - 1) ** 3), SMALLEST))
        return Damping(damping.mu * damping.growth, 2 * damping.growth)


@dataclass(frozen=True)
class Marquardt:
    """Divide by `factor` after a success, multiply until the next one (D. W. Marquardt, J. SIAM 11, 1963)."""

    factor: float = 10.0
    """10, with an initial mu of 1e-3, is the rule of the textbooks and of MATLAB's trainlm."""
    search = None
    accepts_all = False

    def start(self, initial: float, norm: float) -> Damping:
        """The option itself."""
        return Damping(initial)

    def after(self, damping: Damping, gain: float, accepted: bool, norm: float) -> Damping:
        """Divide or multiply."""
        return Damping(max(damping.mu / self.factor, SMALLEST) if accepted else damping.mu * self.factor)


@dataclass(frozen=True)
class Fixed:
    """One mu throughout, every finite step taken: K. Levenberg's equations (1944) without a safeguard, for study."""

    mu: float
    """The damping of every step."""
    search = None
    accepts_all = True

    def start(self, initial: float, norm: float) -> Damping:
        """Always `mu`."""
        return Damping(self.mu)

    def after(self, damping: Damping, gain: float, accepted: bool, norm: float) -> Damping:
        """Always `mu`."""
        return damping


@dataclass(frozen=True)
class Convergent:
    """mu = c |r|^delta, delta in [1, 2], and an Armijo search along steps that raise the cost.

    For systems F(x) = 0: globally convergent, and quadratically so near a root under a local error bound even where
    the Jacobian is singular (N. Yamashita, M. Fukushima, Computing Suppl. 15, 2001; J. Fan, Y. Yuan, Computing 74,
    2005). Where residuals remain at the minimum the damping remains as well and convergence is linear.
    """

    c: float = 1e-3
    """Of the rule."""
    delta: float = 1.0
    """Of the rule."""
    search: LineSearch = LineSearch()
    """Along steps that raise the cost."""
    accepts_all = False

    def start(self, initial: float, norm: float) -> Damping:
        """From the residuals at the start."""
        return Damping(max(self.c * norm**self.delta, SMALLEST))

    def after(self, damping: Damping, gain: float, accepted: bool, norm: float) -> Damping:
        """From the residuals; more where even a search along the step found nothing better."""
        if not accepted:
            return Damping(damping.mu * damping.growth, 2 * damping.growth)
        return self.start(0.0, norm)
