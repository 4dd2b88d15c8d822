"""`calib demo`: what a newcomer sees first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cases.command import run


def test_it_shows_the_command_the_camera_and_its_verdict_and_nothing_else(tmp_path: Path) -> None:
    """No bar, no warning: stderr is no terminal here. Nothing is written."""
    command = [sys.executable, "-m", "calib", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "calib camera --images datasets/demo_camera/images --board checkerboard:9x6:25mm"
    assert lines[2].startswith("12 of 12 images")
    assert any(line.startswith("verdict: good") for line in lines)
    assert "written" not in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [("-q", "-v"), ("--json", "-v")], ids=" ".join)
def test_quiet_or_json_with_the_iterations(options: tuple[str, ...]) -> None:
    result = run("demo", *options)
    assert result.exit_code == 0
    if "-q" in options:
        assert len(result.stdout.splitlines()) == 1
        assert result.stdout.startswith("verdict: good: ")
    assert "iteration   1  cost " in result.stderr
