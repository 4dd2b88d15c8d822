"""`calib show`: what a command printed, once more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command import Run
from cases.paths import ROOT

CORNERS = ROOT / "datasets" / "demo_camera" / "corners.csv"


def test_it_prints_what_the_command_printed(run: Run) -> None:
    run("simulate", "robot", "--poses", 40, "--output", "sim")
    printed = run("robot", "--poses", "sim/poses.csv", "--output", "out").stdout.splitlines()
    assert printed[-1].startswith("written: out (")
    for result in ("out", "out/result.json"):
        shown = run("show", result)
        assert (shown.exit_code, shown.stderr) == (0, "")
        assert shown.stdout.splitlines() == printed[:-1]
    assert run("show", "out", "--json").stdout == Path("out/result.json").read_text()


def test_a_bad_verdict_is_shown_with_status_0(run: Run) -> None:
    run("simulate", "camera", "--views", 8, "--output", "sim", "--noise-px", 5)
    assert run("camera", "--corners", "sim/corners.csv", "--output", "out").exit_code == 1
    shown = run("show", "out")
    assert shown.exit_code == 0
    assert "verdict: do not use" in shown.stdout


def test_a_folder_without_a_result_is_refused(run: Run) -> None:
    Path("photos").mkdir()
    result = run("show", "photos")
    assert result.exit_code == 2
    assert "error [not-in-folder]" in result.stderr
    assert "it holds: nothing" in result.stderr
    assert "calib show" in result.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"lens: pinhole\n",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"schema": "calib/9", "summary": []}',
        b'{"schema": "calib/1", "kind": "list"}',
        b'{"schema": "calib/1", "summary": "text"}',
        b'{"schema": "calib/1", "summary": [1]}',
    ],
)
def test_what_is_no_result_is_refused(run: Run, content: bytes) -> None:
    Path("result.json").write_bytes(content)
    result = run("show", "result.json")
    assert result.exit_code == 3
    assert "error [result-unreadable]" in result.stderr
    assert "next: " in result.stderr
    assert run("show", "absent.json").exit_code == 3


def test_codes_in_a_forged_summary_do_not_reach_the_terminal(run: Run) -> None:
    Path("result.json").write_text(json.dumps({"schema": "calib/1", "summary": ["\x1b[2Jverdict: good", "a\rb"]}))
    shown = run("show", "result.json")
    assert "\x1b" not in shown.stdout
    assert "\r" not in shown.stdout


@pytest.mark.slow
def test_an_earlier_result_is_judged_by_a_need(run: Run) -> None:
    made = run("camera", "--corners", CORNERS, "--image-size", "640x480", "--output", "one", "--need", "2px")
    assert made.exit_code == 0, made.output
    assert "verdict: good: 95 % of errors of far points where boards were seen are below" in made.stdout
    missed = run("show", "one", "--need", "0.05px")
    assert missed.exit_code == 1
    assert "verdict: do not use: 95 % of errors of far points" in missed.stdout
    assert run("show", "one", "--need", "2px").exit_code == 0
    document = json.loads(run("show", "one", "--need", "1um", "--at", "0,0,1m", "--json").stdout)
    assert (document["verdict"], document["need"]) == ("do not use", "0.001mm at 0mm,0mm,1000mm")
    assert run("show", "one", "--at", "0,0,1m").exit_code == 2
