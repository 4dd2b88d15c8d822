"""How the board, the lens and the robot of a hand-eye calibration come to be other than they are taken for."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.camera.bow import Bow
from calib.camera.camera import Camera
from calib.cell.simulation.hand_eye import Noise
from calib.geometry import se3, so3
from verdict_bench.cameras import BOARD, zoomed
from verdict_bench.hand_eyes import FIXED, IMAGES, HandEyeSet, drawn
from verdict_bench.spoiling import spoiled

NOISY = "robot noise|noisy"
SIZE = "board .* as large|square|size of the board|board is|--square|scale"
BOW = "bow|bent|flat"
LENS = "lens"


# ------------------------------------------------------------------------------------------------ board and lens


@spoiled("hand-eye", SIZE, refusals="conventions")
def square_24_for_25(seed: int) -> HandEyeSet:
    """Squares of 24 mm, taken for 25."""
    return drawn(seed).seen(board=BOARD * 0.96)


@spoiled("hand-eye", SIZE, refusals="conventions")
def square_1_percent_off(seed: int) -> HandEyeSet:
    """Squares of 25.25 mm, taken for 25, by a fixed camera."""
    return drawn(seed, FIXED).seen(board=BOARD * 1.01)


@spoiled("hand-eye", BOW)
def board_bowed_by_half_a_mm(seed: int) -> HandEyeSet:
    """The board's middle is .5 mm higher than its ends."""
    return drawn(seed).seen(board=Bow.over(BOARD, 5e-4).bend(BOARD))


@spoiled("hand-eye", BOW)
def board_bowed_by_2_mm(seed: int) -> HandEyeSet:
    """The board's middle is 2 mm higher than its ends."""
    return drawn(seed, FIXED).seen(board=Bow.over(BOARD, 2e-3).bend(BOARD))


@spoiled("hand-eye", LENS, refusals="conventions hand-eye-does-not-fit camera-image-size")
def lens_of_another_camera(seed: int) -> HandEyeSet:
    """The lens of another camera, its focal length 12 % longer."""
    truth = drawn(seed)
    return truth.seen(camera=zoomed(truth.camera, 1.12))


@spoiled("hand-eye", LENS)
def lens_refocused(seed: int) -> HandEyeSet:
    """The focus was changed after the lens was calibrated: 1 %."""
    truth = drawn(seed)
    return truth.seen(camera=zoomed(truth.camera, 1.01))


@spoiled("hand-eye", "size|resol|scale", refusals="camera-image-size camera-scale", convention=True)
def lens_of_another_resolution(seed: int) -> HandEyeSet:
    """The camera was calibrated at twice the resolution."""
    truth = drawn(seed)
    fx, fy, skew, cx, cy = truth.camera.parameters[:5]
    double = np.concatenate([[2 * fx, 2 * fy, 2 * skew, 2 * cx + 0.5, 2 * cy + 0.5], truth.camera.parameters[5:]])
    size = truth.camera.image_size_px
    assert size is not None
    return truth.seen(camera=Camera(truth.camera.lens, double, (2 * size[0], 2 * size[1])))


@spoiled("hand-eye", "reprojection error|focus")
def blurred(seed: int) -> HandEyeSet:
    """Corners found to 1.5 px."""
    return drawn(seed).seen(noise=Noise(sigma_px=1.5))


# ------------------------------------------------------------------------------------------------ the robot


@spoiled("hand-eye", NOISY)
def cheap_arm(seed: int) -> HandEyeSet:
    """A cheap arm, 8 mm and 1 deg off every time."""
    return drawn(seed).seen(noise=Noise(sigma_m=8e-3, sigma_rad=np.radians(1.0)))


@spoiled("hand-eye", NOISY)
def poses_rounded(seed: int) -> HandEyeSet:
    """Poses as a pendant shows them: to 1 mm and 1 deg."""
    data = drawn(seed).seen()
    angles = np.round(np.degrees(so3.log(data.table.rotation)))
    position = np.round(data.table.position, 3)  # type: ignore[arg-type]
    return data.spoil(position=position, quaternion_xyzw=so3.quaternion_xyzw(so3.exp(np.radians(angles))))


@spoiled("hand-eye", NOISY + "|scale|board")
def robot_scaled(seed: int) -> HandEyeSet:
    """The robot's lengths are 1.5 % too long."""
    data = drawn(seed).seen()
    return data.spoil(position=data.table.position * 1.015)


@spoiled("hand-eye", "moved|slipped|drift|robot noise")
def board_slipped(seed: int) -> HandEyeSet:
    """The board slips by 8 mm midway."""
    truth = drawn(seed)
    return truth.seen(poses=truth.camera_from_board @ _late(np.array([8e-3, 0, 0]), np.zeros(3)))


@spoiled("hand-eye", "moved|bumped|drift|robot noise")
def camera_bumped(seed: int) -> HandEyeSet:
    """The camera is bumped midway: 4 mm and .6 deg."""
    truth = drawn(seed, FIXED)
    bump = _late(np.array([4e-3, 0, 0]), np.array([0, np.radians(0.6), 0]))
    return truth.seen(poses=bump @ truth.camera_from_board)


@spoiled("hand-eye", "moved|drift|robot noise")
def robot_drifts(seed: int) -> HandEyeSet:
    """The robot's base drifts by 5 mm."""
    data = drawn(seed).seen()
    return data.spoil(position=data.table.position + np.linspace(0, 5e-3, IMAGES)[:, None] * (0.0, 0.6, 0.8))


@spoiled("hand-eye", NOISY)
def orientations_coarse(seed: int) -> HandEyeSet:
    """Orientations .6 deg off every time, positions right."""
    return drawn(seed, FIXED).seen(noise=Noise(sigma_rad=np.radians(0.6)))


def _late(shift_m: Array, turn_rad: Array) -> Array:
    late = (np.arange(IMAGES) >= IMAGES // 2)[:, None]
    return se3.compose(so3.exp(late * turn_rad), late * shift_m)
