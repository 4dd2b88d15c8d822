"""One image searched: sizes, blur, contrast, noise and distortion of rendered boards with known corners."""

from __future__ import annotations

import numpy as np
import pytest
from cases.rendered import TestCamera, pose, view

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.detection import grid
from calib.camera.detection.search import find_any_grid, find_grid

CAMERA = TestCamera(560.0, (640, 480), bend=-0.12)


@pytest.mark.parametrize(
    ("columns", "rows", "distance", "options", "rms_px"),
    [
        (4, 3, 9.0, {}, 0.01),
        (7, 7, 12.0, {}, 0.012),
        (20, 15, 24.0, {}, 0.012),
        (9, 6, 14.0, {"blur_px": 4.0}, 0.06),
        (9, 6, 14.0, {"levels": (100.0, 120.0)}, 0.08),
        (9, 6, 14.0, {"noise": 12.0, "levels": (40.0, 200.0)}, 0.05),
    ],
)
def test_sizes_blur_contrast_noise(
    columns: int, rows: int, distance: float, options: dict[str, object], rms_px: float
) -> None:
    board = Checkerboard(columns, rows)
    image, corners = view(CAMERA, board, pose(board, (0.35, -0.3, 0.15), distance), **options)
    found, reason = find_any_grid(image)
    assert found is not None, reason
    oriented = grid.orient(found, columns, rows)
    assert oriented is not None, (found.columns, found.rows)
    error = oriented.corners_px.reshape(-1, 2) - corners
    assert np.sqrt((error**2).sum(axis=1).mean()) < rms_px * 1.5


def test_strong_distortion_bends_edges_not_corners() -> None:
    camera, board = TestCamera(250.0, (640, 480), bend=-0.35), Checkerboard(9, 6)
    image, corners = view(camera, board, pose(board, (0.3, 0.4, 0.1), 6.5), noise=1.0)
    found, reason = find_grid(image, (9, 6))
    assert found is not None, reason
    oriented = grid.orient(found, 9, 6)
    assert oriented is not None
    error = oriented.corners_px.reshape(-1, 2) - corners
    assert np.sqrt((error**2).sum(axis=1).mean()) < 0.012


def test_an_image_without_a_board_shows_none_and_tells_why() -> None:
    texture = np.random.default_rng(1).integers(0, 256, (240, 320), dtype=np.uint8)
    for found, reason in (find_any_grid(texture), find_grid(texture, (9, 6))):
        assert found is None
        assert reason


def test_a_part_of_the_board_is_told_by_its_size() -> None:
    board = Checkerboard(9, 6)
    image, _ = view(CAMERA, board, pose(board, (0.1, 0.2, 0.0), 9.0))
    cut = np.ascontiguousarray(image[:, : image.shape[1] // 2])
    found, reason = find_grid(cut, (9, 6))
    assert found is None
    assert "of the board's 9x6 corners are seen" in reason
