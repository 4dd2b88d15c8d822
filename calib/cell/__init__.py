"""Where arms and cameras meet: the pose of the camera on the hand or beside the robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.cell.hand_eye.calibrate import HandEye, calibrate_hand_eye
    from calib.cell.hand_eye.closed_forms import METHODS
    from calib.cell.hand_eye.verdict import judge
    from calib.cell.pairing.by_name_or_order import pair
    from calib.cell.pairing.timestamps import read_image_times

__all__ = ["METHODS", "HandEye", "calibrate_hand_eye", "judge", "pair", "read_image_times"]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "METHODS": "hand_eye.closed_forms",
        "HandEye": "hand_eye.calibrate",
        "calibrate_hand_eye": "hand_eye.calibrate",
        "judge": "hand_eye.verdict",
        "pair": "pairing.by_name_or_order",
        "read_image_times": "pairing.timestamps",
    },
)
