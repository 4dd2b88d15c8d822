"""Accurate robot arms from measured poses: identify the kinematics, say how far to trust them, and use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.robot.arm.inverse_kinematics import inverse_kinematics
    from calib.robot.arm.reach import reach_m
    from calib.robot.arm.read import load_arm
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.calibrated_arm import CalibratedArm, load_calibrated_arm, save_calibrated_arm
    from calib.robot.calibration import ArmCalibration, identify
    from calib.robot.conventions.find_arm import find_arm
    from calib.robot.evaluation.verdict import judge
    from calib.robot.table.read import PoseTable, read_poses

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
    "reach_m",
    "read_poses",
    "save_calibrated_arm",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "ArmCalibration": "calibration",
        "CalibratedArm": "calibrated_arm",
        "PoseTable": "table.read",
        "SerialArm": "arm.serial_arm",
        "find_arm": "conventions.find_arm",
        "identify": "calibration",
        "inverse_kinematics": "arm.inverse_kinematics",
        "judge": "evaluation.verdict",
        "load_arm": "arm.read",
        "load_calibrated_arm": "calibrated_arm",
        "reach_m": "arm.reach",
        "read_poses": "table.read",
        "save_calibrated_arm": "calibrated_arm",
    },
)
