"""What a camera is good for: how far from their true places it projects points, in the image and before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.uncertainty import derivatives
from calib.camera.calibration.verdict import IMAGE_PATTERN, pattern_in_image
from calib.geometry import se3
from calib.need import CHI2_95, Capability

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration

RAYLEIGH_95 = CHI2_95 / np.sqrt(2.0)  # 95th percentile of the length of a plane Gaussian error, in its rms lengths


def capability_of(calibration: CameraCalibration) -> Capability:
    """Of far points where boards were seen, in px and in deg; in mm, of points as far away as the boards were.

    Random and repeating errors add by their squares: what the covariance leaves, and what the lens model leaves where
    its residuals repeat in the image.
    """
    pattern = pattern_in_image(calibration)
    repeating = RAYLEIGH_95 * pattern.size if pattern.ratio > IMAGE_PATTERN else 0.0
    size_px = float(np.hypot(CHI2_95 * calibration.projection.inside_px, repeating))
    turn, distance = size_px / _px_per_rad(calibration), _board_distance(calibration)
    sizes = {"px": size_px, "deg": float(np.degrees(turn))}
    of = {"px": "far points where boards were seen", "deg": "directions where boards were seen"}
    if calibration.observations.scale_known:
        sizes["mm"] = 1000 * turn * distance
        of["mm"] = f"places across the view at {distance:.2g} m, where the boards were"
    return Capability(sizes, of, "camera", np.diag([0.0, 0.0, 0.0, 1.0, 1.0, 0.0]) * (turn / CHI2_95) ** 2)


def _px_per_rad(calibration: CameraCalibration) -> float:
    """How far a ray's turn moves its image where boards were seen: the median of the geometric mean of both ways."""
    camera = calibration.camera
    corners = np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views])
    rays = camera.unproject(corners[:: 1 + len(corners) // 500])
    rays = rays[np.isfinite(rays).all(axis=1)]
    by_point = derivatives(camera, rays)[1]  # that along the ray is zero
    return float(np.median(np.linalg.det(by_point @ np.swapaxes(by_point, 1, 2)) ** 0.25))


def _board_distance(calibration: CameraCalibration) -> float:
    """Median distance of the boards' middles."""
    middles: list[Array] = [
        se3.apply(fit.camera_from_board, fit.view.corners_in_board.mean(axis=0)) for fit in calibration.views
    ]
    return float(np.median(np.linalg.norm(middles, axis=1)))
