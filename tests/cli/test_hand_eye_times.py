"""`calib simulate hand-eye --time-offset-ms` and `calib hand-eye --image-times`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command import run

from calib.config import read_yaml


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("handeye_times") / "sim"
    given = ["simulate", "hand-eye", "--output", out, "--views", 30, "--time-offset-ms", -42, "--seed", 5]
    assert run(*given).exit_code == 0
    return out


def given(sim: Path) -> list[object]:
    return ["hand-eye", "--corners", sim / "corners.csv", "--poses", sim / "poses.csv", "--camera", sim / "camera.yaml"]


def test_the_offset_stands_in_summary_document_and_file(sim: Path, tmp_path: Path) -> None:
    arguments = [*given(sim), "--image-times", sim / "times.csv"]
    result = run(*arguments, "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "time offset -4" in result.output
    assert "] 95 %" in result.output
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    offset = document["time_offset"]
    truth = read_yaml(sim / "truth.yaml")["time_offset_s"]
    assert truth == -0.042
    low, high = offset["interval_95_s"]
    assert abs(offset["value_s"] - truth) < high - low
    assert offset["held"] is None
    assert read_yaml(tmp_path / "out" / "hand_eye.yaml")["time_offset"]["value_s"] == offset["value_s"]


def test_a_stream_without_times_of_images_says_what_is_missing(sim: Path, tmp_path: Path) -> None:
    result = run(*given(sim), "--output", tmp_path / "out")
    assert result.exit_code == 3
    assert "[pairing-count]" in result.output
    assert "--image-times" in result.output


def test_other_clocks_end_with_status_3(sim: Path, tmp_path: Path) -> None:
    text = (sim / "times.csv").read_text().splitlines()
    rows = [text[0]] + [f"{name},{float(time) + 1e6}" for name, time in (line.split(",") for line in text[1:])]
    (tmp_path / "times.csv").write_text("\n".join(rows) + "\n")
    result = run(*given(sim), "--image-times", tmp_path / "times.csv", "--output", tmp_path / "out", "--json")
    assert result.exit_code == 3
    error = json.loads(result.output)
    assert error["code"] == "time-no-overlap"
    assert "images from" in error["why"]
    assert "poses from" in error["why"]
    assert not (tmp_path / "out").exists()


def test_a_stream_has_no_wrong_pairings(tmp_path: Path) -> None:
    result = run("simulate", "hand-eye", "--output", tmp_path, "--time-offset-ms", 1, "--mispaired-share", 0.1)
    assert result.exit_code == 2
    assert "[option-conflict]" in result.output
