"""Every grade and every advice, each reached by data made for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.camera import BOARD, CENTRED, good, seen, tilted, with_views

from calib.camera import calibrate
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.observations import View
from calib.camera.simulation.simulate import typical_camera
from calib.geometry import se3
from calib.verdict import Verdict


def test_sharp_corners_all_over_the_image_are_good() -> None:
    verdict = calibrate(good(views=30, sigma_px=0.1, seed=1).observations).verdict
    assert verdict.grade == "good"
    assert verdict.advice == ()
    assert "rms" in verdict.reason
    assert "where boards were seen" in verdict.reason
    assert "in the rest of the image" in verdict.reason


def test_without_an_image_size_what_cannot_be_checked_is_named_and_lowers_the_grade() -> None:
    verdict = calibrate(good(views=30, sigma_px=0.1, seed=1).views).verdict
    assert verdict.grade == "usable"
    assert "the rest of the image is not known" in verdict.reason
    assert any("--image-size" in text for text in verdict.advice)


def test_blurred_corners_are_usable_with_the_rms_as_the_reason() -> None:
    dense = Checkerboard(25, 16, 0.2 / 24).corners_in_board  # many corners, so that the noise averages out
    start = good("pinhole", views=40, seed=2)
    case = seen(start.camera, start.camera_from_board, 1.0, 2, dense)
    verdict = calibrate(case.observations, "pinhole").verdict
    assert verdict.grade == "usable"
    assert "rms 1." in verdict.reason


def test_a_model_that_misses_by_three_pixels_is_not_to_be_used() -> None:
    dense = Checkerboard(25, 16, 0.2 / 24).corners_in_board  # many corners, so that the noise averages out
    start = good("pinhole", views=40, seed=3)
    case = seen(start.camera, start.camera_from_board, 3.0, 3, dense)
    verdict = calibrate(case.observations, "pinhole").verdict
    assert verdict.grade == "do not use"
    assert "rms 4." in verdict.reason


def test_a_projection_known_to_two_pixels_is_not_to_be_used() -> None:
    verdict = calibrate(good("rational", views=3, sigma_px=0.6, seed=4).observations, "rational").verdict
    assert verdict.grade == "do not use"
    assert "1 sigma" in verdict.reason


def test_a_projection_known_to_half_a_pixel_is_usable_and_names_the_place() -> None:
    verdict = calibrate(good(views=12, sigma_px=0.25, seed=5).observations).verdict
    assert verdict.grade == "usable"
    assert "projection known to" in verdict.reason
    assert "held out, to 0.3" in verdict.reason
    assert any("add views" in text for text in verdict.advice)


def test_an_unobservable_parameter_is_not_to_be_used_and_is_named() -> None:
    """With the focal length held and boards fronto-parallel, the principal point trades with the boards' shifts."""
    rng = np.random.default_rng(6)
    poses = se3.compose(np.eye(3), rng.uniform((-0.06, -0.03, 0.35), (0.06, 0.03, 0.6), (9, 3)))
    square = replace(typical_camera("pinhole"), parameters=np.array([960.0, 960, 0, 650, 350]))
    case = seen(square, poses, 0.0, board=CENTRED)
    calibration = calibrate(case.observations, "pinhole", fix=["fx=960", "fy=960"])
    assert calibration.sigma["cx_px"] == np.inf
    assert any("cx_px" in text for text in calibration.unobservable)
    verdict = calibration.verdict
    assert verdict.grade == "do not use"
    assert "not all parameters are observable" in verdict.reason
    assert any("--fix" in text for text in verdict.advice)


def test_few_views_are_said_to_be_few() -> None:
    verdict = calibrate(good(views=5, sigma_px=0.02, seed=7).observations).verdict
    assert verdict.grade == "usable"
    assert any(text.startswith("only 5 views") for text in verdict.advice)


def test_boards_that_tilt_too_little_are_reported() -> None:
    rng = np.random.default_rng(8)
    rotations = np.stack([tilted(5, a) for a in rng.uniform(0, 6.28, 30)])
    poses = se3.compose(rotations, rng.uniform((-0.1, -0.05, 0.2), (0.1, 0.05, 0.35), (30, 3)))
    case = seen(typical_camera("pinhole"), poses, 0.02, 8, CENTRED)
    verdict = calibrate(case.observations, "pinhole").verdict
    assert any("tilt varies too little" in text for text in verdict.advice)


def test_a_focal_length_that_is_hardly_known_is_not_to_be_used_however_well_boards_are_projected() -> None:
    """Four boards that hardly tilt and are not quite flat."""
    rng = np.random.default_rng(2)
    rotations = np.stack([tilted(3.5, a) for a in rng.uniform(0, 6.28, 4)])
    poses = se3.compose(rotations, rng.uniform((-0.1, -0.05, 0.3), (0.1, 0.05, 0.33), (4, 3)))
    bow = 0.001 * (1.0 - (CENTRED[:, 0] / 0.1) ** 2)
    case = seen(typical_camera("pinhole"), poses, 0.1, 2, CENTRED, truth=CENTRED + np.outer(bow, [0.0, 0.0, 1.0]))
    result = calibrate(case.observations, "pinhole")
    assert result.held_out_px < 0.5
    assert result.sigma["fx_px"] > 0.05 * result.camera.focal_px[0]
    assert result.verdict.grade == "do not use"


@pytest.mark.parametrize(
    ("axis", "sign", "words"),
    [(0, 1, "the right third"), (0, -1, "the left third"), (1, 1, "the lower third"), (1, -1, "the upper third")],
)
def test_an_empty_part_of_the_image_is_named(axis: int, sign: int, words: str) -> None:
    size = (1280, 720)
    case = good(views=40, sigma_px=0.05, seed=9)
    limit = size[axis] * (0.48 if sign > 0 else 0.52)
    parts = []
    for view in case.views:
        kept = sign * (view.corners_px[:, axis] - limit) < 0
        if kept.sum() >= 20:
            parts.append(View(view.image, view.corners_px[kept], view.corners_in_board[kept]))
    assert len(parts) >= 8
    calibration = calibrate(with_views(case, parts))
    assert any(f"of {words} of the image" in text for text in calibration.verdict.advice), calibration.verdict.advice
    quality = calibration.projection
    assert quality.outside_px is not None
    assert quality.outside_px > 1.5 * quality.inside_px


def test_a_board_that_is_not_flat_is_named() -> None:
    start = good(views=30, seed=10)
    x, y = (CENTRED[:, :2] / 0.1).T
    bowed = BOARD + np.column_stack([0 * x, 0 * x, 0.002 * (1 - x**2 - y**2)])
    case = seen(start.camera, start.camera_from_board, 0.1, 10, truth=bowed)
    verdict = calibrate(case.observations, "brown_conrady", robust=False).verdict
    assert any("the board's corners are off by" in text and "% of a square" in text for text in verdict.advice)


def test_a_lens_that_is_not_of_the_kind_is_named_with_a_better_one() -> None:
    start = good("brown_conrady", views=30, seed=11)
    bent = replace(start.camera, parameters=np.array([960.0, 960, 0, 640, 360, -0.02, 0, 0, 0, 0]))
    case = seen(bent, start.camera_from_board, 0.1, 11)
    verdict = calibrate(case.observations, "pinhole").verdict
    assert verdict.grade != "good"
    assert verdict.advice[0].startswith("--lens brown_conrady projects views held out to 0.1")


def test_many_outlier_corners_are_reported() -> None:
    case = good(views=30, sigma_px=0.1, seed=12)
    rng = np.random.default_rng(12)
    views = []
    for view in case.views:
        outlier = rng.random(54) < 0.1
        views.append(View(view.image, view.corners_px + 8.0 * outlier[:, None], view.corners_in_board))
    verdict = calibrate(with_views(case, views)).verdict
    assert verdict.grade == "usable"
    assert any("are outliers: check focus" in text for text in verdict.advice)


def test_every_verdict_has_a_reason_and_one_that_is_not_good_has_advice() -> None:
    for views, sigma in ((4, 0.02), (12, 0.2), (30, 0.05)):
        verdict = calibrate(good(views=views, sigma_px=sigma, seed=13).observations).verdict
        assert isinstance(verdict, Verdict)
        assert verdict.reason
        assert verdict.grade == "good" or verdict.advice
