"""Sets with nothing wrong: the noise levels of real cameras, instruments and arms, and poses as people take them."""

from __future__ import annotations

from functools import partial

import numpy as np

from calib.arrays import Array
from calib.cell.simulation.hand_eye import Noise
from calib.geometry import se3
from calib.robot.arm.kinematics import base_from_flange, flange_jacobian
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.scene import Spread
from verdict_bench.arms import ArmSet, measured
from verdict_bench.cameras import CameraSet, views
from verdict_bench.cells import CellSet, cell
from verdict_bench.hand_eyes import FIXED, HandEyeSet, drawn
from verdict_bench.spoiling import spoiled

WEAK_CAMERA = "projection known to"
FEW_ORIENTATIONS = "orientations such as these|little better|no better|moved"
NEWTON_STEPS = 8
WEAK_HAND_EYE = "known to|robot noise"


@spoiled("camera", WEAK_CAMERA, clean=True)
def clean(seed: int) -> CameraSet:
    """30 views, corners to .12 px."""
    return views(seed).set()


@spoiled("camera", WEAK_CAMERA, clean=True)
def clean_of_a_phone(seed: int) -> CameraSet:
    """15 views, corners to .3 px."""
    return views(seed, count=15).set(noise_px=0.3)


@spoiled("camera", WEAK_CAMERA, clean=True)
def clean_fisheye(seed: int) -> CameraSet:
    """30 views of a fisheye, its lens named."""
    return views(seed, lens="kannala_brandt").set(lens="kannala_brandt")


@spoiled("robot", "", clean=True)
def clean_positions(seed: int) -> ArmSet:
    """60 positions by a tracker."""
    return measured(seed)


@spoiled("robot", "", clean=True)
def clean_poses(seed: int) -> ArmSet:
    """60 poses by a tracker with a six-degree probe."""
    return measured(seed, "pose", arm="ur10e")


@spoiled("robot", "uncertain", clean=True)
def clean_distances(seed: int) -> ArmSet:
    """150 lengths of a draw-wire, to .1 mm."""
    return measured(seed, "distance", poses=150, spread=Spread(sigma_m=1e-4))


@spoiled("robot", "", clean=True)
def clean_several_targets(seed: int) -> ArmSet:
    """Three reflectors at 40 poses."""
    return measured(seed, poses=40, targets=3)


@spoiled("robot", "residuals are larger", clean=True)
def clean_cheap_arm(seed: int) -> ArmSet:
    """A cheap arm: lengths off by 2 mm, angles by .5 deg, joints by .1 deg every time."""
    spread = Spread(error_m=2e-3, error_rad=np.radians(0.5), joint_noise_rad=np.radians(0.1))
    return measured(seed, poses=80, spread=spread)


@spoiled("robot", FEW_ORIENTATIONS, clean=True)
def clean_grid(seed: int) -> ArmSet:
    """A grid of positions, the hand always leaning the same way."""
    return measured(seed, commands=partial(_grid, wrist_deg=-65.0))


@spoiled("robot", FEW_ORIENTATIONS, clean=True)
def clean_grid_pointing_down(seed: int) -> ArmSet:
    """A grid of positions, the hand always pointing down: a joint of the wrist never moves."""
    return measured(seed, commands=partial(_grid, wrist_deg=-90.0))


@spoiled("hand-eye", WEAK_HAND_EYE, clean=True)
def clean_on_the_hand(seed: int) -> HandEyeSet:
    """24 images by a camera on the hand of an arm out of the box."""
    return drawn(seed).seen()


@spoiled("hand-eye", WEAK_HAND_EYE, clean=True)
def clean_beside_the_robot(seed: int) -> HandEyeSet:
    """24 images by a fixed camera."""
    return drawn(seed, FIXED).seen()


@spoiled("hand-eye", WEAK_HAND_EYE, clean=True)
def clean_of_a_cheap_arm(seed: int) -> HandEyeSet:
    """40 images by a camera on an arm that is 4 mm and .5 deg off every time."""
    return drawn(seed, images=40).seen(noise=Noise(sigma_m=4e-3, sigma_rad=np.radians(0.5)))


@spoiled("hand-eye", WEAK_HAND_EYE, clean=True)
def clean_of_a_very_cheap_arm(seed: int) -> HandEyeSet:
    """60 images by a fixed camera beside an arm that is 8 mm and .8 deg off every time."""
    return drawn(seed, FIXED, images=60).seen(noise=Noise(sigma_m=8e-3, sigma_rad=np.radians(0.8)))


@spoiled("cell", "", clean=True)
def clean_pair(seed: int) -> CellSet:
    """Two arms, 60 poses each."""
    return cell(seed)


def _grid(arm: SerialArm, count: int, rng: np.random.Generator, wrist_deg: float) -> Array:
    """Random places of a grid of 50 mm around a posture, in its orientation, by Newton's method."""
    posture = np.array([0.3, -1.3, 1.6, -0.3 - np.pi / 2, np.radians(wrist_deg), 0.1])
    middle = base_from_flange(arm, posture[None])[0]
    wanted = se3.inverse(se3.compose(middle[:3, :3], middle[:3, 3] + 0.05 * rng.integers(-3, 4, (count, 3))))
    joints = np.tile(posture, (count, 1))
    for _ in range(NEWTON_STEPS):
        pose, _, by_joint = flange_jacobian(arm, joints)
        joints = joints - np.linalg.solve(by_joint, se3.log(wanted @ pose)[..., None])[..., 0]
    return joints
