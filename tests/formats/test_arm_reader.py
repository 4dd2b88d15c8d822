"""Arms of other tools: what is written is read as the same arm, and what a table leaves open is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from calib import plugins
from calib.errors import InputError, UsageError
from calib.formats import load_any_arm
from calib.formats.arm_format import FORMATS, find_arm_format, load_arm_format, require_arm_writer
from calib.formats.content.source import Source
from calib.robot.arm.kinematics import about_z, along_x, base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.workspace import random_commands

READ = [name for name in plugins.discover(FORMATS) if load_arm_format(name).read is not None]
WRITTEN = [name for name in READ if load_arm_format(name).write is not None]
WITHIN_M = 1e-9


def perturbed(name: str) -> SerialArm:
    """As identified: no axis exactly parallel to another."""
    arm = load_geometry(name)
    rng = np.random.default_rng(1)
    return arm.with_parameters(arm.parameters + rng.normal(0, 1e-3, len(arm.parameters)))


def assert_same_arm(one: SerialArm, other: SerialArm, within: float = WITHIN_M) -> None:
    commands = random_commands(other, 40, np.random.default_rng(0))
    np.testing.assert_allclose(base_from_flange(one, commands), base_from_flange(other, commands), atol=within)


@pytest.mark.parametrize("name", READ)
def test_an_example_is_recognised_as_its_own(name: str, tmp_path: Path) -> None:
    form = load_arm_format(name)
    path = tmp_path / form.file_name
    text = form.example if name != "ur_kinematics" else require_arm_writer(name)(replace(load_geometry("ur5e")))
    path.write_text(str(text))
    assert find_arm_format(Source(path)) == name


@pytest.mark.parametrize("arm", ["ur5e", "franka_panda"])
@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_read_as_the_same_arm(name: str, arm: str, tmp_path: Path) -> None:
    if name == "ur_kinematics" and arm == "franka_panda":
        pytest.skip("of six joints alone")
    geometry = perturbed(arm) if name != "ur_kinematics" else replace(load_geometry(arm), tool=np.eye(4))
    form = load_arm_format(name)
    path = tmp_path / form.file_name
    path.write_text(str(require_arm_writer(name)(geometry)))
    again = load_any_arm(path).geometry
    assert_same_arm(again, geometry)
    assert np.abs(again.table[:, 1]).max() < 2.0


def plain(theta: list[float], d: list[float], a: list[float], alpha: list[float]) -> SerialArm:
    rows = np.column_stack([theta, d, a, alpha, np.zeros(len(d))])
    return replace(load_geometry("ur5e"), convention="standard_dh", table=rows, checks=())


def test_a_factory_table_with_d_of_hundreds_of_metres_becomes_one_of_arm_size(
    tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    path = real_data("robot/ur_factory") / "ur_factory_dh.yaml"
    with pytest.raises(InputError) as caught:
        load_any_arm(path)
    assert caught.value.code == "arm-several"
    values = yaml.safe_load(path.read_text())["ur10e_doc"]
    one = tmp_path / "ur10e.yaml"
    one.write_text(yaml.safe_dump(values))
    with pytest.raises(UsageError) as open_convention:
        load_any_arm(one)
    assert open_convention.value.code == "arm-convention"
    arm = load_any_arm(f"{one}#standard_dh").geometry
    assert np.abs(arm.table[:, 1]).max() < 0.5
    assert_same_arm(arm, plain(**values), within=1e-8)  # m, of numbers of 446 m


def test_differences_of_a_controller_are_added_to_the_arm_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calibration.conf"
    path.write_text(load_arm_format("ur_controller").example)
    with pytest.raises(UsageError) as caught:
        load_any_arm(path)
    assert caught.value.code == "arm-nominal"
    nominal = load_geometry("ur5e").table[:, :4].T
    delta = {
        "theta": [0.0001, 0.02, -0.03, 0.01, 0, 0],
        "d": [0, 12.0, -12.0, 0.001, 0, 0],
        "a": [0.0] * 6,
        "alpha": [0, 0.001, -0.001, 0, 0, 0],
    }
    right = plain(*(nominal[k] + delta[name] for k, name in enumerate(("theta", "d", "a", "alpha"))))
    assert_same_arm(load_any_arm(f"{path}#ur5e").geometry, right)


UR = load_geometry("ur5e").table
TABLES = {
    "degrees and mm": "Joint,theta [deg],d [mm],a [mm],alpha [deg]\n"
    + "".join(f"1,{np.degrees(t)},{1000 * d},{1000 * a},{np.degrees(al)}\n" for t, d, a, al, _ in UR),
    "no units": "i;a;alpha;d;theta\n" + "".join(f"{k};{a};{al};{d};{t}\n" for k, (t, d, a, al, _) in enumerate(UR)),
    "by size": "a,alpha,d,theta\n" + "".join(f"{1000 * a},{np.degrees(al)},{1000 * d},{t}\n" for t, d, a, al, _ in UR),
    "pi and variables": "link,a,alpha,d,theta\n"
    + "".join(f"{k + 1},{a},{round(2 * al / np.pi)}*pi/2,{d},q{k + 1}\n" for k, (_, d, a, al, _) in enumerate(UR)),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_spreadsheets(name: str, tmp_path: Path) -> None:
    path = tmp_path / "dh.csv"
    path.write_text(TABLES[name])
    with pytest.raises(UsageError, match="standard or modified"):
        load_any_arm(path)
    assert_same_arm(load_any_arm(f"{path}#standard_dh").geometry, load_geometry("ur5e"), within=1e-12)


def test_modified_dh_is_known_by_the_link_before(tmp_path: Path) -> None:
    path = tmp_path / "craig.csv"
    rows = [(0.1, 0.2, 0.3, 0.4), (0.5, -0.6, 0.2, 1.5), (0.0, 0.1, 0.3, -1.5)]
    path.write_text("alpha_i-1,a_i-1,d_i,theta_i\n" + "".join(f"{al},{a},{d},{t}\n" for t, d, a, al in rows))
    arm = load_any_arm(path).geometry
    assert arm.convention == "modified_dh"
    q = np.array([0.3, -0.4, 0.5])
    right = np.eye(4)
    for (theta, d, a, alpha), turn in zip(rows, q, strict=True):
        right = right @ along_x(a, alpha, 0.0) @ about_z(theta + turn, d)
    np.testing.assert_allclose(base_from_flange(arm, q), right, atol=1e-12)


SCRIPTS = {
    "toolbox": "from roboticstoolbox import DHRobot, RevoluteDH\nfrom math import pi\nrobot = DHRobot([\n"
    "  RevoluteDH(d=0.1625, alpha=pi/2),\n  RevoluteDH(a=-0.425), RevoluteDH(a=-0.3922),\n"
    "  RevoluteDH(d=0.1333, alpha=pi / 2, qlim=[-pi, pi]),\n"
    "  RevoluteDH(0.0997, 0, -pi/2), RevoluteDH(d=0.0996)], name='UR5e')\n",
    "transforms": "e = ET.tz(0.1625) * ET.Rz() * ET.Rx(90 * pi / 180) * ET.Rz() * ET.tx(-0.425) * ET.Rz()"
    " * ET.tx(-0.3922) * ET.Rz() * ET.tz(0.1333) * ET.Rx(pi/2) * ET.Rz() * ET.tz(0.0997) * ET.Rx(-pi/2) * ET.Rz()"
    " * ET.tz(0.0996)\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_of_the_toolbox(name: str, tmp_path: Path) -> None:
    path = tmp_path / "robot.py"
    path.write_text(SCRIPTS[name])
    assert_same_arm(load_any_arm(path).geometry, load_geometry("ur5e"), within=1e-12)


def test_joints_about_other_axes(tmp_path: Path) -> None:
    path = tmp_path / "robot.py"
    path.write_text("ET.Rx() * ET.tx(0.5) * ET.Ry(flip=True) * ET.tz(0.2) * ET.ty()\n")
    arm = load_any_arm(path).geometry
    from scipy.spatial.transform import Rotation

    found = base_from_flange(arm, np.array([0.3, 0.4, 0.1]))
    turn = Rotation.from_rotvec([0.3, 0, 0]), Rotation.from_rotvec([0, -0.4, 0])
    place = turn[0].apply(np.array([0.5, 0, 0]) + turn[1].apply([0, 0.1, 0.2]))
    np.testing.assert_allclose(found[:3, 3], place, atol=1e-12)
    np.testing.assert_allclose(found[:3, :3], (turn[0] * turn[1]).as_matrix(), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("robot.py", "RevoluteDH(d=L1, alpha=pi/2)\nRevoluteDH(a=L2)\n"),
        ("dh.csv", "a,alpha,d,theta\n12,0,0,0\n8,90,0,0\n"),
        ("dh.csv", "a_m,alpha_deg,d_m,theta_deg\n0.1,0,x,0\n0.1,90,0,0\n0.1,0,0,0\n"),
    ],
)
def test_what_cannot_be_told_is_refused(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_any_arm(f"{path}#standard_dh")
    assert caught.value.code == "arm-value"


def test_a_yaml_of_ones_own_needs_no_source(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nconvention: standard_dh\njoints:\n  - {d_m: 0.1, a_m: 0.2, alpha_deg: 90}\n")
    assert load_any_arm(path).geometry.joints == 1
