"""Accurate robot arms from measured poses: identify the kinematics, say how far to trust them, and use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calib.robot.arm import SerialArm
    from calib.robot.arm_file import load_arm
    from calib.robot.arm_search import find_arm
    from calib.robot.calibrated_arm import CalibratedArm, load_calibrated_arm, save_calibrated_arm
    from calib.robot.calibration import ArmCalibration, identify
    from calib.robot.inverse_kinematics import inverse_kinematics
    from calib.robot.table import PoseTable, read_poses
    from calib.robot.verdict import judge

__all__ = [
    "ArmCalibration",
    "CalibratedArm",
    "PoseTable",
    "SerialArm",
    "find_arm",
    "identify",
    "inverse_kinematics",
    "judge",
    "load_arm",
    "load_calibrated_arm",
    "read_poses",
    "save_calibrated_arm",
]

_HOMES = {
    "ArmCalibration": "calibration",
    "CalibratedArm": "calibrated_arm",
    "PoseTable": "table",
    "SerialArm": "arm",
    "find_arm": "arm_search",
    "identify": "calibration",
    "inverse_kinematics": "inverse_kinematics",
    "judge": "verdict",
    "load_arm": "arm_file",
    "load_calibrated_arm": "calibrated_arm",
    "read_poses": "table",
    "save_calibrated_arm": "calibrated_arm",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: numpy and scipy are slow to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
