"""Simulated arms that look at a board, for the tests of arms identified from images."""

from __future__ import annotations

import numpy as np

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.camera import Camera
from calib.camera.simulation.simulate import typical_camera
from calib.cell.arms.image_measurement import ArmViews, views_of_arm
from calib.cell.frame_loop import Setup
from calib.cell.simulation.arm_in_images import ArmInImages, simulate_arm
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import ArmCalibration

BOARD = Checkerboard(9, 6, 0.025).corners_in_board
CAMERA = typical_camera("brown_conrady")


def simulated(setup: Setup = "eye-in-hand", seed: int = 0, views: int = 40) -> ArmInImages:
    return simulate_arm(CAMERA, BOARD, load_geometry("ur5e"), setup=setup, seed=seed, views=views)


def looked_at(simulation: ArmInImages, camera: Camera | None = CAMERA, refine: tuple[str, ...] = ()) -> ArmViews:
    return views_of_arm(simulation.observations, simulation.table, camera, "brown_conrady", refine=refine)


def unseen_mm(simulation: ArmInImages, found: ArmCalibration) -> float:
    """Mean error of the camera's place, or the board's, at commands that were not fitted."""
    world, target = (found.frames[name].reshape(-1, 4, 4)[0] for name in ("world_from_base", "flange_from_target"))
    said = world @ found.arm.base_from_flange(simulation.unseen) @ target
    truth = simulation.world_from_target(simulation.unseen)
    return float(1000 * np.mean(np.linalg.norm((said - truth)[:, :3, 3], axis=1)))
