"""Images of a board as a camera would take them, with corners known exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calib.camera import opencv
from calib.camera.board import Board

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

_SAMPLES = 2  # per pixel and axis; each is an average over its box, so that more of them move corners by < .001 px
_STRIP_PIXELS = 20_000  # rendered at once: the arrays stay in cache


def render(
    board: Board,
    camera_from_board: Array,
    unproject: Callable[[Array], Array],
    image_size_px: tuple[int, int],
    *,
    blur_px: float = 0.7,
    noise: float = 2.0,
    levels: tuple[float, float] = (30.0, 220.0),
    seed: int = 0,
) -> Grey:
    """The image (height, width) of a board.

    camera_from_board: (4, 4). unproject: pixels (n, 2) -> rays (n, 3) in the camera frame, any length.
    image_size_px: (width, height). blur_px: standard deviation of a Gaussian blur. noise: standard deviation in grey
    levels. levels: grey values of the board's dark and light.
    """
    width, height = image_size_px
    unproject = _interpolated(unproject, image_size_px)
    fine = np.empty((height * _SAMPLES, width * _SAMPLES), dtype=np.float32)
    rows = max(1, _STRIP_PIXELS // (width * _SAMPLES))
    columns = (np.arange(width * _SAMPLES) + 0.5) / _SAMPLES - 0.5
    for top in range(0, len(fine), rows):
        bottom = min(top + rows, len(fine))
        lines = (np.arange(top - 1, bottom + 1) + 0.5) / _SAMPLES - 0.5  # one more on each side, for the footprint
        fine[top:bottom] = _strip(board, camera_from_board, unproject, columns, lines)
    if blur_px > 0:
        fine = opencv.load().GaussianBlur(fine, (0, 0), blur_px * _SAMPLES, borderType=opencv.load().BORDER_REPLICATE)
    light = fine.reshape(height, _SAMPLES, width, _SAMPLES).mean(axis=(1, 3), dtype=np.float64)
    grey = levels[0] + (levels[1] - levels[0]) * light
    grey += np.random.default_rng(seed).normal(0.0, noise, grey.shape) if noise > 0 else 0.0
    image: Grey = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return image


def _interpolated(unproject: Callable[[Array], Array], image_size_px: tuple[int, int]) -> Callable[[Array], Array]:
    """The rays of whole pixels, interpolated linearly between them: wrong by 1e-5 px, and ten times as fast."""
    width, height = image_size_px
    x, y = np.meshgrid(np.arange(-1, width + 1, dtype=np.float64), np.arange(-1, height + 1, dtype=np.float64))
    rays = np.asarray(unproject(np.column_stack((x.ravel(), y.ravel()))), dtype=np.float64)
    grid = rays.reshape(height + 2, width + 2, 3)

    def between(pixels: Array) -> Array:
        column = np.clip(np.floor(pixels[:, 0]).astype(np.intp) + 1, 0, width)
        row = np.clip(np.floor(pixels[:, 1]).astype(np.intp) + 1, 0, height)
        right, down = (pixels[:, 0] - (column - 1))[:, None], (pixels[:, 1] - (row - 1))[:, None]
        upper = grid[row, column] * (1 - right) + grid[row, column + 1] * right
        lower = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
        return np.asarray(upper * (1 - down) + lower * down)

    return between


def _strip(
    board: Board, camera_from_board: Array, unproject: Callable[[Array], Array], columns: Array, lines: Array
) -> Array:
    """Lightness at columns x lines, without the first and last line."""
    x, y = np.meshgrid(columns, lines)
    rays = np.asarray(unproject(np.column_stack((x.ravel(), y.ravel()))), dtype=np.float64)
    rotation, translation = camera_from_board[:3, :3], camera_from_board[:3, 3]
    # A ray d meets the board where R' (d s - t) has no z: s = t.n / d.n, n the board's normal.
    normal = rotation[:, 2]
    slant = rays @ normal
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = (translation @ normal) / slant
        place = (rays * scale[:, None] - translation) @ rotation
    hit = np.isfinite(place).all(axis=1) & (scale > 0)
    place[~hit] = 1e6  # far off the board: background
    px, py = place[:, 0].reshape(x.shape), place[:, 1].reshape(x.shape)
    light: Array = board.reflectance(px[1:-1], py[1:-1], _footprint(px), _footprint(py))
    return light


def _footprint(place: Array) -> Array:
    """How far the board coordinate runs within one sample, from its neighbours."""
    across = np.abs(np.gradient(place, axis=1)[1:-1])
    down = np.abs(place[2:] - place[:-2]) / 2
    # A box as wide as both steps' root sum of squares has their variance: exact where one of them vanishes.
    return np.maximum(np.sqrt(across**2 + down**2), 1e-12)
