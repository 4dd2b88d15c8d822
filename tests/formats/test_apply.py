"""Targets corrected by an identified arm: reached by it, and not another byte of a program changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from study_apply import run_arm
from typer.testing import CliRunner

from calib.arrays import Array
from calib.cli import app
from calib.errors import InputError, UsageError
from calib.formats import read_poses
from calib.formats.application.apply import Reference, apply_result
from calib.formats.columns.program import find_targets
from calib.formats.pose_format import NamedPoses, load_pose_format, require_writer
from calib.geometry import se3, so3
from calib.robot import Arm, SerialArm, inverse_kinematics, load_arm, save_arm
from calib.robot.effect import load_effect

NEAR = np.radians([10.0, -95.0, 100.0, -95.0, -85.0, 20.0])
ROWS = NEAR + np.random.default_rng(5).normal(0, 0.2, (4, 6))

SCRIPT = """# home p[0.1, 0.2, 0.3, 0, 0, 0]
def prog():
  set_tcp(p[0.0, 0.0, 0.12, 0.0, 0.0, 0.0])
  movej([{j}], a=1.2, v=0.3)
  pick = {0}
  movel(pick, a=1.2, v=0.25)\r
  movel(pose_trans(pick, p[0, 0, -0.1, 0, 0, 0]))
  movel({1}, a=1.2)  # gr\u00fcn
end
"""
KUKA = """DEFDAT PROG ;\u00fc
DECL E6POS XHOME={{X {0[0]},Y {0[1]},Z {0[2]},A {0[3]},B {0[4]},C {0[5]},S 2,T 35,E1 0.0}}
DECL FRAME TOOL_DATA1={{X 0,Y 0,Z 120,A 0,B 0,C 0}}
DECL E6POS XP2={{X {1[0]}, Y {1[1]}, Z {1[2]}, A {1[3]}, B {1[4]}, C {1[5]}, S 2, T 35}}
ENDDAT
"""
RAPID = """MODULE Main ! [[1,2,3],[1,0,0,0]]
  PERS tooldata grip:=[TRUE,[[0,0,120],[1,0,0,0]],[1,[0,0,1],[1,0,0,0],0,0,0]];
  CONST robtarget p10:=[[{0}],[{1}],[0,-1,0,0],[9E9,9E9,9E9,9E9,9E9,9E9]];
  PROC main()
    MoveL Offs(p10,0,0,50),v100,fine,grip;
    MoveL [[{2}],[{3}],[0,0,0,0],[9E9,9E9,9E9,9E9,9E9,9E9]],v100,fine,grip;
  ENDPROC
ENDMODULE
"""
FANUC = """/PROG  PICK
/MN
   1:L P[1:"pick"] 100mm/sec FINE    ;
/POS
P[1:"pick"]{{
   GP1:
\tUF : 0, UT : 1,\t\tCONFIG : 'N U T, 0, 0, 0',
\tX = {0[0]}  mm,\tY = {0[1]}  mm,\tZ = {0[2]}  mm,
\tW = {0[3]} deg,\tP = {0[4]} deg,\tR = {0[5]} deg
}};
/END
"""
NUMBER = r"-?\d+(?:\.\d+)?"


def real_arm() -> Arm:
    """A UR10e as built: other geometry, and compliance."""
    nominal = load_arm("ur10e").geometry
    rng = np.random.default_rng(3)
    free = np.isin(list(nominal.labels), list(nominal.geometry_labels))
    built = nominal.with_parameters(nominal.parameters + np.where(free, rng.normal(0, 2e-3, len(free)), 0))
    effect = load_effect("gear_harmonics")
    size = dict(zip(effect.labels(nominal), effect.typical(nominal).tolist(), strict=True))
    return Arm(built, {"gear_harmonics": size}, nominal)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("arm") / "arm.yaml"
    save_arm(real_arm(), path)
    return path


def nominal() -> SerialArm:
    return load_arm("ur10e").geometry


def programs() -> dict[str, tuple[str, str]]:
    """Of each format a program with the targets ROWS[:2], and the ending of its file."""
    poses = nominal().base_from_flange(ROWS)
    mm = [",".join(f"{1000 * value:.3f}" for value in pose[:3, 3]) for pose in poses]
    quaternion = [",".join(f"{x:.8f}" for x in np.roll(so3.quaternion_xyzw(pose[:3, :3]), 1)) for pose in poses]

    def euler(name: str) -> list[list[str]]:
        (program, *_) = load_pose_format(name).programs
        assert program.to_numbers is not None
        return [[f"{x:.4f}" for x in row] for row in program.to_numbers(poses, np.zeros((4, 6))).tolist()]

    vectors = require_writer("universal_robots")(NamedPoses(poses)).splitlines()
    joints = ", ".join(f"{x:.5f}" for x in ROWS[3])
    return {
        "universal_robots": (SCRIPT.format(*vectors, j=joints), ".script"),
        "kuka": (KUKA.format(*euler("kuka")), ".dat"),
        "abb": (RAPID.format(mm[0], quaternion[0], mm[1], quaternion[1]), ".mod"),
        "fanuc": (FANUC.format(*euler("fanuc")), ".ls"),
    }


def poses_in(path: Path, name: str) -> Array:
    """The poses (n, 4, 4) of a program's targets."""
    found = find_targets(path.read_bytes().decode("latin-1"), load_pose_format(name).programs)
    return np.array([each.program.to_poses(np.array([each.numbers]))[0] for each in found if each.program.to_poses])


@pytest.mark.parametrize("name", ["universal_robots", "kuka", "abb", "fanuc"])
def test_the_real_arm_reaches_the_targets_of_a_corrected_program(name: str, result: Path, tmp_path: Path) -> None:
    text, suffix = programs()[name]
    (tmp_path / f"a{suffix}").write_bytes(text.encode("latin-1"))
    done = apply_result(result, tmp_path / f"a{suffix}", tmp_path / f"b{suffix}", nominal="ur10e", near=NEAR.tolist())
    assert done.format_name == name
    wanted, sent = (poses_in(tmp_path / f"{letter}{suffix}", name) for letter in "ab")
    assert len(wanted) == (1 if name == "fanuc" else 2)
    assert np.linalg.norm((sent - wanted)[:, :3, 3], axis=1).min() > 1e-4
    commands = [inverse_kinematics(nominal(), pose, near=near).command for pose, near in zip(sent, ROWS, strict=False)]
    off = real_arm().base_from_flange(np.array(commands)) - wanted
    assert np.abs(off).max() < 2e-6  # the digits of the numbers in the program


@pytest.mark.parametrize("name", ["universal_robots", "kuka", "abb", "fanuc"])
def test_only_numbers_of_targets_change(name: str, result: Path, tmp_path: Path) -> None:
    text, suffix = programs()[name]
    before = text.encode("latin-1")
    (tmp_path / f"a{suffix}").write_bytes(before)
    apply_result(result, tmp_path / f"a{suffix}", tmp_path / "out", nominal="ur10e", near=NEAR.tolist())
    after = (tmp_path / "out").read_bytes()
    assert re.sub(NUMBER.encode(), b"#", after) == re.sub(NUMBER.encode(), b"#", before)
    changed = [one for one, other in zip(before.splitlines(), after.splitlines(), strict=True) if one != other]
    spared = ("home", "set_tcp", "pose_trans", "TOOL_DATA", "tooldata", "Main", "Offs", "UF :", "/PROG")
    assert not [line for line in changed if any(word in line.decode("latin-1") for word in spared)]
    assert len(changed) == {"universal_robots": 3, "kuka": 2, "abb": 2, "fanuc": 2}[name]


def test_a_target_that_is_skipped_stays(result: Path, tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text(programs()["kuka"][0], encoding="utf-8")
    options = {"nominal": "ur10e", "near": NEAR.tolist()}
    apply_result(result, tmp_path / "a.dat", tmp_path / "b.dat", skip=["XHOME"], **options)
    same = [line in (tmp_path / "a.dat").read_text() for line in (tmp_path / "b.dat").read_text().splitlines()]
    assert same == [True, True, True, False, True]
    with pytest.raises(UsageError) as caught:
        apply_result(result, tmp_path / "a.dat", tmp_path / "c.dat", skip=["XP3"], **options)
    assert "XP2 (line 4)" in caught.value.advice


def test_tables_of_poses_and_of_joint_values(result: Path, tmp_path: Path) -> None:
    (tmp_path / "joints.csv").write_text(
        "name,j1_rad,j2_rad,j3_rad,j4_rad,j5_rad,j6_rad\n"
        + "".join(f"n{i},{','.join(map(repr, row))}\n" for i, row in enumerate(ROWS.tolist()))
    )
    apply_result(result, tmp_path / "joints.csv", tmp_path / "out.csv", nominal="ur10e")
    table = read_poses(tmp_path / "out.csv")
    wanted = nominal().base_from_flange(ROWS)
    assert np.abs(real_arm().base_from_flange(table.joints) - wanted).max() < 1e-9
    assert table.other["name"] == ("n0", "n1", "n2", "n3")
    (tmp_path / "poses.csv").write_text(require_writer("table")(NamedPoses(wanted)))
    apply_result(result, tmp_path / "poses.csv", tmp_path / "o.dat", nominal="ur10e", near=ROWS[0].tolist(), to="kuka")
    assert np.abs(poses_in(tmp_path / "o.dat", "kuka") - nominal().base_from_flange(table.joints)).max() < 1e-8


def test_tool_and_frame_of_a_program(result: Path, tmp_path: Path) -> None:
    tool = se3.compose(so3.exp(np.array([0.3, 0.2, 0.1])), np.array([0.0, 0.05, 0.12]))
    frame = se3.compose(so3.exp(np.array([0.0, 0.0, 1.0])), np.array([0.4, 0.0, 0.1]))
    reference = Reference(tool, frame)
    flange = nominal().base_from_flange(ROWS)
    (tmp_path / "a.csv").write_text(require_writer("table")(NamedPoses(reference.poses(flange))))
    done = apply_result(
        result, tmp_path / "a.csv", tmp_path / "b.csv", nominal="ur10e", near=NEAR.tolist(), reference=reference
    )
    np.testing.assert_allclose(done.corrected.targets, flange, atol=1e-12)
    table = read_poses(tmp_path / "b.csv", joints_needed=False)
    assert table.position is not None
    np.testing.assert_allclose(table.position, reference.poses(done.corrected.commanded)[:, :3, 3], atol=1e-12)


def test_targets_that_are_not_reached_are_named_and_nothing_is_written(result: Path, tmp_path: Path) -> None:
    text = "movej([0, -1.5, 1.5, -1.5, -1.5, 6.2831]) \nmovel(p[2.5, 0, 0.3, 0, 3.1, 0])\n"
    (tmp_path / "a.script").write_text(text)
    with pytest.raises(InputError) as caught:
        apply_result(result, tmp_path / "a.script", tmp_path / "b.script", nominal="ur10e")
    assert caught.value.code == "targets-not-reached"
    assert "line 2: out of reach" in caught.value.why
    assert not (tmp_path / "b.script").exists()


def test_a_joint_beyond_its_limit_is_named(tmp_path: Path) -> None:
    real = real_arm()
    real.geometry.limits.setflags(write=True)
    real.geometry.limits[1] = np.radians([-95.0, 0.0])
    save_arm(real, tmp_path / "arm.yaml")
    (tmp_path / "a.script").write_text("movej([0, -1.6580, 1.5, -1.5, -1.5, 0])\n" * 2)
    with pytest.raises(InputError) as caught:
        apply_result(tmp_path / "arm.yaml", tmp_path / "a.script", tmp_path / "b.script", nominal="ur10e")
    assert re.search(r"line 2: joint 2 at -95\.\d+ deg, its limit is -95\.00", caught.value.why)


def test_the_command_names_what_is_near_singular(result: Path, tmp_path: Path) -> None:
    (tmp_path / "a.script").write_text("movej([0.1, -1.5, 1.5, -1.5, 0.01, 0])\nmovej([0, -1.5, 1.5, -1.5, -1.5, 0])\n")
    asked = ["apply", str(result), "--nominal", "ur10e", "--poses", str(tmp_path / "a.script"), "--output"]
    run = CliRunner().invoke(app, [*asked, str(tmp_path / "b.script")])
    assert run.exit_code == 0, run.output
    assert "2 targets corrected by" in run.output
    assert re.search(r"near-singular, .*: line 1 moves joint \d by", run.output)
    document = json.loads(CliRunner().invoke(app, [*asked, str(tmp_path / "c.script"), "--json"]).output)
    assert [each["near_singular"] for each in document["targets"]] == [True, False]


def test_an_arm_alone_does_not_tell_the_nominal_one(result: Path, tmp_path: Path) -> None:
    (tmp_path / "a.script").write_text("movej([0, -1.5, 1.5, -1.5, -1.5, 0])\n")
    with pytest.raises(UsageError) as caught:
        apply_result(result, tmp_path / "a.script", tmp_path / "b.script")
    assert caught.value.code == "nominal-needed"


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["ur10e", "franka_panda"])
def test_points_are_reached_as_well_as_the_identification_promises(arm: str, tmp_path: Path) -> None:
    run = run_arm(arm, 1, tmp_path)
    assert run.ratio < 1.3
    assert run.uncorrected_mm > 3 * run.corrected_mm
    assert run.only_numbers_changed
