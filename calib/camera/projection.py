"""The residual of a camera: where a lens at a pose projects the board's corners, less where they were seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.engine import Loss, ParameterBlock, ResidualBlock, prior
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.lens import Array, Lens
    from calib.camera.observations import View
    from calib.engine.problem import Index, Rows, Values

LENS_BLOCK = "lens"
POSE_BLOCK = "camera_from_board"


@dataclass(frozen=True)
class Corners:
    """The corners of all views in one table, a row per corner, view after view.

    px: (2, rows). in_board: (3, rows). view: (rows,) index. counts: (views,). sigma_px: (rows,) or 1.
    """

    px: Array
    in_board: Array
    view: Index
    counts: Index
    sigma_px: Array | float = 1.0

    def batches(self, most: int = 64) -> Iterator[tuple[Index, Index]]:
        """Views with equally many corners together, at most `most` at a time: their indices and rows (views, n)."""
        starts = self.starts
        for count in np.unique(self.counts):
            alike = np.flatnonzero(self.counts == count)
            for begin in range(0, len(alike), most):
                views = alike[begin : begin + most]
                yield views, starts[views, None] + np.arange(count)

    @property
    def starts(self) -> Index:
        """Row at which each view begins."""
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]])


def corners_of(views: Sequence[View]) -> Corners:
    """Put the corners of all views into one table."""
    counts = np.array([len(view.corners_px) for view in views], dtype=np.intp)
    sigma: Array | float = 1.0
    if any(view.sigma_px is not None for view in views):
        sigma = np.concatenate([np.ones(len(v.corners_px)) if v.sigma_px is None else v.sigma_px for v in views])
    return Corners(
        np.ascontiguousarray(np.concatenate([view.corners_px for view in views]).T),
        np.ascontiguousarray(np.concatenate([view.corners_in_board for view in views]).T),
        np.repeat(np.arange(len(views)), counts),
        counts,
        sigma,
    )


def lens_block(lens: Lens, parameters: Array, held: frozenset[str]) -> ParameterBlock:
    """The lens' parameters as unknowns."""
    return ParameterBlock(LENS_BLOCK, parameters[None], lens.labels, held)


def weak_priors(lens: Lens, block: ParameterBlock) -> tuple[ResidualBlock, ...]:
    """The lens' weak priors, on the coefficients that are free."""
    sigma = {label: sigma for label, sigma in lens.weak.items() if label not in block.fixed}
    return (prior(block, dict.fromkeys(sigma, 0.0), sigma),) if sigma else ()


def pose_block(camera_from_board: Array, names: Sequence[str]) -> ParameterBlock:
    """The pose of every view, (views, 4, 4), as unknowns private to the view."""
    labels = se3.TANGENT
    return ParameterBlock(POSE_BLOCK, camera_from_board, labels, retract=se3.retract, members=tuple(names))


def reprojection(lens: Lens, corners: Corners, sigma_px: float = 1.0, loss: Loss | None = None) -> ResidualBlock:
    """Reprojection error in pixels, (rows, 2): projected less seen. sigma_px scales the corners' own."""
    planar = not corners.in_board[2].any()

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        parameters, poses = values[LENS_BLOCK][0], values[POSE_BLOCK]
        # entry by entry, a row per corner: plain passes over long rows beat small matrix products
        entries = poses[:, :3, :].reshape(len(poses), 12).T
        pose = np.take(entries, corners.view[rows], axis=1).reshape(3, 4, -1)
        residuals, jacobians = _linearise(lens, parameters, pose, corners.in_board[:, rows], planar)
        residuals -= corners.px[:, rows]
        return residuals.T, [j.transpose(2, 1, 0) for j in jacobians]

    return ResidualBlock(
        "reprojection",
        corners.px.shape[1],
        2,
        {LENS_BLOCK: None, POSE_BLOCK: corners.view},
        evaluate,
        sigma=corners.sigma_px * sigma_px if isinstance(corners.sigma_px, np.ndarray) else float(sigma_px),
        loss=loss,
    )


def _linearise(
    lens: Lens, parameters: Array, pose: Array, board: Array, planar: bool
) -> tuple[Array, tuple[Array, Array]]:
    """Pixels (2, rows) and Jacobians by the lens (p, 2, rows) and by the pose's right tangent (6, 2, rows).

    pose: (3, 4, rows) entries of camera_from_board, board: (3, rows) points. Structure of arrays: every line below
    is one pass over the rows. With q a row of d pixel / d point times the rotation, the tangent columns are q for
    the translation and X x q for the rotation (right perturbation: dP = R (v + w x X)).
    """
    X, Y, Z = board
    fx, fy, skew, cx, cy = parameters[:5]
    x, y, z = (pose[i, 0] * X + pose[i, 1] * Y + pose[i, 3] for i in range(3))
    if not planar:
        x, y, z = (p + pose[i, 2] * Z for i, p in enumerate((x, y, z)))
    d = lens.distort(parameters[5:], x, y, z)
    m1, m2 = d.m
    rows = len(x)
    pixels = np.empty((2, rows))
    by_lens = np.empty((len(parameters), 2, rows))
    by_pose = np.empty((6, 2, rows))
    np.multiply(m1, fx, out=pixels[0])
    pixels[0] += cx
    np.multiply(m2, fy, out=pixels[1])
    pixels[1] += cy
    by_lens[0, 0], by_lens[0, 1] = m1, 0.0
    by_lens[1, 0], by_lens[1, 1] = 0.0, m2
    by_lens[2, 0], by_lens[2, 1] = m2, 0.0
    by_lens[3, 0], by_lens[3, 1] = 1.0, 0.0
    by_lens[4, 0], by_lens[4, 1] = 0.0, 1.0
    for i, (k1, k2) in enumerate(d.by_k, start=5):
        np.multiply(k1, fx, out=by_lens[i, 0])
        np.multiply(k2, fy, out=by_lens[i, 1])
    by_point = [[g * fx for g in d.by_point[0]], [g * fy for g in d.by_point[1]]]
    if skew != 0.0:
        pixels[0] += skew * m2
        for i, (_, k2) in enumerate(d.by_k, start=5):
            by_lens[i, 0] += skew * k2
        by_point[0] = [g + skew * h for g, h in zip(by_point[0], d.by_point[1], strict=True)]
    for axis, (gx, gy, gz) in enumerate(by_point):
        q = by_pose[:3, axis]
        for i in range(3):
            np.multiply(gx, pose[0, i], out=q[i])
            q[i] += gy * pose[1, i]
            q[i] += gz * pose[2, i]
        w = by_pose[3:, axis]
        np.multiply(Y, q[2], out=w[0])
        np.multiply(X, q[2], out=w[1])
        np.negative(w[1], out=w[1])
        np.multiply(X, q[1], out=w[2])
        w[2] -= Y * q[0]
        if not planar:
            w[0] -= Z * q[1]
            w[1] += Z * q[0]
    return pixels, (by_lens, by_pose)
