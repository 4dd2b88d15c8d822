"""A URDF with several last links: `--tip`, wherever an arm is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cases.command import Run

LINKS = {"a": (0, 0, 0.3, 1, 0, 0), "b": (0, 0, 0.4, 0, 1, 0), "c": (0.1, 0, 0.3, 0, 1, 0)}  # origin, axis


@pytest.fixture
def urdf(tmp_path: Path) -> Path:
    """Three joints, and at their end a tool and a finger."""
    joint = '<joint name="{0}" type="{1}"><parent link="{2}"/><child link="{0}"/><origin xyz="{3}"/>{4}</joint>'
    joints, parent = [], "world"
    for name, (x, y, z, *axis) in LINKS.items():
        limited = '<axis xyz="{} {} {}"/><limit lower="-2" upper="2"/>'.format(*axis)
        joints.append(joint.format(name, "revolute", parent, f"{x} {y} {z}", limited))
        parent = name
    joints += [
        joint.format(tip, "fixed", parent, place, "") for tip, place in (("tool", "0 0 0.1"), ("finger", "0 0.1 0"))
    ]
    path = tmp_path / "three.urdf"
    path.write_text(f'<robot name="three">{"".join(joints)}</robot>')
    return path


@pytest.mark.parametrize("command", ["robot", "robot-images"])
def test_an_arm_is_simulated_as_far_as_its_tip(run: Run, urdf: Path, command: str) -> None:
    refused = run("simulate", command, "--arm", urdf, "--output", "sim")
    assert refused.exit_code == 2
    assert "error [urdf-tip]" in refused.stderr
    assert "why: finger, tool" in refused.stderr
    assert "--tip finger" in refused.stderr
    wrong = run("simulate", command, "--arm", urdf, "--tip", "tol", "--output", "sim")
    assert "did you mean 'tool'?" in wrong.stderr


def test_the_tip_reaches_the_identification(run: Run, urdf: Path) -> None:
    assert run("simulate", "robot", "--arm", urdf, "--tip", "tool", "--output", "sim").exit_code == 0
    poses = ("robot", "--poses", "sim/poses.csv", "--arm", urdf)
    assert "error [urdf-tip]" in run(*poses).stderr
    assert run(*poses, "--tip", "tool", "--output", "out").exit_code == 0
    again = run("robot", "--poses", "sim/poses.csv", "--arm", "out", "--output", "again")
    assert again.exit_code == 0, again.output
    unused = run("robot", "--poses", "sim/poses.csv", "--arm", "out", "--tip", "tool")
    assert "error [tip-unused]" in unused.stderr


def test_a_tip_without_an_arm_is_refused(run: Run) -> None:
    Path("poses.csv").write_text("j1_deg,x_m,y_m,z_m\n0,1,2,3\n")
    result = run("robot", "--poses", "poses.csv", "--tip", "tool")
    assert result.exit_code == 2
    assert "error [arm-needed]" in result.stderr
    assert "--arm" in result.stderr


def test_an_arm_of_a_cell_has_its_tip(run: Run, urdf: Path) -> None:
    assert run("simulate", "robot", "--arm", urdf, "--tip", "tool", "--output", "sim").exit_code == 0
    arm = "{arm: three.urdf, poses: sim/poses.csv%s}"
    Path("cell.yaml").write_text(f"arms:\n  left: {arm % ''}\n  right: {arm % ''}\n")
    assert "error [urdf-tip]" in run("cell", "--config", "cell.yaml").stderr
    Path("cell.yaml").write_text(f"arms:\n  left: {arm % ', tip: tool'}\n  right: {arm % ', tip: tool'}\n")
    result = run("cell", "--config", ".", "--output", "out")
    assert result.exit_code == 0, result.output


def test_the_hand_of_a_published_arm(run: Run, real_data: Callable[[str], Path]) -> None:
    """A Panda with fingers, and the ball by which it was measured: the ball is one of three tips."""
    case = real_data("cases/robot-urdf-tips")
    measured = ("--poses", case / "panda_ball_in_sockets.csv", "--measurement", "point")
    arm = ("--arm", case / "panda_with_fingers.urdf")
    assert "why: ball_link, panda_leftfinger, panda_rightfinger" in run("robot", *measured, *arm).stderr
    result = run("robot", *measured, *arm, "--tip", "ball_link")
    assert result.exit_code == 0
    assert "verdict: good" in result.stdout
