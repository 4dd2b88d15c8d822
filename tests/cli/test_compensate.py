"""`calib robot --compensate network`: learnt, kept only where it helps, written with the arm and applied by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import command
from cases.command import Run
from typer.testing import Result

from calib.errors import UsageError
from calib.geometry import se3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.arm_file import arm_files, load_arm, save_arm
from calib.robot.inverse import inverse_kinematics
from calib.robot.simulation.simulate import simulate
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.write import write_poses

ROWS = 200


def waves(joints: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How the joints of the arm here err: waves of their own angle that are no gear harmonics."""
    return np.asarray(1e-3 * np.array([1.0, -0.8, 0.9, 0.6, -0.7, 0.8]) * np.sin(3.3 * joints + 0.4))


@pytest.fixture(scope="module")
def table() -> PoseTable:
    """Poses of a UR5e whose joints err."""
    clean = simulate(load_geometry("ur5e"), poses=ROWS, seed=1)
    meant = replace(clean.table, joints=clean.table.joints - waves(clean.table.joints))
    # the instrument saw where the arm was; what the table holds is what was commanded
    return replace(meant, other={"session": tuple("first" if i % 2 else "second" for i in range(ROWS))})


@pytest.fixture
def run(run: Run) -> Run:
    """Run `calib robot --compensate network` on a table, or on the one before, in an empty folder of the test's own."""

    def robot(table: PoseTable | None, *arguments: str) -> Result:
        if table is not None:
            write_poses(table, Path("poses.csv"), overwrite=True)
        given = [] if "--poses" in arguments else ["--poses", "poses.csv"]
        kind = [] if "--compensate" in arguments else ["--compensate", "network"]
        return run("robot", *given, *kind, *arguments)

    return robot


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def test_what_joints_err_by_is_learnt_saved_and_applied(run: Run, table: PoseTable) -> None:
    result = run(table, "--arm", "ur5e")
    assert result.exit_code == 0, result.output
    assert "compensation kept: held out" in result.stdout
    assert len(result.stdout.splitlines()) <= 25
    written = json.loads(Path("calib_robot_result", "result.json").read_text())
    after = written["errors"]["heldout"]["after"]["position_mm"]["mean"]
    assert written["compensation"]["kept"]
    assert after < 0.35 * written["compensation"]["heldout_before"]["position_mm"]["mean"]

    arm = load_arm("calib_robot_result/arm.yaml")
    (text,) = arm_files(arm).values()
    assert isinstance(text, str)
    assert Path("calib_robot_result", "arm.yaml").read_text().startswith(text + "provenance:\n")
    frames = {name: np.array(matrix) for name, matrix in written["frames"].items()}
    world = frames["world_from_base"] @ arm.base_from_flange(table.joints) @ frames["flange_from_target"]
    assert table.position is not None
    off = 1000 * np.linalg.norm(world[:, :3, 3] - table.position, axis=1)
    assert off.mean() == pytest.approx(after, rel=0.25)
    bare = replace(arm, correction=None)
    assert np.linalg.norm((bare.base_from_flange(table.joints) - arm.base_from_flange(table.joints))[:, :3, 3]) > 0
    # one pose, many poses and the inverse agree
    np.testing.assert_allclose(arm.base_from_flange(table.joints[3]), arm.base_from_flange(table.joints)[3], atol=1e-12)
    wanted = arm.base_from_flange(table.joints[3])
    reached = inverse_kinematics(arm, wanted, near=table.joints[3])
    np.testing.assert_allclose(arm.base_from_flange(reached.command), wanted, atol=2e-6)


@pytest.mark.slow
def test_a_compensated_arm_is_a_nominal_arm_again(run: Run, table: PoseTable) -> None:
    document(run(table, "--arm", "ur5e", "--json", "--holdout-by", "session"))
    again = document(run(None, "--arm", "calib_robot_result/arm.yaml", "--model", "offsets", "--json"))
    assert any("valid only with that arm's parameters" in note for note in again["notes"])
    assert again["compensation"]["kept"]


def test_nothing_is_learnt_where_nothing_is_left(run: Run) -> None:
    clean = simulate(load_geometry("ur5e"), poses=80, seed=2).table
    found = document(run(clean, "--arm", "ur5e", "--json"))
    assert not found["compensation"]["kept"]
    assert found["compensation"]["reason"].startswith("declined: ")
    assert load_arm("calib_robot_result/arm.yaml").correction is None
    assert load_geometry("calib_robot_result/arm.yaml").joints == 6


def test_few_rows_are_declined_in_words(run: Run) -> None:
    few = simulate(load_geometry("ur5e"), poses=40, seed=2).table
    result = run(few, "--arm", "ur5e")
    assert "compensation declined: 32 rows are too few to learn from; 50 are needed" in result.stdout


def test_unknown_ways_to_learn_are_refused(run: Run, table: PoseTable) -> None:
    result = run(table, "--arm", "ur5e", "--compensate", "netwrok")
    assert result.exit_code == 2
    assert "error [unknown-compensation]" in result.stderr
    assert "did you mean 'network'?" in result.stderr
    assert not Path("calib_robot_result").exists()


def test_without_the_option_nothing_is_said(run: Run, table: PoseTable, tmp_path: Path) -> None:
    write_poses(table, Path("poses.csv"), overwrite=True)
    result = command.run("robot", "--poses", "poses.csv", "--arm", "ur5e", "--json")
    assert json.loads(result.stdout)["compensation"] is None


def test_an_arm_refuses_what_was_not_learnt_for_it(run: Run, table: PoseTable, tmp_path: Path) -> None:
    document(run(table, "--arm", "ur5e", "--json", "--train-rows", "120"))
    text = Path("calib_robot_result", "arm.yaml").read_text()
    six = next(line for line in text.splitlines() if line.startswith("    low: "))
    for old, new, code, words in (
        ('kind: "network"', 'kind: "nets"', "unknown-compensation", "unknown compensation 'nets'"),
        (six, "    low: [0.0]", "net-file", "as many lower as upper limits"),
        ('kind: "network"', 'sort: "network"', "config-unknown-key", "unknown key 'sort'"),
        ("- columns:\n          - [0]", "- columns:\n          - [7]", "net-file", "counted from 0 to 5"),
    ):
        assert old in text
        Path("other.yaml").write_text(text.replace(old, new))
        with pytest.raises(UsageError, match=words) as refused:
            load_arm("other.yaml")
        assert refused.value.code == code
        assert refused.value.where.startswith("other.yaml: compensation") or code == "unknown-compensation"
    arm = load_arm("calib_robot_result/arm.yaml")
    save_arm(
        replace(arm, geometry=load_geometry("franka_panda"), effects={}, reference_geometry=None), Path("seven.yaml")
    )
    with pytest.raises(UsageError, match="not a compensation of 7 joints"):
        load_arm("seven.yaml")


@pytest.mark.slow
def test_a_measured_arm_declines(run: Run, real_data: Callable[[str], Path]) -> None:
    poses = real_data("robot/fr3_camera_pose") / "poses.csv"
    found = document(run(None, "--poses", str(poses), "--arm", "franka_fr3", "--json"))
    assert found["compensation"]["reason"].startswith("declined: ")


@pytest.mark.slow
def test_a_measured_arm_gains(run: Run, real_data: Callable[[str], Path]) -> None:
    """Harmonics of its gears leave 0.43 mm of this arm; 400 rows of 2,773 are enough to learn more."""
    poses = real_data("robot/ur10_leica_pose") / "series_c.csv"
    found = document(run(None, "--poses", str(poses), "--arm", "ur10_cb3", "--train-rows", "400", "--json"))
    assert found["compensation"]["kept"]
    assert found["errors"]["heldout"]["after"]["position_mm"]["mean"] <= 0.385
    flange = load_arm("calib_robot_result/arm.yaml").base_from_flange(np.zeros(6))
    assert np.abs(se3.log(se3.inverse(base_from_flange(load_geometry("ur10_cb3"), np.zeros(6))) @ flange)).max() < 0.01
