"""What closed-form starts share: random subsets, the rows that agree, and degenerate poses.

All starts take flange poses base_from_flange (n, 4, 4) of a nominal arm and what was measured, and tolerate a fifth of
outlier rows. Small random subsets are solved in closed form, all at once; the one with the smallest median residual
selects the inliers (least median of squares, P. J. Rousseeuw, J. American Statistical Association 79, 1984), which are
then solved together. The subsets come from a seed, so a start is repeatable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.errors import DegenerateError
from calib.geometry import so3

Estimate = TypeVar("Estimate")

SUBSETS = 100  # with a fifth of the rows wrong a subset of 7 is clean with 0.21: none of 100 is, once in 10^10
SCORED_ROWS = 400  # rows by which a subset is scored; the median of 400 is known to 6 % of a standard deviation
OUTLIER_AT = 4.0  # times the median residual: 6 sigma for Gaussian 3-D residuals, whose median is 1.54 sigma
ROUNDS = 10  # of re-solving on the good rows; the mask settles in 2 to 4
LEAST_TURN_RAD = np.deg2rad(0.5)  # rms turn about an axis below which robot noise (0.05 deg) is over a tenth of it
STANDSTILL_M = 1e-3  # rms motion of the flange below which nothing follows from where it is


def target_index(target: Index | None, rows: int) -> Index:
    """The target of every row (n,), all 0 if None."""
    return np.zeros(rows, dtype=np.intp) if target is None else np.asarray(target, dtype=np.intp)


def most_seen(targets: Index) -> int:
    """The target of most rows."""
    return int(np.argmax(np.bincount(targets))) if len(targets) else 0


def reach(f: Array) -> float:
    """A length of the size of the motion: what an angle is multiplied by to compare with metres."""
    centred = f[:, :3, 3] - f[:, :3, 3].mean(axis=0)
    return float(np.sqrt(np.mean(np.sum(centred**2, axis=1)))) or 1.0


@dataclass(frozen=True)
class Turning:
    """About how many axes the flange turns, as far as it matters."""

    axes: int
    """0, 1, or 2 for two and more, which separate base and target."""
    what: str
    """In words; empty for two axes."""
    why: str
    """With figures."""

    @property
    def separates(self) -> bool:
        """Whether where the target is on the flange is separable from where the base is."""
        return self.axes == 2


def turning(f: Array, least: int) -> Turning:
    """How flange poses (n, 4, 4) turn. Raises DegenerateError `too-few-poses` for less than `least` of them,
    `poses-degenerate` where they are all alike."""
    if len(f) < least:
        raise DegenerateError(
            f"{len(f)} rows of one target, at least {least} are needed",
            code="too-few-poses",
            advice="measure more poses, as varied as the cell allows",
        )
    turns = so3.log(np.swapaxes(f[0, :3, :3], 0, 1) @ f[:, :3, :3])
    rms = np.linalg.svd(turns - turns.mean(axis=0), compute_uv=False) / np.sqrt(len(f))
    if rms[1] > LEAST_TURN_RAD:
        return Turning(2, "", "")
    if rms[0] < LEAST_TURN_RAD:
        why = f"the flange turns by {np.degrees(rms[0]):.3f} deg rms: base and target are not separable"
        if reach(f) < STANDSTILL_M:
            raise _degenerate("all poses are alike", why)
        return Turning(0, "the orientation never changes", why)
    why = (
        f"{np.degrees(rms[0]):.1f} deg rms about it, {np.degrees(rms[1]):.3f} deg about any other: the "
        "positions of base and target along that axis are not separable"
    )
    return Turning(1, "the flange turns about one axis only", why)


def require_turning(f: Array, least: int) -> None:
    """Refuse poses whose orientations do not turn about two axes, where those determine nothing."""
    found = turning(f, least)
    if not found.separates:
        raise _degenerate(found.what, found.why)


def _degenerate(what: str, why: str) -> DegenerateError:
    advice = "turn the flange about at least two axes that are not parallel, by 30 deg or more"
    return DegenerateError(what, code="poses-degenerate", why=why, advice=advice)


def subsets(rows: int, size: int, seed: int, count: int = SUBSETS) -> Index:
    """Random row numbers (count, size); without repetition where rows are few."""
    random = np.random.default_rng(seed)
    size = min(size, rows)
    if rows <= 200:
        return np.argsort(random.random((count, rows)), axis=1)[:, :size]
    return random.integers(rows, size=(count, size))


def scoring_rows(rows: int, seed: int) -> Index:
    """The rows by which subsets are scored."""
    return np.sort(np.random.default_rng(seed + 1).permutation(rows)[:SCORED_ROWS])


def within(residual: Array, length: float) -> Mask:
    """Which residuals are not outliers; anything below rounding of `length` is not."""
    return np.asarray(residual <= max(OUTLIER_AT * float(np.median(residual)), 1e-9 * length))


def solve_on_inliers(
    estimate: Estimate,
    inliers: Callable[[Estimate], Mask],
    solve: Callable[[Estimate, Mask], Estimate],
    good: Mask,
    *,
    once_more: bool = False,
) -> Estimate:
    """Solve again on the rows that agree with the estimate, until these are the same as before.

    good: (n,) the rows on which the estimate rests. once_more: solve on the same rows again at the end, where a solve
    is one step from the estimate and not the answer for its rows.
    """
    for _ in range(ROUNDS):
        before, good = good, inliers(estimate)
        settled = bool(np.array_equal(before, good))
        if not settled or once_more:
            estimate = solve(estimate, good)
        if settled:
            break
    return estimate
