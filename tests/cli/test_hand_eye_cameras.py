"""`calib simulate hand-eye --cameras` and `calib hand-eye` with several cameras, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases.command import run

from calib.camera.camera import load_camera
from calib.config import read_yaml


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("handeye_cameras") / "sim"
    given = ["simulate", "hand-eye", "--output", out, "--setup", "eye-to-hand", "--cameras", 2, "--seed", 5]
    assert run(*given).exit_code == 0
    return out


def given(sim: Path) -> list[object]:
    corners = [word for k in (1, 2) for word in ("--corners", sim / f"camera{k}.csv")]
    return ["hand-eye", *corners, "--poses", sim / "poses.csv"]


def lenses(sim: Path) -> list[object]:
    return ["--camera", sim / "camera.yaml", "--camera", sim / "camera.yaml"]


def test_every_camera_has_its_files_and_its_place_from_the_other(sim: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(*given(sim), *lenses(sim), "--output", out)
    assert result.exit_code == 0, result.output
    for words in (
        "2 cameras on the base",
        "camera1: ",
        "camera2 in camera1",
        "by its own images alone",
        "verdict: good",
    ):
        assert words in result.output
    truth = read_yaml(sim / "truth.yaml")["mount_from_camera"]
    for name in ("camera1", "camera2"):
        matrix = np.loadtxt(out / name / "base_from_camera.txt")
        assert np.abs(matrix - truth[name]).max() < 1e-3
        exported = read_yaml(out / name / "hand_eye.yaml")
        assert np.allclose(exported["mount_from_camera"]["matrix"], matrix)
        assert f"--child-frame-id {name}_optical_frame" in exported["static_transform_publisher"]
        assert load_camera(out / name / "camera.yaml").lens.name == "brown_conrady"
    between = read_yaml(out / "cameras.yaml")["relative_poses"][0]
    assert (between["camera"], between["frame"]) == ("camera2", "camera1")
    one, other = (np.array(truth[name]) for name in ("camera1", "camera2"))
    assert np.abs(np.linalg.inv(one) @ other - between["matrix"]).max() < 1e-3


def test_json_is_one_document(sim: Path, tmp_path: Path) -> None:
    result = run(*given(sim), "--output", tmp_path / "out", "--json")
    document = json.loads(result.output)
    assert document["status"] == "ok"
    assert set(document["cameras"]) == {"camera1", "camera2"}
    for camera in document["cameras"].values():
        assert camera["lens_estimated"]
        together = [(high - low) / 2 for low, high in camera["mount_from_camera"]["interval_95_mm"]]
        assert max(together) < max(camera["half_width_95_mm_alone"])
    assert document == json.loads((tmp_path / "out" / "result.json").read_text())
    written = read_yaml(tmp_path / "out" / "camera1" / "camera.yaml")["parameters"]
    assert 0 < written["fx_px"]["sigma"] < 10


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--camera", "camera.yaml"], "camera-count"),
        (["--image-times", "times.csv"], "option-conflict"),
    ],
)
def test_what_several_cameras_cannot_have(sim: Path, tmp_path: Path, options: list[str], code: str) -> None:
    result = run(*given(sim), *options, "--setup", "eye-to-hand", "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert f"[{code}]" in result.output


def test_what_is_not_simulated_with_several_cameras(tmp_path: Path) -> None:
    result = run("simulate", "hand-eye", "--output", tmp_path / "out", "--cameras", 2, "--render")
    assert result.exit_code == 2
    assert "[option-conflict]" in result.output
