"""Arms written for other tools: the same flange poses to a nanometre, and no other byte of a URDF changed."""

from __future__ import annotations

import csv
import re
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from calib import plugins
from calib.arrays import Array
from calib.cli import app
from calib.errors import UsageError
from calib.formats.arm_format import FORMATS, beyond_geometry, load_arm_format
from calib.formats.conversion import convert
from calib.geometry import se3, so3
from calib.robot import Arm, SerialArm, calibrate, load_arm, save_arm, simulate
from calib.robot.arm.kinematics import about_z, along_x
from calib.robot.arm.urdf import rotation_of_rpy
from calib.robot.arm.workspace import random_commands
from calib.robot.effect import load_effect

URDF = """<?xml version='1.0' encoding="utf-8"?>
<!-- a joint is <joint name="j2"> -->
<robot name="my arm">
  <material name="grey"><color rgba="0.5 0.5 0.5 1"/></material>
  <link name="world"/><link name="base"/><link name="l1"><inertial><origin xyz="0 0 1" rpy="0 0 0"/></inertial></link>
  <link name="l2"/><link name="l3"/><link name="tool0"/>
  <joint name="mount" type="fixed"><parent link="world"/><child link="base"/><origin xyz="0 0 0.5" rpy="0 0 1"/></joint>
  <joint type="revolute" name="j1">
    <parent link="base"/><child link="l1"/>
    <origin rpy="0 0 0"
            xyz="0 0  0.400"/>
    <axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="10" velocity="1"/>
  </joint>
  <joint name='j2' type='continuous'><axis xyz='0 1 0'/><parent link='l1'/><child link='l2'/></joint>
  <joint name="elbow" type="fixed"><parent link="l2"/><child link="l2b"/><origin xyz="0.1 0 0"/></joint>
  <link name="l2b"/>
  <joint name="j3" type="revolute"><origin xyz="0.3 0 0"/><parent link="l2b"/><child link="l3"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="10" velocity="1"/></joint>
  <joint name="flange" type="fixed"><parent link="l3"/><child link="tool0"/>
    <origin xyz="0 0 0.1" rpy="0 1.5 0"/></joint>
  <transmission name="t"><joint name="j1"><origin xyz="9 9 9"/></joint></transmission>
</robot>
"""


def identified(arm: SerialArm, seed: int = 0) -> SerialArm:
    """The arm with parameters that differ from nominal as those of real arms do."""
    rng = np.random.default_rng(seed)
    free = np.isin(list(arm.labels), list(arm.geometry_labels))
    free[-3:] = False  # where the flange is behind the last joint: the target's place is estimated, not these
    return arm.with_parameters(arm.parameters + np.where(free, rng.normal(0, 2e-3, len(free)), 0))


def farthest(one: SerialArm, poses: Any, seed: int = 1) -> float:
    """The largest difference of two arms' poses, in m and rad; poses(commands) are those of the other."""
    commands = random_commands(one, 20, np.random.default_rng(seed))
    return float(np.abs(one.base_from_flange(commands) - poses(commands)).max())


def written(arm: SerialArm, name: str) -> str:
    write = load_arm_format(name).write
    assert write is not None
    content = write(arm)
    return content if isinstance(content, str) else content.decode()


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "mine.urdf"
    path.write_text(URDF)
    return path


@pytest.mark.parametrize("name", ["ur5e", "franka_fr3", "stanford", "xarm6"])
def test_a_new_urdf_moves_as_the_arm_does(name: str, tmp_path: Path) -> None:
    arm = identified(load_arm(name).geometry)
    (tmp_path / "new.urdf").write_text(written(arm, "urdf"))
    again = load_arm(tmp_path / "new.urdf").geometry
    assert farthest(arm, again.base_from_flange) < 1e-9
    np.testing.assert_allclose(again.limits, arm.limits, rtol=1e-12)


def test_only_numbers_of_origins_change_in_a_urdf(given: Path, tmp_path: Path) -> None:
    arm = identified(load_arm(given).geometry)
    text = written(arm, "urdf")
    (tmp_path / "out.urdf").write_text(text)
    assert farthest(arm, load_arm(tmp_path / "out.urdf").geometry.base_from_flange) < 1e-9
    number = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
    blank = [re.sub(number, "#", each) for each in (text, URDF)]
    same = [re.sub(r' (?:xyz|rpy)="# # #"', "", each) for each in blank]
    assert blank[0] != blank[1]  # j2 had no origin, and j3 no rpy
    assert same[0].replace("'continuous'><origin/>", "'continuous'>") == same[1]
    kept = r'<joint name="(?:mount|elbow|flange)" type="fixed">.*?</joint>|<inertial>.*?</inertial>|<transmission.*'
    assert re.findall(kept, text, re.DOTALL) == re.findall(kept, URDF, re.DOTALL)


def test_an_arm_that_did_not_change_leaves_its_urdf_alone(given: Path) -> None:
    assert written(load_arm(given).geometry, "urdf") == URDF


def test_a_joint_offset_turns_the_frame_of_its_own_joint(given: Path) -> None:
    arm = load_arm(given).geometry
    table = arm.table.copy()
    table[1, 0] += 0.02
    text = written(replace(arm, table=table), "urdf")
    changed = [one for one, other in zip(text.splitlines(), URDF.splitlines(), strict=True) if one != other]
    assert len(changed) == 1
    assert 'rpy="0.0 0.02 0.0"' in re.sub(r"0\.02(?:0{5,}|)\d*|0\.0199999\d+", "0.02", changed[0])


def test_the_urdf_of_another_arm_is_refused(given: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        convert("ur5e", "urdf", tmp_path / "out.urdf", urdf=given)
    assert caught.value.code == "urdf-other-arm"


def test_a_result_goes_into_the_urdf_that_is_given(given: Path, tmp_path: Path) -> None:
    arm = identified(load_arm(given).geometry)
    save_arm(arm, tmp_path / "arm.yaml")
    run = CliRunner().invoke(app, ["export", str(tmp_path / "arm.yaml"), "--to", "urdf", "--urdf", str(given),
                                   "--output", str(tmp_path / "out.urdf")])  # fmt: skip
    assert run.exit_code == 0, run.output
    assert "byte for byte" in run.output
    assert farthest(arm, load_arm(tmp_path / "out.urdf").geometry.base_from_flange) < 1e-9


def test_the_link_that_is_the_flange_is_found_among_several(given: Path, tmp_path: Path) -> None:
    fingers = '<joint name="f" type="fixed"><parent link="tool0"/><child link="finger"/><origin xyz="0 0 1"/></joint>'
    camera = '<joint name="c" type="fixed"><parent link="l3"/><child link="camera"/><origin xyz="0 1 0"/></joint>'
    given.write_text(URDF.replace("</robot>", f'<link name="finger"/><link name="camera"/>{fingers}{camera}</robot>'))
    arm = identified(load_arm(given, tip="tool0").geometry)
    save_arm(arm, tmp_path / "arm.yaml")
    with pytest.raises(UsageError) as caught:
        load_arm(given)
    assert caught.value.code == "urdf-tip"
    convert(tmp_path / "arm.yaml", "urdf", tmp_path / "out.urdf", urdf=given)
    assert farthest(arm, load_arm(tmp_path / "out.urdf", tip="tool0").geometry.base_from_flange) < 1e-9


@pytest.mark.parametrize("name", ["xacro", "ur_kinematics"])
def test_chains_of_origins_move_as_the_arm_does(name: str) -> None:
    arm = identified(load_arm("ur10e").geometry)
    text = written(arm, name)
    if name == "xacro":
        value = re.search(r'value="\$\{dict\((.*)\)\}"', text)
        assert value is not None
        origins = [np.array(" ".join(pair).split(), float) for _, pair in yaml.safe_load(_as_lists(value[1]))]
    else:
        links = yaml.safe_load(text)["kinematics"]
        origins = [np.array(list(link.values())) for key, link in links.items() if key != "hash"]
    assert farthest(arm, lambda commands: _chain(origins, commands)) < 1e-9


def _as_lists(text: str) -> str:
    return text.replace("(", "[").replace(")", "]")


def _chain(origins: list[Array], commands: Array) -> Array:
    """Poses (n, 4, 4) of joints about z behind origins (6,) of xyz and rpy."""
    pose = np.eye(4)
    for k, origin in enumerate(origins):
        pose = pose @ se3.compose(rotation_of_rpy(tuple(origin[3:])), origin[:3])
        if k < commands.shape[1]:
            pose = pose @ about_z(commands[:, k], np.zeros(len(commands)))
    return np.asarray(pose)


@pytest.mark.parametrize("name", ["ur5e", "franka_panda", "stanford"])
def test_a_table_of_plain_dh_moves_as_the_arm_does(name: str) -> None:
    arm = identified(load_arm(name).geometry)
    lines = written(arm, "dh_table").splitlines()
    places = [np.array(line.split("= ")[1].split(","), float) for line in lines[1:3]]
    base, flange = (se3.compose(so3.exp(place[3:]), place[:3]) for place in places)
    rows = list(csv.DictReader(lines[3:]))

    def poses(commands: Array) -> Array:
        pose = base
        for k, row in enumerate(rows):
            theta, d, a, alpha = (float(row[key]) for key in ("theta_rad", "d_m", "a_m", "alpha_rad"))
            move, still = int(row["sign"]) * commands[:, k], np.zeros(len(commands))
            turned, slid = (still, move) if row["type"] == "prismatic" else (move, still)
            turn, link = about_z(theta + turned, d + slid), along_x(a, alpha, 0.0)
            pose = pose @ (turn @ link if "standard" in lines[0] else link @ turn)
        return np.asarray(pose @ flange)

    assert farthest(arm, poses) < 1e-9
    remark = load_arm_format("dh_table").remark
    assert remark is not None
    assert ("2 and 3" in remark(arm)) == (name == "ur5e")


def test_pybotics_rows_are_modified_dh(monkeypatch: pytest.MonkeyPatch) -> None:
    arm = identified(load_arm("ur5e").geometry)
    robot = types.SimpleNamespace(tool=types.SimpleNamespace())
    made = types.SimpleNamespace(from_parameters=lambda rows: setattr(robot, "rows", rows) or robot)
    modules = {"pybotics": types.ModuleType("pybotics"), "pybotics.robot": types.SimpleNamespace(Robot=made)}
    for module, content in modules.items():
        monkeypatch.setitem(sys.modules, module, content)
    exec(written(arm, "pybotics"), {})

    def poses(commands: Array) -> Array:
        pose = robot.world_frame
        for k, (alpha, a, theta, d) in enumerate(robot.rows):
            pose = pose @ along_x(a, alpha, 0.0) @ about_z(theta + commands[:, k], np.full(len(commands), d))
        return np.asarray(pose @ robot.tool.matrix)

    assert farthest(arm, poses) < 1e-9


def test_coupled_joints_are_refused_where_they_cannot_be_held() -> None:
    arm = load_arm("crx10ia_l").geometry
    for name in (name for name in plugins.discover(FORMATS) if load_arm_format(name).write is not None):
        with pytest.raises(UsageError) as caught:
            written(arm, name)
        assert caught.value.code == "arm-not-held"


def test_what_bends_the_arm_beyond_its_geometry_is_named() -> None:
    arm = load_arm("ur5e").geometry
    assert beyond_geometry(Arm(arm)) == ""
    effects = {"joint_profile": dict.fromkeys(load_effect("joint_profile").labels(arm), 1e-3)}
    assert re.match(r"joint_profile \(\d\.\d+ mm rms .* mm at most\)", beyond_geometry(Arm(arm, effects, arm)))


@pytest.mark.slow
def test_the_folder_of_an_arm_with_a_urdf_holds_that_urdf(given: Path, tmp_path: Path) -> None:
    arm = load_arm(given).geometry
    simulated = simulate(arm, measurement="pose", poses=40, seed=4)
    folder = calibrate(simulated.table, arm, measurement="pose").save(tmp_path / "out")
    found, in_urdf = load_arm(folder).geometry, load_arm(folder / "arm.urdf").geometry
    assert farthest(found, in_urdf.base_from_flange) < 1e-9
    assert farthest(arm, in_urdf.base_from_flange) > 1e-5
    again = convert(folder, "urdf", tmp_path / "again.urdf")  # the URDF in the folder is taken
    assert (tmp_path / "again.urdf").read_bytes() == (folder / "arm.urdf").read_bytes()
    assert "byte for byte" in again.remark
