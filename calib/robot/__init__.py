"""Accurate robot arms from measured poses: identify the kinematics, estimate their uncertainty, and use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.robot.arm.reach import reach_m
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.arm_file import load_arm, save_arm
    from calib.robot.arm_model import Arm
    from calib.robot.calibration import calibrate
    from calib.robot.conventions.find_arm import find_arm
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.inverse import inverse_kinematics
    from calib.robot.scene import Spread
    from calib.robot.simulation.simulate import ArmSimulation, simulate
    from calib.robot.table.columns import parse_columns
    from calib.robot.table.pose_table import PoseTable
    from calib.robot.table.read import read_poses
    from calib.robot.table.write import write_poses

__all__ = [
    "Arm",
    "ArmCalibration",
    "ArmSimulation",
    "PoseTable",
    "SerialArm",
    "Spread",
    "calibrate",
    "find_arm",
    "inverse_kinematics",
    "load_arm",
    "parse_columns",
    "reach_m",
    "read_poses",
    "save_arm",
    "simulate",
    "write_poses",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Arm": "arm_model",
        "ArmCalibration": "evaluation.arm_calibration",
        "ArmSimulation": "simulation.simulate",
        "PoseTable": "table.pose_table",
        "SerialArm": "arm.serial_arm",
        "Spread": "scene",
        "calibrate": "calibration",
        "find_arm": "conventions.find_arm",
        "inverse_kinematics": "inverse",
        "load_arm": "arm_file",
        "parse_columns": "table.columns",
        "reach_m": "arm.reach",
        "read_poses": "table.read",
        "save_arm": "arm_file",
        "simulate": "simulation.simulate",
        "write_poses": "table.write",
    },
)
