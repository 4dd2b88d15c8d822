"""New images of a board against a calibrated camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.locate_boards import LocatedBoards, locate_boards
from calib.check.drift import ChangePart, CheckedResiduals, Suspect, eliminate
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations

AGAIN = "calibrate the camera again"
REFOCUSED = f"{AGAIN}; lock its focus and its zoom"
SHIFTED = f"{AGAIN}; check that lens and sensor sit firmly, and that images are not cropped or stabilised"
BENT = f"{AGAIN}, or use the board it was calibrated with; check that nothing is in front of the lens"


def check_camera(
    document: Mapping[str, Any], camera: Camera, observations: Observations
) -> tuple[CheckedResiduals, LocatedBoards]:
    """The corners of new images. document: the result's. Raises as `locate_boards`."""
    seen = locate_boards(observations, camera)
    noise = float(document["noise_px"])
    views = [_view(camera, view.corners_px, view.corners_in_board, pose, noise) for view, pose in _views(seen)]
    residuals, by_lens = (np.concatenate(each) for each in zip(*views, strict=True))
    known = None if camera.uncertainty is None else camera.uncertainty.over(camera.lens.labels)
    covariance = np.zeros((by_lens.shape[1],) * 2) if known is None else np.where(np.isfinite(known), known, 0.0)
    dispersion = max(1.0, float(document.get("dispersion") or 1.0))
    return CheckedResiduals(residuals, by_lens, covariance, _suspects(camera, by_lens), dispersion), seen


def _views(seen: LocatedBoards) -> Any:
    return zip(seen.views, seen.camera_from_board, strict=True)


def _view(
    camera: Camera, corners_px: Array, points: Array, camera_from_board: Array, noise: float
) -> tuple[Array, Array]:
    """Whitened residuals of a view and their derivatives by the lens, the board's pose eliminated."""
    placed = se3.apply(camera_from_board, points)
    projection = camera.lens.linearise(camera.parameters, np.ascontiguousarray(placed.T))
    by_lens, by_point = projection.by_lens.transpose(2, 1, 0), projection.by_point.transpose(2, 0, 1)
    by_pose = np.concatenate([by_point, -by_point @ so3.hat(placed)], axis=2)
    off = corners_px - camera.project(placed)
    rows = 2 * len(points)
    whitened = off.reshape(rows) / noise, by_lens.reshape(rows, -1) / noise
    residuals, across = eliminate(by_pose.reshape(rows, 6), *whitened)
    return residuals, across


def _suspects(camera: Camera, by_lens: Array) -> tuple[Suspect, ...]:
    labels = [str(label) for label in camera.lens.labels]
    focal, middle = ([labels.index(name) for name in pair] for pair in (("fx_px", "fy_px"), ("cx_px", "cy_px")))
    scaled = by_lens[:, focal] @ camera.parameters[focal]
    found = [
        Suspect("focal length", scaled[:, None], (ChangePart(slice(0, 1), 100.0, "%"),), REFOCUSED),
        Suspect("principal point", by_lens[:, middle], (ChangePart(slice(0, 2), 1.0, "px"),), SHIFTED),
    ]
    if "k1" in labels:
        at = labels.index("k1")
        column = by_lens[:, at : at + 1]
        found.append(Suspect("distortion k1", column, (ChangePart(slice(0, 1), 1.0, ""),), BENT))
    return tuple(found)
