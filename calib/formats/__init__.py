"""Files of other tools: read by what is in them, written with units, axes and orders converted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.formats.camera_format import load_any_camera
    from calib.formats.pose_reader import read_poses

__all__ = ["load_any_camera", "read_poses"]

__getattr__, __dir__ = lazy(__name__, {"load_any_camera": "camera_format", "read_poses": "pose_reader"})
