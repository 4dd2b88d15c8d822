"""`calib simulate ... --json`: the truth as a document that keeps the schema, and the same truth in truth.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command import Run

from calib.config import read_yaml

KINDS = {
    "camera": ("camera", "--views", "3"),
    "arm": ("robot", "--poses", "10"),
    "hand_eye": ("hand-eye", "--views", "4"),
    "cameras": ("hand-eye", "--views", "4", "--cameras", "2", "--setup", "eye-to-hand"),
    "arm_in_images": ("robot-images", "--views", "4"),
    "cell": ("cell", "--poses", "5"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_simulation_prints_its_truth(run: Run, kind: str) -> None:
    result = run("simulate", *KINDS[kind], "--output", "sim", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["kind"], document["simulated"]) == ("simulation", kind)
    assert json.loads(json.dumps(read_yaml(Path("sim/truth.yaml")))) == document["truth"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_summary_of_one_line_tells_what_was_written(run: Run, kind: str) -> None:
    result = run("simulate", *KINDS[kind], "--output", "sim")
    summary, written = result.stdout.splitlines()
    assert "simulated" in summary or kind == "arm"
    assert written.startswith("written: sim (")
    assert run("simulate", *KINDS[kind], "--output", "quiet", "-q").stdout == ""


def test_the_documented_alias_simulates_too(run: Run) -> None:
    assert run("simulate", "handeye", "--views", "4", "--output", "sim").exit_code == 0
