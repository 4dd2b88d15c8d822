"""`calib robot` as a user meets it: help, documents, exit statuses, and clear words where something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from calib.cli import app
from calib.config import shipped
from calib.robot.arm_file import load_arm

POSES = Path(str(shipped("datasets"))) / "ur5e_pose" / "poses.csv"
KEYS = ("schema", "kind", "status", "verdict", "inputs", "errors", "parameters", "unobservable", "rank", "outliers",
        "model", "arm")  # fmt: skip

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `calib` in an empty folder of its own; a traceback fails at once."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


def test_help_shows_examples(run: Run) -> None:
    result = run("robot", "--help")
    assert result.exit_code == 0
    assert "calib robot --poses poses.csv" in result.output


def test_json_is_one_document_with_every_key(run: Run, tmp_path: Path) -> None:
    result = run("robot", "--poses", str(POSES), "--arm", "ur5e", "--output", "out", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert all(key in document for key in KEYS)
    for part in ("before", "after"):
        statistics = document["errors"]["heldout"][part]["position_mm"]
        assert set(statistics) >= {"mean", "rms", "median", "p95", "max"}
    assert document["rank"] == 30
    label, parameter = next(iter(document["parameters"].items()))
    assert {"nominal", "value", "sigma"} <= set(parameter), label
    assert json.loads((tmp_path / "out" / "result.json").read_text())["rank"] == 30


def test_the_identified_arm_loads_again(run: Run, tmp_path: Path) -> None:
    assert run("robot", "--poses", str(POSES), "--output", "out").exit_code == 0
    arm = load_arm(tmp_path / "out" / "arm.yaml")
    assert arm.joints == 6


def test_a_summary_has_at_most_25_lines_and_ends_in_a_verdict(run: Run) -> None:
    result = run("robot", "--poses", str(POSES))
    lines = result.stdout.rstrip().splitlines()
    assert len(lines) <= 25
    assert any(line.startswith("verdict:") for line in lines)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 3),
        ("j1_rad,j2_rad\n", 3),
        ("a,b,c\n1,2,3\n", 3),
        ("j1_rad,j2_rad,j3_rad,j4_rad,j5_rad,j6_rad,x_m,y_m,z_m\n" + "nan,0,0,0,0,0,1,1,1\n" * 40, 3),
        ("j1_rad,j2_rad,j3_rad,j4_rad,j5_rad,j6_rad,x_m,y_m,z_m\n" + "0,0,0,0,0,0,1,1,1\n" * 40, 4),
        ("j1_rad,j2_rad,j3_rad,j4_rad,j5_rad,j6_rad,x_m,y_m,z_m\n" + "0,0,0,0,0,0,1,1,1\n", 4),
    ],
)
def test_unusable_tables_end_in_words_and_the_right_status(run: Run, tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "bad.csv").write_text(text)
    result = run("robot", "--poses", "bad.csv", "--arm", "ur5e", "--json")
    assert result.exit_code == status, result.output
    document = json.loads(result.stdout)
    assert document["status"] == "error"
    assert document["code"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--arm", "ur9"), "unknown-arm"),
        (("--model", "geometri"), None),
        (("--fix", "q9"), None),
        (("--output", str(POSES.parent)), "output-exists"),
    ],
)
def test_wrong_options_are_usage_errors(run: Run, arguments: tuple[str, ...], code: str | None) -> None:
    result = run("robot", "--poses", str(POSES), *arguments, "--json")
    assert result.exit_code == 2, result.output
    if code is not None:
        assert json.loads(result.stdout)["code"] == code


def test_degrees_under_a_header_of_radians_are_named_and_fixed_on_request(run: Run, tmp_path: Path) -> None:
    lines = POSES.read_text().splitlines()
    header = lines[0].split(",")
    turned = [i for i, name in enumerate(header) if name.startswith("j")]
    unit = header[turned[0]].rsplit("_", 1)[1]
    lines[0] = ",".join(
        name.replace(f"_{unit}", "_deg" if unit == "rad" else "_rad") if i in turned else name
        for i, name in enumerate(header)
    )
    (tmp_path / "wrong.csv").write_text("\n".join(lines) + "\n")
    refused = run("robot", "--poses", "wrong.csv", "--arm", "ur5e", "--json")
    assert refused.exit_code == 3, refused.output
    fixed = run("robot", "--poses", "wrong.csv", "--arm", "ur5e", "--fix-conventions", "--json")
    assert fixed.exit_code == 0, fixed.output
