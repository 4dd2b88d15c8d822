"""`calib board`: files for a printer, and the board as it was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calib.camera.board import load_board
from calib.cli import app


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_writes_what_a_printer_and_a_calibration_need(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["board", "checkerboard:9x6:25mm", "--dpi", "60"])
    assert done.exit_code == 0, done.output
    assert "250.00 x 175.00 mm" in done.stdout
    folder = tmp_path / "calib_board"
    assert sorted(each.name for each in folder.iterdir()) == ["board.pdf", "board.png", "board.yaml"]
    assert load_board(str(folder / "board.yaml")).name == "checkerboard:9x6:25mm"


def test_a_measured_length_comes_back_into_the_file(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["board", "checkerboard:9x6:25mm", "--measured", "248.1mm", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["measured_m"] == pytest.approx(0.2481)
    assert load_board(str(tmp_path / "calib_board" / "board.yaml")).name == "checkerboard:9x6:24.81mm"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["checkerboard:9x6"], "scale-needed"), (["chequers:9x6:1mm"], "unknown-board"),
     (["circles:9x6:25mm", "--measured", "2.5"], "measured-implausible"),
     (["circles:9x6:25mm", "--measured", "wide"], "bad-value"), (["circles:9x6:25mm", "--paper", "B7"], "bad-paper"),
     (["circles:9x6:25mm", "--dpi", "2400", "--paper", "A0"], "picture-too-large")],
)  # fmt: skip
def test_what_it_cannot_do_is_refused_and_nothing_written(arguments: list[str], code: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["board", *arguments])
    assert done.exit_code == 2, done.output
    assert code in done.stderr
    assert "next:" in done.stderr
    assert not list(tmp_path.iterdir())
