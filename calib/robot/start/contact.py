"""Where the tip is, and the point or plane it touches, from joint values alone and a nominal arm: closed forms that
tolerate a fifth of outlier rows, as those of the other measurements do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.errors import DegenerateError
from calib.geometry import se3, so3
from calib.robot.start.closed_forms import damped_least_squares
from calib.robot.start.inliers import (
    most_seen,
    reach,
    require_turning,
    scoring_rows,
    solve_on_inliers,
    subsets,
    within,
)

POINT_ROWS = 4  # in a subset: 12 equations for 6 unknowns
# 16 rows for the 12 unknown ratios of a plane: 0.028 of the subsets are clean with a fifth of the rows wrong, and none
# of 600 is once in 10^7
PLANE_ROWS, PLANE_SUBSETS = 16, 600


@dataclass(frozen=True, eq=False)
class ContactStart:
    """Points or planes and the tip, in closed form."""

    in_base: Array
    """The points (targets, 3) in m, or the planes (targets, 4) as unit normal and offset in m."""
    tip_in_flange: Array
    """(3,) m."""
    residual_m: Array
    """(n,)."""
    inlier: Mask
    """(n,) which rows agree with the others."""


def contact_point_start(base_from_flange: Array, target: Index, *, seed: int = 0) -> ContactStart:
    """Fixed points and the tip that is held in them: p - R x = t for every row.

    base_from_flange: (n, 4, 4). target: (n,) index of the point. Raises DegenerateError `too-few-poses`,
    `poses-degenerate`.
    """
    f = np.asarray(base_from_flange, dtype=float)
    main = np.flatnonzero(target == most_seen(target))
    require_turning(f[main], least=4)
    chosen = main[subsets(len(main), POINT_ROWS, seed)]
    unknown = damped_least_squares(_point_equations(f[chosen]), f[chosen][..., :3, 3].reshape(len(chosen), -1))
    scored = f[main[scoring_rows(len(main), seed)]]
    in_base = np.einsum("nij,sj->sni", scored[:, :3, :3], unknown[:, 3:]) + scored[:, :3, 3]
    off = np.linalg.norm(in_base - unknown[:, None, :3], axis=-1)
    tip = unknown[np.argmin(np.median(off, axis=1)), 3:]
    points = _at_targets(se3.apply(f, tip), target, np.median)

    def residuals(estimate: tuple[Array, Array]) -> Array:
        return np.asarray(np.linalg.norm(se3.apply(f, estimate[0]) - estimate[1][target], axis=1))

    def inliers(estimate: tuple[Array, Array]) -> Mask:
        return within(residuals(estimate), reach(f))

    def solve(estimate: tuple[Array, Array], good: Mask) -> tuple[Array, Array]:
        return _refined_point(f[good], target[good], len(points))

    tip, points = solve_on_inliers((tip, points), inliers, solve, np.zeros(len(f), bool))
    residual = residuals((tip, points))
    return ContactStart(points, tip, residual, within(residual, reach(f)))


def contact_plane_start(base_from_flange: Array, target: Index, *, seed: int = 0) -> ContactStart:
    """Planes and the tip that touches them: n . (R x + t) = o for every row.

    base_from_flange: (n, 4, 4). target: (n,) index of the plane. Linear and homogeneous in n x', n and o, solved for
    the plane with most rows; the others follow from the tip. Raises as `contact_point_start`.
    """
    f = np.asarray(base_from_flange, dtype=float)
    main = np.flatnonzero(target == most_seen(target))
    require_turning(f[main], least=PLANE_ROWS)
    length = reach(f)
    chosen = main[subsets(len(main), PLANE_ROWS, seed, PLANE_SUBSETS)]
    normals, tips = _planes_and_tips(f[chosen], length)
    scored = f[main[scoring_rows(len(main), seed)]]
    heights = np.einsum("si,sni->sn", normals, np.einsum("nij,sj->sni", scored[:, :3, :3], tips) + scored[:, :3, 3])
    spread = np.median(np.abs(heights - np.median(heights, axis=1, keepdims=True)), axis=1)
    best = np.argmin(np.where(np.isfinite(spread), spread, np.inf))
    tip = tips[best]
    planes = np.zeros((target.max() + 1, 4))
    for k in range(len(planes)):
        planes[k] = _plane_of(se3.apply(f[target == k], tip), seed)

    def residuals(estimate: tuple[Array, Array]) -> Array:
        return np.abs(_heights(f, estimate[0], estimate[1][target]))

    def inliers(estimate: tuple[Array, Array]) -> Mask:
        return within(residuals(estimate), length)

    def solve(estimate: tuple[Array, Array], good: Mask) -> tuple[Array, Array]:
        return _refined_plane(f[good], target[good], *estimate)

    tip, planes = solve_on_inliers((tip, planes), inliers, solve, np.zeros(len(f), bool))
    residual = residuals((tip, planes))
    return ContactStart(planes, tip, residual, within(residual, length))


def _point_equations(f: Array) -> Array:
    """Rows [I, -R] of sets of flange poses (s, n, 4, 4): (s, 3 n, 6)."""
    eye = np.broadcast_to(np.eye(3), (*f.shape[:2], 3, 3))
    return np.asarray(np.concatenate([eye, -f[..., :3, :3]], axis=-1).reshape(len(f), -1, 6))


def _at_targets(points: Array, target: Index, mean: Any) -> Array:
    """The mean (targets, 3) of the points (n, 3) of each target."""
    return np.stack([mean(points[target == k], axis=0) for k in range(target.max() + 1)])


def _refined_point(f: Array, target: Index, count: int) -> tuple[Array, Array]:
    """Tip and points (count, 3) by least squares, the points eliminated: each is the mean over its rows."""
    rotations, offsets = f[:, :3, :3], f[:, :3, 3]
    mean_r = np.stack([rotations[target == k].mean(axis=0) for k in range(count)])
    mean_t = np.stack([offsets[target == k].mean(axis=0) for k in range(count)])
    equations = (rotations - mean_r[target]).reshape(1, -1, 3)
    tip = damped_least_squares(equations, -(offsets - mean_t[target]).reshape(1, -1))[0]
    return tip, mean_r @ tip + mean_t


def _planes_and_tips(f: Array, length: float) -> tuple[Array, Array]:
    """Unit normals (s, 3) and tips (s, 3) of sets of touching poses (s, n, 4, 4): the smallest singular vector."""
    equations = np.concatenate(
        [f[..., :3, :3].reshape(*f.shape[:2], 9) * length, f[..., :3, 3], -np.full((*f.shape[:2], 1), length)], axis=-1
    )
    null = np.linalg.svd(equations)[2][:, -1]
    size = np.linalg.norm(null[:, 9:12], axis=1)
    with np.errstate(all="ignore"):  # a subset without an answer ends as infinite residuals
        normals = null[:, 9:12] / size[:, None]
        tips = np.einsum("sij,si->sj", null[:, :9].reshape(-1, 3, 3), normals) * length / size[:, None]
    return normals, tips


def _plane_of(points: Array, seed: int) -> Array:
    """The plane (4,) through most of the points (n, 3): least median of squares over planes of three."""
    if len(points) < 3:
        raise DegenerateError(
            f"{len(points)} rows touch one of the planes, at least 3 are needed",
            code="too-few-poses",
            advice="touch every plane in many poses",
        )
    corners = points[subsets(len(points), 3, seed)]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    offsets = np.einsum("si,si->s", normals, corners[:, 0])
    off = np.median(np.abs(points @ normals.T - offsets), axis=0)
    best = np.argmin(np.where(np.linalg.norm(normals, axis=1) > 0.5, off, np.inf))
    return np.append(normals[best], offsets[best])


def _heights(f: Array, tip: Array, planes: Array) -> Array:
    """The tip's distance (n,) from the plane (n, 4) of its row."""
    return np.asarray(np.einsum("ni,ni->n", planes[:, :3], se3.apply(f, tip)) - planes[:, 3])


def _refined_plane(f: Array, target: Index, tip: Array, planes: Array) -> tuple[Array, Array]:
    """One Gauss-Newton step of tip and planes: small turns of the normals, offsets, tip."""
    normals, count = planes[target, :3], len(planes)
    in_base = se3.apply(f, tip)
    by_plane = np.concatenate([np.cross(normals, in_base), -np.ones((len(f), 1))], axis=1)  # n -> n + w x n
    own = np.einsum("nk,nj->nkj", np.eye(count)[target], by_plane).reshape(len(f), -1)
    equations = np.concatenate([own, np.einsum("ni,nij->nj", normals, f[:, :3, :3])], axis=1)
    step = np.linalg.lstsq(equations, -_heights(f, tip, planes[target]), rcond=1e-9)[0]
    turns = step[: 4 * count].reshape(count, 4)
    turned = np.einsum("kij,kj->ki", so3.exp(turns[:, :3]), planes[:, :3])
    return tip + step[4 * count :], np.column_stack([turned, planes[:, 3] + turns[:, 3]])
