"""Where arms and cameras meet: the camera's place on the hand or beside the robot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calib.cell.hand_eye import HandEye, calibrate_hand_eye
    from calib.cell.pairing import pair
    from calib.cell.stamps import read_image_times
    from calib.cell.verdict import judge

__all__ = ["HandEye", "calibrate_hand_eye", "judge", "pair", "read_image_times"]

_HOMES = {
    "HandEye": "hand_eye",
    "calibrate_hand_eye": "hand_eye",
    "judge": "verdict",
    "pair": "pairing",
    "read_image_times": "stamps",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: numpy, scipy and cv2 are slow to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
