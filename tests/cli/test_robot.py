"""`calib robot` as a user meets it: documents, exit statuses, and clear words where something is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import command
from cases.command import Run
from typer.testing import Result

from calib.robot.arm.read import load_geometry
from calib.robot.arm.write import geometry_as_yaml
from calib.robot.simulation.simulate import simulate
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.select import select_rows
from calib.robot.table.write import write_poses


@pytest.fixture
def run(run: Run) -> Run:
    """Run `calib robot` on a table, or on the one before, in an empty folder of the test's own."""

    def robot(table: PoseTable | None, *arguments: str) -> Result:
        if table is not None:
            write_poses(table, Path("poses.csv"), overwrite=True)
        return run("robot", "--poses", "poses.csv", *arguments)

    return robot


@pytest.fixture(scope="module")
def table() -> PoseTable:
    return simulate(load_geometry("ur10e"), poses=80, seed=1).table


HEADER = "j1_rad,j2_rad,j3_rad,j4_rad,j5_rad,j6_rad,x_m,y_m,z_m\n"


def refused(result: Result, code: str, status: int) -> str:
    """The message of a refusal with a stable code; nothing on stdout, nothing written."""
    assert result.exit_code == status, result.output
    assert f"error [{code}]" in result.stderr
    assert result.stdout == ""
    assert not Path("calib_robot_result").exists()
    return result.stderr


def test_poses_alone_are_enough(run: Run, table: PoseTable) -> None:
    result = run(table)
    assert result.exit_code == 0
    for words in (
        "no arm was named; the best fit: ur10e",
        "next best",
        "verdict: good",
        "held out, identified arm",
        "30 parameters determined",
    ):
        assert words in result.stdout
    assert len(result.stdout.splitlines()) <= 25
    written = Path("calib_robot_result")
    assert load_geometry(written / "arm.yaml").joints == 6
    document = json.loads((written / "result.json").read_text())
    assert document["verdict"] == "good"
    again = run(table, "--arm", str(written / "arm.yaml"))
    assert "written: calib_robot_result-2" in again.stdout
    assert 'name: "ur10e_identified"\n' in Path("calib_robot_result-2", "arm.yaml").read_text()  # once


def test_json_is_one_document(run: Run, table: PoseTable) -> None:
    result = run(table, "--arm", "ur10e", "--json", "--output", "there", "--model", "offsets", "--holdout", "0.3")
    document = json.loads(result.stdout)
    assert (document["model"], document["rows_heldout"]) == ("offsets", 24)
    assert json.loads(Path("there", "result.json").read_text()) == document
    assert document["parameters"]["theta2_rad"]["sigma"] > 0
    assert document["parameters"]["a2_m"]["held"]
    failed = run(table, "--arm", "ur10", "--json")
    assert failed.exit_code == 2
    assert json.loads(failed.stdout)["code"] == "unknown-arm"


def test_options_reach_the_identification(run: Run, table: PoseTable) -> None:
    result = run(table, "--arm", "ur10e", "--fix", "a2,alpha3", "--free", "d3", "--train-rows", "50",
                 "--tolerance", "1mm,0.2deg", "--json")  # fmt: skip
    document = json.loads(result.stdout)
    assert document["rows_fitted"] == 50
    held = {label for label, parameter in document["parameters"].items() if parameter["held"]}
    assert {"a2_m", "alpha3_rad"} <= held
    assert "d3_m" not in held


def test_settings_beside_the_table(run: Run, table: PoseTable) -> None:
    Path("calib.yaml").write_text("arm: mine.yaml\n")
    Path("mine.yaml").write_text(geometry_as_yaml(replace(load_geometry("ur10e"), name="mine")))
    assert "arm mine" in run(table).stdout
    Path("calib.yaml").write_text("arms: ur10e\n")
    result = run(table, "--output", "other")
    assert result.exit_code == 2
    assert "did you mean arm?" in result.stderr


def test_another_table_decides(run: Run, table: PoseTable) -> None:
    other = simulate(load_geometry("ur10e"), poses=60, seed=1).table
    write_poses(other, Path("other.csv"))
    result = run(table, "--arm", "ur10e", "--validate", "other.csv")
    assert "other table, identified arm" in result.stdout
    assert "other table, frames held" in result.stdout
    strange = simulate(load_geometry("ur10e"), poses=60, seed=99).table  # another arm of that make, set up elsewhere
    write_poses(strange, Path("other.csv"), overwrite=True)
    result = run(table, "--arm", "ur10e", "--validate", "other.csv", "--output", "second")
    assert "usable: no better than the nominal arm" in result.stdout  # 60 rows leave the rest to chance
    assert Path("second", "arm.yaml").is_file()


def test_wrong_conventions_are_named_and_applied_on_request(run: Run, table: PoseTable) -> None:
    degrees = replace(table, joints=np.degrees(table.joints))
    assert "joint angles are degrees" in refused(run(degrees, "--arm", "ur10e"), "conventions", 3)
    swapped = replace(table, joints=table.joints[:, [0, 2, 1, 3, 4, 5]])
    assert "joints 2 and 3 are swapped" in refused(run(swapped, "--arm", "ur10e"), "conventions", 3)
    result = run(swapped, "--arm", "ur10e", "--fix-conventions")
    assert result.exit_code == 0
    assert "joints 2 and 3 are swapped" in result.stdout
    assert "ur10e fits where" in run(degrees).stderr


def test_the_wrong_arm_is_refused(run: Run, table: PoseTable) -> None:
    refused(run(table, "--arm", "irb120"), "arm-does-not-fit", 3)


def test_data_that_cannot_tell_are_refused(run: Run, table: PoseTable) -> None:
    assert "too few" in refused(run(select_rows(table, np.arange(5)), "--arm", "ur10e"), "too-few-poses", 4)
    alike = select_rows(table, np.zeros(40, dtype=np.intp))
    assert "all poses are alike" in refused(run(alike, "--arm", "ur10e"), "poses-degenerate", 4)
    joints = table.joints.copy()
    joints[:, 2] = 0.7
    assert "joint 3" in refused(run(replace(table, joints=joints), "--arm", "ur10e"), "joint-not-moved", 4)


def test_incomplete_and_repeated_rows_are_named(run: Run, table: PoseTable) -> None:
    write_poses(table, Path("poses.csv"))
    lines = Path("poses.csv").read_text().splitlines()
    cells = lines[3].split(",")
    cells[7] = "nan"
    lines[3] = ",".join(cells)
    Path("poses.csv").write_text("\n".join([*lines, lines[6]]) + "\n")
    output = run(None, "--arm", "ur10e").stdout
    assert "1 rows not read: line 4" in output
    assert "1 rows repeat an earlier one exactly: lines 82" in output
    Path("poses.csv").write_text("\n".join([lines[0], *(",".join(["nan", line]) for line in lines[1:])]) + "\n")
    assert "cannot be used" in run(None, "--arm", "ur10e", "--output", "b").stderr


def test_a_misspelt_key_is_named(run: Run, table: PoseTable) -> None:
    Path("arm.yaml").write_text(geometry_as_yaml(load_geometry("ur10e")).replace("convention", "convension"))
    assert "did you mean 'convention'?" in refused(run(table, "--arm", "arm.yaml"), "config-unknown-key", 2)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--model", "geometri"), "unknown-model"),
        (("--fix", "theta9"), "unknown-label"),
        (("--holdout", "1.5"), "holdout-share"),
        (("--holdout-by", "day"), "holdout-column"),
        (("--tolerance", "5"), "tolerance"),
        (("--measurement", "distance"), "measurement-mismatch"),
        (("--columns", "j1_rad=joint"), "columns-unknown"),
        (("--euler", "ZYX"), "euler-unused"),
        (("--refine", "lens"), "option-conflict"),
        (("--camera", "camera.yaml"), "option-conflict"),
        (("--board", "checkerboard:9x6:25mm"), "option-conflict"),
        (("--setup", "eye-in-hand"), "option-conflict"),
    ],
)
def test_wrong_options_are_named(run: Run, table: PoseTable, arguments: tuple[str, ...], code: str) -> None:
    refused(run(table, "--arm", "ur10e", *arguments), code, 2)


def test_contact_needs_to_be_told(run: Run) -> None:
    simulation = simulate(load_geometry("ur10e"), measurement="point", poses=120, seed=2)
    refused(run(simulation.table, "--arm", "ur10e"), "measurement-needed", 2)
    result = run(simulation.table, "--arm", "ur10e", "--measurement", "point")
    assert result.exit_code == 0
    assert "the scale of everything" in result.stdout


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ("", 3),
        ("j1_rad,j2_rad\n", 3),
        ("a,b,c\n1,2,3\n", 3),
        (HEADER + "nan,0,0,0,0,0,1,1,1\n" * 40, 3),
        (HEADER + "0,0,0,0,0,0,1,1,1\n" * 40, 4),
        (HEADER + "0,0,0,0,0,0,1,1,1\n", 4),
    ],
    ids=["empty", "header", "columns", "nan", "alike", "one"],
)
def test_an_unusable_table_ends_with_an_error_and_the_right_status(run: Run, rows: str, status: int) -> None:
    Path("poses.csv").write_text(rows)
    result = run(None, "--arm", "ur5e", "--json")
    assert result.exit_code == status, result.output
    assert json.loads(result.stdout)["kind"] == "error"


def test_nothing_is_overwritten(run: Run, table: PoseTable) -> None:
    Path("mine").mkdir()
    Path("mine", "notes.txt").write_text("precious")
    assert "[output-exists]" in run(table, "--arm", "ur10e", "--output", "mine").stderr
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


def test_quiet_leaves_the_verdict_and_verbose_adds_iterations(run: Run, table: PoseTable) -> None:
    result = run(table, "--arm", "ur10e", "-q", "-v")
    assert len(result.stdout.splitlines()) == 1
    assert result.stdout.startswith("verdict: good: ")
    assert "iteration   1  cost " in result.stderr
    assert run(table, "--arm", "ur10e", "-q").stderr == ""


def test_the_table_has_two_names(table: PoseTable, tmp_path: Path) -> None:
    write_poses(table, tmp_path / "joints.csv")
    for name in ("--table", "--poses"):
        result = command.run(
            "robot", name, tmp_path / "joints.csv", "--arm", "ur10e", "-q", "--output", tmp_path / name
        )
        assert result.exit_code == 0, result.output


def test_the_file_as_published(run: Run, real_robots: Path) -> None:
    folder = real_robots / "ur10_leica_pose"
    joints = ("shoulder_pan", "shoulder_lift", "elbow", "wrist_1", "wrist_2", "wrist_3")
    pairs = [f"j{i + 1}_rad={name}_joint" for i, name in enumerate(joints)]
    pairs += [f"{axis}_mm=measurement_{axis}" for axis in "xyz"]
    pairs += [f"{axis}_deg=measurement_{axis}" for axis in ("rx", "ry", "rz")]
    published = (folder / "series_c_as_published.csv").read_text(encoding="utf-8-sig")
    Path("poses.csv").write_text(published, encoding="utf-8")
    one = json.loads(run(None, "--euler", "XYZ", "--columns", ",".join(pairs), "--json").stdout)
    Path("poses.csv").write_text((folder / "series_c.csv").read_text())
    other = json.loads(run(None, "--json", "--output", "other").stdout)
    assert one["arm"] == other["arm"] == "ur10_cb3"
    ours, theirs = (document["errors"]["heldout"]["after"]["position_mm"]["mean"] for document in (one, other))
    assert ours == pytest.approx(theirs, abs=1e-4)
    assert ours < 0.455
