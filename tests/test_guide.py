"""The guide tells the truth: its Python runs, its pages are shown, and what they name exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cases.paths import ROOT
from cases.snippets import Snippet, snippets
from typer.testing import CliRunner

from calib.cli import app

PAGES = sorted((ROOT / "calib" / "guide").glob("*.md"))
SNIPPETS = [snippet for page in PAGES for snippet in snippets(page)]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=str)
def test_python_in_the_guide_runs(
    snippet: Snippet, simulated: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    snippet.run(simulated, tmp_path)


def test_a_notebook_session_for_every_workflow() -> None:
    calls = ("camera.calibrate(", "robot.calibrate(", "calibrate_hand_eye(", "from_images(", "calibrate_cell(")
    sessions = [snippet.code for snippet in SNIPPETS if snippet.page == "python.md"]
    for call in calls:
        (session,) = (code for code in sessions if call in code)
        assert len(session.splitlines()) <= 12
        assert len(re.findall(r"^(?:from|import) ", session, re.MULTILINE)) == 1


def test_pages_are_listed_and_shown() -> None:
    listed = CliRunner().invoke(app, ["guide"])
    assert listed.exit_code == 0
    for page in PAGES:
        assert page.stem in listed.stdout
        shown = CliRunner().invoke(app, ["guide", page.stem])
        assert shown.stdout == page.read_text(encoding="utf-8")


def test_a_page_that_is_not_there() -> None:
    result = CliRunner().invoke(app, ["guide", "measure"])
    assert result.exit_code == 2
    assert "did you mean 'measuring'?" in result.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_and_options_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command in set(re.findall(r"(?:`|^)calib ((?:simulate )?[a-z-]+)", text, re.MULTILINE)):
        assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0, command
