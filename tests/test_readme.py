"""The README tells the truth: its Python runs, and what it quotes is what is printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cases.paths import ROOT
from cases.snippets import Snippet, snippets
from typer.testing import CliRunner

from calib.cli import app

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?![\w.]*[.\d])")
CLOSE = 0.02  # other builds of numpy and OpenCV may print other last digits

CELL = str(ROOT / "datasets" / "two_cobots" / "cell.yaml")
# Commands that print what is quoted, by the first words of it. {data} is a folder of real data.
QUOTED = {
    "14 of 14 images": ("camera/opencv_stereo", ["camera --images {data}/right*.jpg"]),
    "2773 rows": ("robot/ur10_leica_pose", ["robot --poses {data}/series_c.csv"]),
    "30 of 30 images": (
        "",
        [
            "simulate hand-eye --views 30 --noise-px 0.2 --seed 7 --output sim",
            "hand-eye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml",
        ],
    ),
    "lens estimated jointly": (
        "",
        [
            "simulate robot-images --arm ur5e --views 40 --seed 7 --output sim",
            "robot --poses sim/joints.csv --corners sim/corners.csv",
        ],
    ),
    "arm1 hands a point": ("", [f"cell --config {CELL}"]),
}
ELSEWHERE = ("compensation kept",)  # takes half a minute: tools/bench_network.py prints it


BLOCKS = re.findall(r"^```text\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def calib(arguments: list[str]) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("snippet", snippets(ROOT / "README.md"), ids=str)
def test_python_in_the_readme_runs(
    snippet: Snippet, simulated: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    snippet.run(simulated, tmp_path)


def test_every_quotation_is_looked_at() -> None:
    assert len(BLOCKS) == len(QUOTED) + len(ELSEWHERE)
    assert all(block.startswith((*QUOTED, *ELSEWHERE)) for block in BLOCKS)


@pytest.mark.parametrize("words", QUOTED)
def test_what_is_quoted_is_printed(
    words: str, real_data: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, commands = QUOTED[words]
    folder = real_data(data) if data else ROOT
    (quoted,) = (block for block in BLOCKS if block.startswith(words))
    monkeypatch.chdir(tmp_path)
    printed = ""
    for command in commands:
        printed = calib(command.format(data=folder).split())
    lines = [line for line in printed.split("\n") if line.strip()]
    for line in quoted.split("\n"):
        if line.strip() not in ("", "..."):
            assert any(alike(line, other) for other in lines), f"not printed: {line}\n\n{printed}"


def alike(quoted: str, printed: str) -> bool:
    """The same words, and numbers nearly the same."""
    if NUMBER.sub("#", quoted).split() != NUMBER.sub("#", printed).split():
        return False
    pairs = zip(NUMBER.findall(quoted), NUMBER.findall(printed), strict=True)
    return all(abs(float(a) - float(b)) <= CLOSE * abs(float(a)) + 2 * last_digit(a) for a, b in pairs)


def last_digit(number: str) -> float:
    """The unit of the last digit of a number as printed; 0 of a whole one, which counts something."""
    return 10.0 ** -len(number.partition(".")[2]) if "." in number else 0.0
