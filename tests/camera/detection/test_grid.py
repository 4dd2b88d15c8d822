"""Grids: turned without a mirror, checked for folds and jumps, cut to full rectangles."""

from __future__ import annotations

import numpy as np
import pytest

from calib.arrays import Array
from calib.camera.detection import grid


def plain(columns: int = 9, rows: int = 6) -> Array:
    """A grid of unit squares, (rows, columns, 2)."""
    row, column = np.mgrid[:rows, :columns]
    return np.dstack((column, row)).astype(float)


def test_a_turned_grid_keeps_hand_and_colours() -> None:
    one = grid.Grid(plain(), dark_first=True)
    turns = [one]
    for _ in range(4):
        turns.append(turns[-1].turn())
    np.testing.assert_array_equal(turns[4].corners_px, one.corners_px)
    assert turns[4].dark_first
    assert [turn.columns for turn in turns] == [9, 6, 9, 6, 9]
    for turn in turns:
        right, down = turn.corners_px[0, 1] - turn.corners_px[0, 0], turn.corners_px[1, 0] - turn.corners_px[0, 0]
        assert right[0] * down[1] - right[1] * down[0] == 1.0
        # In a 9 x 6 board squares (0, 0) and (9, 0) have unlike colours, (9, 6) too, (0, 6) alike.
        first = turn.corners_px[0, 0].tolist()
        assert turn.dark_first == {(0, 0): True, (8, 0): False, (8, 5): False, (0, 5): True}[tuple(map(int, first))]


def test_a_grid_is_oriented_to_its_size_or_refused() -> None:
    one = grid.Grid(plain(), dark_first=True).turn()
    oriented = grid.orient(one, 9, 6)
    assert oriented is not None
    np.testing.assert_array_equal(oriented.corners_px, plain())
    assert grid.orient(one, 8, 6) is None


def test_a_sound_grid_has_no_fault() -> None:
    assert grid.fault(plain()) == ""


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(lambda g: g[:, ::-1], "mirrored"), (lambda g: g * np.where(g[..., :1] > 3, (2.5, 1.0), 1.0), "evenly")],
    ids=["mirror", "jump"],
)
def test_a_mirrored_or_uneven_grid_is_at_fault(spoil, words: str) -> None:
    assert words in grid.fault(spoil(plain()))


def test_the_largest_full_rectangle_leaves_the_gap_out() -> None:
    ragged = plain()
    ragged[2, 7] = np.nan
    np.testing.assert_array_equal(grid.full_rectangle(ragged), ragged[:, :7])
    ragged[0] = np.nan
    np.testing.assert_array_equal(grid.full_rectangle(ragged), ragged[1:, :7])
