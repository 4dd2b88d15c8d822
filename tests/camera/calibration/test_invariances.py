"""What must not change the camera: order, units, origins, weights and the parts of the board shown."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cases.camera import BOARD, assert_same_camera, good, seen, with_views

from calib.camera import calibrate
from calib.camera.observations import View
from calib.geometry import se3

TO_CONVERGENCE = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 1000, 1e-15)
OPENCV_LABELS = {
    "pinhole": ("fx_px", "fy_px", "cx_px", "cy_px"),
    "brown_conrady": ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3"),
}


def test_the_order_of_views_and_corners_does_not_matter() -> None:
    case = good(views=7, seed=9)
    shuffled = []
    for i, view in enumerate(reversed(case.views)):
        order = np.random.default_rng(i).permutation(54)
        shuffled.append(View(view.image, view.corners_px[order], view.corners_in_board[order]))
    one, other = calibrate(case.observations), calibrate(with_views(case, shuffled))
    assert_same_camera(one, other)
    np.testing.assert_allclose(
        [fit.camera_from_board for fit in reversed(other.views)],
        [fit.camera_from_board for fit in one.views],
        rtol=0,
        atol=1e-9,
    )


@pytest.mark.parametrize("scale", [1e-3, 40.0])
def test_the_boards_unit_scales_the_poses_and_nothing_else(scale: float) -> None:
    case = good(views=6, seed=10)
    scaled = [replace(view, corners_in_board=scale * view.corners_in_board) for view in case.views]
    one, other = calibrate(case.observations), calibrate(with_views(case, scaled))
    assert_same_camera(one, other)
    for label in one.camera.lens.labels:
        assert other.sigma[label] == pytest.approx(one.sigma[label], rel=1e-5)
    shifts = [np.stack([fit.camera_from_board[:3, 3] for fit in each.views]) for each in (one, other)]
    np.testing.assert_allclose(shifts[1], scale * shifts[0], rtol=1e-6)


@pytest.mark.parametrize("offset_m", [0.5, 3.0, 50.0])
def test_where_the_board_has_its_origin_does_not_matter(offset_m: float) -> None:
    case = good(views=8, seed=11)
    moved = [
        replace(view, corners_in_board=view.corners_in_board + np.array([offset_m, -2 * offset_m, 0]))
        for view in case.views
    ]
    one, other = calibrate(case.observations), calibrate(with_views(case, moved))
    assert_same_camera(one, other)
    for a, b, view in zip(one.views, other.views, moved, strict=True):
        here = se3.apply(b.camera_from_board, view.corners_in_board)
        np.testing.assert_allclose(here, se3.apply(a.camera_from_board, BOARD), rtol=0, atol=1e-6)


def test_the_rotation_of_a_pose_is_as_well_known_wherever_the_origin_is() -> None:
    case = good(views=8, seed=11)
    moved = [replace(view, corners_in_board=view.corners_in_board + np.array([1.0, 0, 0])) for view in case.views]
    one, other = calibrate(case.observations), calibrate(with_views(case, moved))
    for a, b in zip(one.views, other.views, strict=True):
        np.testing.assert_allclose(b.pose_sigma[3:], a.pose_sigma[3:], rtol=1e-4)
        assert b.pose_sigma[2] > 0.5 * a.pose_sigma[4], "a metre of leverage turns a tilt into a depth"


def test_without_an_image_size_the_camera_is_the_same() -> None:
    case = good(views=8, seed=12)
    one, other = (calibrate(each, "brown_conrady") for each in (case.observations, case.views))
    assert_same_camera(one, other)
    assert other.camera.image_size_px is None


def test_views_may_show_different_parts_of_the_board() -> None:
    case = good(views=12, seed=13, sigma_px=0.1)
    rng = np.random.default_rng(13)
    ragged = []
    for view in case.views:
        shown = np.sort(rng.choice(54, rng.integers(12, 54), replace=False))
        ragged.append(View(view.image, view.corners_px[shown], view.corners_in_board[shown]))
    ours = calibrate(with_views(case, ragged))
    assert len(ours.views) == 12
    assert ours.corners == sum(len(view.corners_px) for view in ragged)
    whole = calibrate(case.observations)
    for label in ours.camera.lens.labels:
        off = abs(ours.camera.value(label) - whole.camera.value(label))
        assert off <= 4 * ours.sigma[label], label


def test_a_board_need_not_be_flat() -> None:
    board = BOARD.copy()
    board[:, 2] = 0.004 * np.sin(40 * board[:, 0])
    start = good(views=10, seed=14)
    case = seen(start.camera, start.camera_from_board, 0.0, board=board)
    ours = calibrate(case.observations)
    np.testing.assert_allclose(ours.camera.parameters, case.camera.parameters, rtol=1e-7, atol=1e-8)


def test_a_corner_twice_as_sharp_counts_as_four() -> None:
    case = good(views=6, seed=15)
    weighted = [replace(view, sigma_px=np.where(np.arange(54) < 20, 0.5, 1.0)) for view in case.views]
    repeated = [
        View(
            view.image,
            np.concatenate([view.corners_px[:20]] * 3 + [view.corners_px]),
            np.concatenate([view.corners_in_board[:20]] * 3 + [view.corners_in_board]),
        )
        for view in case.views
    ]
    one = calibrate(with_views(case, weighted), robust=False)
    other = calibrate(with_views(case, repeated), robust=False)
    assert_same_camera(one, other)


def test_equal_weights_change_nothing() -> None:
    case = good(views=6, seed=16)
    weighted = [replace(view, sigma_px=np.full(54, 0.37)) for view in case.views]
    one, other = calibrate(case.observations), calibrate(with_views(case, weighted))
    assert_same_camera(one, other)
    for label in one.camera.lens.labels:
        assert other.sigma[label] == pytest.approx(one.sigma[label], rel=1e-6)
    assert other.rms_px == pytest.approx(one.rms_px, rel=1e-9)


def test_right_weights_make_the_camera_more_certain() -> None:
    case = good(views=10, seed=17, sigma_px=0.0)
    rng = np.random.default_rng(17)
    sigma = np.where(np.arange(54) % 2, 0.05, 1.0)
    noisy = [replace(v, corners_px=v.corners_px + sigma[:, None] * rng.normal(size=(54, 2))) for v in case.views]
    weighted = calibrate(with_views(case, [replace(view, sigma_px=sigma) for view in noisy]), robust=False)
    blind = calibrate(with_views(case, noisy), robust=False)
    assert weighted.noise_px == pytest.approx(1.0, abs=4 / np.sqrt(2 * 2 * 540))
    for label in ("fx_px", "fy_px", "cx_px", "cy_px"):
        assert weighted.sigma[label] < 0.2 * blind.sigma[label]
        assert abs(weighted.camera.value(label) - case.camera.value(label)) < 4 * weighted.sigma[label]
