"""Parts of a checkerboard: placed where nothing else is possible, else left out with the reason."""

from __future__ import annotations

import numpy as np
import pytest
from cases.rendered import TestCamera, pose, view

from calib.camera.boards.checkerboard import Checkerboard

CAMERA = TestCamera(560.0, (640, 480), bend=-0.12)
BOARD = Checkerboard(9, 6)


def picture(board: Checkerboard = BOARD) -> tuple[np.ndarray, np.ndarray]:
    """A view of the whole board and its corners (n, 2)."""
    return view(CAMERA, board, pose(board, (0.25, -0.3, 0.1), 13.0))


def found_in(image: np.ndarray, board: Checkerboard = BOARD) -> tuple[np.ndarray, np.ndarray]:
    seen, reason = board.find(np.ascontiguousarray(image))
    assert seen is not None, reason
    return seen.corners_px, seen.index


def test_a_board_cut_by_the_frame_gives_the_corners_that_are_seen() -> None:
    image, truth = picture()
    right = int(truth[:, 0].max() - 60)
    corners, index = found_in(image[:, :right])
    inside = np.flatnonzero(truth[:, 0] < right - 20)
    assert set(inside.tolist()) <= set(index.tolist())
    assert len(index) < len(truth)
    np.testing.assert_allclose(corners, truth[index], atol=0.15)


@pytest.mark.parametrize("corner", [0, 8, 45, 53])
def test_a_covered_corner_costs_its_surroundings(corner: int) -> None:
    image, truth = picture()
    y, x = np.mgrid[:480, :640]
    image[np.hypot(x - truth[corner, 0], y - truth[corner, 1]) < 30] = 140
    corners, index = found_in(image)
    assert corner not in index
    assert len(index) >= len(truth) - 5
    np.testing.assert_allclose(corners, truth[index], atol=0.15)


def test_lines_of_a_board_whose_ends_are_alike_are_not_guessed() -> None:
    board = Checkerboard(9, 7)
    image, truth = picture(board)
    right = int(truth[:, 0].max() - 60)
    seen, reason = board.find(np.ascontiguousarray(image[:, :right]))
    assert seen is None
    assert "either side" in reason


@pytest.mark.parametrize("aslant", [False, True])
def test_a_part_between_two_sides_of_the_frame_is_left_out(aslant: bool) -> None:
    image, truth = view(CAMERA, BOARD, pose(BOARD, (0.3, 0.0, 0.1 if aslant else 0.0), 13.0))
    left, right = int(truth[:, 0].min() + 60), int(truth[:, 0].max() - 60)
    seen, reason = BOARD.find(np.ascontiguousarray(image[:, left:right]))
    assert seen is None
    assert "outside the image on more than one side" in reason


def test_a_side_that_is_hidden_altogether_is_not_guessed() -> None:
    image, truth = picture()
    image[:, int(truth[:, 0].max() - 60) :] = 140
    seen, reason = BOARD.find(image)
    assert seen is None
    assert "hidden" in reason


def test_a_smaller_board_is_no_part() -> None:
    image, _ = picture(Checkerboard(7, 5))
    seen, _ = BOARD.find(image)
    assert seen is None
