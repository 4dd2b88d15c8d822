"""Boards with numbered markers: rendered, found whole and in parts, recognised, and refused where they are misnamed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from calib.camera.board import Board, load_board
from calib.camera.detection.detect import detect
from calib.camera.images.read import read_grey
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import typical_camera
from calib.errors import InputError, UsageError
from calib.geometry import se3, so3

CAMERA = typical_camera("brown_conrady", (640, 480))


def picture(board: Board, distance_m: float, **options: float) -> tuple[np.ndarray, np.ndarray]:
    """A slanted view of a board, and where its corners are."""
    turn = so3.exp(np.array([0.35, -0.25, 0.1]))
    middle = board.corners_in_board.mean(axis=0)
    pose = se3.compose(turn, np.array([0.0, 0.0, distance_m]) - turn @ middle)
    return render(board, pose, PixelRays.of(CAMERA.unproject, (640, 480)), **options), CAMERA.project(
        se3.apply(pose, board.corners_in_board)
    )


@pytest.mark.parametrize(
    ("name", "distance_m", "rms_px"),
    [
        ("charuco:7x5:30mm:21mm:4X4_50", 0.33, 0.05),
        pytest.param("charuco:7x5:30mm:21mm", 0.33, 0.05, marks=pytest.mark.slow),
        ("aprilgrid:4x3:40mm:0.3", 0.33, 0.06),
    ],
)
def test_a_board_is_found_where_it_is_whole_and_cut(name: str, distance_m: float, rms_px: float) -> None:
    board = load_board(name)
    image, truth = picture(board, distance_m, noise=1.0)
    for part in (image, np.ascontiguousarray(image[:, :400])):
        found, reason = board.find(part)
        assert found is not None, reason
        assert len(found.index) == len(set(found.index.tolist()))
        off = found.corners_px - truth[found.index]
        assert np.sqrt((off**2).sum(axis=1).mean()) < rms_px
    assert len(board.find(image)[0].index) == len(truth)


def test_a_board_of_the_older_layout_is_found_as_well() -> None:
    squares = cv2.aruco.CharucoBoard((7, 6), 1.0, 0.7, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    squares.setLegacyPattern(True)
    image = np.pad(squares.generateImage((420, 360)), 30, constant_values=255)
    found, reason = load_board("charuco:7x6:30mm:21mm:4X4_50").find(image)
    assert found is not None, reason
    assert len(found.index) == 30
    truth = 89.5 + 60.0 * np.column_stack((found.index % 6, found.index // 6))
    np.testing.assert_allclose(found.corners_px, truth, atol=0.1)


@pytest.mark.slow
def test_whoever_names_no_board_is_told_which_it_is(tmp_path: Path) -> None:
    for name, shown in (
        ("charuco:7x5:30mm:21mm:5X5_50", "charuco:COLUMNSxROWS:SQUARE:MARKER:5X5_1000"),
        ("aprilgrid:4x3:40mm:0.3", "aprilgrid:4x3:TAG:SPACING"),
    ):
        image, _ = picture(load_board(name), 0.33)
        path = tmp_path / f"{name.split(':')[0]}.png"
        cv2.imwrite(str(path), image)
        with pytest.raises(InputError) as caught:
            detect(path, "apriltag:36h11:48mm:500")
        assert shown in caught.value.advice


@pytest.mark.parametrize(
    "text",
    ["charuco:7x5:30mm", "charuco:7x5:20mm:30mm", "charuco:7x5:30mm:20mm:9X9_50", "charuco:7:30mm:20mm",
     "aprilgrid:6x6:88mm", "aprilgrid:6x6:88:0.3", "aprilgrid:60x60:88mm:0.3", "aprilgrid:6x6:88mm:30mm"],
)  # fmt: skip
def test_what_is_no_board_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_board(text)
    assert caught.value.code == "board-syntax"


def test_kalibrs_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "target.yaml"
    path.write_text("target_type: 'aprilgrid'\ntagCols: 6\ntagRows: 5\ntagSize: 0.055\ntagSpacing: 0.3\n")
    assert load_board(str(path)).name == "aprilgrid:6x5:55mm:0.3"


@pytest.mark.parametrize(("image", "tags"), [("EuRoC.png", 35), ("TUM_VI.png", 36)])
@pytest.mark.slow
def test_published_images_of_an_aprilgrid(real_data: Callable[[str], Path], image: str, tags: int) -> None:
    grey, _ = read_grey(real_data("camera/aprilgrid_samples") / image)
    found, reason = load_board("aprilgrid:6x6:88mm:0.3").find(grey)
    assert found is not None, reason
    assert len(set((found.index // 4).tolist())) >= tags
