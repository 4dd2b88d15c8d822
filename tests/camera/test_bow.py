"""A bowed board: rays meet it where its points are, and pictures show it so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.rendered import TestCamera, pose

from calib.camera import detect
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.bow import Bow
from calib.camera.images import opencv
from calib.camera.simulation.rendering import PixelRays, render
from calib.geometry import se3

BOARD = Checkerboard(9, 6, 0.025)


@pytest.mark.parametrize("height_m", [0.0, 2e-3, -5e-3, 0.02])
def test_rays_meet_the_surface_where_its_points_are(height_m: float) -> None:
    rng = np.random.default_rng(1)
    bow = Bow.over(BOARD.corners_in_board, height_m)
    points = bow.bend(rng.uniform((-0.05, -0.05, 0.0), (0.25, 0.18, 0.0), (200, 3)))
    origin = np.array([0.3, -0.1, -0.5])
    length = rng.uniform(0.2, 3.0, 200)
    found = bow.crossing(origin, (points - origin) / length[:, None])
    np.testing.assert_allclose(found, length, rtol=1e-12)


def test_the_ends_stay_and_the_middle_rises() -> None:
    corners = BOARD.corners_in_board
    raised = Bow.over(corners, 3e-3).bend(corners).reshape(6, 9, 3)
    np.testing.assert_allclose(raised[:, [0, 8], 2], 0.0, atol=1e-18)
    np.testing.assert_allclose(raised[:, 4, 2], 3e-3)
    np.testing.assert_array_equal(raised[..., :2], corners.reshape(6, 9, 3)[..., :2])


def test_rays_that_pass_by_meet_nothing() -> None:
    bow = Bow.over(BOARD.corners_in_board, -0.02)  # its middle towards the camera
    along, away = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0])
    scale = bow.crossing(np.array([bow.middle_m, 0.0, -0.5]), np.stack([along, away]))
    assert np.isnan(scale[0])
    assert scale[1] < 0


@pytest.mark.parametrize("bow_m", [0.0, 4e-3])
def test_corners_in_pictures_are_where_the_bowed_board_has_them(tmp_path: Path, bow_m: float) -> None:
    camera, seen_from = TestCamera(700.0, (640, 480), bend=0.05), pose(BOARD, (0.7, -0.5, 2.0), 0.4)
    bow = Bow.over(BOARD.corners_in_board, bow_m)
    image = render(BOARD, seen_from, PixelRays.of(camera.unproject, camera.size_px), bow=bow, noise=0.5)
    opencv.load().imwrite(str(tmp_path / "bowed.png"), image)
    (view,) = detect(tmp_path, BOARD.name, jobs=1).views
    flat, raised = BOARD.corners_in_board, bow.bend(BOARD.corners_in_board)
    px, as_if_flat = (camera.project(se3.apply(seen_from, points)) for points in (raised, flat))
    assert np.abs(view.corners_px - px).max() < 0.03
    assert (np.abs(px - as_if_flat).max() > 3.0) == (bow_m > 0)
