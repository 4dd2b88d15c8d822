"""A target that is not flat: one view of it is a camera, and a pose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cases.camera import BOARD, good

from calib.arrays import Array
from calib.camera import Observations, View, calibrate, read_corners
from calib.camera.adjustment.reprojection import corners_of
from calib.camera.calibration.locate_boards import locate_boards
from calib.camera.simulation.simulate import typical_camera
from calib.camera.start.resection import intrinsics_of_solid, is_solid, poses_of_solid
from calib.errors import DegenerateError
from calib.geometry import se3

CAMERA = typical_camera("brown_conrady")
POSE = se3.exp(np.array([0.02, -0.03, 1.1, 0.3, -0.4, 0.2]))


def target(seed: int, points: int = 60) -> Array:
    return np.asarray(np.random.default_rng(seed).uniform(-0.25, 0.25, (points, 3)) * [1.3, 0.8, 0.8])


def view(seed: int, pose: Array = POSE, noise_px: float = 0.1, points: int = 60) -> View:
    solid = target(seed, points)
    px = CAMERA.project(se3.apply(pose, solid))
    return View("one.png", px + np.random.default_rng([seed, 1]).normal(0, noise_px, px.shape), solid)


def test_what_is_solid() -> None:
    assert is_solid(corners_of([view(0)]))
    assert not is_solid(corners_of(good(views=2).views))
    assert not is_solid(corners_of([View("few.png", *(each[:5] for each in (view(0).corners_px, target(0))))]))
    bent = BOARD + 1e-3 * np.cos(20 * BOARD[:, :1]) * [0, 0, 1]
    assert not is_solid(corners_of([View("bent.png", BOARD[:, :2], bent)]))


def test_a_pinhole_and_its_pose_are_exact() -> None:
    matrix = np.array([[900.0, 0, 610], [0, 880, 350], [0, 0, 1]])
    solid = se3.apply(POSE, target(1)) @ matrix.T
    corners = corners_of([View("a.png", solid[:, :2] / solid[:, 2:], target(1))])
    np.testing.assert_allclose(intrinsics_of_solid(corners), matrix, atol=1e-6)
    on_plane = np.linalg.solve(matrix, solid.T)
    poses, found = poses_of_solid(corners, on_plane[:2] / on_plane[2])
    np.testing.assert_allclose(poses[0], POSE, atol=1e-9)
    assert found.rms[0] < 1e-9 < found.spread[0]


@pytest.mark.parametrize("seed", range(3))
def test_one_view_is_a_camera_that_knows_how_well(seed: int) -> None:
    found = calibrate(Observations((view(seed),), CAMERA.image_size_px))
    assert found.expected == {"k1", "k2", "k3", "p1", "p2"}
    for label in ("fx_px", "fy_px", "cx_px", "cy_px"):
        estimate = found.parameters[label]
        assert 0 < estimate.sigma < 0.1 * estimate.value
        assert abs(estimate.value - CAMERA.value(label)) < 4 * estimate.sigma
    assert found.verdict.grade != "good"
    assert np.isfinite(found.views[0].pose_sigma).all()
    assert not any("tilt" in text for text in found.verdict.advice if "add views" not in text)


def test_one_view_by_a_known_camera_is_a_pose() -> None:
    for seen in (view(4), View("board.png", CAMERA.project(se3.apply(POSE, BOARD)), BOARD)):
        located = locate_boards(Observations((seen,), CAMERA.image_size_px), CAMERA)
        np.testing.assert_allclose(located.camera_from_board[0], POSE, atol=1e-3)


def test_one_view_of_a_board_is_none() -> None:
    with pytest.raises(DegenerateError, match="one view"):
        calibrate(good(views=1).observations)


def test_a_photograph_of_a_rig(real_data: Callable[[str], Path]) -> None:
    folder = real_data("cases/camera-one-photo-3d")
    one, four = (calibrate(read_corners(folder / f"rig{n}.csv", image_size_px=(1600, 1100))) for n in (1, 4))
    for label in ("fx_px", "fy_px", "cx_px", "cy_px"):
        a, b = one.parameters[label], four.parameters[label]
        assert abs(a.value - b.value) < 3 * np.hypot(a.sigma, b.sigma)
