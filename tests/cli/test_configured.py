"""`calib.yaml`: the options of every command from files, key by key, checked and announced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from cases.command import Run
from cases.paths import ROOT

from calib.cli import app
from calib.cli.arguments.configured import ConfiguredCommand, check_section, keys_of
from calib.errors import UsageError


@pytest.fixture
def seed(run: Run) -> object:
    """`seed(words)`: the seed with which `calib simulate robot` ran, and where it says that its options are from."""

    def simulate(*words: str) -> tuple[int, dict[str, list[str]]]:
        result = run("simulate", "robot", "--poses", 5, *words, "--json")
        assert result.exit_code == 0, result.output
        document = json.loads(result.stdout)
        return document["truth"]["seed"], document["provenance"].get("options_from", {})

    return simulate


def test_the_command_line_goes_before_the_section_and_that_before_the_top(seed: object) -> None:
    assert callable(seed)
    Path("calib.yaml").write_text("seed: 3\n")
    assert seed("--output", "a") == (3, {"calib.yaml": ["seed"]})
    Path("calib.yaml").write_text("seed: 3\nsimulate: {robot: {seed: 4}, camera: {seed: 9}}\n")
    assert seed("--output", "b") == (4, {"calib.yaml": ["seed"]})
    assert seed("--output", "c", "--seed", "5") == (5, {})
    Path("other.yaml").write_text("simulate: {seed: 6}\n")
    assert seed("--output", "d", "--config", "other.yaml") == (6, {"other.yaml": ["seed"]})


def test_the_file_beside_the_data_goes_before_the_one_here(run: Run) -> None:
    run("simulate", "robot", "--poses", 20, "--output", "sim")
    Path("sim/calib.yaml").write_text("arm: ur5e\nseed: 2\n")
    Path("calib.yaml").write_text("seed: 1\nmodel: offsets\n")
    result = run("robot", "--poses", "sim/poses.csv", "--output", "out")
    assert result.stderr.splitlines() == ["options from calib.yaml: model", "options from sim/calib.yaml: arm, seed"]
    made = json.loads(Path("out/result.json").read_text())["provenance"]
    assert made["seed"] == 2
    assert made["options_from"] == {"calib.yaml": ["model"], "sim/calib.yaml": ["arm", "seed"]}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("sed: 1\n", "config-unknown-key", "did you mean 'seed'?"),
        ("camera: {lenz: pinhole}\n", "config-unknown-key", "did you mean 'lens'?"),
        ("camera: my.yaml\n", "config-value", "calib.yaml: camera"),
        ("seed: many\n", "config-value", "calib.yaml: seed"),
        ("seed: [1, 2]\n", "config-value", "calib.yaml: seed"),
        ("seed:\n", "config-value", "calib.yaml: seed"),
        ("quiet: 1\n", "config-value", "true or false"),
        ("- seed\n", "config-value", "not a mapping"),
        ("seed: [\n", "config-syntax", "line"),
    ],
)
def test_a_slip_is_refused_where_it_is(run: Run, text: str, code: str, words: str) -> None:
    Path("calib.yaml").write_text(text)
    result = run("simulate", "robot", "--output", "sim")
    assert result.exit_code == 2
    assert f"error [{code}]" in result.stderr
    assert words in result.stderr
    assert run("simulate", "robot", "--help").exit_code == 0
    document = json.loads(run("simulate", "robot", "--output", "sim", "--json").stdout)
    assert document["code"] == code


def test_files_are_looked_for_beside_it(run: Run) -> None:
    run("simulate", "robot", "--poses", 20, "--output", "sim")
    Path("settings").mkdir()
    Path("settings/calib.yaml").write_text("robot: {poses: ../sim/poses.csv, arm: ur5e, fix: [a2, alpha3]}\n")
    result = run("robot", "--config", "settings", "--output", "out")
    assert result.exit_code in (0, 1), result.output
    parameters = json.loads(Path("out/result.json").read_text())["parameters"]
    assert parameters["a2_m"]["held"]


def test_names_of_columns_may_hold_commas(run: Run) -> None:
    run("simulate", "robot", "--poses", 20, "--output", "sim")
    table = Path("sim/poses.csv")
    table.write_text(table.read_text().replace("x_m", '"X, metres"', 1))
    Path("sim/calib.yaml").write_text('arm: ur5e\ncolumns: {x_m: "X, metres"}\n')
    assert run("robot", "--poses", table, "--output", "out").exit_code in (0, 1)


def test_files_of_a_cell_are_announced(run: Run) -> None:
    run("simulate", "cell", "--poses", 20, "--output", "sim")
    result = run("cell", "--config", "sim", "--output", "out")
    assert "files from sim/cell.yaml: sim/arm1.csv, sim/arm2.csv" in result.stderr


def commands(group: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command by its words."""
    for name, member in group.commands.items():
        if hasattr(member, "commands"):
            yield from commands(member, *words, name)
        elif isinstance(member, ConfiguredCommand):
            yield (*words, name), member


GROUP = typer.main.get_command(app)
COMMANDS = dict(commands(GROUP))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_of_every_command_misspelt_is_refused_with_the_right_one(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    own = keys_of(command)
    slips = {slip: key for key in own for slip in (f"{key}s", key[:-1], f"x{key}") if slip and slip not in own}
    for slip, key in slips.items():
        if slip in ("arm", "camera") and key == f"{slip}s":  # what many commands have is there for them
            continue
        with pytest.raises(UsageError) as caught:
            check_section({slip: "x"}, GROUP, command, "calib.yaml")
        assert caught.value.code == "config-unknown-key"
        assert key in caught.value.advice, (slip, caught.value.advice)


@pytest.mark.parametrize("text", ["arms: ur5e", "simulate:\n  arms: ur5e"])
def test_a_rarer_option_of_another_command_is_taken_for_a_slip(run: Run, text: str) -> None:
    Path("calib.yaml").write_text(text)
    done = run("simulate", "robot", "--json")
    assert done.exit_code == 2
    assert "did you mean arm?" in json.loads(done.stdout)["advice"][0]


def test_a_result_stands_for_the_options_of_its_run(run: Run) -> None:
    Path("calib.yaml").write_text("robot: {measurement: pose}\n")
    table = str(ROOT / "datasets" / "ur5e_pose" / "poses.csv")
    assert run("robot", "--poses", table, "--arm", "ur5e", "--output", "one").exit_code == 0
    again = run("robot", "--config", "one", "--output", "two")
    assert again.exit_code == 0, again.output
    assert "options from one/result.json: table, arm" in again.stderr
    one, two = (json.loads(Path(name, "result.json").read_text()) for name in ("one", "two"))
    assert (one["parameters"], one["verdict"]) == (two["parameters"], two["verdict"])
    assert list(two["provenance"]["options_from"]) == ["calib.yaml", "one/result.json"]
    other = run("robot", "--config", "one", "--model", "offsets", "--output", "three")
    assert "options from one/result.json: table, arm" in other.stderr
    three = json.loads(Path("three", "result.json").read_text())
    held, before = (sum(each["held"] for each in document["parameters"].values()) for document in (three, one))
    assert held > before


def test_a_result_of_another_command_or_of_a_result_is_refused(run: Run) -> None:
    table = str(ROOT / "datasets" / "ur5e_pose" / "poses.csv")
    run("robot", "--poses", table, "--arm", "ur5e", "--output", "one")
    run("robot", "--config", "one", "--output", "two")
    refused = run("camera", "--config", "one")
    assert (refused.exit_code, "config-of-another-command" in refused.stderr) == (2, True), refused.output
    refused = run("robot", "--config", "two")
    assert (refused.exit_code, "next: give that one: --config one" in refused.stderr) == (2, True), refused.output
