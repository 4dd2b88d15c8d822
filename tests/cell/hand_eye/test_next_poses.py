"""Poses proposed for the next images: all different, each one of use."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from cases.hand_eye import CAMERA, poses, simulated
from cases.seeds import seeds

from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.next_poses import NEAR_RAD, NEAR_SHARE
from calib.geometry import se3, so3


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("seed", seeds(6))
def test_they_differ_from_each_other_and_from_those_measured(setup: Setup, seed: int) -> None:
    s = simulated(views=6 + 4 * seed, seed=seed, setup=setup)
    h = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=setup)
    found = [pose.base_from_flange for pose in h.next_poses]
    assert len(found) == 3
    distance = np.median(np.linalg.norm(s.camera_from_board[:, :3, 3], axis=1))
    for i, pose in enumerate(found):
        others = np.concatenate([poses(s.table), np.reshape(found[:i], (-1, 4, 4))])
        apart_m = np.linalg.norm(others[:, :3, 3] - pose[:3, 3], axis=1)
        apart_rad = so3.angle_between(others[:, :3, :3], pose[:3, :3])
        assert np.all((apart_m > 0.9 * NEAR_SHARE * distance) | (apart_rad > 0.99 * NEAR_RAD))


@pytest.mark.parametrize("setup", SETUPS)
def test_each_narrows_the_intervals_and_shows_the_whole_board(setup: Setup) -> None:
    s = simulated(views=10, setup=setup)
    h = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=setup)
    for of, before in (
        ("half_width_95_m", h.place.half_width_95_m.max()),
        ("half_width_95_rad", h.place.half_width_95_rad.max()),
    ):
        assert all(after < known for known, after in pairwise([before, *(getattr(each, of) for each in h.next_poses)]))
    assert CAMERA.image_size_px is not None
    for each in h.next_poses:
        arm = each.base_from_flange if setup == "eye-to-hand" else se3.inverse(each.base_from_flange)
        camera_from_board = se3.inverse(h.mount_from_camera) @ arm @ h.fixture_from_board
        px = CAMERA.project(se3.apply(camera_from_board, s.observations.views[0].corners_in_board))
        assert (px > 0).all()
        assert (px < CAMERA.image_size_px).all()
