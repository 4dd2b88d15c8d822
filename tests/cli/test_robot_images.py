"""`calib robot` with images of a board, from simulated data to the identified arm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from calib.cli import app


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "sim"
    result = CliRunner().invoke(app, ["simulate", "robot-images", "--output", str(folder), "--seed", "3"])
    assert result.exit_code == 0, result.output
    return folder


def robot(data: Path, output: Path, *options: str) -> Result:
    arguments = ["robot", "--poses", str(data / "joints.csv"), "--corners", str(data / "corners.csv")]
    return CliRunner().invoke(app, [*arguments, "--output", str(output), *options])


def test_from_corners_to_an_arm(data: Path, tmp_path: Path) -> None:
    result = robot(data, tmp_path / "out", "--camera", str(data / "camera.yaml"), "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["rank"] == 30
    assert document["measurement"] == "images"
    after, before = (document["heldout"][part]["position_mm"]["mean"] for part in ("after", "before"))
    assert after < 0.2 * before
    assert any("px rms from where the arm says" in note for note in document["notes"])
    assert any("eye-in-hand" in note and "eye-to-hand" in note for note in document["notes"])
    assert (tmp_path / "out" / "arm.yaml").is_file()


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
    ],
)
def test_options_that_make_no_sense(data: Path, tmp_path: Path, options: list[str], code: str) -> None:
    result = robot(data, tmp_path / "out", *options)
    assert result.exit_code in (2, 3)
    assert code in result.output
    assert not (tmp_path / "out").exists()
