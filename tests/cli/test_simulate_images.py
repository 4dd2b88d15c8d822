"""`calib simulate ... --render`: pictures that the other commands take for photographs, and find the truth in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases.command import invoke
from typer.testing import Result

from calib.camera import detect
from calib.camera.corner_table import read_corners
from calib.config import read_yaml
from calib.geometry import so3
from calib.robot.table.read import read_poses

BOARD = "checkerboard:9x6:25mm"


def run(*arguments: object) -> Result:
    return invoke([str(argument) for argument in arguments])


def simulated(folder: Path, kind: str, *options: object) -> Path:
    small = ("--image-size", "640x480", "--render")
    result = run("simulate", kind, "--output", folder, *small, *options)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hand-eye calibration whose table of corners is exact, so that pictures can be held against it."""
    out = tmp_path_factory.mktemp("rendered") / "sim"
    return simulated(out, "hand-eye", "--views", 10, "--seed", 3, "--noise-px", 0)


def hand_eye(folder: Path, output: Path, *source: object) -> tuple[np.ndarray, dict[str, list[float]]]:
    """The matrix found, and `mount_from_camera` of hand_eye.yaml."""
    common = ("--poses", folder / "poses.csv", "--camera", folder / "camera.yaml", "--output", output)
    result = run("hand-eye", *source, *common)
    assert result.exit_code == 0, result.output
    return np.loadtxt(output / "flange_from_camera.txt"), read_yaml(output / "hand_eye.yaml")["mount_from_camera"]


def errors(found: np.ndarray, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """mm and degrees along and about the flange's axes."""
    truth = np.array(read_yaml(folder / "truth.yaml")["mount_from_camera"])
    turn = so3.log(found[:3, :3] @ truth[:3, :3].T)
    return 1000 * np.abs(found[:3, 3] - truth[:3, 3]), np.degrees(np.abs(turn))


def test_pictures_are_named_as_the_table_names_them(cell: Path) -> None:
    named = read_poses(cell / "poses.csv", joints_needed=False).other["image"]
    assert sorted(path.name for path in (cell / "images").iterdir()) == sorted(named)
    assert len(named) == 10


def test_corners_in_pictures_are_those_of_the_table(cell: Path) -> None:
    """Steep views and any roll: what is not seen whole is set aside, what is seen is where the table has it."""
    table = {view.image: view.corners_px for view in read_corners(cell / "corners.csv", None).views}
    found = detect(cell / "images", BOARD)
    assert len(found.views) >= 8
    for view in found.views:
        assert np.abs(view.corners_px - table[view.image]).max() < 0.15, view.image


def test_a_hand_eye_from_pictures_is_as_good_as_from_corners(cell: Path, tmp_path: Path) -> None:
    found, told = hand_eye(cell, tmp_path / "pictures", "--images", cell / "images", "--board", BOARD)
    off_mm, off_deg = errors(found, cell)
    assert (off_mm < 4 * np.array(told["sigma_mm"])).all()
    assert (off_deg < 4 * np.array(told["sigma_deg"])).all()
    _, corners = hand_eye(cell, tmp_path / "corners", "--corners", cell / "corners.csv")
    for unit in ("mm", "deg"):  # the robot's noise decides, not the pictures
        assert max(told[f"sigma_{unit}"]) < 1.5 * max(corners[f"sigma_{unit}"])


@pytest.mark.slow
def test_a_bowed_board_is_rendered_bowed(tmp_path: Path) -> None:
    sim = simulated(tmp_path / "sim", "hand-eye", "--views", 8, "--seed", 4, "--bow-mm", 2)
    out = tmp_path / "out"
    hand_eye(sim, out, "--images", sim / "images", "--board", BOARD, "--setup", "eye-in-hand", "--refine", "board")
    assert json.loads((out / "result.json").read_text())["board_height_mm"] == pytest.approx(2.0, rel=0.05)


@pytest.mark.slow
def test_an_arm_is_identified_from_pictures(tmp_path: Path) -> None:
    sim = simulated(tmp_path / "sim", "robot-images", "--views", 12, "--seed", 3, "--setup", "eye-to-hand")
    source = ("--poses", sim / "joints.csv", "--images", sim / "images", "--board", BOARD)
    result = run("robot", *source, "--camera", sim / "camera.yaml", "--output", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert any("eye-to-hand" in note for note in document["notes"])
    after, before = (document["errors"]["heldout"][part]["position_mm"]["mean"] for part in ("after", "before"))
    assert after < 0.2 * before


@pytest.mark.slow
def test_a_cell_is_put_together_from_pictures(tmp_path: Path) -> None:
    sim = simulated(tmp_path / "sim", "cell", "--measurement", "images", "--arms", "ur5e,ur5e", "--poses", 10)
    assert read_yaml(sim / "cell.yaml")["arms"]["arm2"]["images"] == "arm2/images"
    result = run("cell", "--config", sim / "cell.yaml", "--output", tmp_path / "out", "--json")
    document = json.loads(result.stdout)
    (over,) = document["hand_overs"]
    assert over["after"]["mean"] < 0.2 * over["before"]["mean"]


@pytest.mark.parametrize(
    ("options", "code"),
    [(["--render"], "option-conflict"), (["--measurement", "image"], "unknown-measurement")],
)
def test_pictures_of_a_cell_need_cameras(tmp_path: Path, options: list[str], code: str) -> None:
    result = run("simulate", "cell", "--output", tmp_path / "sim", *options)
    assert result.exit_code == 2
    assert f"error [{code}]" in result.output
    assert not (tmp_path / "sim").exists()


def test_the_same_seed_gives_the_same_pictures_however_many(cell: Path, tmp_path: Path) -> None:
    again = simulated(tmp_path / "again", "hand-eye", "--views", 3, "--seed", 3, "--noise-px", 0)
    pictures = {path.name: path.read_bytes() for path in sorted((again / "images").iterdir())}
    assert pictures == {name: (cell / "images" / name).read_bytes() for name in pictures}
    assert len(set(pictures.values())) == 3
