"""`calib hand-eye` and `calib simulate hand-eye`, as a user types them."""

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
    out = tmp_path_factory.mktemp("hand-eye") / "sim"
    assert run("simulate", "hand-eye", "--output", out, "--views", 15, "--seed", 5).exit_code == 0
    return out


def given(sim: Path) -> list[object]:
    return ["hand-eye", "--corners", sim / "corners.csv", "--poses", sim / "poses.csv", "--camera", sim / "camera.yaml"]


def test_from_simulation_to_every_export(sim: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(*given(sim), "--output", out)
    assert result.exit_code == 0, result.output
    for words in (
        "flange_from_camera",
        "verdict: good",
        "static_transform_publisher",
        "quaternion xyzw",
        "three more poses",
    ):
        assert words in result.output
    truth = np.array(read_yaml(sim / "truth.yaml")["mount_from_camera"])
    matrix = np.loadtxt(out / "flange_from_camera.txt")
    assert np.abs(matrix - truth).max() < 1e-3
    exported = read_yaml(out / "hand_eye.yaml")
    place = exported["mount_from_camera"]
    assert np.allclose(place["matrix"], matrix)
    assert np.allclose(place["position_mm"], 1000 * matrix[:3, 3])
    assert place["frame"] == "flange"
    for unit, values in (("mm", place["position_mm"]), ("deg", place["rotation_vector_deg"])):
        for (low, high), value in zip(place[f"interval_95_{unit}"], values, strict=True):
            assert low < value < high
    assert "--frame-id flange" in exported["static_transform_publisher"]
    assert load_camera(out / "camera.yaml").lens.name == "brown_conrady"


def test_json_is_one_document_with_every_image(sim: Path, tmp_path: Path) -> None:
    result = run(*given(sim), "--output", tmp_path / "out", "--json")
    document = json.loads(result.output)
    assert document["status"] == "ok"
    assert document["setup"] == "eye-in-hand"
    assert document["other_setup"]["median_mm"] > 10 * document["closed_form"]["median_mm"]
    assert len(document["inputs"]) == 15
    assert {"rms_px", "correction_mm", "correction_deg"} <= set(document["inputs"][0])
    assert len(document["next_poses"]) == 3
    assert document == json.loads((tmp_path / "out" / "result.json").read_text())


def test_a_fixed_camera(tmp_path: Path) -> None:
    out = tmp_path / "sim"
    run("simulate", "hand-eye", "--output", out, "--setup", "eye-to-hand", "--views", 15)
    result = run(*given(out), "--setup", "eye-to-hand", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "base_from_camera" in result.output
    assert (tmp_path / "out" / "base_from_camera.txt").is_file()


def test_another_convention_ends_with_status_3_and_is_accepted_on_request(sim: Path, tmp_path: Path) -> None:
    text = (sim / "poses.csv").read_text().splitlines()
    swapped = tmp_path / "poses.csv"
    swapped.write_text("\n".join([text[0].replace("qx,qy,qz,qw", "qw,qx,qy,qz"), *text[1:]]) + "\n")
    arguments = ["hand-eye", "--corners", sim / "corners.csv", "--poses", swapped, "--camera", sim / "camera.yaml"]
    result = run(*arguments, "--output", tmp_path / "out", "--json")
    assert result.exit_code == 3
    error = json.loads(result.output)
    assert error["code"] == "conventions"
    assert "x, y, z, w" in error["what"]
    assert "instead of" in error["why"]
    assert not (tmp_path / "out").exists()
    result = run(*arguments, "--output", tmp_path / "out", "--fix-conventions")
    assert result.exit_code == 0, result.output
    assert "convention applied" in result.output


def test_the_wrong_set_up_is_told_apart(sim: Path, tmp_path: Path) -> None:
    result = run(*given(sim), "--setup", "eye-to-hand", "--output", tmp_path / "out")
    assert result.exit_code == 3
    assert "see --setup" in result.output


def test_too_few_poses_end_with_status_4(tmp_path: Path) -> None:
    out = tmp_path / "sim"
    run("simulate", "hand-eye", "--output", out, "--views", 2)
    result = run(*given(out), "--output", tmp_path / "out")
    assert result.exit_code == 4
    assert "not observable" in result.output


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--setup", "eye-on-hand"], "unknown-setup"),
        (["--method", "parks"], "unknown-method"),
        (["--refine", "lense"], "unknown-refine"),
        (["--robot-noise", "0.2"], "tolerance"),
        (["--lens", "pinhol"], "unknown-lens"),
        (["--board", "checkerboard:9x6:25mm"], "option-conflict"),
        (["--images", "photos"], "input-missing"),
        (["--camera", "nowhere.yaml"], "config-unreadable"),
    ],
)
def test_slips_of_the_keys_end_with_status_2(sim: Path, tmp_path: Path, options: list[str], code: str) -> None:
    base = ["hand-eye", "--corners", sim / "corners.csv", "--poses", sim / "poses.csv", "--output", tmp_path / "out"]
    result = run(*base, *options)
    assert result.exit_code == 2
    assert f"[{code}]" in result.output


def test_nothing_is_overwritten(sim: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    result = run(*given(sim), "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert "[output-exists]" in result.output


def test_the_same_seed_gives_the_same_bytes(sim: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    run("simulate", "hand-eye", "--output", again, "--views", 15, "--seed", 5)
    for path in sim.iterdir():
        one, other = (file.read_bytes().partition(b"\nprovenance:\n")[0] for file in (path, again / path.name))
        assert one == other


def test_wrong_pairings_are_named_as_the_truth_has_them(tmp_path: Path) -> None:
    out = tmp_path / "sim"
    run("simulate", "hand-eye", "--output", out, "--views", 20, "--mispaired-share", 0.1, "--seed", 2)
    result = run(*given(out), "--output", tmp_path / "out", "--json")
    document = json.loads(result.output)
    named = [each["name"] for each in document["inputs"] if not each["used"]]
    assert named == read_yaml(out / "truth.yaml")["wrong_pairings"]


def test_help_has_examples() -> None:
    for command in (["hand-eye"], ["simulate", "hand-eye"]):
        result = run(*command, "--help")
        assert result.exit_code == 0
        assert "Examples" in result.output
