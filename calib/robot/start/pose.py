"""Base and target frames from measured poses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.geometry import se3, so3
from calib.robot.start.closed_forms import frames_of_poses
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
from calib.robot.start.position import position_start


@dataclass(frozen=True, eq=False)
class PoseStart:
    """Base and target frames, in closed form."""

    world_from_base: Array
    """(4, 4)."""
    flange_from_target: Array
    """(targets, 4, 4)."""
    residual_m: Array
    """(n,)."""
    residual_rad: Array
    """(n,)."""
    inlier: Mask
    """(n,) which rows agree with the others."""
    turning: Turning
    """How the flange turns; see `PositionStart`."""


def pose_start(
    base_from_flange: Array, world_from_target: Array, target: Index | None = None, *, seed: int = 0
) -> PoseStart:
    """Base and target frames from measured poses world_from_target (n, 4, 4): M = W F X for every row.

    target: (n,) index of the target of each row, all 0 if None.
    Rotations by Shah's Kronecker form (M. Shah, J. Mechanisms and Robotics 5, 2013), then both translations by linear
    least squares. Raises DegenerateError `too-few-poses`, `poses-degenerate`.
    """
    f, m = np.asarray(base_from_flange, dtype=float), np.asarray(world_from_target, dtype=float)
    targets = target_index(target, len(f))
    main = most_seen(targets)
    at = np.flatnonzero(targets == main)
    turns = turning(f[at], least=4)
    length = reach(f[at])
    if not turns.separates:
        return _few_orientations(f, m, targets, seed)
    chosen = subsets(len(at), 5, seed)
    w, x = frames_of_poses(f[at][chosen], m[at][chosen])
    scored = scoring_rows(len(at), seed)
    off_m, off_rad = _pose_residuals(f[at][scored], m[at][scored], w[:, None], x[:, None])
    best = np.argmin(np.median(off_m / length + off_rad, axis=1))

    def inliers(frames: tuple[Array, Array]) -> Mask:
        off_m, off_rad = _pose_residuals(f[at], m[at], *frames)
        return within(off_m, length) & within(off_rad, 1.0)

    def solve(frames: tuple[Array, Array], good: Mask) -> tuple[Array, Array]:
        base, target = frames_of_poses(f[at][None, good], m[at][None, good])
        return base[0], target[0]

    w_best, x_best = solve_on_inliers((w[best], x[best]), inliers, solve, np.ones(len(at), dtype=bool))
    frames = np.stack([_mean_target(f, m, w_best, np.flatnonzero(targets == k)) for k in range(targets.max() + 1)])
    frames[main] = x_best
    off_m, off_rad = _pose_residuals(f, m, w_best, frames[targets])
    return PoseStart(w_best, frames, off_m, off_rad, within(off_m, length) & within(off_rad, 1.0), turns)


def _few_orientations(f: Array, m: Array, targets: Index, seed: int) -> PoseStart:
    """The same where orientations do not separate base and target: both from the positions, then how targets are
    turned on the flange."""
    found = position_start(f, m[:, :3, 3], targets, seed=seed)
    w, points = found.world_from_base, found.target_in_flange
    turned = [_mean_target(f, m, w, np.flatnonzero(targets == k))[:3, :3] for k in range(len(points))]
    frames = se3.compose(np.stack(turned), points)
    off_m, off_rad = _pose_residuals(f, m, w, frames[targets])
    inlier = within(off_m, reach(f)) & within(off_rad, 1.0)
    return PoseStart(w, frames, off_m, off_rad, inlier, found.turning)


def _pose_residuals(f: Array, m: Array, w: Array, x: Array) -> tuple[Array, Array]:
    """Distance in m and angle in rad between W F X and M, (...)."""
    model = w @ f @ x
    off_m = np.linalg.norm(model[..., :3, 3] - m[..., :3, 3], axis=-1)
    # |A - B| = 2 sqrt 2 sin(angle / 2) for rotations: exact near zero, where the trace's arccosine is not
    chord = np.linalg.norm(model[..., :3, :3] - m[..., :3, :3], axis=(-2, -1))
    return off_m, 2 * np.arcsin(np.minimum(chord / np.sqrt(8.0), 1.0))


def _mean_target(f: Array, m: Array, w: Array, at: Index) -> Array:
    """flange_from_target (4, 4) of the rows `at`, given the base: medians, then the mean of the rows near them."""
    targets = se3.inverse(w @ f[at]) @ m[at]
    if not len(at):
        return np.eye(4)
    middle = np.median(targets[:, :3, :], axis=0)
    off = np.linalg.norm(targets[:, :3, :] - middle, axis=(1, 2))
    near = targets[within(off, 1.0)]
    return se3.compose(so3.nearest(near[:, :3, :3].mean(axis=0)), near[:, :3, 3].mean(axis=0))
