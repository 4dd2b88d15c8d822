"""Detection: rendered boards with known corners, what goes wrong in folders, and real photographs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from cases.rendered import TestCamera, pose, view

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.detection import grid, workers
from calib.camera.detection.detect import detect
from calib.camera.detection.search import look
from calib.camera.images import opencv
from calib.camera.observations import Observations
from calib.errors import InputError, UsageError

CAMERA = TestCamera(560.0, (640, 480), bend=-0.12)
BOARD = Checkerboard(9, 6, 0.025)
TURNS = ((0.3, 0.4, 0.1), (-0.5, 0.2, 1.2), (0.1, -0.6, 3.0), (0.6, 0.1, -1.4))
DISTANCE = 0.33


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four views of BOARD, one turned by nearly half a turn."""
    path = tmp_path_factory.mktemp("views")
    for i, turn in enumerate(TURNS):
        cv2.imwrite(str(path / f"v{i}.png"), view(CAMERA, BOARD, pose(BOARD, turn, DISTANCE), seed=i)[0])
    return path


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
    tmp_path: Path, columns: int, rows: int, distance: float, options: dict[str, object], rms_px: float
) -> None:
    board = Checkerboard(columns, rows)
    image, corners = view(CAMERA, board, pose(board, (0.35, -0.3, 0.15), distance), **options)
    path = tmp_path / "view.png"
    cv2.imwrite(str(path), image)
    found = look(path, None).found
    assert found is not None
    oriented = grid.orient(found, columns, rows)
    assert oriented is not None, (found.columns, found.rows)
    error = oriented.corners_px.reshape(-1, 2) - corners
    assert np.sqrt((error**2).sum(axis=1).mean()) < rms_px * 1.5


def test_strong_distortion_bends_edges_not_corners(tmp_path: Path) -> None:
    camera, board = TestCamera(250.0, (640, 480), bend=-0.35), Checkerboard(9, 6)
    image, corners = view(camera, board, pose(board, (0.3, 0.4, 0.1), 6.5), noise=1.0)
    cv2.imwrite(str(tmp_path / "wide.png"), image)
    found = look(tmp_path / "wide.png", (9, 6)).found
    assert found is not None
    oriented = grid.orient(found, 9, 6)
    assert oriented is not None
    error = oriented.corners_px.reshape(-1, 2) - corners
    assert np.sqrt((error**2).sum(axis=1).mean()) < 0.012


def test_a_turned_grid_keeps_hand_and_colours() -> None:
    row, column = np.mgrid[:6, :9]
    one = grid.Grid(np.dstack((column, row)).astype(float), dark_first=True)
    turns = [one]
    for _ in range(4):
        turns.append(turns[-1].turned())
    np.testing.assert_array_equal(turns[4].corners_px, one.corners_px)
    assert turns[4].dark_first
    assert [turn.columns for turn in turns] == [9, 6, 9, 6, 9]
    for turn in turns:
        right, down = turn.corners_px[0, 1] - turn.corners_px[0, 0], turn.corners_px[1, 0] - turn.corners_px[0, 0]
        assert right[0] * down[1] - right[1] * down[0] == 1.0
        # In a 9 x 6 board squares (0, 0) and (9, 0) have unlike colours, (9, 6) too, (0, 6) alike.
        first = turn.corners_px[0, 0].tolist()
        assert turn.dark_first == {(0, 0): True, (8, 0): False, (8, 5): False, (0, 5): True}[tuple(map(int, first))]


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
    assert len(seen.views) == 4
    assert "600x480" in reasons["other.png"]
    assert "outside the image" in reasons["partial.png"]
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


CRASHER = """
import os, signal, sys, time
from calib.camera.detection import search
plain = search.look
def look(path, size):
    if "v1" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "v3" in path.name:
        time.sleep(100)
    return plain(path, size)
search.look = look
from calib.camera.detection.workers import serve
serve()
"""


def test_a_worker_that_dies_or_hangs_costs_one_image(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CODE", f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); exec({CRASHER!r})")
    seen = detect(folder, jobs=1, timeout_s=4.0)
    assert [one.image for one in seen.views] == ["v0.png", "v2.png"]
    reasons = {one.image: one.reason for one in seen.excluded}
    assert "crashed" in reasons["v1.png"]
    assert "longer than 4 s" in reasons["v3.png"]


def test_a_worker_that_cannot_start_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CODE", "raise SystemExit(7)")
    with pytest.raises(InputError) as caught:
        detect(folder)
    assert caught.value.code == "worker-failed"
    assert "exit status 7" in str(caught.value)


def test_a_broken_opencv_reaches_the_caller(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); sys.modules['cv2'] = None; "
    monkeypatch.setattr(workers, "_CODE", broken + "from calib.camera.detection.workers import serve; serve()")
    with pytest.raises(UsageError) as caught:
        detect(folder)
    assert caught.value.code == "opencv-unavailable"
    assert "pip install" in str(caught.value)


def test_an_opencv_that_lacks_its_functions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", type(sys)("cv2"))
    with pytest.raises(UsageError) as caught:
        opencv.load()
    assert caught.value.code == "opencv-unavailable"
    assert "uninstall" in caught.value.advice


def test_a_script_needs_no_guard_and_no_library_is_loaded_early(tmp_path: Path, folder: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from calib.camera.detection.detect import detect\n"
        "assert not {'cv2', 'scipy'} & set(sys.modules)\n"
        f"print(len(detect({str(folder)!r}, jobs=2).views))\n"
        "assert not {'cv2', 'scipy'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=os.environ, check=False)
    assert (done.stdout, done.stderr) == ("4\n", "")


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
    assert len(seen.views) == 16
    reasons = {one.image: one.reason for one in seen.excluded}
    assert set(reasons) == {f"calibration{i}.jpg" for i in (1, 5, 7, 15)}
    assert "9x5" in reasons["calibration1.jpg"]
    assert "1281x721" in reasons["calibration7.jpg"]


@pytest.mark.slow
def test_gopro_fisheye(real_data: Callable[[str], Path]) -> None:
    seen = detect(real_data("camera/gopro_fisheye"))
    assert seen.board == "checkerboard:15x9"
    assert len(seen.views) == 24
    assert fitted(seen, fisheye=True)[0] < 0.32


@pytest.mark.parametrize(
    ("name", "board", "views"),
    [
        pytest.param("handeye/cs_synthetic_1", "checkerboard:9x6", 15, marks=pytest.mark.slow),
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
