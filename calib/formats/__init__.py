"""Files of other tools: read by what is in them, written with units, axes and orders converted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.formats.arm_reader import load_any_arm
    from calib.formats.camera_format import load_any_camera
    from calib.formats.conversion import Converted, convert
    from calib.formats.corner_reader import read_any_corners
    from calib.formats.pose_reader import read_poses

__all__ = ["Converted", "convert", "load_any_arm", "load_any_camera", "read_any_corners", "read_poses"]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Converted": "conversion",
        "convert": "conversion",
        "load_any_arm": "arm_reader",
        "load_any_camera": "camera_format",
        "read_any_corners": "corner_reader",
        "read_poses": "pose_reader",
    },
)
