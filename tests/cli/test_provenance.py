"""Every command records what made its result, and gives the same bytes for the same words."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases.command import Run

from calib import __version__
from calib.camera.detection import image_search

COMMANDS = {
    "camera": "calib camera --images data/images --board checkerboard:9x6:25mm",
    "robot": "calib robot --poses data/poses.csv --seed 3",
    "hand-eye": "calib hand-eye --corners data/corners.csv --poses data/poses.csv --camera data/camera.yaml",
    "robot-images": "calib robot --table data/joints.csv --corners data/corners.csv --camera data",
    "cell": "calib cell --config data",
    "simulate robot": "calib simulate robot --poses 20 --seed 2",
    "simulate camera": "calib simulate camera --views 2 --render --image-size 320x240 --seed 2",
    "simulate hand-eye": "calib simulate hand-eye --views 10",
    "simulate robot-images": "calib simulate robot-images --views 5",
    "simulate cell": "calib simulate cell --poses 20",
}
DATA = {
    "camera": "calib simulate camera --views 6 --render --image-size 640x480 --seed 4",
    "robot": "calib simulate robot --poses 40 --seed 4",
    "hand-eye": "calib simulate hand-eye --views 15 --seed 4",
    "robot-images": "calib simulate robot-images --views 25 --seed 4",
    "cell": "calib simulate cell --poses 40 --seed 4",
}
MEASURED = {  # files that are no settings
    "camera": {f"data/images/view_{i:03d}.png" for i in range(1, 7)},
    "robot": {"data/calib.yaml", "data/poses.csv"},
    "hand-eye": {"data/corners.csv", "data/poses.csv", "data/camera.yaml"},
    "robot-images": {"data/calib.yaml", "data/joints.csv", "data/corners.csv", "data/camera.yaml"},
    "cell": {"data/cell.yaml", "data/arm1.csv", "data/arm2.csv"},
}


def words(command: str) -> list[str]:
    return shlex.split(command)[1:]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def provenances(folder: Path) -> dict[str, dict[str, Any]]:
    """Of the files in our own formats."""
    own = {name for name in contents(folder) if name.endswith((".json", ".yaml")) and name != "camera_info.yaml"}
    files = {name: content for name, content in contents(folder).items() if name in own}
    return {name: yaml.safe_load(content)["provenance"] for name, content in files.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_run_twice_gives_the_same_bytes(run: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In folders of other names: nothing depends on where the machine keeps them."""
    results = []
    for place in ("one", "another place"):
        Path(place).mkdir()
        monkeypatch.chdir(place)
        if command in DATA:
            run(*words(DATA[command]), "--output", "data")
        result = run(*words(COMMANDS[command]), "--output", "out")
        assert result.exit_code in (0, 1), result.output
        results.append((result.stdout, contents(Path("out"))))
        monkeypatch.chdir("..")
    assert results[0] == results[1]
    for name, content in results[0][1].items():
        assert str(Path.cwd()).encode() not in content, name


@pytest.mark.parametrize("command", DATA)
def test_every_file_states_what_made_it(run: Run, command: str) -> None:
    run(*words(DATA[command]), "--output", "data")
    result = run(*words(COMMANDS[command]), "--output", "out dir", "--json")
    document = json.loads(result.stdout)
    found = provenances(Path("out dir"))
    assert found["result.json"] == document["provenance"]
    listed = document["provenance"].pop("files")
    for name, one in found.items():
        assert {key: value for key, value in one.items() if key != "files"} == document["provenance"], name
    made = document["provenance"]
    assert made["version"] == __version__
    assert made["command"] == f"{COMMANDS[command]} --output 'out dir' --json"
    assert made["verdict"] == f"{document['verdict']}: {document['reason']}"
    assert "date" not in made
    assert {each["name"] for each in made["inputs"]} == MEASURED[command]
    for each in made["inputs"]:
        content = Path(each["name"]).read_bytes()
        assert (each["bytes"], each["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    beside = {name: content for name, content in contents(Path("out dir")).items() if name != "result.json"}
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in beside.items()}


def test_the_seed_is_recorded_where_there_is_one(run: Run) -> None:
    run(*words(DATA["robot"]), "--output", "data")
    assert json.loads(run(*words(COMMANDS["robot"]), "--json").stdout)["provenance"]["seed"] == 3
    run(*words(DATA["hand-eye"]), "--output", "seen")
    hand_eye = COMMANDS["hand-eye"].replace("data/", "seen/")
    assert "seed" not in json.loads(run(*words(hand_eye), "--json").stdout)["provenance"]


def test_a_date_is_recorded_on_request(run: Run) -> None:
    run("simulate", "robot", "--poses", 5, "--output", "sim", "--stamp")
    date = provenances(Path("sim"))["truth.yaml"]["date"]
    assert date.endswith("+00:00")
    assert len(date) == len("2026-01-01T00:00:00+00:00")


def test_the_number_of_workers_leaves_no_trace(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*words(DATA["camera"]), "--output", "data")
    results = []
    for workers in (1, 2):
        monkeypatch.setattr(image_search, "cpu_count", lambda workers=workers: workers)
        run(*words(COMMANDS["camera"]), "--output", "out")
        results.append(contents(Path("out")))
        os.rename("out", f"out{workers}")
    assert results[0] == results[1]


def test_the_demo_reads_nothing_of_the_users(run: Run) -> None:
    made = json.loads(run("demo", "--json").stdout)["provenance"]
    assert made["command"] == "calib demo --json"
    assert made["inputs"] == []


def test_other_arms_and_boards_are_inputs_too(run: Run, simulated: Callable[[str], Path]) -> None:
    run(*words(DATA["robot"]), "--output", "data")
    run(*words(COMMANDS["robot"]), "--output", "arm")
    made = json.loads(run(*words(COMMANDS["robot"]), "--arm", "arm", "--json").stdout)["provenance"]
    assert "arm/arm.yaml" in [each["name"] for each in made["inputs"]]
    Path("board.yaml").write_text("kind: checkerboard\ncolumns: 9\nrows: 6\nsquare_mm: 25\n")
    run("simulate", "camera", "--views", 2, "--board", "board.yaml", "--output", "sim")
    assert provenances(Path("sim"))["truth.yaml"]["inputs"][0]["name"] == "board.yaml"
