"""Where arms and cameras meet: the pose of the camera on the hand or beside the robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.cell.hand_eye.calibrate import calibrate_hand_eye
    from calib.cell.hand_eye.closed_forms import METHODS
    from calib.cell.hand_eye.options import HandEyeOptions, HandEyeRequest
    from calib.cell.hand_eye.result import HandEyeCalibration
    from calib.cell.pairing.by_name_or_order import pair
    from calib.cell.pairing.timestamps import read_image_times
    from calib.cell.rig.calibrate import calibrate_cameras
    from calib.cell.rig.result import CamerasCalibration

__all__ = [
    "METHODS",
    "CamerasCalibration",
    "HandEyeCalibration",
    "HandEyeOptions",
    "HandEyeRequest",
    "calibrate_cameras",
    "calibrate_hand_eye",
    "pair",
    "read_image_times",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "METHODS": "hand_eye.closed_forms",
        "CamerasCalibration": "rig.result",
        "HandEyeCalibration": "hand_eye.result",
        "HandEyeOptions": "hand_eye.options",
        "HandEyeRequest": "hand_eye.options",
        "calibrate_cameras": "rig.calibrate",
        "calibrate_hand_eye": "hand_eye.calibrate",
        "pair": "pairing.by_name_or_order",
        "read_image_times": "pairing.timestamps",
    },
)
