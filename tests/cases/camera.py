"""Simulated cameras that the camera's tests share: cheap to draw, every seed explicit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from calib import plugins
from calib.arrays import Array
from calib.camera import CameraCalibration
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.camera import Camera
from calib.camera.observations import Observations, View
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.geometry import se3, so3

LENSES = plugins.discover("calib.camera.lenses")
BOARD = Checkerboard(9, 6, 0.025).corners_in_board
CENTRED = BOARD - BOARD.mean(axis=0)


@dataclass(frozen=True)
class Case:
    """A camera, where it stood, and what it saw."""

    camera: Camera
    camera_from_board: Array
    observations: Observations

    @property
    def views(self) -> list[View]:
        return list(self.observations.views)


@cache
def poses_of(lens: str, count: int = 40) -> Array:
    """Poses (count, 4, 4) that show the whole board, drawn once per lens."""
    simulation = draw_views(typical_camera(lens), BOARD, views=count, noise_px=0.0, seed=20)
    return simulation.camera_from_board


def seen(
    camera: Camera,
    poses: Array,
    sigma_px: float = 0.0,
    seed: int = 0,
    board: Array = BOARD,
    truth: Array | None = None,
) -> Case:
    """What a camera sees of a board at given poses, with Gaussian noise. truth: where the corners really are."""
    rng = np.random.default_rng(seed)
    views = []
    for i, pose in enumerate(poses):
        px = camera.project(se3.apply(pose, board if truth is None else truth))
        views.append(View(f"view_{i + 1:03d}.png", px + sigma_px * rng.normal(size=px.shape), board))
    return Case(camera, np.asarray(poses), Observations(tuple(views), camera.image_size_px))


def good(lens: str = "brown_conrady", views: int = 12, sigma_px: float = 0.2, seed: int = 0) -> Case:
    """A data set as it should be: the board all over the image, tilted up to 45 degrees."""
    pool = poses_of(lens)
    chosen = np.random.default_rng([seed, 1]).choice(len(pool), views, replace=False)
    return seen(typical_camera(lens), pool[chosen], sigma_px, seed)


def tilted(degrees: float, direction: float = 0.0) -> Array:
    """A rotation (3, 3) about an axis in the image plane."""
    return so3.exp(np.radians(degrees) * np.array([np.cos(direction), np.sin(direction), 0.0]))


def parallel_poses(tilt: Array, count: int, seed: int, nearest_m: float = 0.35) -> Array:
    """Poses (count, 4, 4) of a centred board that is moved and turned in its plane, but never tilts otherwise."""
    rng = np.random.default_rng(seed)
    turns = so3.exp(np.stack([np.zeros(count), np.zeros(count), rng.uniform(-0.6, 0.6, count)], axis=1))
    low, high = (-0.06, -0.03, nearest_m), (0.06, 0.03, 1.7 * nearest_m)
    return se3.compose(tilt @ turns, rng.uniform(low, high, (count, 3)))


def with_views(case: Case, views: Sequence[View]) -> Observations:
    """The same observations with other views."""
    return Observations(tuple(views), case.observations.image_size_px)


def assert_same_camera(one: CameraCalibration, other: CameraCalibration, share: float = 1e-4) -> None:
    """Parameters that agree to a share of their standard deviation."""
    for label in one.camera.lens.labels:
        apart = abs(one.camera.value(label) - other.camera.value(label))
        assert apart <= share * one.sigma[label], label
