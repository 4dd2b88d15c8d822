"""ArUco markers, one and many: rendered, found whole and in parts, described and refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from calib.arrays import Array
from calib.camera.board import Board, load_board, pick
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import typical_camera
from calib.errors import UsageError
from calib.geometry import se3, so3

CAMERA = typical_camera("brown_conrady", (640, 480))
RAYS = PixelRays.of(CAMERA.unproject, (640, 480))
LAYOUT = "arucogrid:4x3:30mm:7mm:6X6_50:5"


def picture(board: Board, distance_m: float) -> tuple[np.ndarray, Array]:
    turn = so3.exp(np.array([0.3, -0.2, 0.1]))
    pose = se3.compose(turn, np.array([0.0, 0.0, distance_m]) - turn @ board.corners_in_board.mean(axis=0))
    return render(board, pose, RAYS), CAMERA.project(se3.apply(pose, board.corners_in_board))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "distance_m"), [(LAYOUT, 0.3), ("aruco:4X4_50:40mm:7", 0.2)])
def test_a_board_is_found_whole(name: str, distance_m: float) -> None:
    board = load_board(name)
    image, truth = picture(board, distance_m)
    found, reason = board.find(image)
    assert found is not None, reason
    assert len(found.index) == len(truth)
    off = found.corners_px - truth[found.index]
    assert np.sqrt((off**2).sum(axis=1).mean()) < 0.06
    assert np.abs(off.mean(axis=0)).max() < 0.03


@pytest.mark.slow
def test_a_grid_is_found_in_parts_and_no_other_markers_are_taken() -> None:
    image, truth = picture(load_board(LAYOUT), 0.3)
    part = np.ascontiguousarray(image[:, :330])
    found, reason = load_board(LAYOUT).find(part)
    assert found is not None, reason
    assert 4 <= len(found.index) < len(truth)
    inside = found.corners_px[:, 0] < 320
    assert np.abs(found.corners_px - truth[found.index])[inside].max() < 0.1
    other, why = load_board("arucogrid:4x3:30mm:7mm:6X6_50:30").find(image)
    assert other is None
    assert "others are" in why


def test_the_layout_is_opencvs() -> None:
    known = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_6X6_50)
    theirs = cv2.aruco.GridBoard((4, 3), 0.03, 0.007, known, np.arange(5, 17))
    expected = np.asarray(theirs.getObjPoints()).reshape(-1, 3)
    np.testing.assert_allclose(load_board(LAYOUT).corners_in_board, expected, atol=1e-7)
    image = np.pad(theirs.generateImage((740, 550)), 30, constant_values=255)
    found, reason = load_board(LAYOUT).find(image)
    assert found is not None, reason
    assert len(found.index) == 48
    to_px, _ = cv2.estimateAffine2D(expected[found.index, :2], found.corners_px)
    off = np.column_stack([expected[found.index, :2], np.ones(48)]) @ to_px.T - found.corners_px
    assert np.abs(off).max() < 1.5  # OpenCV draws a marker in whole pixels


def test_one_of_several_markers_is_asked_for() -> None:
    drawn = [np.pad(cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_5X5_50), number, 90),
                    40, constant_values=255) for number in (3, 8)]  # fmt: skip
    image = np.hstack(drawn)
    found, reason = load_board("aruco:5X5_50:40mm").find(image)
    assert found is None
    assert "aruco:5X5_50:40mm:3" in reason
    found, _ = load_board("aruco:5X5_50:40mm:8").find(image)
    assert found is not None
    np.testing.assert_allclose(found.corners_px[0], [170 + 40, 40], atol=1.5)
    assert load_board("aruco:5X5_50:40mm:9").find(image)[0] is None
    assert pick("aruco").recognise(drawn[0]) == "aruco:5X5_1000:SIZE:3"


@pytest.mark.parametrize(
    "text",
    ["aruco:9X9_50:40mm", "aruco:4X4_50:40", "aruco:4X4_50:40mm:50", "arucogrid:5x7:40mm:10mm",
     "arucogrid:1x1:4cm:1cm:4X4_50", "arucogrid:9x9:4cm:1cm:4X4_50", "arucogrid:5x7:40mm:900mm:4X4_50"],
)  # fmt: skip
def test_what_is_no_board_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_board(text)
    assert caught.value.code == "board-syntax"


def test_names_of_dictionaries_are_taken_as_they_are_written() -> None:
    for text in ("aruco:DICT_4X4_50:40mm", "aruco:4x4-50:4cm"):
        assert load_board(text).name == "aruco:4X4_50:40mm"
