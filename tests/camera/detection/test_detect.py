"""Detection: rendered boards with known corners, what goes wrong in folders, and real photographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from cases.rendered import BOARD, CAMERA, DISTANCE, TURNS, pose, view

from calib.camera.board import load_board
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.detection.detect import detect
from calib.camera.observations import Observations
from calib.errors import InputError, UsageError


def truth(i: int) -> np.ndarray:
    camera_from_board = pose(BOARD, TURNS[i], DISTANCE)
    return CAMERA.project(BOARD.corners_in_board @ camera_from_board[:3, :3].T + camera_from_board[:3, 3])


def test_corners_are_found_in_the_boards_order_to_hundredths_of_a_pixel(folder: Path) -> None:
    seen = detect(folder, "checkerboard:9x6:25mm")
    assert [one.image for one in seen.views] == ["v0.png", "v1.png", "v2.png", "v3.png"]
    assert seen.image_size_px == (640, 480)
    assert seen.board == "checkerboard:9x6:25mm"
    assert seen.scale_known
    assert not seen.excluded
    assert not seen.notes
    for i, one in enumerate(seen.views):
        np.testing.assert_allclose(one.corners_in_board, BOARD.corners_in_board)
        # 9 + 6 is odd: the colours tell the first corner, whichever way up the board is.
        error = one.corners_px - truth(i)
        assert np.sqrt((error**2).sum(axis=1).mean()) < 0.012
        assert np.abs(error.mean(axis=0)).max() < 0.004


def test_the_board_is_inferred(folder: Path) -> None:
    seen = detect(folder)
    named = detect(folder, Checkerboard(9, 6))
    assert seen.board == "checkerboard:9x6"
    assert not seen.scale_known
    assert "scale" in " ".join(seen.notes)
    for one, other in zip(seen.views, named.views, strict=True):
        np.testing.assert_array_equal(one.corners_px, other.corners_px)
    assert np.ptp(seen.views[0].corners_in_board, axis=0).tolist() == [8.0, 5.0, 0.0]


def test_the_result_does_not_depend_on_the_number_of_workers(folder: Path) -> None:
    counts: list[tuple[int, int]] = []
    one = detect(folder, jobs=1, on_progress=lambda done, total: counts.append((done, total)))
    three = detect(sorted(folder.iterdir()), jobs=3)
    assert counts == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for a, b in zip(one.views, three.views, strict=True):
        assert a.image == b.image
        assert a.corners_px.tobytes() == b.corners_px.tobytes()


def test_what_cannot_be_used_is_named(tmp_path: Path, folder: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = cv2.imread(str(folder / "v0.png"), cv2.IMREAD_GRAYSCALE)
    corner = truth(0).max(axis=0).astype(int)
    cv2.imwrite(str(tmp_path / "other.png"), whole[:, :600])
    cv2.imwrite(str(tmp_path / "partial.png"), np.roll(whole, 640 - corner[0] + 30, axis=1))
    cv2.imwrite(str(tmp_path / "empty.png"), np.full((480, 640), 90, np.uint8))
    (tmp_path / "cut.png").write_bytes((folder / "v1.png").read_bytes()[:9000])
    (tmp_path / "text.jpg").write_text("not an image")
    seen = detect(tmp_path)
    reasons = {one.image: one.reason for one in seen.excluded}
    assert [len(one.corners_px) for one in seen.views] == [48, 54, 54, 54, 54]
    partial, whole_view = seen.views[0], seen.views[1]
    assert partial.image == "partial.png"
    index = [
        int(np.argmin(np.abs(BOARD.corners_in_board / 0.025 - one).sum(axis=1))) for one in partial.corners_in_board
    ]
    off = partial.corners_px - whole_view.corners_px[index] - [670 - corner[0], 0]
    assert np.abs(off).max() < 0.2
    assert "600x480" in reasons["other.png"]
    assert "found" in reasons["empty.png"]
    assert "truncated" in reasons["cut.png"]
    assert "JPEG" in reasons["text.jpg"]


def test_nothing_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "noise.png"), noise)
    for board in (None, "checkerboard:9x6"):
        with pytest.raises(InputError) as caught:
            detect(tmp_path, board)
        assert caught.value.code == "no-board-found"
        assert "tried" in str(caught.value)


@pytest.mark.parametrize("wrong", ["checkerboard:10x7:25mm", "checkerboard:8x6:25mm", "checkerboard:9x7"])
def test_a_wrong_size_is_told_the_right_one(folder: Path, wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        detect(folder, wrong)
    assert caught.value.code == "wrong-board-size"
    assert "9x6" in str(caught.value)
    assert ("squares were counted" in str(caught.value)) == wrong.startswith("checkerboard:10x7")


def test_a_turned_size_is_the_same_board(folder: Path) -> None:
    seen = detect(folder, "checkerboard:6x9:25mm")
    assert len(seen.views) == 4
    np.testing.assert_allclose(np.ptp(seen.views[0].corners_in_board, axis=0), [0.125, 0.2, 0.0])


@pytest.mark.parametrize(
    ("images", "code"),
    [
        ("nowhere", "no-images"),
        ("nowhere/*.png", "no-images"),
        ([], "no-images"),
        ([Path("a.png")], "no-readable-image"),
    ],
)
def test_no_images(images: str | Sequence[Path], code: str) -> None:
    with pytest.raises(InputError) as caught:
        detect(images)
    assert caught.value.code == code


def test_wrong_options(folder: Path) -> None:
    with pytest.raises(UsageError, match="jobs"):
        detect(folder, jobs=0)
    with pytest.raises(UsageError, match="limit"):
        detect(folder, timeout_s=0)


def test_a_pattern_chooses_images(folder: Path) -> None:
    assert [one.image for one in detect(f"{folder}/v[02].png").views] == ["v0.png", "v2.png"]


def test_exif_rotation_is_noted_and_ignored(tmp_path: Path) -> None:
    image = view(CAMERA, BOARD, pose(BOARD, TURNS[0], DISTANCE))[0]
    plain = bytes(cv2.imencode(".jpg", image)[1])
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    path = tmp_path / "turned.jpg"
    path.write_bytes(plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:])
    seen = detect(path, "checkerboard:9x6:25mm")
    assert seen.image_size_px == (640, 480)
    assert "EXIF" in " ".join(seen.notes)
    assert np.sqrt(((seen.views[0].corners_px - truth(0)) ** 2).sum(axis=1).mean()) < 0.05


def fitted(seen: Observations, fisheye: bool = False) -> tuple[float, float]:
    """OpenCV's rms and focal length on the corners found."""
    board = [one.corners_in_board.astype(np.float32) for one in seen.views]
    corners = [one.corners_px.astype(np.float32) for one in seen.views]
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 100, 1e-9)
    assert seen.image_size_px is not None
    if fisheye:
        names = cv2.fisheye if hasattr(cv2.fisheye, "CALIB_FIX_SKEW") else cv2  # OpenCV 4 and 5
        flags = names.CALIB_RECOMPUTE_EXTRINSIC | names.CALIB_FIX_SKEW
        rms, matrix, *_ = cv2.fisheye.calibrate(
            [one.reshape(1, -1, 3).astype(float) for one in board],
            [one.reshape(1, -1, 2).astype(float) for one in corners],
            seen.image_size_px,
            np.eye(3),
            np.zeros(4),
            flags=flags,
            criteria=stop,
        )
    else:
        rms, matrix, *_ = cv2.calibrateCamera(board, corners, seen.image_size_px, None, None, criteria=stop)
    return float(rms), float(matrix[0, 0])


@pytest.mark.parametrize(
    ("side", "rms_px", "focal_px"),
    [("left", 0.170, (532, 534)), pytest.param("right", 0.170, (536, 538.5), marks=pytest.mark.slow)],
)
def test_opencv_stereo(
    real_data: Callable[[str], Path], side: str, rms_px: float, focal_px: tuple[float, float]
) -> None:
    """OpenCV: classic detector, windows of a third of the square .181 and .186; sector-based .235, 13 of 14 images."""
    seen = detect(f"{real_data('camera/opencv_stereo')}/{side}*.jpg")
    assert seen.board == "checkerboard:9x6"
    assert len(seen.views) == 14
    rms, focal = fitted(seen)
    assert rms < rms_px
    assert focal_px[0] < focal < focal_px[1]


@pytest.mark.slow
def test_udacity_carnd(real_data: Callable[[str], Path]) -> None:
    seen = detect(real_data("camera/udacity_carnd"))
    assert seen.board == "checkerboard:9x6"
    assert len(seen.views) == 17
    assert {len(one.corners_px) for one in seen.views} == {53, 54}  # the frame cuts a corner of one board
    reasons = {one.image: one.reason for one in seen.excluded}
    assert set(reasons) == {f"calibration{i}.jpg" for i in (1, 7, 15)}
    assert "9x5" in reasons["calibration1.jpg"]
    assert "1281x721" in reasons["calibration7.jpg"]


@pytest.mark.slow
def test_gopro_fisheye(real_data: Callable[[str], Path]) -> None:
    seen = detect(real_data("camera/gopro_fisheye"))
    assert seen.board == "checkerboard:15x9"
    assert len(seen.views) == 24
    whole = tuple(view for view in seen.views if len(view.corners_px) == 15 * 9)
    assert len(whole) >= 22
    assert fitted(replace(seen, views=whole), fisheye=True)[0] < 0.32
    assert fitted(seen, fisheye=True)[0] < 0.33  # parts of boards are those at the rim, where the image is worst


@pytest.mark.slow  # by default the second set is searched by the tests of hand-eye calibration
@pytest.mark.parametrize(
    ("name", "board", "views"),
    [
        ("handeye/cs_synthetic_1", "checkerboard:9x6", 15),
        ("handeye/visp_franka_eih", "checkerboard:9x6", 8),
    ],
)
def test_hand_eye_images(real_data: Callable[[str], Path], name: str, board: str, views: int) -> None:
    seen = detect(real_data(name))
    assert (seen.board, len(seen.views)) == (board, views)
    assert fitted(seen)[0] < 0.25


@pytest.mark.slow
def test_tabb(real_data: Callable[[str], Path]) -> None:
    images = sorted(real_data("handeye/tabb_ds1/images").glob("*.png"))[::6]
    seen = detect(images)
    assert (seen.board, len(seen.views)) == ("checkerboard:8x6", len(images))


@pytest.mark.slow
def test_charuco_is_no_checkerboard(real_data: Callable[[str], Path]) -> None:
    images = sorted(real_data("camera/charuco/3").glob("*.jpg"))[::3]
    with pytest.raises(InputError) as caught:
        detect(images)
    assert caught.value.code == "no-board-found"


@pytest.mark.slow
def test_a_grid_of_circles_is_recognised_and_used(tmp_path: Path) -> None:
    circles = load_board("circles:6x5:30mm")
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), view(CAMERA, circles, pose(circles, TURNS[i], 0.4), seed=i)[0])
    seen = detect(tmp_path)
    assert seen.board == "circles:6x5"
    assert len(seen.views) == 3
    assert not seen.scale_known
    assert "recognised" in seen.notes[0]
    with pytest.raises(InputError) as caught:
        detect(tmp_path, "apriltag:36h11:48mm")
    assert caught.value.advice == "the images show circles:6x5: give that as the board"


@pytest.mark.slow
def test_a_target_that_is_none_of_the_boards_is_named(real_data: Callable[[str], Path]) -> None:
    with pytest.raises(InputError) as caught:
        detect(real_data("cases") / "camera-hex-circles-false-grid" / "images")
    assert caught.value.code == "no-board-found"
    assert "circles in a hexagonal grid" in str(caught.value)
