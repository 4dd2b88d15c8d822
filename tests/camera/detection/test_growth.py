"""Grids grow over gaps the image fills, and lose what does not belong to them."""

from __future__ import annotations

import numpy as np
import pytest
from cases.crossings import checkered

from calib.camera.detection.growth import complete, grow
from calib.camera.detection.saddles import Peaks, Saddles, find_peaks, find_saddles

COLUMNS, ROWS = 6, 5
NONE = Peaks(np.zeros((0, 2), np.int32), np.zeros(0, np.float32))
Cells = dict[tuple[int, int], int]


def board() -> tuple[np.ndarray, np.ndarray, Saddles, Cells]:
    """An image of which only a board of COLUMNS x ROWS corners is left, its corners, their saddles and cells."""
    image, corners = checkered(COLUMNS, ROWS, turn_rad=0.0)
    left, top = corners[0, 0] - 19
    right, bottom = corners[-1, -1] + 19
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    image[(x < left) | (x > right) | (y < top) | (y > bottom)] = 120
    found = find_saddles(image)
    nearest = np.linalg.norm(corners[..., None, :] - found.position_px, axis=-1).argmin(axis=-1)
    return image, corners, found, {(j, i): int(nearest[i, j]) for i in range(ROWS) for j in range(COLUMNS)}


def without(saddles: Saddles, corner: int) -> tuple[Saddles, dict[int, int]]:
    """All saddles but one, and their new numbers."""
    kept = [i for i in range(len(saddles)) if i != corner]
    parts = (part[kept] for part in vars(saddles).values())
    return Saddles(*parts), {old: new for new, old in enumerate(kept)}


def grown(cells: Cells, saddles: Saddles, image: np.ndarray) -> np.ndarray:
    """The grid without the empty margin that its search leaves."""
    place = grow(cells, saddles, NONE, image)
    row, column = np.nonzero(np.isfinite(place[..., 0]))
    return place[row.min() : row.max() + 1, column.min() : column.max() + 1]


def test_a_whole_grid_stays_as_it_is() -> None:
    image, corners, saddles, cells = board()
    np.testing.assert_allclose(grown(cells, saddles, image), corners, atol=0.2)


def test_cells_that_were_not_linked_take_their_saddles() -> None:
    image, corners, saddles, cells = board()
    linked = {cell: corner for cell, corner in cells.items() if cell[0] < 3 and cell[1] < 3}
    np.testing.assert_allclose(grown(linked, saddles, image), corners, atol=0.2)


def test_cells_take_peaks_that_were_not_tested_before_and_are_corners() -> None:
    image, corners, saddles, cells = board()
    few = {cell: corner for cell, corner in cells.items() if cell[0] < 3 and cell[1] < 3}
    number = {corner: i for i, corner in enumerate(few.values())}
    tested = Saddles(*(part[list(number)] for part in vars(saddles).values()))
    place = grow({cell: number[corner] for cell, corner in few.items()}, tested, find_peaks(image), image)
    seen = np.isfinite(place[..., 0])
    np.testing.assert_allclose(place[seen].reshape(corners.shape), corners, atol=0.2)


def test_gaps_are_completed_as_the_corners_around_them_lead_on() -> None:
    _, corners, _, _ = board()
    holes = corners.copy()
    holes[0, :2] = holes[2, 3] = holes[4] = np.nan
    np.testing.assert_allclose(complete(holes), corners, atol=1e-9)


def test_a_hidden_corner_amid_four_takes_the_place_its_neighbours_predict() -> None:
    image, corners, saddles, cells = board()
    fewer, number = without(saddles, cells.pop((2, 2)))
    place = grown({cell: number[corner] for cell, corner in cells.items()}, fewer, image)
    np.testing.assert_allclose(place, corners, atol=0.2)


def test_a_hidden_corner_that_no_edges_lead_to_stays_open() -> None:
    image, corners, saddles, cells = board()
    fewer, number = without(saddles, cells.pop((2, 2)))
    x, y = np.rint(corners[2, 2]).astype(int)
    image[y - 14 : y + 15, x - 14 : x + 15] = 120
    place = grown({cell: number[corner] for cell, corner in cells.items()}, fewer, image)
    assert np.isnan(place[2, 2]).all()
    assert np.isfinite(place).all(axis=2).sum() == ROWS * COLUMNS - 1


def test_a_corner_off_the_grid_is_dropped_and_the_true_one_found() -> None:
    image, corners, saddles, cells = board()
    wrong = np.append(saddles.position_px, [corners[2, 3] + [9.0, 8.0]], axis=0)
    more = Saddles(wrong, *(np.append(part, part[:1], axis=0) for part in list(vars(saddles).values())[1:]))
    cells[(3, 2)] = len(saddles)
    np.testing.assert_allclose(grown(cells, more, image), corners, atol=0.2)


def test_a_chain_without_a_whole_square_is_no_grid() -> None:
    image, _, saddles, cells = board()
    chain = {cell: corner for cell, corner in cells.items() if cell[1] == 0}
    assert np.isnan(grow(chain, saddles, NONE, image)).all()


@pytest.mark.parametrize("start", [(0, 0), (1, 2)])
def test_the_grid_does_not_depend_on_where_it_was_begun(start: tuple[int, int]) -> None:
    image, corners, saddles, cells = board()
    square = {(j, i): cells[(start[0] + j, start[1] + i)] for j in range(2) for i in range(2)}
    np.testing.assert_allclose(grown(square, saddles, image), corners, atol=0.2)
