"""Simulated corners of a camera's views, for spoiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera import CameraCalibration, Observations, View, calibrate
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.calibration.locate_boards import locate_boards
from calib.camera.camera import Camera
from calib.camera.simulation.simulate import typical_camera
from calib.errors import CalibError
from calib.geometry import se3, so3
from verdict_bench.judging import TrueError

SIZE, BOARD, NOISE_PX, VIEWS = (1280, 720), Checkerboard(9, 6, 0.025).corners_in_board, 0.12, 30
PLACES = 400  # at which a result is compared with the truth
MOST_DRAWS = 10_000


@dataclass(frozen=True)
class CameraSet:
    """Corners, and the camera behind them."""

    observations: Observations
    truth: Camera
    camera_from_board: Array
    """(views, 4, 4) in truth."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of `calibrate`."""

    def calibrate(self) -> CameraCalibration:
        """As `calib camera` does."""
        return calibrate(self.observations, **self.options)

    def error_of(self, result: CameraCalibration) -> TrueError:
        """px by which far points appear elsewhere than in truth: the 95th percentile over the places of the corners, as
        the verdict states it."""
        px = np.concatenate([view.corners_px for view in self.observations.views])
        inside = np.all((px >= 0) & (px <= np.array(SIZE) - 1), axis=1)
        px = px[inside][:: max(1, int(inside.sum()) // PLACES)]
        return TrueError(ray_error_px(self.truth, result.camera, px), near_px=self.near_px(result))

    def near_px(self, result: CameraCalibration) -> float:
        """rms at which flat boards are met where the set had them, without noise."""
        px = self.truth.project(se3.apply(self.camera_from_board[:, None], BOARD))
        views = tuple(View(f"{i}", own, BOARD) for i, own in enumerate(px))
        try:
            return locate_boards(Observations(views, SIZE), result.camera).rms_px
        except CalibError:
            return float("inf")


def ray_error_px(truth: Camera, found: Camera, px: Array) -> float:
    """95th percentile in pixels between two cameras at pixels (n, 2), the rotation of the one against the other taken
    out."""
    true, rays = truth.unproject(px), found.unproject(px)
    known = np.isfinite(rays).all(axis=1) & np.isfinite(true).all(axis=1)
    if known.mean() < 0.9:
        return float("inf")
    u, _, v = np.linalg.svd(true[known].T @ rays[known])
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ v)]) @ v
    off = truth.project(rays[known] @ turn.T) - px[known]
    far = float(np.quantile(np.linalg.norm(off, axis=1), 0.95))
    return far if np.isfinite(far) else float("inf")


@dataclass(frozen=True)
class Drawing:
    """How views are drawn: tilt in deg, the span of the board and where its middle is as shares of the image."""

    tilt_deg: tuple[float, float] = (0.0, 45.0)
    span: tuple[float, float] = (0.35, 0.8)
    middle: tuple[tuple[float, float], tuple[float, float]] = ((0.1, 0.9), (0.1, 0.9))
    direction: float | None = None
    """Of the tilt's axis; None: any."""

    def pose(self, camera: Camera, rng: np.random.Generator) -> Array:
        """camera_from_board (4, 4) with all corners in the image."""
        size, middle = np.array(SIZE), BOARD.mean(axis=0)
        extent = float(np.ptp(BOARD, axis=0).max())
        for _ in range(MOST_DRAWS):
            (left, right), (top, bottom) = self.middle
            ray = camera.unproject(rng.uniform((left, top), (right, bottom)) * size)
            about = rng.uniform(0, 2 * np.pi) if self.direction is None else self.direction
            tilt = np.radians(rng.uniform(*self.tilt_deg)) * np.array([np.cos(about), np.sin(about), 0.0])
            turn = so3.exp(tilt) @ so3.exp(np.array([0.0, 0.0, rng.uniform(-0.5, 0.5)]))
            if self.tilt_deg[1] > 2.0:  # else the boards stand parallel to the image
                turn = so3.turning_z_to(ray) @ turn
            distance = float(np.mean(camera.focal_px)) * extent / (rng.uniform(*self.span) * SIZE[1])
            pose = se3.compose(turn, ray / ray[2] * distance - turn @ middle)
            px = camera.project(se3.apply(pose, BOARD))
            if np.isfinite(px).all() and ((px > 12) & (px < size - 13)).all():
                back = camera.unproject(px)
                if np.allclose(np.cross(back, se3.apply(pose, BOARD)), 0.0, atol=1e-6):
                    return pose
        raise RuntimeError("no pose shows the whole board")


@dataclass(frozen=True)
class Views:
    """Views drawn, to be spoiled: cameras and names one per view."""

    cameras: tuple[Camera, ...]
    poses: Array
    names: tuple[str, ...]
    rng: np.random.Generator

    def set(
        self,
        *,
        board: Array = BOARD,
        stated: Array = BOARD,
        noise_px: float = NOISE_PX,
        change: Callable[[int, Array], Array] | None = None,
        **options: Any,
    ) -> CameraSet:
        """The corners of a board that is really `board` and thought to be `stated`. change: (view, px) -> px."""
        seen = []
        for i, (camera, pose) in enumerate(zip(self.cameras, self.poses, strict=True)):
            px = camera.project(se3.apply(pose, board)) + self.rng.normal(0.0, noise_px, (len(board), 2))
            seen.append(View(self.names[i], px if change is None else change(i, px), stated))
        observations = Observations(tuple(seen), SIZE, "checkerboard:9x6:25mm")
        return CameraSet(observations, self.cameras[0], self.poses, options)


def views(
    seed: int, drawing: Drawing | None = None, *, count: int = VIEWS, lens: str = "brown_conrady", **change: float
) -> Views:
    """Views of one camera. change: of its typical parameters, by amounts."""
    rng = np.random.default_rng(seed)
    camera = with_lens(typical_camera(lens, SIZE), **change)
    poses = np.stack([(drawing or Drawing()).pose(camera, rng) for _ in range(count)])
    names = tuple(f"view_{i + 1:03d}.png" for i in range(count))
    return Views((camera,) * count, poses, names, rng)


def with_lens(camera: Camera, **change: float) -> Camera:
    """A camera with parameters changed by amounts, as fx_px=3."""
    parameters = camera.parameters.copy()
    labels = [str(label) for label in camera.lens.labels]
    for label, amount in change.items():
        parameters[labels.index(label)] += amount
    return replace(camera, parameters=parameters)


def zoomed(camera: Camera, ratio: float) -> Camera:
    """Another focal length."""
    fx, fy = camera.focal_px * (ratio - 1)
    return with_lens(camera, fx_px=float(fx), fy_px=float(fy))
