"""The base frame and target points from measured positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.geometry import se3, so3
from calib.robot.start.closed_forms import LEAST_DAMPING, OPEN_DAMPING, corrected_position, frames_of_positions
from calib.robot.start.inliers import (
    Turning,
    most_seen,
    reach,
    scoring_rows,
    solve_on_inliers,
    subsets,
    target_index,
    turning,
    within,
)

LINE_TURNS = 12  # steps of 30 deg, from the nearest of which small turns converge


@dataclass(frozen=True, eq=False)
class PositionStart:
    """Base frame and target points, in closed form."""

    world_from_base: Array
    """(4, 4)."""
    target_in_flange: Array
    """(targets, 3) m."""
    residual_m: Array
    """(n,)."""
    inlier: Mask
    """(n,) which rows agree with the others."""
    turning: Turning
    """How the flange turns. Where that does not separate the targets from the base, they are as near the flange as the
    rows allow."""


def position_start(
    base_from_flange: Array, position: Array, target: Index | None = None, *, seed: int = 0
) -> PositionStart:
    """Base frame and target points from measured positions (n, 3) in m: p = W F x for every row.

    target: (n,) index of the target of each row, all 0 if None.
    With W = (R, t), R'p - R't = F x is linear in R', R't and x: 12 + 3 unknowns solved as if free, then R' made a
    rotation and everything re-solved with its small correction. Raises DegenerateError as `pose_start`.
    """
    f, p = np.asarray(base_from_flange, dtype=float), np.asarray(position, dtype=float)
    targets = target_index(target, len(f))
    main = most_seen(targets)
    at = np.flatnonzero(targets == main)
    turns = turning(f[at], least=6)
    length = reach(f[at])
    chosen = subsets(len(at), 7, seed)
    damping = LEAST_DAMPING if turns.separates else OPEN_DAMPING
    w, x = frames_of_positions(f[at][chosen], p[at][chosen], damping)
    scored = scoring_rows(len(at), seed)
    off = np.linalg.norm(_in_world(w[:, None], f[at][scored], x[:, None]) - p[at][scored], axis=-1)
    best = np.argmin(np.median(off, axis=1))

    def points_at(world_from_base: Array) -> Array:
        """Where each row puts its target, if the base is right."""
        there = se3.apply(se3.inverse(world_from_base @ f), p)
        return np.stack([np.median(there[targets == k], axis=0) for k in range(targets.max() + 1)])

    points = points_at(w[best])
    points[main] = x[best]

    def residuals(estimate: tuple[Array, Array]) -> Array:
        return np.asarray(np.linalg.norm(_in_world(estimate[0], f, estimate[1][targets]) - p, axis=-1))

    def inliers(estimate: tuple[Array, Array]) -> Mask:
        return within(residuals(estimate), length)

    def solve(estimate: tuple[Array, Array], good: Mask) -> tuple[Array, Array]:
        return corrected_position(f[good], p[good], targets[good], *estimate, separable=turns.separates)

    nothing = np.zeros(len(f), dtype=bool)
    starts = [(w[best], points)]
    if not turns.separates:  # along a line, the subsets do not tell how the base is turned about it
        starts += [(turned, points_at(turned)) for turned in _turned_about_line(w[best], p[at])]
    tried = [solve_on_inliers(start, inliers, solve, nothing, once_more=True) for start in starts]
    found = min(tried, key=lambda estimate: float(np.median(residuals(estimate))))
    off = residuals(found)
    return PositionStart(*found, off, within(off, length), turns)


def _turned_about_line(w: Array, p: Array) -> Array:
    """A base (4, 4) turned by steps about the line along which positions (n, 3) extend most, (k, 4, 4)."""
    middle = np.median(p, axis=0)
    axis = np.linalg.svd(p - middle, full_matrices=False)[2][0]
    turns = so3.exp(axis * (2 * np.pi * np.arange(1, LINE_TURNS) / LINE_TURNS)[:, None])
    return np.asarray(se3.compose(turns, middle - turns @ middle) @ w)


def _in_world(w: Array, f: Array, points: Array) -> Array:
    """Points of the flange in the world, (..., 3)."""
    return se3.apply(w, se3.apply(f, points))
