"""What the covariance means in the image, and patterns that residuals keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.camera import BOARD, LENSES, good, seen, with_views
from scipy import stats

from calib.camera import calibrate
from calib.camera.calibration.board_pattern import board_pattern
from calib.camera.calibration.uncertainty import (
    coverage,
    projection_difference,
    projection_sigma,
    tilts_deg,
)
from calib.camera.calibration.verdict import BOARD_PATTERN, IMAGE_PATTERN, pattern_in_image
from calib.camera.simulation.simulate import typical_camera


@pytest.mark.parametrize("lens", LENSES)
def test_projection_sigma_is_the_scatter_of_cameras_drawn_from_the_covariance(lens: str) -> None:
    """150 cameras drawn from a small covariance: their mean squared error, after the best rotation, is predicted."""
    calibration = calibrate(good(lens, views=10, seed=1).observations, lens)
    camera, rng = calibration.camera, np.random.default_rng(1)
    covariance = 1e-4 * calibration.covariance  # small: the prediction is of first order
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    squares = []
    for _ in range(150):
        drawn = replace(camera, parameters=camera.parameters + root @ rng.normal(size=len(root)))
        squares.append(projection_difference(drawn, camera) ** 2)
    predicted = 2 * np.mean(projection_sigma(camera, covariance) ** 2)  # two coordinates
    spread = np.std(squares) / np.sqrt(len(squares))
    assert abs(np.mean(squares) - predicted) < 4 * spread


def test_projection_sigma_scales_with_the_covariance_and_vanishes_with_it() -> None:
    calibration = calibrate(good(views=8, seed=2).observations)
    one = projection_sigma(calibration.camera, calibration.covariance)
    assert one.shape == (11, 16)
    assert (one > 0).all()
    four = projection_sigma(calibration.camera, 16 * calibration.covariance)
    np.testing.assert_allclose(four, 4 * one, rtol=1e-12)
    assert not projection_sigma(calibration.camera, np.zeros((10, 10))).any()


def test_projection_is_best_known_where_the_corners_were() -> None:
    camera = typical_camera("brown_conrady")
    case = good(views=40, seed=3)
    left = [view for view in case.views if view.corners_px[:, 0].max() < 800][:10]
    assert len(left) >= 6
    calibration = calibrate(with_views(case, left))
    sigma = projection_sigma(camera, calibration.covariance)
    assert sigma[:, -1].mean() > 1.5 * sigma[:, 4].mean()


def test_projection_sigma_is_nan_where_the_lens_sees_nothing() -> None:
    camera = replace(typical_camera("brown_conrady"), parameters=np.array([500.0, 500, 0, 640, 360, -0.4, 0, 0, 0, 0]))
    sigma = projection_sigma(camera, np.diag([1.0, 1, 0, 1, 1, 0, 0, 0, 0, 0]))
    assert np.isnan(sigma[0, 0])
    assert np.isfinite(sigma[5, 8])


def test_a_camera_differs_from_itself_by_nothing() -> None:
    for lens in LENSES:
        assert projection_difference(typical_camera(lens), typical_camera(lens)) < 1e-9


def test_the_difference_is_that_of_the_pixels_less_a_rotation() -> None:
    """1 % of focal length about the image's middle: 0.01 of the rms distance from it, which no rotation takes out."""
    camera = replace(typical_camera("pinhole"), parameters=np.array([900.0, 900.0, 0.0, 639.5, 359.5]))
    longer = replace(camera, parameters=np.array([909.0, 909.0, 0.0, 639.5, 359.5]))
    x, y = np.meshgrid(np.linspace(0, 1279, 16), np.linspace(0, 719, 11))
    expected = 0.01 * np.sqrt(np.mean((x - 639.5) ** 2 + (y - 359.5) ** 2))
    assert projection_difference(longer, camera) == pytest.approx(expected, rel=1e-6)
    far = replace(camera, parameters=np.array([90000.0, 90000.0, 0.0, 639.5, 359.5]))
    shifted = replace(far, parameters=np.array([90000.0, 90000.0, 0.0, 649.5, 355.5]))  # seen from afar: a rotation
    assert projection_difference(shifted, far) < 1e-3


def test_coverage_marks_the_cells_that_hold_corners() -> None:
    case = good(views=3, seed=4)
    calibration = calibrate(case.observations)
    cells = coverage(calibration)
    assert cells.shape == (6, 8)
    expected = np.zeros((6, 8), bool)
    for view in case.views:
        for x, y in view.corners_px:
            expected[int(y // 120), int(x // 160)] = True
    np.testing.assert_array_equal(cells, expected)


def test_tilts_are_the_angles_to_the_mean_normal() -> None:
    calibration = calibrate(good(views=10, seed=5).observations)
    tilts = tilts_deg(calibration)
    assert tilts.shape == (10,)
    normals = np.stack([fit.camera_from_board[:3, 2] for fit in calibration.views])
    mean = normals.mean(axis=0) / np.linalg.norm(normals.mean(axis=0))
    np.testing.assert_allclose(np.cos(np.radians(tilts)), normals @ mean, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_noise_alone_shows_no_pattern(seed: int) -> None:
    """Both ratios follow the F distribution, less what the fit absorbed: its 99.99 % quantile is no accident."""
    calibration = calibrate(good(views=20, seed=seed).observations)
    n = calibration.corners
    assert board_pattern(calibration).ratio < np.sqrt(stats.f.ppf(0.9999, 3 * 54, 2 * n - 3 * 54))
    assert pattern_in_image(calibration).ratio < np.sqrt(stats.f.ppf(0.9999, 2 * 80, 2 * (n - 100)))


def test_a_bowed_board_shows_on_the_board() -> None:
    start = good(views=20, seed=6)
    x, y = ((BOARD - BOARD.mean(axis=0))[:, :2] / 0.1).T
    bowed = BOARD + np.column_stack([0 * x, 0 * x, 0.002 * (1 - x**2 - y**2)])
    case = seen(start.camera, start.camera_from_board, 0.1, 6, truth=bowed)
    calibration = calibrate(case.observations, "brown_conrady")
    assert board_pattern(calibration).ratio > BOARD_PATTERN
    assert board_pattern(calibration).ratio > pattern_in_image(calibration).ratio


def test_a_misprinted_board_shows_on_the_board_and_not_in_the_image() -> None:
    start = good(views=20, seed=9)
    misprint = np.random.default_rng(9).normal(0, 1e-4, BOARD.shape) * (1, 1, 0)
    case = seen(start.camera, start.camera_from_board, 0.1, 9, truth=BOARD + misprint)
    calibration = calibrate(case.observations)
    assert board_pattern(calibration).ratio > np.sqrt(20.0)
    assert board_pattern(calibration).size == pytest.approx(np.sqrt(2) * 1e-4, rel=0.2)
    assert pattern_in_image(calibration).ratio < np.sqrt(2.0)


def test_the_board_may_be_seen_in_parts() -> None:
    start = good(views=20, seed=10)
    case = seen(start.camera, start.camera_from_board, 0.1, 10)
    rng, parts = np.random.default_rng(10), []
    for view in case.views:
        shown = rng.permutation(54)[: rng.integers(20, 54)]
        parts.append(replace(view, corners_px=view.corners_px[shown], corners_in_board=BOARD[shown]))
    assert board_pattern(calibrate(with_views(case, parts))).ratio < np.sqrt(1.5)


def test_a_wrong_lens_shows_in_the_image() -> None:
    calibration = calibrate(good("brown_conrady", views=20, seed=7).observations, "pinhole")
    assert pattern_in_image(calibration).ratio > IMAGE_PATTERN
    assert pattern_in_image(calibration).ratio / IMAGE_PATTERN > board_pattern(calibration).ratio / BOARD_PATTERN


def test_too_few_corners_show_no_pattern_at_all() -> None:
    case = good(views=2, seed=8, sigma_px=0.05)
    calibration = calibrate(case.observations, fix=["k2", "k3", "p1", "p2"])
    assert board_pattern(calibration).ratio == 1.0
