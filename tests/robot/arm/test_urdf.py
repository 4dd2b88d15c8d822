"""A URDF chain becomes the same arm; hostile or broken files are named."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from calib.errors import CalibError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.arm.serial_arm import MOST_JOINTS
from calib.robot.arm.urdf import MAX_BYTES, MOST_IN_CHAIN
from calib.robot.arm_file import load_arm, save_arm

# (origin xyz, rpy, axis): frankaemika/franka_description robots/fer/kinematics.yaml
PANDA = [
    ((0, 0, 0.333), (0, 0, 0), (0, 0, 1)),
    ((0, 0, 0), (-math.pi / 2, 0, 0), (0, 0, 1)),
    ((0, -0.316, 0), (math.pi / 2, 0, 0), (0, 0, 1)),
    ((0.0825, 0, 0), (math.pi / 2, 0, 0), (0, 0, 1)),
    ((-0.0825, 0.384, 0), (-math.pi / 2, 0, 0), (0, 0, 1)),
    ((0, 0, 0), (math.pi / 2, 0, 0), (0, 0, 1)),
    ((0.088, 0, 0), (math.pi / 2, 0, 0), (0, 0, 1)),
]
# ros-industrial/abb abb_irb120_support/urdf/irb120_3_58_macro.xacro
IRB120 = [
    ((0, 0, 0), (0, 0, 0), (0, 0, 1)),
    ((0, 0, 0.29), (0, 0, 0), (0, 1, 0)),
    ((0, 0, 0.27), (0, 0, 0), (0, 1, 0)),
    ((0, 0, 0.07), (0, 0, 0), (1, 0, 0)),
    ((0.302, 0, 0), (0, 0, 0), (0, 1, 0)),
    ((0.072, 0, 0), (0, 0, 0), (1, 0, 0)),
]


def urdf(joints: list, tip: tuple, kinds: list[str] | None = None) -> str:
    """A robot of links l0 ... and a fixed last joint to the link flange."""
    parts = ['<robot name="test">']
    for i, (xyz, rpy, axis) in enumerate(joints):
        kind = kinds[i] if kinds else "revolute"
        words = [" ".join(repr(float(v)) for v in values) for values in (xyz, rpy, axis)]
        parts.append(
            f'<joint name="q{i + 1}" type="{kind}"><parent link="l{i}"/><child link="l{i + 1}"/>'
            f'<origin xyz="{words[0]}" rpy="{words[1]}"/><axis xyz="{words[2]}"/><limit lower="-2" upper="2"/></joint>'
        )
    words = [" ".join(repr(float(v)) for v in values) for values in tip]
    parts.append(
        f'<joint name="end" type="fixed"><parent link="l{len(joints)}"/><child link="flange"/>'
        f'<origin xyz="{words[0]}" rpy="{words[1]}"/></joint></robot>'
    )
    return "".join(parts)


def product(joints: list, tip: tuple, q: np.ndarray, kinds: list[str] | None = None) -> np.ndarray:
    """The flange pose, multiplied out as the format defines it."""

    def origin(xyz: tuple, rpy: tuple) -> np.ndarray:
        turns = [so3.exp(np.array(w, dtype=float)) for w in ((0, 0, rpy[2]), (0, rpy[1], 0), (rpy[0], 0, 0))]
        return se3.compose(turns[0] @ turns[1] @ turns[2], np.array(xyz, dtype=float))

    pose = np.eye(4)
    for i, (xyz, rpy, axis) in enumerate(joints):
        unit = np.array(axis, dtype=float) / np.linalg.norm(axis)
        slides = bool(kinds) and kinds[i] == "prismatic"
        motion = se3.compose(np.eye(3), unit * q[i]) if slides else se3.compose(so3.exp(unit * q[i]), np.zeros(3))
        pose = pose @ origin(xyz, rpy) @ motion
    return pose @ origin(*tip)


@pytest.mark.parametrize(
    ("name", "joints", "tip"),
    [("franka_panda", PANDA, ((0, 0, 0.107), (0, 0, 0))), ("irb120", IRB120, ((0, 0, 0), (0, math.pi / 2, 0)))],
)
def test_the_makers_urdf_is_the_shipped_arm(name: str, joints: list, tip: tuple, tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text(urdf(joints, tip))
    arm, shipped = load_geometry(path), load_geometry(name)
    q = np.random.default_rng(0).uniform(-2, 2, (100, arm.joints))
    np.testing.assert_allclose(base_from_flange(arm, q), base_from_flange(shipped, q), rtol=0, atol=1e-13)
    assert arm.joint_names[0] == "q1"
    assert arm.limits[0].tolist() == [-2, 2]


@pytest.mark.parametrize("seed", range(10))
def test_a_chain_of_any_axes_is_exact(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    joints = [tuple(random.normal(size=(3, 3))) for _ in range(6)]
    joints[2] = (joints[2][0], (0, 0, 0), joints[1][2] + random.normal(0, 1e-4, 3))  # nearly parallel axes
    joints[4] = (joints[4][0], joints[4][1], (0, 0, -1))
    kinds = ["revolute", "continuous", "revolute", "prismatic", "revolute", "revolute"]
    tip = tuple(random.normal(size=(2, 3)))
    path = tmp_path / "robot.urdf"
    path.write_text(urdf(joints, tip, kinds))
    arm = load_geometry(path)
    assert arm.prismatic == tuple(kind == "prismatic" for kind in kinds)
    assert np.isinf(arm.limits[1]).all()
    q = random.uniform(-2, 2, (20, 6))
    expected = np.array([product(joints, tip, row, kinds) for row in q])
    np.testing.assert_allclose(base_from_flange(arm, q), expected, rtol=0, atol=1e-12)
    save_arm(arm, tmp_path / "arm.yaml")
    np.testing.assert_array_equal(load_geometry(tmp_path / "arm.yaml").table, arm.table)


def test_a_tip_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    text = urdf(PANDA, ((0, 0, 0.107), (0, 0, 0)))
    finger = '<joint name="f" type="prismatic"><parent link="flange"/><child link="finger"/><axis xyz="0 1 0"/></joint>'
    other = finger.replace('"f"', '"g"').replace('"finger"', '"thumb"')
    path.write_text(text.replace("</robot>", finger + other + "</robot>"))
    assert load_geometry(path, tip="flange").joints == 7
    assert load_geometry(path, tip="finger").joints == 8
    with pytest.raises(CalibError) as caught:
        load_geometry(path)
    assert caught.value.code == "urdf-tip"
    assert "finger, thumb" in str(caught.value)
    assert "--tip finger" in caught.value.advice
    with pytest.raises(CalibError, match="did you mean 'flange'"):
        load_geometry(path, tip="flang")
    assert load_arm(path, tip="finger").joints == 8
    save_arm(load_geometry(path, tip="finger"), tmp_path / "arm.yaml")
    for no_urdf in (tmp_path / "arm.yaml", "ur5e"):
        with pytest.raises(CalibError) as caught:
            load_arm(no_urdf, tip="finger")
        assert caught.value.code == "tip-unused"


BOMB = """<?xml version="1.0"?><!DOCTYPE robot [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<robot name="&b;"/>"""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "urdf-doctype"),
        ('<!DOCTYPE robot SYSTEM "file:///etc/passwd"><robot/>', "urdf-doctype"),
        ("<robot>", "urdf-syntax"),
        ("", "urdf-syntax"),
        ("<model/>", "urdf-structure"),
        ("<robot/>", "urdf-structure"),
        (urdf(IRB120, ((0, 0, 0), (0, 0, 0))).replace("0.27", "nan"), "urdf-value"),
        (urdf(IRB120, ((0, 0, 0), (0, 0, 0))).replace("0.27", "x"), "urdf-value"),
        (urdf(IRB120, ((0, 0, 0), (0, 0, 0)), ["planar"] * 6), "urdf-structure"),
        (urdf(IRB120, ((0, 0, 0), (0, 0, 0)), ["fixed"] * 6), "urdf-structure"),
        (
            urdf(IRB120, ((0, 0, 0), (0, 0, 0))).replace('<axis xyz="1.0 0.0 0.0"/>', '<axis xyz="0 0 0"/>'),
            "urdf-value",
        ),
        (urdf(IRB120, ((0, 0, 0), (0, 0, 0))).replace("<limit", '<mimic joint="q1"/><limit'), "urdf-structure"),
        (urdf(IRB120, ((0, 0, 0), (0, 0, 0))).replace('<parent link="l0"/>', '<parent link="flange"/>'), "urdf-tip"),
        (urdf(IRB120, ((0, 0, 0), (0, 0, 0))).replace('<parent link="l3"/>', ""), "urdf-structure"),
        (
            '<robot name="r" xmlns:xacro="http://ros.org/wiki/xacro"><xacro:macro name="m"></xacro:macro></robot>',
            "urdf-structure",
        ),
    ],
)
def test_a_broken_or_hostile_file_is_named(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text(text)
    with pytest.raises(CalibError) as caught:
        load_geometry(path)
    assert caught.value.code == code
    assert "robot.urdf" in caught.value.where


def test_a_loop_with_a_tip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text(urdf(IRB120, ((0, 0, 0), (0, 0, 0))).replace('<parent link="l0"/>', '<parent link="flange"/>'))
    with pytest.raises(CalibError, match="loop"):
        load_geometry(path, tip="flange")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(CalibError) as caught:
        load_geometry("nowhere.urdf")
    assert caught.value.code == "urdf-unreadable"


def chain_of(kind: str, count: int) -> str:
    joint = '<joint name="j{0}" type="{1}"><parent link="l{0}"/><child link="l{2}"/></joint>'
    return '<robot name="r">' + "".join(joint.format(i, kind, i + 1) for i in range(count)) + "</robot>"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (chain_of("revolute", MOST_JOINTS + 1), "too-many-joints"),
        (chain_of("revolute", MOST_IN_CHAIN + 1), "urdf-structure"),
        (chain_of("fixed", MOST_IN_CHAIN + 1), "urdf-structure"),
        (chain_of("revolute", 900).replace('link="l0"', 'link="l900"'), "urdf-tip"),
        ('<robot name="r"/>' + " " * MAX_BYTES, "urdf-unreadable"),
    ],
)
def test_a_description_of_more_than_an_arm_is_refused_in_few_words(content: str, code: str, tmp_path: Path) -> None:
    """The motions of 20,000 joints among one another are 3 GB."""
    (tmp_path / "arm.urdf").write_text(content)
    with pytest.raises(CalibError) as caught:
        load_geometry(tmp_path / "arm.urdf")
    assert caught.value.code == code
    assert len(str(caught.value)) < 2000


def test_fixed_joints_and_branches_beyond_the_tip_are_no_joints_of_the_arm(tmp_path: Path) -> None:
    branch = chain_of("fixed", 2_000)[len('<robot name="r">') :].replace('link="l', 'link="tree')
    (tmp_path / "arm.urdf").write_text(chain_of("revolute", MOST_JOINTS).replace("</robot>", branch))
    assert load_geometry(tmp_path / "arm.urdf", tip=f"l{MOST_JOINTS}").joints == MOST_JOINTS


def test_another_arm_on_the_torso_is_named(tmp_path: Path) -> None:
    def arm(root: str, side: str, joints: int) -> str:
        links = [root, *(f"{side}_{i}" for i in range(joints))]
        return "".join(
            f'<joint name="{child}_joint" type="revolute"><parent link="{parent}"/><child link="{child}"/>'
            '<origin xyz="0 0.1 0.2"/><axis xyz="1 0 0"/><limit lower="-2" upper="2"/></joint>'
            for parent, child in itertools.pairwise(links)
        )

    tree = arm("base", "torso", 2) + arm("torso_1", "left", 6) + arm("torso_1", "right", 6) + arm("torso_1", "neck", 2)
    (tmp_path / "two.urdf").write_text(f'<robot name="r">{tree}{arm("base", "third", 5)}</robot>')
    assert load_geometry(tmp_path / "two.urdf", tip="left_5").carried == ("right_0",)
    assert load_geometry(tmp_path / "two.urdf", tip="third_4").carried == ()
