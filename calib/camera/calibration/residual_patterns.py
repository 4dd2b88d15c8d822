"""Whether residuals still hold a pattern: one that repeats on the board, or one that repeats in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.calibration.uncertainty import derivatives
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration, ViewFit
    from calib.camera.camera import Camera


def board_pattern(calibration: CameraCalibration) -> float:
    """How many times the noise the residuals are that a displacement of the board's corners explains: 1 is noise alone,
    much more a bad board. A ratio of standard deviations.

    Each corner of the board is displaced in the board frame, in three directions, to fit its residuals in all views:
    a board that is not flat moves them along the tilt, whichever way it leans. 1 without enough data.
    """
    fits = calibration.views
    points = np.concatenate([fit.view.corners_in_board[fit.used] for fit in fits])
    _, corner = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    corner, residuals = corner.ravel(), np.concatenate([fit.residuals_px[fit.used] for fit in fits])
    by_board = np.concatenate([_by_board(calibration.camera, fit) for fit in fits])
    order = np.argsort(corner, kind="stable")
    begin = np.flatnonzero(np.diff(corner[order], prepend=-1))
    squares = np.add.reduceat(np.einsum("nki,nkj->nij", by_board, by_board)[order], begin)
    slopes = np.add.reduceat(np.einsum("nki,nk->ni", by_board, residuals)[order], begin)
    values, vectors = np.linalg.eigh(squares)
    seen = values > 1e-6 * values[:, -1:]  # views that all lean alike leave a direction open
    explained = np.where(seen, np.einsum("nij,ni->nj", vectors, slopes) ** 2 / np.where(seen, values, 1.0), 0.0)
    freedom = residuals.size - int(seen.sum())
    if len(begin) < 2 or len(residuals) < 3 * len(begin):
        return 1.0
    within = float(np.sum(residuals**2)) - float(explained.sum())
    return float(np.sqrt(float(explained.sum()) / int(seen.sum()) / max(within / freedom, 1e-300)))


def _by_board(camera: Camera, fit: ViewFit) -> Array:
    """d pixel (n, 2, 3) by the board's corners that were used."""
    points = se3.apply(fit.camera_from_board, fit.view.corners_in_board[fit.used])
    return np.asarray(derivatives(camera, points)[1] @ fit.camera_from_board[:3, :3])


def image_pattern(residuals_px: Array, px: Array) -> float:
    """How many times the noise the residuals (n, 2) are that repeat at the same place px (n, 2) in the image: 1 is
    noise alone, much more a poor lens model. A ratio of standard deviations."""
    low, high = px.min(axis=0), px.max(axis=0)
    cells = np.clip(((px - low) / np.maximum(high - low, 1e-9) * 10).astype(int), 0, 9)
    return _deviation_ratio(residuals_px, cells[:, 0] * 10 + cells[:, 1])


def _deviation_ratio(residuals: Array, group: Index) -> float:
    """Root of between-group over within-group variance (one-way analysis of variance); 1 without enough data."""
    counts = np.bincount(group).astype(float)
    groups = int(np.count_nonzero(counts))
    if groups < 2 or len(residuals) < 3 * groups:
        return 1.0
    sums = np.stack([np.bincount(group, residuals[:, i]) for i in range(2)], axis=1)
    between = float(np.sum(sums[counts > 0] ** 2 / counts[counts > 0, None]))
    within = float(np.sum(residuals**2)) - between
    return float(np.sqrt(between / groups / max(within / (len(residuals) - groups), 1e-300)))
