"""The residual of a camera: where a lens at a pose projects the board's corners, less where they were seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.camera.adjustment.discs import POINTS, AreaCentres, contours
from calib.engine import Loss, ParameterBlock, ResidualBlock, prior
from calib.engine.label import Label
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.lens import Lens
    from calib.camera.observations import View
    from calib.engine.problem import Rows, Values

LENS_BLOCK = "lens"
POSE_BLOCK = "camera_from_board"
POSE_LABELS = tuple(Label(f"v{axis}", "m") for axis in "xyz") + tuple(Label(f"w{axis}", "rad") for axis in "xyz")


@dataclass(frozen=True, eq=False)
class PosedLens:
    """A lens' parameters, where the board is in every view, and its shape."""

    parameters: Array
    """(p,) in the order of the lens' labels."""
    camera_from_board: Array
    """(views, 4, 4)"""
    shape: Array | None = field(default=None, kw_only=True)
    """(7,) coefficients of the board's surface, m; None for a board that is taken as flat."""


@dataclass(frozen=True)
class Corners:
    """The corners of all views in one table, a row per corner, view after view."""

    px: Array
    """(2, rows)."""
    in_board: Array
    """(3, rows) m."""
    view: Index
    """(rows,) index of the view."""
    counts: Index
    """(views,) corners of each."""
    sigma_px: Array | float = 1.0
    """(rows,) standard deviations, or 1."""
    radius: Array | None = None
    """(rows,) of the circle of whose image the middle was measured, in the unit of in_board; None for points."""

    def select(self, rows: Mask, view: Index, counts: Index) -> Corners:
        """Those of some rows (rows,), in the views (rows kept,) given, of which each has so many (views,)."""
        sigma, radius = self.sigma_px, self.radius
        return Corners(
            np.compress(rows, self.px, axis=1),  # which keeps rows long and contiguous; a mask in brackets does not
            np.compress(rows, self.in_board, axis=1),
            view,
            counts,
            sigma[rows] if isinstance(sigma, np.ndarray) else sigma,
            None if radius is None else radius[rows],
        )

    def batches(self, *arrays: Array, most: int = 64) -> Iterator[tuple[Index, list[Array]]]:
        """Views with equally many corners together, at most `most` at a time.

        Yields their indices (views,) and, for every array (k, rows), what it holds of them, (k, views, n).
        """
        starts = self.starts
        for count in sorted(set(self.counts.tolist())):
            alike = np.flatnonzero(self.counts == count)
            for begin in range(0, len(alike), most):
                views = alike[begin : begin + most]
                if self.uniform:
                    whole = slice(begin * count, (begin + len(views)) * count)
                    yield views, [array[:, whole].reshape(-1, len(views), count) for array in arrays]
                else:
                    rows = starts[views, None] + np.arange(count)
                    yield views, [array[:, rows] for array in arrays]

    @cached_property
    def uniform(self) -> int:
        """Corners per view if all views have as many, else 0."""
        return int(self.counts[0]) if len(self.counts) and (self.counts == self.counts[0]).all() else 0

    @cached_property
    def starts(self) -> Index:
        """Row at which each view begins."""
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]])


def corners_of(views: Sequence[View], origin_in_board: Array | float = 0.0) -> Corners:
    """Put the corners of all views into one table, with board points relative to an origin (3,)."""
    counts = np.array([len(view.corners_px) for view in views], dtype=np.intp)
    sigma: Array | float = 1.0
    if any(view.sigma_px is not None for view in views):
        sigma = np.concatenate([np.ones(len(v.corners_px)) if v.sigma_px is None else v.sigma_px for v in views])
    radius: Array | None = None
    if any(view.radius is not None for view in views):
        radius = np.concatenate([np.zeros(len(v.corners_px)) if v.radius is None else v.radius for v in views])
    return Corners(
        np.ascontiguousarray(np.concatenate([view.corners_px for view in views]).T),
        np.ascontiguousarray((np.concatenate([view.corners_in_board for view in views]) - origin_in_board).T),
        np.repeat(np.arange(len(views)), counts),
        counts,
        sigma,
        radius,
    )


def lens_block(lens: Lens, parameters: Array, held: frozenset[str]) -> ParameterBlock:
    """The lens' parameters as unknowns."""
    return ParameterBlock(LENS_BLOCK, parameters[None], lens.labels, held)


def weak_priors(lens: Lens, block: ParameterBlock, unit_px: float = 1.0) -> tuple[ResidualBlock, ...]:
    """The lens' weak priors, on the coefficients that are free, beside residuals in units of so many pixels."""
    sigma = {label: unit_px * sigma for label, sigma in lens.weak.items() if label not in block.fixed}
    return (prior(block, dict.fromkeys(sigma, 0.0), sigma),) if sigma else ()


def pose_block(camera_from_board: Array, names: Sequence[str]) -> ParameterBlock:
    """The pose of every view, (views, 4, 4), as unknowns private to the view."""
    return ParameterBlock(POSE_BLOCK, camera_from_board, POSE_LABELS, retract=se3.retract, members=tuple(names))


def reprojection(lens: Lens, corners: Corners, sigma_px: float = 1.0, loss: Loss | None = None) -> ResidualBlock:
    """Reprojection error in pixels, (rows, 2): projected less seen. sigma_px scales the corners' own."""
    planar = not corners.in_board[2].any()

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        return linearise_rows(lens, values, corners, rows, corners.in_board[:, rows], planar)

    return ResidualBlock(
        "reprojection",
        corners.px.shape[1],
        2,
        {LENS_BLOCK: None, POSE_BLOCK: corners.view},
        evaluate,
        sigma=corners.sigma_px * sigma_px if isinstance(corners.sigma_px, np.ndarray) else float(sigma_px),
        loss=loss,
    )


def linearise_rows(
    lens: Lens, values: Values, corners: Corners, rows: Rows, in_board: Array, planar: bool = False
) -> tuple[Array, list[Array]]:
    """Reprojection errors (m, 2) of m rows whose corners are at in_board (3, m), and their Jacobians by the lens
    (m, 2, p) and the pose (m, 2, 6). planar: whether all board points have z = 0."""
    pose, parameters = _poses_of(values[POSE_BLOCK], corners, rows), values[LENS_BLOCK][0]
    if corners.radius is None:
        pixels, jacobians = _linearise(lens, parameters, pose, in_board, planar)
    else:
        around = contours(in_board, corners.radius[rows])
        seen, by_contour = _linearise(lens, parameters, np.repeat(pose, POINTS, axis=2), around, planar)
        centres = AreaCentres.of(seen)
        pixels, jacobians = centres.px, (centres.through(by_contour[0]), centres.through(by_contour[1]))
    pixels -= corners.px[:, rows]
    return pixels.T, [j.transpose(2, 1, 0) for j in jacobians]


def reproject(lens: Lens, parameters: Array, camera_from_board: Array, corners: Corners) -> Array:
    """Pixels (2, rows) where the lens projects the corners, or has the middles of the images of circles."""
    pose, in_board = _poses_of(camera_from_board, corners, slice(0, corners.px.shape[1])), corners.in_board
    if corners.radius is not None:
        pose, in_board = np.repeat(pose, POINTS, axis=2), contours(in_board, corners.radius)
    px = lens.linearise(parameters, _in_camera(pose, in_board), derivatives=False).px
    return px if corners.radius is None else AreaCentres.of(px).px


def _poses_of(poses: Array, corners: Corners, rows: Rows) -> Array:
    """Poses entry by entry, (3, 4, n), of n rows: plain passes over long rows beat small matrix products."""
    entries, n = poses[:, :3, :].reshape(len(poses), 12).T, corners.uniform
    begin, end = rows.indices(corners.px.shape[1])[:2] if isinstance(rows, slice) else (1, 1)
    if n and begin % n == 0 and end % n == 0:  # whole views: nothing to gather
        entries = np.repeat(entries[:, begin // n : end // n], n, axis=1)
    else:
        entries = np.take(entries, corners.view[rows], axis=1)
    return entries.reshape(3, 4, -1)


def _in_camera(pose: Array, board: Array, planar: bool = False) -> Array:
    """Points (3, rows) in the camera frame of board points (3, rows) at poses (3, 4, rows)."""
    points = pose[:, 0] * board[0]
    points += pose[:, 1] * board[1]
    if not planar:
        points += pose[:, 2] * board[2]
    points += pose[:, 3]
    return np.asarray(points)


def _linearise(
    lens: Lens, parameters: Array, pose: Array, board: Array, planar: bool
) -> tuple[Array, tuple[Array, Array]]:
    """Pixels (2, rows) and Jacobians by the lens (p, 2, rows) and by the pose's right tangent (6, 2, rows).

    pose: (3, 4, rows) entries of camera_from_board, board: (3, rows) points. Structure of arrays: every line below
    is one pass over long rows. With q a row of d pixel / d point times the rotation, the tangent columns are q for
    the translation and X x q for the rotation (right perturbation: dP = R (v + w x X)).
    """
    X, Y, Z = board
    projection = lens.linearise(parameters, _in_camera(pose, board, planar))
    by_point = projection.by_point
    by_pose = np.empty((6, 2, len(X)))
    q, w = by_pose[:3], by_pose[3:]
    rotation = pose[:, :3, None]  # (row, column, 1, rows)
    np.multiply(by_point[:, 0], rotation[0], out=q)
    q += by_point[:, 1] * rotation[1]
    q += by_point[:, 2] * rotation[2]
    np.multiply(q[2], Y, out=w[0])
    np.multiply(q[2], -X, out=w[1])
    np.multiply(q[1], X, out=w[2])
    w[2] -= q[0] * Y
    if not planar:
        w[0] -= q[1] * Z
        w[1] += q[0] * Z
    return projection.px, (projection.by_lens, by_pose)
