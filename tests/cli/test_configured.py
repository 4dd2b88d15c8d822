"""`calib.yaml`: the options of every command from files, key by key, checked and announced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command import Run


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
