"""Where the robot stands before anything is refined: closed forms that shrug off a fifth of wrong rows.

All take flange poses base_from_flange (n, 4, 4) of a nominal arm and what was measured. Small random subsets are solved
in closed form, all at once; the one with the smallest median residual tells the good rows (least median of squares,
P. J. Rousseeuw, J. American Statistical Association 79, 1984), which are then solved together. The subsets come from a
seed, so a start is repeatable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.errors import DegenerateError
from calib.geometry import se3, so3
from calib.robot.start.closed_forms import (
    anchor_of_distances,
    corrected_distance,
    corrected_position,
    frames_of_poses,
    frames_of_positions,
)

SUBSETS = 100  # with a fifth of the rows wrong a subset of 7 is clean with 0.21: none of 100 is, once in 10^10
SCORED_ROWS = 400  # rows that judge a subset; the median of 400 is known to 6 % of a standard deviation
OUTLIER_AT = 4.0  # times the median residual: 6 sigma for Gaussian 3-D residuals, whose median is 1.54 sigma
ROUNDS = 10  # of re-solving on the good rows; the mask settles in 2 to 4
LEAST_TURN_RAD = np.deg2rad(0.5)  # rms turn about an axis below which robot noise (0.05 deg) is over a tenth of it


@dataclass(frozen=True, eq=False)
class PoseStart:
    """world_from_base (4, 4); flange_from_target (targets, 4, 4); residuals (n,) in m and rad; inlier (n,): which rows
    agree with the others."""

    world_from_base: Array
    flange_from_target: Array
    residual_m: Array
    residual_rad: Array
    inlier: Mask


@dataclass(frozen=True, eq=False)
class PositionStart:
    """world_from_base (4, 4); target_in_flange (targets, 3) m; residual_m (n,); inlier (n,)."""

    world_from_base: Array
    target_in_flange: Array
    residual_m: Array
    inlier: Mask


@dataclass(frozen=True, eq=False)
class DistanceStart:
    """anchor_in_base (3,) m; target_in_flange (targets, 3) m; residual_m (n,), modelled minus measured; inlier (n,)."""

    anchor_in_base: Array
    target_in_flange: Array
    residual_m: Array
    inlier: Mask


def pose_start(
    base_from_flange: Array, world_from_target: Array, target: Index | None = None, *, seed: int = 0
) -> PoseStart:
    """Base and target frames from measured poses world_from_target (n, 4, 4): M = W F X for every row.

    target: (n,) index of the target of each row, all 0 if None.
    Rotations by Shah's Kronecker form (M. Shah, J. Mechanisms and Robotics 5, 2013), then both translations by linear
    least squares. Raises DegenerateError `too-few-poses`, `poses-degenerate`.
    """
    f, m = np.asarray(base_from_flange, dtype=float), np.asarray(world_from_target, dtype=float)
    targets = _targets(target, len(f))
    main = most_seen(targets)
    at = np.flatnonzero(targets == main)
    require_turning(f[at], least=4)
    length = reach(f[at])
    chosen = subsets(len(at), 5, seed)
    w, x = frames_of_poses(f[at][chosen], m[at][chosen])
    judging = judges(len(at), seed)
    off_m, off_rad = _pose_residuals(f[at][judging], m[at][judging], w[:, None], x[:, None])
    best = np.argmin(np.median(off_m / length + off_rad, axis=1))
    w_best, x_best = w[best], x[best]
    good = np.ones(len(at), dtype=bool)
    for _ in range(ROUNDS):
        off_m, off_rad = _pose_residuals(f[at], m[at], w_best, x_best)
        before, good = good, within(off_m, length) & within(off_rad, 1.0)
        if np.array_equal(before, good):
            break
        w_best, x_best = (one[0] for one in frames_of_poses(f[at][None, good], m[at][None, good]))
    frames = np.stack([_mean_target(f, m, w_best, np.flatnonzero(targets == k)) for k in range(targets.max() + 1)])
    frames[main] = x_best
    off_m, off_rad = _pose_residuals(f, m, w_best, frames[targets])
    return PoseStart(w_best, frames, off_m, off_rad, within(off_m, length) & within(off_rad, 1.0))


def position_start(
    base_from_flange: Array, position: Array, target: Index | None = None, *, seed: int = 0
) -> PositionStart:
    """Base frame and target points from measured positions (n, 3) in m: p = W F x for every row.

    target: (n,) index of the target of each row, all 0 if None.
    With W = (R, t), R'p - R't = F x is linear in R', R't and x: 12 + 3 unknowns solved as if free, then R' made a
    rotation and everything re-solved with its small correction. Raises DegenerateError as `pose_start`.
    """
    f, p = np.asarray(base_from_flange, dtype=float), np.asarray(position, dtype=float)
    targets = _targets(target, len(f))
    main = most_seen(targets)
    at = np.flatnonzero(targets == main)
    require_turning(f[at], least=6)
    length = reach(f[at])
    chosen = subsets(len(at), 7, seed)
    w, x = frames_of_positions(f[at][chosen], p[at][chosen])
    judging = judges(len(at), seed)
    off = np.linalg.norm(_seen(w[:, None], f[at][judging], x[:, None]) - p[at][judging], axis=-1)
    best = np.argmin(np.median(off, axis=1))
    w_best = w[best]
    # what each row says its target is, if the base is right
    said = se3.apply(se3.inverse(w_best @ f), p)
    points = np.stack([np.median(said[targets == k], axis=0) for k in range(targets.max() + 1)])
    points[main] = x[best]
    off = np.linalg.norm(_seen(w_best, f, points[targets]) - p, axis=-1)
    good = np.zeros(len(f), dtype=bool)
    for _ in range(ROUNDS):
        before, good = good, within(off, length)
        w_best, points = corrected_position(f[good], p[good], targets[good], w_best, points)
        off = np.linalg.norm(_seen(w_best, f, points[targets]) - p, axis=-1)
        if np.array_equal(before, good):
            break
    return PositionStart(w_best, points, off, within(off, length))


def distance_start(base_from_flange: Array, distance: Array, target: Index | None = None) -> DistanceStart:
    """A fixed anchor and target points from distances (n,) in m between them: d = |F x - a| for every row.

    target: (n,) index of the target of each row, all 0 if None.
    Squared, d^2 - |p|^2 = s + 2 x.(R'p) - 2 a.p - 2 sum R_jk a_j x_k with p, R of the flange and s = |a|^2 + |x|^2:
    linear in the 16 unknowns s, x, a and a x', solved in the least absolute residual (the measurement stands on one
    side only, so a wrong one cannot pull), then re-linearised in a and x alone. Raises DegenerateError as `pose_start`.
    """
    f, d = np.asarray(base_from_flange, dtype=float), np.asarray(distance, dtype=float)
    targets = _targets(target, len(f))
    require_turning(f, least=20)
    length = reach(f)
    anchors, points = [], []
    for k in range(targets.max() + 1):
        at = targets == k
        require_turning(f[at], least=20)
        anchor, point = anchor_of_distances(f[at], d[at], length)
        anchors.append(anchor)
        points.append(point)
    anchor, point_of = np.median(anchors, axis=0), np.array(points)
    good = np.zeros(len(f), dtype=bool)
    for _ in range(ROUNDS):
        off = np.linalg.norm(se3.apply(f, point_of[targets]) - anchor, axis=1) - d
        before, good = good, within(np.abs(off), length)
        anchor, point_of = corrected_distance(f[good], d[good], targets[good], anchor, point_of)
        if np.array_equal(before, good):
            break
    off = np.linalg.norm(se3.apply(f, point_of[targets]) - anchor, axis=1) - d
    return DistanceStart(anchor, point_of, off, within(np.abs(off), length))


def _targets(target: Index | None, rows: int) -> Index:
    return np.zeros(rows, dtype=np.intp) if target is None else np.asarray(target, dtype=np.intp)


def most_seen(targets: Index) -> int:
    """The target of most rows."""
    return int(np.argmax(np.bincount(targets))) if len(targets) else 0


def reach(f: Array) -> float:
    """A length of the size of the motion: what an angle is multiplied by to compare with metres."""
    centred = f[:, :3, 3] - f[:, :3, 3].mean(axis=0)
    return float(np.sqrt(np.mean(np.sum(centred**2, axis=1)))) or 1.0


def require_turning(f: Array, least: int) -> None:
    """Refuse poses whose orientations do not turn about two axes: they leave base and target undetermined."""
    if len(f) < least:
        raise DegenerateError(
            f"{len(f)} rows of one target, at least {least} are needed",
            code="too-few-poses",
            advice="measure more poses, as different as the cell allows",
        )
    turns = so3.log(np.swapaxes(f[0, :3, :3], 0, 1) @ f[:, :3, :3])
    rms = np.linalg.svd(turns - turns.mean(axis=0), compute_uv=False) / np.sqrt(len(f))
    if rms[1] > LEAST_TURN_RAD:
        return
    advice = "turn the flange about at least two axes that are not parallel, by 30 deg or more"
    if rms[0] < LEAST_TURN_RAD:
        what = "all poses are alike" if reach(f) < 1e-3 else "the orientation never changes"
        why = f"the flange turns by {np.degrees(rms[0]):.3f} deg rms: base and target cannot be told apart"
    else:
        what = "the flange turns about one axis only"
        why = (
            f"{np.degrees(rms[0]):.1f} deg rms about it, {np.degrees(rms[1]):.3f} deg about any other: where base and "
            "target stand along that axis cannot be told apart"
        )
    raise DegenerateError(what, code="poses-degenerate", why=why, advice=advice)


def subsets(rows: int, size: int, seed: int, count: int = SUBSETS) -> Index:
    """Random row numbers (count, size); without repetition where rows are few."""
    random = np.random.default_rng(seed)
    size = min(size, rows)
    if rows <= 200:
        return np.argsort(random.random((count, rows)), axis=1)[:, :size]
    return random.integers(rows, size=(count, size))


def judges(rows: int, seed: int) -> Index:
    """The rows that judge the subsets."""
    return np.sort(np.random.default_rng(seed + 1).permutation(rows)[:SCORED_ROWS])


def within(residual: Array, length: float) -> Mask:
    """Which residuals are not outliers; anything below rounding of `length` is not."""
    return np.asarray(residual <= max(OUTLIER_AT * float(np.median(residual)), 1e-9 * length))


def _pose_residuals(f: Array, m: Array, w: Array, x: Array) -> tuple[Array, Array]:
    """Distance in m and angle in rad between W F X and M, (...)."""
    model = w @ f @ x
    off_m = np.linalg.norm(model[..., :3, 3] - m[..., :3, 3], axis=-1)
    # |A - B| = 2 sqrt 2 sin(angle / 2) for rotations: exact near zero, where the trace's arccosine is not
    chord = np.linalg.norm(model[..., :3, :3] - m[..., :3, :3], axis=(-2, -1))
    return off_m, 2 * np.arcsin(np.minimum(chord / np.sqrt(8.0), 1.0))


def _mean_target(f: Array, m: Array, w: Array, at: Index) -> Array:
    """flange_from_target (4, 4) of the rows `at`, given the base: medians, then the mean of the rows near them."""
    said = se3.inverse(w @ f[at]) @ m[at]
    if not len(at):
        return np.eye(4)
    middle = np.median(said[:, :3, :], axis=0)
    off = np.linalg.norm(said[:, :3, :] - middle, axis=(1, 2))
    near = said[within(off, 1.0)]
    return se3.compose(so3.nearest(near[:, :3, :3].mean(axis=0)), near[:, :3, 3].mean(axis=0))


def _seen(w: Array, f: Array, points: Array) -> Array:
    """Points of the flange in the world, (..., 3)."""
    return se3.apply(w, se3.apply(f, points))
