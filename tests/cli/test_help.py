"""Help: of every command, with examples that a user can type, and at once."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from calib import __version__
from calib.cli import app

COMMANDS = (
    *(("camera",), ("robot",), ("hand-eye",), ("cell",), ("demo",), ("list",), ("simulate",)),
    *(("simulate", kind) for kind in ("camera", "robot", "hand-eye", "robot-images", "cell")),
)
OF_IMAGES = ("images", "corners", "board", "lens", "image-size", "jobs", "timeout-s", "fix", "free", "global-start")
CALIBRATING = ("camera", "robot", "hand-eye", "cell")


def help_of(*command: str, flag: str = "--help") -> str:
    result = CliRunner().invoke(app, [*command, flag], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_is_named_with_a_sentence_that_is_not_cut(flag: str) -> None:
    text = CliRunner().invoke(app, [flag], env={"COLUMNS": "80"}).stdout
    for command in (words[0] for words in COMMANDS if len(words) == 1):
        assert re.search(rf"^  {command} +[A-Z].*[.]$", text, re.MULTILINE), command
    assert "..." not in text.replace("[ARGS]...", "")
    assert "handeye" not in text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_shows_examples_of_itself(command: tuple[str, ...]) -> None:
    examples = re.findall(r"^    (calib .*)$", help_of(*command), re.MULTILINE)
    assert any(line.startswith(" ".join(("calib", *command))) for line in examples)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_options_of_the_examples_exist(command: tuple[str, ...]) -> None:
    lines = re.findall(r"^    (calib .*)$", help_of(*command), re.MULTILINE)
    for line in (part.strip() for each in lines for part in each.split("&&")):
        words = shlex.split(line)[1:]
        own = [word for word in words[: 2 if words[0] == "simulate" else 1] if not word.startswith("-")]
        known = help_of(*own)
        for option in (word for word in words if word.startswith("--")):
            assert re.search(rf"(^|[ ,]){option}[ ,\n]", known, re.MULTILINE), f"{line}: {option}"


@pytest.mark.parametrize("command", CALIBRATING)
def test_what_every_calibration_offers(command: str) -> None:
    text = help_of(command)
    for words in ("--json", "-q, --quiet", "-v, --verbose", "--output", f"calib_{command.replace('-', '_')}_result"):
        assert words in text
    assert "Exit status" in " ".join(text.split())


@pytest.mark.parametrize("command", ["camera", "robot", "hand-eye"])
def test_the_same_options_wherever_images_are_calibrated(command: str) -> None:
    text = help_of(command)
    for option in [
        "images",
        "corners",
        "board",
        "lens",
        "image-size",
        "jobs",
        "timeout-s",
        "fix",
        "free",
        "global-start",
        "robust",
    ]:
        assert f"--{option}" in text, option
    assert "[default: 30.0; x>=0.1]" in text  # of --timeout-s, everywhere


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from calib.cli import app\n"
        "try:\n    app(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "heavy = {'cv2', 'scipy', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout.strip() == f"calib {__version__}"


def test_an_alias_is_the_same_command() -> None:
    main, simulate = typer.main.get_command(app), typer.main.get_command(app).commands["simulate"]
    for group in (main, simulate):
        name, alias = group.commands["hand-eye"], group.commands["handeye"]
        assert alias.hidden
        assert alias.callback is name.callback or alias.callback.__wrapped__ is name.callback.__wrapped__
        assert [option.name for option in alias.params] == [option.name for option in name.params]
