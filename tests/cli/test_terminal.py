"""What reaches a terminal: no name from outside acts on it or forges a line; no stream, full or closed, ends badly."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from cases.bad_inputs import CELL, CORNERS, TWO_ARMS, edited
from cases.command import Run

from calib.cli.running.terminal import BROKEN_PIPE, say
from calib.errors import UsageError

FORGED = "view\nverdict: good: rms 0.001 px\x1b[31m"
full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")


def calib(tail: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A shell's line that begins with `calib`."""
    command = f"'{sys.executable}' -m calib {tail}"
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def test_the_name_of_an_image_forges_no_verdict(run: Run) -> None:
    """One view, named as a verdict and moved away, is listed as an outlier: on one line."""
    Path("c.csv").write_text(edited(CORNERS, "view_001.jpg", f'"{FORGED}"'), newline="")
    result = run("camera", "--corners", "c.csv", "--fix", "k1", "--fix", "k2", "-v")
    assert "\x1b" not in result.output
    assert sum(line.startswith("verdict:") for line in result.stdout.splitlines()) == 1
    views = json.loads(Path("calib_camera_result/result.json").read_text())["inputs"]
    assert r"view\nverdict: good: rms 0.001 px\x1b[31m" in [view["name"] for view in views]


def test_the_world_of_a_cell_forges_no_verdict(run: Run) -> None:
    for name, text in TWO_ARMS.items():
        Path(name).write_text(text)
    Path("cell.yaml").write_text(CELL.replace("tracker", '"tracker)\\nverdict: good\\e[0m"'))
    result = run("cell", "cell.yaml")
    assert "\x1b" not in result.output
    assert sum(line.startswith("verdict:") for line in result.stdout.splitlines()) == 1


def test_a_path_in_an_error_forges_no_line(run: Run) -> None:
    result = run("camera", "--corners", "none\nverdict: good\x1b[31m.csv")
    assert result.exit_code == 3
    assert "\x1b" not in result.stderr
    assert not any(line.startswith("verdict") for line in result.stderr.splitlines())


def test_what_a_stream_cannot_encode_is_written_as_its_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    say("0.27 ± 0.01")
    stream.seek(0)
    assert stream.read() == "0.27 \\xb1 0.01\n"


def test_a_closed_stdout_is_an_error_and_a_closed_stderr_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(UsageError) as caught:
        say("a result")
    assert caught.value.code == "stdout-unwritable"
    monkeypatch.setattr(sys, "stderr", None)
    say("a message", err=True)


def test_a_reader_that_has_left_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class Left(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Left())
    with pytest.raises(typer.Exit) as ended:
        say("a result")
    assert ended.value.exit_code == BROKEN_PIPE


@full_device
@pytest.mark.parametrize("words", ["--version", "--help", "list lenses --json"])
def test_a_full_stdout(tmp_path: Path, words: str) -> None:
    done = calib(f"{words} > /dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error [stdout-unwritable]: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        ("list lenses >&-", 2),
        ("list lenses 2>&-", 0),
        ("camera nowhere 2>&-", 3),
        ("camera nowhere --json >&- 2>&-", 3),
        ("simulate robot --poses 10 --output sim -q <&- >&- 2>&-", 0),
        ("guide python | true; exit ${PIPESTATUS[0]}", BROKEN_PIPE),
    ],
)
def test_closed_streams(tmp_path: Path, tail: str, status: int) -> None:
    done = calib(tail, tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode == status
    assert "sim" not in tail or (tmp_path / "sim" / "poses.csv").read_text().startswith("j1_rad")
