"""`calib check`: what is given, the exit status for a scheduler, the history beside the result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command import Run
from cases.paths import ROOT

TABLE = ROOT / "datasets" / "ur10e_position" / "poses.csv"


@pytest.mark.slow
def test_an_arm_is_checked_and_a_moved_zero_is_named(run: Run) -> None:
    run("robot", "--poses", TABLE, "--output", "arm")
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    Path("same.csv").write_text("\n".join(lines[:7]) + "\n")
    same = run("check", "arm", "--poses", "same.csv")
    assert same.exit_code == 0, same.output
    assert "verdict: good: still holds" in same.stdout
    columns = lines[0].split(",")
    at = columns.index(next(name for name in columns if name.startswith("j2")))
    moved = [line.split(",") for line in lines[1:7]]
    for cells in moved:
        cells[at] = str(float(cells[at]) + (0.01 if columns[at].endswith("rad") else 0.5))
    Path("moved.csv").write_text("\n".join([lines[0], *(",".join(cells) for cells in moved)]) + "\n")
    told = run("check", "arm", "--poses", "moved.csv", "--json")
    assert told.exit_code == 1
    document = json.loads(told.stdout)
    assert (document["kind"], document["of"], document["verdict"]) == ("check", "arm", "do not use")
    assert "zero of joint 2" in document["reason"]
    assert len(Path("arm/checks.csv").read_text().splitlines()) == 3
    assert run("check", "arm", "--poses", "same.csv", "--no-history").exit_code == 0
    assert len(Path("arm/checks.csv").read_text().splitlines()) == 3
    missing = run("check", "arm", "--images", ".")
    assert missing.exit_code == 2
    assert "error [input-missing]" in missing.stderr
    both = run("check", "arm", "--poses", "same.csv", "--corners", "same.csv")
    assert "error [option-conflict]" in both.stderr


def test_what_is_no_result_to_check_is_refused(run: Run) -> None:
    Path("result.json").write_text('{"schema": "calib/1", "kind": "cell", "summary": []}')
    told = run("check", "result.json", "--poses", "new.csv")
    assert told.exit_code == 2
    assert "error [not-checkable]" in told.stderr
    Path("result.json").write_text('{"schema": "calib/1", "kind": "arm", "summary": []}')
    Path("new.csv").write_text("j1_rad,x_m,y_m,z_m\n0,0,0,0\n")
    told = run("check", "result.json", "--poses", "new.csv")
    assert told.exit_code in (2, 3)
    assert "next: " in told.stderr
