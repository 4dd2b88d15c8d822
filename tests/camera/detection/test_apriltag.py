"""An AprilTag as the board: how it is named, where its corners are found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calib.camera.board import load_board
from calib.camera.boards.apriltag import AprilTag
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.detection.detect import detect
from calib.camera.images import opencv
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import typical_camera
from calib.errors import InputError, UsageError
from calib.geometry import se3, so3

SIZE = (640, 480)
TAG = AprilTag("36h11", 0.048, 10)


@pytest.mark.parametrize("text", ["apriltag:36h11:48mm", "apriltag:25h9:2.5cm", "apriltag:36h11:50mm:7"])
def test_a_tag_is_read_back_by_its_name(text: str) -> None:
    tag = load_board(text)
    assert isinstance(tag, AprilTag)
    assert load_board(tag.name) == tag
    assert tag.corners_in_board.shape == (4, 3)


@pytest.mark.parametrize(
    "text",
    ["apriltag:36h11", "apriltag:36h12:48mm", "apriltag:36h11:48", "apriltag:36h11:48mm:x", "apriltag:36h11:0mm"],
)
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_board(text)
    assert caught.value.code == "board-syntax"


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A folder of rendered images of the tag, and where its corners are, (images, 4, 2)."""
    folder = tmp_path_factory.mktemp("tags")
    camera, rng = typical_camera("brown_conrady", SIZE), np.random.default_rng(3)
    turns = so3.exp(rng.normal(0.0, 0.3, (4, 3)))
    middle = TAG.corners_in_board.mean(axis=0)
    poses = se3.compose(turns, np.array([0.0, 0.0, 0.25]) - turns @ middle)
    rays = PixelRays.of(camera.unproject, SIZE)
    for i, pose in enumerate(poses):
        image = render(TAG, pose, rays, noise=2.0, seed=i)
        opencv.load().imwrite(str(folder / f"tag_{i}.png"), image)
    return folder, camera.project(se3.apply(poses[:, None], TAG.corners_in_board))


def test_corners_are_found_where_they_are(photographs: tuple[Path, np.ndarray]) -> None:
    folder, truth = photographs
    for board in ("apriltag:36h11:48mm", "apriltag:36h11:48mm:10"):
        found = detect(folder, board)
        assert [view.image for view in found.views] == [f"tag_{i}.png" for i in range(4)]
        assert found.image_size_px == SIZE
        # the same corner comes first in every image: one start of the four, and clockwise
        off = [
            [float(np.abs(np.roll(view.corners_px, k, axis=0) - px).max()) for k in range(4)]
            for view, px in zip(found.views, truth, strict=True)
        ]
        assert np.min(off, axis=1).max() < 0.4
        assert len(set(np.argmin(off, axis=1).tolist())) == 1


def test_another_tag_and_no_tag_are_told(photographs: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found in none of 4 images") as caught:
        detect(photographs[0], "apriltag:36h11:48mm:11")
    assert "[10]" in caught.value.why
    camera = typical_camera("brown_conrady", SIZE)
    pose = se3.compose(np.eye(3), np.array([-0.1, -0.06, 0.4]))
    image = render(Checkerboard(9, 6, 0.025), pose, PixelRays.of(camera.unproject, SIZE))
    opencv.load().imwrite(str(tmp_path / "board.png"), image)
    with pytest.raises(InputError) as nothing:
        detect(tmp_path, TAG)
    assert nothing.value.code == "no-board-found"


def test_another_size_is_excluded_and_options_are_checked(photographs: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    shutil.copytree(photographs[0], tmp_path, dirs_exist_ok=True)
    small = opencv.load().imread(str(tmp_path / "tag_0.png"), 0)[::2, ::2]
    opencv.load().imwrite(str(tmp_path / "small.png"), small)
    told: list[tuple[int, int]] = []
    found = detect(tmp_path, TAG, jobs=2, on_progress=lambda done, total: told.append((done, total)))
    assert [view.image for view in found.views] == [f"tag_{i}.png" for i in range(4)]
    assert [(each.image, each.reason) for each in found.excluded] == [
        ("small.png", "it is 320x240 pixels, most of the others are 640x480")
    ]
    assert told == [(done, 5) for done in range(1, 6)]
    for options, code in (({"jobs": 0}, "bad-jobs"), ({"timeout_s": -5.0}, "bad-timeout")):
        with pytest.raises(UsageError) as caught:
            detect(tmp_path, TAG, **options)
        assert caught.value.code == code


def test_a_measured_gripper(real_data: Callable[[str], Path]) -> None:
    found = detect(real_data("handeye/visp_franka_eth"), "apriltag:36h11:48mm")
    assert len(found.views) == 8
