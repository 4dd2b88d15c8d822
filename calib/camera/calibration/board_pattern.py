"""Whether residuals hold a pattern that repeats on the board: the sign of a board that is not as it is stated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.uncertainty import derivatives
from calib.camera.lens_choice.image_pattern import Pattern
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration, ViewFit
    from calib.camera.camera import Camera


def board_pattern(calibration: CameraCalibration) -> Pattern:
    """What of the residuals a displacement of the board's corners explains; its size is that of the displacement, in
    the board's unit of length.

    Each corner of the board is displaced in the board frame, in three directions, to fit its residuals in all views:
    a board that is not flat moves them along the tilt, whichever way it leans. 1 and 0 without enough data.
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
    inverse = np.where(seen, 1.0 / np.where(seen, values, 1.0), 0.0)
    along = np.einsum("nij,ni->nj", vectors, slopes)
    freedom = residuals.size - int(seen.sum())
    if len(begin) < 2 or len(residuals) < 3 * len(begin):
        return Pattern(1.0, 0.0)
    explained = float(np.sum(along**2 * inverse))
    noise = max(float(np.sum(residuals**2)) - explained, 1e-300) / freedom
    displacement = float(np.sum((along * inverse) ** 2)) - noise * float(np.sum(inverse))
    ratio = float(np.sqrt(explained / int(seen.sum()) / noise))
    return Pattern(ratio, float(np.sqrt(max(displacement, 0.0) / len(begin))))


def _by_board(camera: Camera, fit: ViewFit) -> Array:
    """d pixel (n, 2, 3) by the board's corners that were used."""
    points = se3.apply(fit.camera_from_board, fit.view.corners_in_board[fit.used])
    return np.asarray(derivatives(camera, points)[1] @ fit.camera_from_board[:3, :3])
