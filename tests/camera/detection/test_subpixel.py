"""Corners refined: to hundredths of a pixel where edges cross, and not at all where none do."""

from __future__ import annotations

import numpy as np
import pytest
from cases.crossings import checkered

from calib.camera.detection import subpixel
from calib.camera.detection.subpixel import refine, spacing_px

COLUMNS, ROWS = 6, 5


def grid(right: tuple[float, float], down: tuple[float, float]) -> np.ndarray:
    row, column = np.mgrid[:ROWS, :COLUMNS]
    return column[..., None] * np.array(right) + row[..., None] * np.array(down)


@pytest.mark.parametrize(
    ("right", "down", "height"),
    [
        ((20.0, 0.0), (0.0, 20.0), 20.0),
        ((20.0, 0.0), (0.0, 5.0), 5.0),
        ((20.0, 0.0), (20.0, 20.0), 20.0 / np.sqrt(2)),  # slanted: the lines are nearer than the edges are long
    ],
)
def test_a_square_is_as_large_as_its_lines_are_apart(
    right: tuple[float, float], down: tuple[float, float], height: float
) -> None:
    np.testing.assert_allclose(spacing_px(grid(right, down)), np.full((ROWS, COLUMNS), height))


def test_next_to_cells_of_two_sizes_the_smaller_counts() -> None:
    corners = grid((20.0, 0.0), (0.0, 20.0))
    corners[:, 3:, 0] -= 10  # the third column of cells is half as wide
    np.testing.assert_allclose(spacing_px(corners)[0], [20, 20, 10, 10, 20, 20])


@pytest.mark.parametrize("turn_rad", [0.15, -0.5])
def test_corners_a_tenth_of_a_square_off_are_found_again(turn_rad: float) -> None:
    image, corners = checkered(COLUMNS, ROWS, turn_rad=turn_rad)
    rough = corners + np.random.default_rng(1).uniform(-2, 2, corners.shape)
    refined = refine(np.rint(image).astype(np.uint8), rough)
    np.testing.assert_allclose(refined.corners_px, corners, atol=0.02)
    assert refined.explained.min() > 0.99


def test_noise_moves_corners_by_hundredths_of_a_pixel() -> None:
    image, corners = checkered(COLUMNS, ROWS)
    noisy = np.rint(image + np.random.default_rng(2).normal(0, 2, image.shape)).astype(np.uint8)
    refined = refine(noisy, corners)
    assert np.sqrt(np.mean((refined.corners_px - corners) ** 2)) < 0.02


def test_a_corner_painted_over_is_explained_by_no_edges() -> None:
    image, corners = checkered(COLUMNS, ROWS)
    x, y = np.rint(corners[2, 2]).astype(int)
    noise = np.random.default_rng(3).normal(120, 4, (19, 19))
    image[y - 9 : y + 10, x - 9 : x + 10] = noise
    explained = refine(np.rint(image).astype(np.uint8), corners).explained
    assert explained[2, 2] < 0.5
    clear = np.delete(explained.ravel(), 2 * COLUMNS + 2)
    assert clear.min() > 0.9


def test_a_corner_that_runs_away_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    image, corners = checkered(COLUMNS, ROWS)
    away = np.zeros_like(corners)
    away[2, 2], away[3, 3] = (8.0, 0.0), (6.0, 0.0)  # .4 and .3 of a square
    monkeypatch.setattr(subpixel, "_fit", lambda _image, start, _seen, _reach: (start + away, np.ones(start.shape[:2])))
    lost = np.isnan(refine(np.rint(image).astype(np.uint8), corners).corners_px).all(axis=2)
    assert np.argwhere(lost).tolist() == [[2, 2]]
