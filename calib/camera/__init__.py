"""Cameras from images of a board: detect the corners, calibrate the lens, say how far to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calib.camera.calibration import CameraCalibration, calibrate
    from calib.camera.camera import Camera, load_camera
    from calib.camera.detection import detect
    from calib.camera.observations import Observations, SetAside, View

__all__ = ["Camera", "CameraCalibration", "Observations", "SetAside", "View", "calibrate", "detect", "load_camera"]

_HOMES = {
    "calibrate": "calibration",
    "CameraCalibration": "calibration",
    "Camera": "camera",
    "load_camera": "camera",
    "detect": "detection",
    "Observations": "observations",
    "SetAside": "observations",
    "View": "observations",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: numpy, scipy and cv2 are slow to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
