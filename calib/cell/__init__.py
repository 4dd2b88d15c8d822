"""Where arms and cameras meet: the pose of the camera on the hand or beside the robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.cell.arms.calibrate_cell import calibrate_cell, cell_files
    from calib.cell.arms.cell_calibration import CellCalibration
    from calib.cell.arms.from_images import calibrate_arm_from_images
    from calib.cell.arms.image_measurement import require_refinable_with_arm
    from calib.cell.arms.joint_lens import ArmFromImages
    from calib.cell.frame_loop import require_setup
    from calib.cell.given_boards import BoardPoses
    from calib.cell.hand_eye.calibrate import calibrate_hand_eye
    from calib.cell.hand_eye.options import HandEyeOptions, HandEyeRequest
    from calib.cell.hand_eye.result import HandEyeCalibration
    from calib.cell.pairing.by_name_or_order import pair
    from calib.cell.pairing.timestamps import read_image_times
    from calib.cell.rig.calibrate import calibrate_cameras
    from calib.cell.rig.result import CamerasCalibration
    from calib.cell.simulation.arm_in_images import ArmInImages
    from calib.cell.simulation.cell import CellSimulation, simulate_cell, simulate_cell_in_images
    from calib.cell.simulation.hand_eye import HandEyeSimulation, Noise
    from calib.cell.simulation.rig import RigSimulation
    from calib.cell.simulation.simulate import Stream, simulate_arm_in_images, simulate_cameras, simulate_hand_eye
    from calib.cell.start.closed_forms import METHODS

__all__ = [
    "METHODS",
    "ArmFromImages",
    "ArmInImages",
    "BoardPoses",
    "CamerasCalibration",
    "CellCalibration",
    "CellSimulation",
    "HandEyeCalibration",
    "HandEyeOptions",
    "HandEyeRequest",
    "HandEyeSimulation",
    "Noise",
    "RigSimulation",
    "Stream",
    "calibrate_arm_from_images",
    "calibrate_cameras",
    "calibrate_cell",
    "calibrate_hand_eye",
    "cell_files",
    "pair",
    "read_image_times",
    "require_refinable_with_arm",
    "require_setup",
    "simulate_arm_in_images",
    "simulate_cameras",
    "simulate_cell",
    "simulate_cell_in_images",
    "simulate_hand_eye",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "METHODS": "start.closed_forms",
        "ArmFromImages": "arms.joint_lens",
        "ArmInImages": "simulation.arm_in_images",
        "BoardPoses": "given_boards",
        "CamerasCalibration": "rig.result",
        "CellCalibration": "arms.cell_calibration",
        "CellSimulation": "simulation.cell",
        "HandEyeCalibration": "hand_eye.result",
        "HandEyeOptions": "hand_eye.options",
        "HandEyeRequest": "hand_eye.options",
        "HandEyeSimulation": "simulation.hand_eye",
        "Noise": "simulation.hand_eye",
        "RigSimulation": "simulation.rig",
        "Stream": "simulation.simulate",
        "calibrate_arm_from_images": "arms.from_images",
        "calibrate_cameras": "rig.calibrate",
        "calibrate_cell": "arms.calibrate_cell",
        "cell_files": "arms.calibrate_cell",
        "calibrate_hand_eye": "hand_eye.calibrate",
        "require_refinable_with_arm": "arms.image_measurement",
        "pair": "pairing.by_name_or_order",
        "read_image_times": "pairing.timestamps",
        "require_setup": "frame_loop",
        "simulate_arm_in_images": "simulation.simulate",
        "simulate_cameras": "simulation.simulate",
        "simulate_cell": "simulation.cell",
        "simulate_cell_in_images": "simulation.cell",
        "simulate_hand_eye": "simulation.simulate",
    },
)
