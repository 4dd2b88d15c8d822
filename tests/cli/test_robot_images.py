"""`calib robot` with images of a board, from simulated data to the identified arm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command import invoke
from typer.testing import Result

from calib.camera.camera import load_camera


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "sim"
    result = invoke(["simulate", "robot-images", "--output", str(folder), "--seed", "3"])
    assert result.exit_code == 0, result.output
    return folder


def robot(data: Path, output: Path, *options: str) -> Result:
    arguments = ["robot", "--poses", str(data / "joints.csv"), "--corners", str(data / "corners.csv")]
    return invoke([*arguments, "--output", str(output), *options])


def test_from_corners_to_an_arm(data: Path, tmp_path: Path) -> None:
    result = robot(data, tmp_path / "out", "--camera", str(data / "camera.yaml"), "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["rank"] == 30
    assert document["measurement"] == "images"
    after, before = (document["errors"]["heldout"][part]["position_mm"]["mean"] for part in ("after", "before"))
    assert after < 0.2 * before
    assert any("px rms from the arm's prediction" in note for note in document["notes"])
    assert any("eye-in-hand" in note and "eye-to-hand" in note for note in document["notes"])
    assert (tmp_path / "out" / "arm.yaml").is_file()
    assert not (tmp_path / "out" / "camera.yaml").exists()  # it was given, and is as it was


def test_the_lens_of_the_same_images_is_estimated_with_the_arm(data: Path, tmp_path: Path) -> None:
    result = robot(data, tmp_path / "out", "--lens", "brown_conrady", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["rank"] == document["expected_rank"] == 30
    assert {"corners_px", "lens_px"} == set(document["noise"])
    camera, true = document["camera"], load_camera(data / "camera.yaml")
    assert camera["estimated"] == "jointly"
    assert camera["moved_px"] > 0
    found = load_camera(tmp_path / "out" / "camera.yaml")
    for label, parameter in camera["parameters"].items():
        assert parameter["value"] == pytest.approx(found.value(label), rel=1e-9)
        assert abs(parameter["value"] - true.value(label)) <= 4 * parameter["sigma"]
        assert parameter["held"] == (label == "skew_px")
    # 0.15 px of noise in either coordinate, and what the arm still lacks at images that were not fitted
    (told,) = [note for note in document["notes"] if "px rms from the arm's prediction" in note]
    assert float(told.partition(" px rms")[0].split()[-1]) < 1.3 * 0.15 * 2**0.5


def test_a_camera_that_is_given_can_be_refined(data: Path, tmp_path: Path) -> None:
    first = robot(data, tmp_path / "first", "--arm", "ur5e")
    assert first.exit_code == 0, first.output
    assert "lens estimated jointly with the arm: fx " in first.output
    camera = str(tmp_path / "first" / "camera.yaml")
    again = robot(data, tmp_path / "again", "--arm", "ur5e", "--camera", camera, "--refine", "lens", "--json")
    assert again.exit_code == 0, again.output
    document = json.loads(again.stdout)["camera"]
    assert document["moved_px"] < 0.05  # it stands where it is best already
    assert document["before"]["fx_px"] == pytest.approx(load_camera(camera).value("fx_px"))


def test_the_arm_is_found(data: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("joints.csv", "corners.csv", "camera.yaml"):
        (alone / name).write_bytes((data / name).read_bytes())
    result = robot(alone, tmp_path / "out", "--camera", str(alone / "camera.yaml"))
    assert result.exit_code == 0, result.output
    assert "ur5e" in result.output
    assert "40 rows (images)" in result.output


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--measurement", "pose"], "option-conflict"),
        (["--validate", "other.csv"], "table-unreadable"),
        (["--board", "checkerboard:9x6:25mm"], "option-conflict"),
        (["--setup", "eye-on-hand"], "unknown-setup"),
        (["--lens", "brown"], "unknown-lens"),
        (["--refine", "board"], "unknown-refine"),
    ],
)
def test_options_that_make_no_sense(data: Path, tmp_path: Path, options: list[str], code: str) -> None:
    result = robot(data, tmp_path / "out", *options)
    assert result.exit_code in (2, 3)
    assert code in result.output
    assert not (tmp_path / "out").exists()


def test_a_lens_needs_images_to_be_refined(data: Path, tmp_path: Path) -> None:
    arguments = ["robot", "--poses", str(data / "joints.csv"), "--refine", "lens", "--output", str(tmp_path / "out")]
    result = invoke(arguments)
    assert result.exit_code == 2
    assert "option-conflict" in result.output
