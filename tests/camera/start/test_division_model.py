"""Radial distortion from straightness alone: found without a focal length, and turned into a lens' coefficients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.camera import Case, good, seen
from numpy.typing import NDArray

from calib.camera import calibrate
from calib.camera.adjustment.reprojection import Corners, corners_of
from calib.camera.lens import AFFINE
from calib.camera.simulation.simulate import typical_camera
from calib.camera.start.division_model import Division
from calib.camera.start.homography import homographies

MIDDLE, SIZE = np.array([639.5, 359.5]), 1280.0


def divided(bend: float, sigma_px: float, views: int = 10) -> Corners:
    """Corners of a pinhole, bent by the inverse of the division model, with noise."""
    corners = corners_of(good("pinhole", views=views, sigma_px=0.0, seed=1).views)
    straight = (corners.px - MIDDLE[:, None]) / SIZE
    squared = np.sum(straight**2, axis=0)
    # |p| = |u| (1 + bend |p|^2): the root of a quadratic in |p|
    factor = 2 / (1 + np.sqrt(1 - 4 * bend * squared))
    noise = sigma_px * np.random.default_rng(2).normal(size=corners.px.shape)
    return replace(corners, px=straight * factor * SIZE + MIDDLE[:, None] + noise)


@pytest.mark.parametrize("bend", [-0.5, -0.2, 0.0, 0.1])
def test_the_bend_is_found(bend: float) -> None:
    found = Division.estimate(divided(bend, 0.0), MIDDLE, SIZE)
    assert found.bend == pytest.approx(bend, abs=0.02)
    assert Division.estimate(divided(bend, 0.3), MIDDLE, SIZE).bend == pytest.approx(bend, abs=0.05)


@pytest.mark.parametrize("bend", [-0.5, -0.2, 0.1])
def test_straightened_corners_obey_homographies(bend: float) -> None:
    corners = divided(bend, 0.0)
    before = homographies(corners).rms
    after = homographies(corners, Division.estimate(corners, MIDDLE, SIZE).straighten(corners.px)).rms
    assert (after < 0.2 * before).all()


def test_views_that_are_none_of_the_board_do_not_bend_the_rest() -> None:
    corners = divided(-0.3, 0.2)
    rng = np.random.default_rng(5)
    outliers = corners.px.copy()
    outliers[:, corners.view == 3] = rng.uniform(0, 700, (2, int(np.sum(corners.view == 3))))
    assert Division.estimate(replace(corners, px=outliers), MIDDLE, SIZE).bend == pytest.approx(-0.3, abs=0.08)


def curve(lens: str, coefficients: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.stack([radius, np.zeros_like(radius), np.ones_like(radius)])
    return np.asarray(typical_camera(lens).lens.distort(coefficients, points).m[0])


@pytest.mark.parametrize("lens", ["brown_conrady", "rational"])
def test_the_lens_gets_the_same_curve(lens: str) -> None:
    model, bend, focal = typical_camera(lens).lens, -0.3, 960.0
    corners = divided(bend, 0.0)
    matrix = np.array([[focal, 0, 639.5], [0, focal, 359.5], [0, 0, 1]])
    coefficients = Division(bend, MIDDLE, SIZE).coefficients(model, model.held, matrix, corners.px)
    assert not coefficients[2:4].any() or np.abs(coefficients[2:4]).max() < 1e-12  # no tangential part
    bent = np.linspace(0.05, 0.5, 10)
    straight = bent / (1 + bend * (focal / SIZE) ** 2 * bent**2)
    np.testing.assert_allclose(curve(lens, coefficients, straight), bent, rtol=0, atol=2e-3)


def test_coefficients_that_are_held_stay_zero() -> None:
    model = typical_camera("brown_conrady").lens
    matrix = np.diag([960.0, 960.0, 1.0])
    corners = divided(-0.3, 0.0)
    found = Division(-0.3, MIDDLE, SIZE).coefficients(model, model.held | {"k2", "k3"}, matrix, corners.px)
    assert found[0] < -0.05
    assert found[1] == found[4] == 0.0


@pytest.mark.parametrize("k1", [-0.5, -0.25, 0.0, 0.2])
def test_with_it_few_evaluations_suffice(k1: float) -> None:
    camera = typical_camera("brown_conrady")
    parameters = camera.parameters.copy()
    parameters[len(AFFINE) :] = [k1, -k1 / 2, 5e-4, -5e-4, 0.0]
    case: Case = seen(replace(camera, parameters=parameters), good("brown_conrady", views=10).camera_from_board, 0.2)
    assert calibrate(case.views, robust=False).solution.evaluations <= 6
