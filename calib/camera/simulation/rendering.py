"""Images of a board as a camera would take them, with corners known exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Grey
from calib.camera.board import Board
from calib.camera.bow import Bow
from calib.camera.images import opencv

_SAMPLES = 2  # per pixel and axis; each is an average over its box, so that more of them move corners by < .001 px
_STRIP_PIXELS = 20_000  # rendered at once: the arrays stay in cache


@dataclass(frozen=True, eq=False)
class PixelRays:
    """The rays of a camera's whole pixels.

    They take as long as an image, and serve all images of a camera. Between pixels they are interpolated linearly,
    which is wrong by 1e-5 px.
    """

    grid: Array
    """(height + 2, width + 2, 3): from one pixel before the image to one beyond it."""

    @classmethod
    def of(cls, unproject: Callable[[Array], Array], image_size_px: tuple[int, int]) -> PixelRays:
        """unproject: pixels (n, 2) -> rays (n, 3) in the camera frame, any length. image_size_px: (width, height)."""
        width, height = image_size_px
        columns, grid = np.arange(-1.0, width + 1.0), np.empty((height + 2, width + 2, 3))
        rows = max(1, _STRIP_PIXELS // (width + 2))
        for top in range(0, height + 2, rows):
            lines = np.arange(top, min(top + rows, height + 2)) - 1.0
            x, y = np.meshgrid(columns, lines)
            grid[top : top + rows] = unproject(np.column_stack((x.ravel(), y.ravel()))).reshape(*x.shape, 3)
        return cls(grid)

    @property
    def image_size_px(self) -> tuple[int, int]:
        """(width, height)."""
        return self.grid.shape[1] - 2, self.grid.shape[0] - 2

    def at(self, columns: Array, lines: Array) -> Array:
        """Rays (lines, columns, 3) at coordinates within a pixel of the image."""
        row, down = _whole(lines, len(self.grid))
        column, right = _whole(columns, self.grid.shape[1])
        across = self.grid[row] * (1 - down[:, None, None]) + self.grid[row + 1] * down[:, None, None]
        return across[:, column] * (1 - right[:, None]) + across[:, column + 1] * right[:, None]


def render(
    board: Board,
    camera_from_board: Array,
    rays: PixelRays,
    *,
    bow: Bow | None = None,
    blur_px: float = 0.7,
    noise: float = 2.0,
    levels: tuple[float, float] = (30.0, 220.0),
    seed: int = 0,
) -> Grey:
    """The image (height, width) of a board.

    camera_from_board: (4, 4). rays: of the camera. bow: of the board, flat if None. blur_px: standard deviation of a
    Gaussian blur. noise: standard deviation in grey levels. levels: grey values of the board's dark and light.
    """
    width, height = rays.image_size_px
    fine = np.empty((height * _SAMPLES, width * _SAMPLES), dtype=np.float32)
    rows = max(1, _STRIP_PIXELS // (width * _SAMPLES))
    columns = (np.arange(width * _SAMPLES) + 0.5) / _SAMPLES - 0.5
    for top in range(0, len(fine), rows):
        bottom = min(top + rows, len(fine))
        lines = (np.arange(top - 1, bottom + 1) + 0.5) / _SAMPLES - 0.5  # one more on each side, for the footprint
        fine[top:bottom] = _strip(board, camera_from_board, rays.at(columns, lines), bow)
    if blur_px > 0:
        fine = opencv.load().GaussianBlur(fine, (0, 0), blur_px * _SAMPLES, borderType=opencv.load().BORDER_REPLICATE)
    light = fine.reshape(height, _SAMPLES, width, _SAMPLES).mean(axis=(1, 3), dtype=np.float64)
    grey = levels[0] + (levels[1] - levels[0]) * light
    grey += np.random.default_rng(seed).normal(0.0, noise, grey.shape) if noise > 0 else 0.0
    image: Grey = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return image


def _whole(places: Array, size: int) -> tuple[NDArray[np.intp], Array]:
    """Index in the grid of the whole pixel before each place, and how far beyond it the place is."""
    index = np.clip(np.floor(places).astype(np.intp) + 1, 0, size - 2)
    return index, places - (index - 1)


def _strip(board: Board, camera_from_board: Array, rays: Array, bow: Bow | None) -> Array:
    """Lightness where rays (lines, columns, 3) meet the board, without the first and last line."""
    rotation = camera_from_board[:3, :3]
    origin, directions = -camera_from_board[:3, 3] @ rotation, rays.reshape(-1, 3) @ rotation  # in the board's frame
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = -origin[2] / directions[:, 2] if bow is None else bow.crossing(origin, directions)
        place = origin[:2] + directions[:, :2] * scale[:, None]
    place[~(np.isfinite(place).all(axis=1) & (scale > 0))] = 1e6  # far off the board: background
    px, py = place.T.reshape(2, *rays.shape[:2])
    light: Array = board.reflectance(px[1:-1], py[1:-1], _footprint(px), _footprint(py))
    return light


def _footprint(place: Array) -> Array:
    """How far the board coordinate runs within one sample, from its neighbours."""
    across = np.abs(np.gradient(place, axis=1)[1:-1])
    down = np.abs(place[2:] - place[:-2]) / 2
    # A box as wide as both steps' root sum of squares has their variance: exact where one of them vanishes.
    return np.maximum(np.sqrt(across**2 + down**2), 1e-12)
