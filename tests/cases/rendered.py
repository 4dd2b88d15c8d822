"""Rendered views of checkerboards with known corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.simulation.rendering import PixelRays, render
from calib.geometry import so3


@dataclass(frozen=True)
class TestCamera:
    """Division model: the ray of a normalised pixel (u, v) is (u, v, 1 + bend (u^2 + v^2))."""

    __test__ = False

    focal_px: float
    size_px: tuple[int, int]
    bend: float = 0.0

    def unproject(self, pixels: Array) -> Array:
        u = (pixels - self._centre()) / self.focal_px
        return np.column_stack((u, 1.0 + self.bend * (u**2).sum(axis=1)))

    def project(self, points: Array) -> Array:
        straight = points[:, :2] / points[:, 2:]
        u = straight
        for _ in range(50):
            u = straight * (1.0 + self.bend * (u**2).sum(axis=1, keepdims=True))
        return u * self.focal_px + self._centre()

    def _centre(self) -> Array:
        return (np.array(self.size_px) - 1.0) / 2 + np.array([3.3, -2.2])


def pose(board: Checkerboard, rotation: tuple[float, float, float], distance: float) -> Array:
    """camera_from_board with the board's middle on the optical axis."""
    camera_from_board = np.eye(4)
    camera_from_board[:3, :3] = so3.exp(np.array(rotation))
    middle = board.corners_in_board.mean(axis=0)
    camera_from_board[:3, 3] = np.array([0.0, 0.0, distance]) - camera_from_board[:3, :3] @ middle
    return camera_from_board


def view(camera: TestCamera, board: Checkerboard, camera_from_board: Array, **options: Any) -> tuple[Any, Array]:
    """The image and the true corners (n, 2)."""
    image = render(board, camera_from_board, PixelRays.of(camera.unproject, camera.size_px), **options)
    points = board.corners_in_board @ camera_from_board[:3, :3].T + camera_from_board[:3, 3]
    return image, camera.project(points)


CAMERA = TestCamera(560.0, (640, 480), bend=-0.12)
BOARD = Checkerboard(9, 6, 0.025)
TURNS = ((0.3, 0.4, 0.1), (-0.5, 0.2, 1.2), (0.1, -0.6, 3.0), (0.6, 0.1, -1.4))
DISTANCE = 0.33
