"""Frames of a film: sharp ones are chosen, as far apart as they can be, and the same every time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calib.camera import detect_film, load_board, typical_camera
from calib.camera.detection.film_views import edge_width_px, spread
from calib.camera.images.film import is_film, write_sharpest
from calib.camera.observations import View
from calib.camera.simulation.draw_views import draw_views
from calib.errors import InputError

SIZE = (320, 240)
BOARD = "checkerboard:6x5:25mm"
POSES, PER_POSE = 14, 4


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each of 14 poses in four frames, of which the third is in focus; as long as all are searched."""
    path = tmp_path_factory.mktemp("film") / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30.0, SIZE)
    if not writer.isOpened():
        pytest.skip("this OpenCV has no codec to write MJPG")
    camera, board = typical_camera("pinhole", SIZE), load_board(BOARD)
    for pose in draw_views(camera, board.corners_in_board, views=POSES, seed=2).camera_from_board:
        image = picture(camera.matrix, pose)
        for k in range(PER_POSE):
            frame = image if k == 2 else cv2.GaussianBlur(image, (0, 0), 3.0)
            writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def picture(matrix: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """The board (7 x 6 squares with a rim) as a pinhole camera sees it, each pixel the mean of 3 x 3."""
    squares = np.kron(np.pad(np.indices((6, 7)).sum(axis=0) % 2 * 200 + 20, 1, constant_values=220), np.ones((20, 20)))
    board_from_drawing = np.array([[0.025 / 20, 0, -2 * 0.025], [0, 0.025 / 20, -2 * 0.025], [0, 0, 1.0]])
    finer = np.array([[3.0, 0, 1], [0, 3, 1], [0, 0, 1]])
    plane = finer @ matrix @ pose[:3, [0, 1, 3]] @ board_from_drawing
    fine = cv2.warpPerspective(squares.astype(np.uint8), plane, (3 * SIZE[0], 3 * SIZE[1]), borderValue=120)
    return cv2.resize(fine, SIZE, interpolation=cv2.INTER_AREA)


@pytest.mark.slow
def test_frames_in_focus_are_chosen_and_the_same_ones_again(film: Path) -> None:
    seen = detect_film(film, BOARD, most=8, jobs=1)
    numbers = [int(view.image[6:12]) for view in seen.views]
    assert len(numbers) == 8
    assert all(number % PER_POSE == 2 for number in numbers)
    assert f"{POSES * PER_POSE} frames" in seen.notes[0]
    again = detect_film(film, BOARD, most=8, jobs=1)
    assert [view.image for view in again.views] == [view.image for view in seen.views]
    np.testing.assert_array_equal(again.views[0].corners_px, seen.views[0].corners_px)


def test_of_every_few_frames_the_sharpest_is_written(film: Path, tmp_path: Path) -> None:
    taken = write_sharpest(film, tmp_path, most=POSES)
    assert (taken.frames, taken.step, taken.taken) == (POSES * PER_POSE, PER_POSE, POSES)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"frame_{PER_POSE * k + 2:06d}.bmp" for k in range(POSES)]


def test_width_of_edges_grows_with_blur() -> None:
    image = np.kron(np.indices((6, 6)).sum(axis=0) % 2, np.ones((20, 20))).astype(np.uint8) * 200 + 20
    corners = np.array([[x, y] for x in (39.5, 59.5, 79.5) for y in (39.5, 59.5, 79.5)])
    widths = [edge_width_px(cv2.GaussianBlur(image, (0, 0), blur), corners) for blur in (0.7, 2.0, 4.0)]
    assert widths[0] < 3
    assert widths[1] > 1.5 * widths[0]
    assert widths[2] > 1.3 * widths[1]
    along_x = edge_width_px(cv2.blur(image, (9, 1)), corners)
    assert along_x > 2 * widths[0]


def test_poses_that_lie_apart_are_preferred() -> None:
    board = load_board(BOARD).corners_in_board
    plain = 1000 * board[:, :2]
    shifts = np.array([[0, 0], [1, 0], [0, 1], [300, 0], [2, 0]])
    moved = [*(plain + shift for shift in shifts[:4]), 1.5 * plain, plain + shifts[4]]
    views = [View(str(k), pixels, board) for k, pixels in enumerate(moved)]
    assert set(spread(views, 3, 0).tolist()) == {0, 3, 4}


def test_what_is_no_film_names_the_line_that_takes_it_apart(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film" * 100)
    assert is_film(path)
    with pytest.raises(InputError) as caught:
        detect_film(path)
    assert caught.value.code == "film-unreadable"
    assert "ffmpeg" in str(caught.value.advice)
