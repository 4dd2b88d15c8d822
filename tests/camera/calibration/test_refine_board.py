"""A board whose shape is estimated with the camera: what it gives back, and when it is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cases.camera import BOARD

from calib.arrays import Array
from calib.camera import CameraCalibration, Observations, View, calibrate, read_corners
from calib.camera.adjustment.board_shape import Surface
from calib.camera.calibration.uncertainty import projection_difference
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.errors import UsageError
from calib.geometry import se3

CAMERA = typical_camera("brown_conrady")


def photographed(height_m: float, seed: int, views: int = 40, noise_px: float = 0.1) -> Observations:
    """Views of a sheet that is rolled about its y axis without stretching."""
    sheet: Array = Surface.over(BOARD.T).bend(np.array([-height_m, 0, 0, 0, 0, 0, 0.0]), BOARD.T).T
    rng = np.random.default_rng(seed)
    seen = [
        View(f"{i:02d}.png", CAMERA.project(se3.apply(pose, sheet)) + rng.normal(0, noise_px, (len(BOARD), 2)), BOARD)
        for i, pose in enumerate(draw_views(CAMERA, BOARD, views=views, noise_px=0.0, seed=seed).camera_from_board)
    ]
    return Observations(tuple(seen), CAMERA.image_size_px)


def height(found: CameraCalibration) -> tuple[float, float]:
    assert found.board_height is not None
    return found.board_height.value, found.board_height.sigma


@pytest.mark.parametrize("height_m", [0.0005, 0.002])
def test_a_bent_board_costs_next_to_nothing(height_m: float) -> None:
    bent, flat = photographed(height_m, 3), calibrate(photographed(0.0, 3), "brown_conrady")
    found = calibrate(bent, "brown_conrady", refine=["board"])
    assert projection_difference(found.camera, CAMERA) < 1.3 * projection_difference(flat.camera, CAMERA)
    assert projection_difference(calibrate(bent, "brown_conrady").camera, CAMERA) > 1.0
    value, sigma = height(found)
    assert abs(value - height_m) < 4 * sigma
    assert sigma < 3e-5
    assert found.corners == flat.corners
    assert found.board_bend is None
    assert found.document()["board_height"]["value"] == value
    assert "height of the board's surface" in found.summary()


def test_a_flat_board_stays_flat() -> None:
    seen = photographed(0.0, 5, views=20)
    found, plain = calibrate(seen, refine=["board"]), calibrate(seen)
    assert found.board_height is None
    assert found.document()["board_height"] is None
    assert (found.camera.parameters == plain.camera.parameters).all()
    assert "taken as flat" in found.summary()


@pytest.mark.slow
def test_the_lens_is_chosen_with_the_shape() -> None:
    found = calibrate(photographed(0.002, 7, views=30), refine=["board"])
    assert found.camera.lens.name == "brown_conrady"
    assert found.verdict.grade != "do not use"
    for label in ("fx_px", "cx_px", "cy_px"):
        assert abs(found.parameters[label].value - CAMERA.value(label)) < 4 * found.parameters[label].sigma


def test_only_the_board_can_be_refined() -> None:
    with pytest.raises(UsageError) as caught:
        calibrate(photographed(0.0, 1, views=8), refine=["boad"])
    assert caught.value.code == "unknown-refine"
    assert "board" in caught.value.advice


@pytest.mark.slow
def test_intervals_hold_with_the_shape_among_the_unknowns() -> None:
    inside = []
    for seed in range(30):
        found = calibrate(photographed(0.001, seed, views=20), "brown_conrady", refine=["board"])
        for each in found.parameters.values():
            if not each.held:
                low, high = each.interval_95
                inside.append(low <= CAMERA.value(each.label) <= high)
    assert 0.90 <= np.mean(inside) <= 0.985


@pytest.mark.slow
def test_a_photographed_bent_board(real_data: Callable[[str], Path]) -> None:
    """A board bowed by 1.5 mm; with it taken as flat the principal point is off by 12 px."""
    corners = real_data("cases/camera-bent-board") / "bow2" / "corners.csv"
    found = calibrate(read_corners(corners, image_size_px=(1920, 1080)), refine=["board"])
    assert found.parameters["cx_px"].value == pytest.approx(945, abs=1.0)
    assert found.camera.lens.name == "brown_conrady"
