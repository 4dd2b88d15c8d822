"""The closed-form start: exact where the data are exact, close where they are not, and in front of the camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.camera import BOARD, CENTRED, LENSES, Case, good, parallel_poses, poses_of, seen, tilted

from calib.camera.adjustment.image_frame import ImageFrame
from calib.camera.adjustment.reprojection import corners_of
from calib.camera.simulation.simulate import typical_camera
from calib.camera.start import zhang
from calib.camera.start.homography import homographies
from calib.geometry import se3, so3

MIDDLE, SIZE = np.array([639.5, 359.5]), 1280.0
FRAME = ImageFrame.of_image((1280, 720))


def pinhole_case(sigma_px: float = 0.0, seed: int = 0) -> Case:
    return good("pinhole", views=10, sigma_px=sigma_px, seed=seed)


def with_aspect(aspect: float, views: int) -> Case:
    """Exact views of a pinhole whose pixels have a width aspect times their height."""
    poses = good("pinhole", views=views, sigma_px=0.0, seed=1).camera_from_board
    parameters = np.array([950.0, 950.0 * aspect, 0.0, 655.0, 350.0])
    return seen(replace(typical_camera("pinhole"), parameters=parameters), poses)


@pytest.mark.parametrize("aspect", [1.0, 1.1, 0.8])
@pytest.mark.parametrize("views", [2, 3, 10])
def test_intrinsics_of_distortion_free_data_are_exact(views: int, aspect: float) -> None:
    case = with_aspect(aspect, views)
    found = homographies(corners_of(case.views))
    matrix = zhang.intrinsics(found.matrices, MIDDLE, SIZE)
    assert matrix is not None
    np.testing.assert_allclose(matrix, case.camera.matrix, rtol=0, atol=1e-6)


def test_intrinsics_move_with_the_noise_and_no_further() -> None:
    case = pinhole_case(0.2, 6)
    found = homographies(corners_of(case.views))
    matrix = zhang.intrinsics(found.matrices, MIDDLE, SIZE)
    assert matrix is not None
    np.testing.assert_allclose(matrix, case.camera.matrix, rtol=0, atol=30.0)


def test_one_view_and_parallel_views_give_no_intrinsics() -> None:
    case = pinhole_case()
    single = homographies(corners_of(case.views[:1])).matrices
    assert zhang.intrinsics(single, MIDDLE, SIZE) is None
    camera = typical_camera("pinhole")
    fronto = seen(camera, parallel_poses(np.eye(3), 6, seed=2), board=CENTRED)
    matrix = zhang.intrinsics(homographies(corners_of(fronto.views)).matrices, MIDDLE, SIZE)
    assert matrix is None or abs(matrix[0, 0] / camera.matrix[0, 0] - 1) > 0.01  # rounding only: nothing to rely on


def test_one_focal_length_is_exact_when_the_centre_is() -> None:
    camera = typical_camera("pinhole")
    centred = type(camera)(camera.lens, np.array([900.0, 900.0, 0.0, *MIDDLE]), camera.image_size_px)
    case = seen(centred, poses_of("pinhole")[:4])
    found = homographies(corners_of(case.views))
    assert zhang.focal_only(found.matrices, MIDDLE, SIZE) == pytest.approx(900.0, rel=1e-9)


def test_one_focal_length_needs_a_tilt() -> None:
    camera = typical_camera("pinhole")
    poses = se3.compose(np.eye(3)[None], np.array([[0.0, 0.0, 0.5]]))
    found = homographies(corners_of(seen(camera, poses, board=CENTRED).views))
    focal = zhang.focal_only(found.matrices, MIDDLE, SIZE)
    assert focal is None or not 0.2 < focal / SIZE < 20  # what the caller takes as a guess


def test_poses_of_exact_data_are_exact() -> None:
    case = pinhole_case()
    found = homographies(corners_of(case.views))
    poses = zhang.poses(np.linalg.inv(case.camera.matrix) @ found.matrices)
    np.testing.assert_allclose(poses, case.camera_from_board, rtol=0, atol=1e-9)


def test_poses_are_rotations_with_the_board_in_front_also_with_noise() -> None:
    case = good("pinhole", views=20, sigma_px=1.0, seed=7)
    found = homographies(corners_of(case.views))
    poses = zhang.poses(np.linalg.inv(case.camera.matrix) @ found.matrices)
    rotations = poses[:, :3, :3]
    np.testing.assert_allclose(
        rotations @ np.swapaxes(rotations, 1, 2), np.broadcast_to(np.eye(3), (20, 3, 3)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0, atol=1e-12)
    assert (se3.apply(poses[:, None], BOARD)[:, :, 2] > 0).all()
    turns = np.linalg.norm(so3.log(np.swapaxes(rotations, 1, 2) @ case.camera_from_board[:, :3, :3]), axis=1)
    assert np.degrees(turns).max() < 5.0


@pytest.mark.parametrize("turn", [0.0, 1.6, 3.1])
def test_a_board_upside_down_or_on_its_side_is_in_front_too(turn: float) -> None:
    camera = typical_camera("pinhole")
    rotation = tilted(30, 0.5) @ so3.exp(np.array([0, 0, turn]))
    expected = se3.compose(rotation[None], np.array([[0.02, 0.01, 0.4]]))
    found = homographies(corners_of(seen(camera, expected, board=CENTRED).views))
    poses = zhang.poses(np.linalg.inv(camera.matrix) @ found.matrices)
    np.testing.assert_allclose(poses, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", LENSES)
def test_the_start_is_near_enough_for_every_lens(name: str) -> None:
    """Within a fifth of the focal length and a median error of a tenth of a square: the solve does the rest."""
    case = good(name, views=10, sigma_px=0.2, seed=8)
    corners = corners_of(case.views)
    start = zhang.start(case.camera.lens, case.camera.lens.held, corners, FRAME)
    assert start.parameters[0] == pytest.approx(case.camera.parameters[0], rel=0.2)
    points = se3.apply(start.camera_from_board[corners.view], corners.in_board.T)
    assert (points[:, 2] > 0).all()
    error = np.linalg.norm(case.camera.lens.project(start.parameters, points) - corners.px.T, axis=1)
    assert np.median(error) < 10.0


@pytest.mark.parametrize("aspect", [1.0, 1.1])
def test_the_start_without_distortion_is_the_answer(aspect: float) -> None:
    case = with_aspect(aspect, 10)
    corners = corners_of(case.views)
    start = zhang.start(case.camera.lens, case.camera.lens.held, corners, FRAME)
    np.testing.assert_allclose(start.parameters, case.camera.parameters, rtol=0, atol=1e-6)
    np.testing.assert_allclose(start.camera_from_board, case.camera_from_board, rtol=0, atol=1e-8)
