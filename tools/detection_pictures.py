"""Rendered images that `bench_detection.py` searches: of a board, and of what is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.images import opencv
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import typical_camera
from calib.geometry import se3, so3

BOARD = Checkerboard(9, 6)
SIZE = (640, 480)
LARGE = (4000, 3000)


@dataclass(frozen=True)
class Kind:
    """A kind of rendered image."""

    name: str
    at_least: int
    """Of 25 are to be found."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of `render`."""
    tilt_deg: float | None = None
    """None: up to 35."""
    outside: float = 0.0
    """Share of the corners beyond the frame."""
    covered: bool = False
    """Whether a disc hides a corner of the board."""


KINDS = (
    Kind("plain", 25),
    Kind("one corner covered", 25, covered=True),
    Kind("10 % outside", 23, outside=0.1),
    Kind("tilted by 70 degrees", 20, tilt_deg=70.0),
    Kind("contrast 20 of 255", 25, {"levels": (110.0, 130.0)}),
    Kind("blur of 3 px", 25, {"blur_px": 3.0}),
    Kind("noise of 40", 24, {"noise": 40.0}),
)


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendered image and where the board's corners are in it."""

    image: Any
    corners: Any
    """(n, 2) px."""
    shown: Any
    """(n,) whether the image shows the corner."""


def picture(kind: Kind, seed: int) -> Picture:
    """One rendered image of a kind."""
    rng = np.random.default_rng([seed, len(kind.name)])
    camera, rays = _camera(SIZE)
    tilt = np.radians(rng.uniform(5, 35) if kind.tilt_deg is None else kind.tilt_deg)
    axis = rng.uniform(0, 2 * np.pi)
    turn = so3.exp(tilt * np.array([np.cos(axis), np.sin(axis), 0.0])) @ so3.exp(np.array([0, 0, rng.uniform(-3, 3)]))
    distance = rng.uniform(11, 15)
    middle = BOARD.corners_in_board.mean(axis=0)
    pose = se3.compose(turn, np.array([rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), distance]) - turn @ middle)
    if kind.outside:
        pose = _shifted(camera, pose, kind.outside, rng)
    image = render(BOARD, pose, rays, seed=seed, **kind.options)
    corners = camera.project(se3.apply(pose, BOARD.corners_in_board))
    shown = ((corners > 2) & (corners < np.array(SIZE) - 3)).all(axis=1)
    if kind.covered:
        at, square = corners[rng.choice([0, 8, 45, 53])], np.hypot(*(corners[1] - corners[0]))
        y, x = np.mgrid[: SIZE[1], : SIZE[0]]
        hidden = np.hypot(x - at[0], y - at[1]) < 0.7 * square
        image[hidden] = np.clip(rng.normal(140, 8, hidden.sum()), 0, 255)
        shown &= np.hypot(*(corners - at).T) > 1.3 * square
    return Picture(image, corners, shown)


def _camera(size: tuple[int, int]) -> tuple[Any, PixelRays]:
    if size not in _CAMERAS:
        camera = typical_camera("brown_conrady", size)
        _CAMERAS[size] = camera, PixelRays.of(camera.unproject, size)
    return _CAMERAS[size]


_CAMERAS: dict[tuple[int, int], tuple[Any, PixelRays]] = {}


def _shifted(camera: Any, pose: Any, outside: float, rng: Any) -> Any:
    """The pose moved sideways until a share of the corners is outside."""
    way = rng.uniform(0, 2 * np.pi)
    for _ in range(400):
        corners = camera.project(se3.apply(pose, BOARD.corners_in_board))
        if ((corners < 0) | (corners > np.array(SIZE) - 1)).any(axis=1).mean() >= outside:
            return pose
        pose = se3.compose(np.eye(3), 0.05 * np.array([np.cos(way), np.sin(way), 0.0])) @ pose
    return pose


def large_picture(seed: int) -> Picture:
    """A rendered image of 12 MP."""
    rng = np.random.default_rng([seed, 12])
    camera, rays = _camera(LARGE)
    turn = so3.exp(rng.uniform(-0.4, 0.4, 3))
    pose = se3.compose(turn, np.array([0.0, 0.0, rng.uniform(11, 14)]) - turn @ BOARD.corners_in_board.mean(axis=0))
    corners = camera.project(se3.apply(pose, BOARD.corners_in_board))
    image = render(BOARD, pose, rays, seed=seed, blur_px=2.0, noise=6.0)
    return Picture(image, corners, np.ones(len(corners), bool))


def pictures_without_a_board(count: int, size: tuple[int, int] = SIZE) -> Iterator[Any]:
    """Texture of many scales, with what resembles a board: lattices, bricks, dots, letters of squares."""
    cv2 = opencv.load()
    width, height = size
    for seed in range(count):
        rng = np.random.default_rng([seed, 7])
        image = np.zeros((height, width))
        for cells in (4, 12, 40, 120):
            layer = rng.normal(0, 1, (max(2, cells * height // width), cells)).astype(np.float32)
            image += cv2.resize(layer, size, interpolation=cv2.INTER_CUBIC if seed % 2 else cv2.INTER_NEAREST)
        image = 120 + 45 * image / image.std()
        if seed % 3 == 0:  # lines that cross, as of a window or of tiles
            y, x = np.mgrid[:height, :width]
            pitch, angle = rng.uniform(20, 60), rng.uniform(0, np.pi)
            lines = [
                np.mod(x * np.cos(a) + y * np.sin(a), pitch) < rng.uniform(2, 8) for a in (angle, angle + np.pi / 2)
            ]
            image[lines[0] | lines[1]] = rng.uniform(0, 255)
        if seed % 5 == 0:  # a lattice of dots
            pitch = int(rng.uniform(16, 50))
            for top in range(0, height, pitch):
                for left in range(0, width, pitch):
                    cv2.circle(image, (left, top), pitch // 4, 20.0, -1)
        yield np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
