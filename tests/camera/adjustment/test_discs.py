"""The middle of a circle's image: against the area integrated point by point, and its derivatives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calib.camera.adjustment.discs import AreaCentres
from calib.camera.adjustment.reprojection import Corners, linearise_rows, reproject
from calib.camera.simulation.simulate import typical_camera
from calib.geometry import se3, so3

LENSES = ("brown_conrady", "kannala_brandt")


def discs(count: int, radius: float) -> Corners:
    points = np.random.default_rng(1).uniform(-0.05, 0.05, (3, count)) * np.array([[1.0], [1.0], [0.0]])
    return Corners(np.zeros((2, count)), points, np.zeros(count, int), np.array([count]), radius=np.full(count, radius))


def pose(tilt_deg: float, distance_m: float) -> np.ndarray:
    return se3.compose(so3.exp(np.radians([0.0, tilt_deg, 20.0])), np.array([0.01, -0.02, distance_m]))


@pytest.mark.parametrize("lens", LENSES)
def test_the_middle_of_the_area_is_that_of_its_points(lens: str) -> None:
    """Pixels weighted by how much of the disc they show: an integral over the disc, not along its rim."""
    camera, corners, at = typical_camera(lens), discs(4, 0.006), pose(60.0, 0.2)
    found = reproject(camera.lens, camera.parameters, at[None], corners).T
    rings, angles = np.meshgrid((np.arange(200) + 0.5) / 200, 2 * np.pi * np.arange(64) / 64, indexing="ij")
    for place, middle in zip(corners.in_board.T, found, strict=True):

        def pixel(dx: float = 0.0, dy: float = 0.0, place: np.ndarray = place) -> np.ndarray:
            across = np.stack([rings * np.cos(angles), rings * np.sin(angles), 0 * angles], axis=-1) * 0.006
            return camera.project(se3.apply(at, place + across + [dx, dy, 0.0]))

        step = 1e-7
        by_x, by_y = ((pixel(*d) - pixel(*(-d))) / (2 * step) for d in np.array([[step, 0.0], [0.0, step]]))
        weight = np.abs(by_x[..., 0] * by_y[..., 1] - by_x[..., 1] * by_y[..., 0]) * rings
        expected = (pixel() * weight[..., None]).sum(axis=(0, 1)) / weight.sum()
        np.testing.assert_allclose(middle, expected, atol=2e-5)
        assert np.linalg.norm(expected - camera.project(se3.apply(at, place[None]))[0]) > 0.1  # else it tests nothing


@pytest.mark.parametrize("lens", LENSES)
def test_derivatives(lens: str) -> None:
    camera, corners, at = typical_camera(lens), discs(5, 0.004), pose(50.0, 0.25)[None]
    values = {"lens": camera.parameters[None], "camera_from_board": at}
    _, (by_lens, by_pose) = linearise_rows(camera.lens, values, corners, slice(0, 5), corners.in_board, planar=True)

    def px(parameters: np.ndarray, poses: np.ndarray) -> np.ndarray:
        return reproject(camera.lens, parameters, poses, corners).T

    for k, step in enumerate(np.eye(6) * 1e-6):
        slope = (px(camera.parameters, se3.retract(at, step)) - px(camera.parameters, se3.retract(at, -step))) / 2e-6
        np.testing.assert_allclose(by_pose[:, :, k], slope, rtol=1e-6, atol=1e-4)
    for k, size in enumerate(np.maximum(np.abs(camera.parameters), 1.0) * 1e-6):
        step = np.zeros(len(camera.parameters))
        step[k] = size
        slope = (px(camera.parameters + step, at) - px(camera.parameters - step, at)) / (2 * size)
        np.testing.assert_allclose(by_lens[:, :, k], slope, rtol=1e-6, atol=1e-6 * np.abs(slope).max() + 1e-7)


def test_a_circle_without_area_is_a_point() -> None:
    camera, corners, at = typical_camera("brown_conrady"), discs(3, 0.0), pose(40.0, 0.3)[None]
    points = replace(corners, radius=None)
    values = {"lens": camera.parameters[None], "camera_from_board": at}
    for mine, plain in zip(
        *(linearise_rows(camera.lens, values, each, slice(0, 3), each.in_board) for each in (corners, points)),
        strict=True,
    ):
        for a, b in zip(mine, plain, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    assert np.isfinite(AreaCentres.of(np.zeros((2, 8))).by_contour).all()
