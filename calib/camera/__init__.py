"""Cameras from images of a board: detect the corners, calibrate the lens, say how far to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.camera.calibration.calibrate import CameraCalibration, calibrate
    from calib.camera.camera import Camera, load_camera
    from calib.camera.detection.detect import detect
    from calib.camera.observations import Observations, SetAside, View

__all__ = ["Camera", "CameraCalibration", "Observations", "SetAside", "View", "calibrate", "detect", "load_camera"]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Camera": "camera",
        "CameraCalibration": "calibration.calibrate",
        "Observations": "observations",
        "SetAside": "observations",
        "View": "observations",
        "calibrate": "calibration.calibrate",
        "detect": "detection.detect",
        "load_camera": "camera",
    },
)
