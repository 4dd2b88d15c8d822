"""`calib cell` and `calib simulate cell`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command import Run, run

from calib.config import read_yaml
from calib.robot import load_arm


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """cell.yaml of a UR5e and a UR10e before one tracker."""
    folder = tmp_path_factory.mktemp("cell") / "sim"
    assert run("simulate", "cell", "--output", folder, "--poses", 60, "--seed", 4).exit_code == 0
    return folder / "cell.yaml"


def test_json_is_one_document_with_the_document_of_every_arm(cell: Path, tmp_path: Path) -> None:
    result = run("cell", "--config", cell, "--output", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert document["hand_overs"][0]["after"]["mean"] < 0.2
    assert set(document["arms"]) == {"arm1", "arm2"}
    assert document == json.loads((tmp_path / "out" / "result.json").read_text())


def test_the_summary_states_the_hand_over_and_the_files_load_again(cell: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("cell", "--config", cell, "--output", out)
    assert "arm1" in result.stdout
    assert "arm2" in result.stdout
    assert any(line.startswith("verdict: ") for line in result.stdout.splitlines())
    names = "arm1, arm2, cell.yaml, report.html, result.json, ros1_static_transform.txt, ros2_static_transform.txt"
    assert result.stdout.splitlines()[-1] == f"written: {out} ({names})"
    assert len(result.stdout.splitlines()) <= 25
    for member in read_yaml(out / "cell.yaml")["arms"].values():
        assert load_arm(str(out / member["arm"])).joints == 6
        assert 0 < member["sigma_m"] < 1e-3


def test_quiet_and_verbose(cell: Path, tmp_path: Path) -> None:
    result = run("cell", "--config", cell, "--output", tmp_path / "out", "-q", "-v")
    assert len(result.stdout.splitlines()) == 1
    assert "iteration   1  cost " in result.stderr


def test_a_cell_has_two_arms_or_more(run: Run) -> None:
    for arms, status in (("ur5e", 2), ("ur5e,ur5e", 0)):
        result = run("simulate", "cell", "--output", arms, "--arms", arms, "--poses", 8)
        assert result.exit_code == status, result.output
        assert ("error [cell-arms]" in result.output) == (status == 2)
        assert Path(arms).exists() == (status == 0)


@pytest.mark.parametrize(
    ("options", "code"),
    [(("--measurement", "imags"), "unknown-measurement"), (("--render",), "option-conflict")],
)
def test_what_a_cell_cannot_be_simulated_by(run: Run, options: tuple[str, ...], code: str) -> None:
    result = run("simulate", "cell", "--output", "sim", *options)
    assert result.exit_code == 2
    assert f"[{code}]" in result.stderr
