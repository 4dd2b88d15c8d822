"""Small tags far away: both poses of each are kept, and all images decide together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from cases.hand_eye import CAMERA, errors, poses

from calib.camera.calibration.locate_boards import locate_boards
from calib.camera.calibration.two_fold import other_poses
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.simulation.hand_eye import Noise, simulate
from calib.geometry import so3

TAG = 0.04 * np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
TELE = replace(CAMERA, parameters=CAMERA.parameters * np.where(np.arange(len(CAMERA.parameters)) < 2, 12.0, 1.0))
SIMULATION = simulate(
    TELE, TAG, setup="eye-in-hand", views=30, seed=4, noise=Noise(sigma_px=2.0, sigma_m=5e-4, sigma_rad=1e-3)
)


def test_the_other_pose_of_a_small_tag_is_as_likely_by_its_image() -> None:
    seen = locate_boards(SIMULATION.observations, TELE)
    others = other_poses(seen)
    assert len(others.index) > 5
    turn = so3.angle_between(others.camera_from_board[:, :3, :3], seen.camera_from_board[others.index, :3, :3])
    assert turn.min() > np.deg2rad(2.0)
    # from the other pose the first is found
    first = replace(seen.select(others.index), camera_from_board=others.camera_from_board)
    back = other_poses(first)
    np.testing.assert_allclose(back.camera_from_board, seen.camera_from_board[others.index[back.index]], atol=1e-5)


def test_no_image_is_blamed_on_the_robot_for_its_tags_other_pose() -> None:
    found = calibrate_hand_eye(SIMULATION.observations, SIMULATION.table, TELE, setup="eye-in-hand")
    assert [fit.image for fit in found.images if fit.reason] == []
    assert len(poses(SIMULATION.table)) == len(found.used)
    far, turn = errors(found.mount_from_camera, SIMULATION.mount_from_camera)
    assert far < 4 * np.linalg.norm(found.place.half_width_95_m)
    assert turn < 4 * np.linalg.norm(found.place.half_width_95_rad)
