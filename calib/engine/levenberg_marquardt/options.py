"""How to solve: every number that decides, with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from calib.engine.damping import DampingRule, Nielsen
from calib.engine.point.scaling import Scaling


@dataclass(frozen=True)
class Stopping:
    """What distinguishes convergence from a small step, and rounding from a stall."""

    flat: float = 1e-5
    """Cosine up to which a small predicted decrease is believed. Undamped, a relative one of 1e-12 comes with a cosine
    of 1e-6; a larger cosine means that damping made the step small. With 1, MGH's Jennrich-Sampson from 10 x0 stops at
    twice its lowest cost; with 1e-8, an arm fitted to positions of 1e-7 m noise is taken for stalled."""
    vanishing: float = 1e-10
    """Share of the first cost from which on the residuals are compared with their own rounding. With 0, runs of MGH
    that end at a zero take up to 62 steps more."""
    near_zero: float = 1e4
    """Times the rounding of the values, within which residuals count as zero where no step lowers the cost. With 1,
    Lanczos1 of NIST and at least 27 runs of MGH that are at a zero are taken for stalled."""
    lost: float = 1e-10
    """Relative decrease that rounding can hide where residuals lose more digits than their values do. No run of NIST
    depends on it."""
    largest_damping: float = 1e18
    """Each column then changes the residual by less than 1e-18 of its length, two decades below its rounding."""


@dataclass(frozen=True)
class Polish:
    """The undamped Gauss-Newton steps at the end, which bring the last digits."""

    last_digit: bool = True
    """Finish small problems by QR, as long as anything changes; else the steps end once the contraction shows that no
    more than `left` squared of the cost is to be gained."""
    hand_over: float = 1e-4
    """Relative decrease expected of the next step from which on the polish is tried, and the factor by which that is
    lowered each time it fails. 1e-4 is the square of a step that explains a hundredth of the residual."""
    first: float = 0.1
    """Share |J h| / |r| that a first step may explain; one that explains more is Levenberg-Marquardt's business."""
    qr_entries: int = 5_000_000
    """A problem is small if its Jacobian has at most so many entries, 40 MB."""
    steps: int = 12
    """Steps at most: at a contraction of 0.5 the twelfth is 2e-4 of the first."""
    small_steps: int = 100
    """The same for small problems, which can wait."""
    contraction: float = 0.5
    """Share of the step before that a step must stay below. Where the residuals are large and curved Gauss-Newton
    converges linearly, and a large problem has its figures before such steps would change them."""
    small_contraction: float = 0.9
    """The same for small problems."""
    unexamined: float = 1e-5
    """A step that explains less and does not shrink any more has met rounding, not failure."""
    left: float = 2e-6
    """Share |J h| / |r| expected after a last step that is taken without evaluation (P. Deuflhard, "Newton methods for
    nonlinear problems", 2004, sec. 4.3): 4e-12 of the cost is then still to be gained."""


@dataclass(frozen=True)
class Acceleration:
    """When a step is corrected to second order (M. K. Transtrum, J. P. Sethna, arXiv:1201.5885, 2012)."""

    probe: float = 0.1
    """How far along the step the second derivative is taken, as in the paper and in GSL."""
    longest: float = 0.75
    """Of the step, beyond which the expansion is not trusted (sec. 4 there)."""
    poor_gain: float = 0.75
    """Gain below which a step has met curvature (J. J. More 1978)."""
    straight: float = 1e6
    """Damping from which on a step is too short to be curved: no column changes the residual by more than 1e-6 of its
    length."""


@dataclass(frozen=True)
class Options:
    """How to solve. The defaults are for a start that may be far off."""

    max_iterations: int = 1000
    """Steps tried at most, those of a solve that is resumed included."""
    initial_damping: float = 1e-3
    """Relative to the scaled, unit diagonal of J'J; Nielsen's tau, small for a good start."""
    gradient_tolerance: float = 1e-12
    """Largest cosine between a column of the Jacobian and the residual (MINPACK's gtol)."""
    cost_tolerance: float = 1e-12
    """Relative decrease of the cost, predicted and achieved (MINPACK's ftol)."""
    polish: Polish | None = field(default_factory=Polish)
    """Finish with undamped Gauss-Newton steps, or not."""
    damping: DampingRule = field(default_factory=Nielsen)
    """How the damping follows the success of the steps."""
    scaling: Literal["auto"] | Scaling = "auto"
    """What the damping is relative to. "auto": More's rule for a good start, else "sized" (measured: NIST, MGH)."""
    geodesic: Literal["auto", "always", "never"] = "auto"
    """Correct the steps to second order, at the price of two evaluations each. "auto": from a start that may be far
    off always, from a good one after a step that has met curvature (measured: NIST, MGH)."""
    good_start: float = 1e-4
    """Initial damping below which a start is taken for good: a tenth of the default, for callers who need less
    accuracy."""
    stopping: Stopping = field(default_factory=Stopping)
    """Thresholds of the convergence tests."""
    acceleration: Acceleration = field(default_factory=Acceleration)
    """Thresholds of the second-order correction."""

    @property
    def far(self) -> bool:
        """Whether the start may be far off."""
        return self.initial_damping >= self.good_start
