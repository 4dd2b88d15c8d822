"""The arm is found by its residual, told apart from its sisters, and never guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.seeds import every

from calib.errors import DegenerateError, InputError, UsageError
from calib.robot.arm.read import load_geometry, shipped_arms
from calib.robot.conventions.find_arm import find_arm
from calib.robot.conventions.interpretations import interpretations
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import simulate
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.read import read_poses


@pytest.mark.parametrize("name", every(3, [name for name in shipped_arms() if name != "cobra600"]))
def test_every_shipped_arm_is_found(name: str) -> None:
    """By positions alone, each a millimetre off; a SCARA's flange turns about one axis, which no start can place."""
    measured = simulate(load_geometry(name), measurement="position", poses=60, spread=Spread(error_rad=5e-4), seed=1)
    found = find_arm(measured.table)
    assert name in (found.arm.name, *found.identical)
    if name == found.arm.name and found.next_best is not None:
        assert found.distinct
        assert f"next best {found.next_best.arm.name}" in str(found)


def test_identical_geometries_are_named_and_limits_decide() -> None:
    for name, other in (("franka_fr3", "franka_panda"), ("franka_panda", "franka_fr3")):
        measured = simulate(load_geometry(name), poses=60, seed=2)
        found = find_arm(measured.table)
        assert (found.arm.name, found.identical) == (name, (other,))
        assert f"the same geometry as {other}" in str(found)
        assert found.next_best is not None
        assert found.next_best.arm.name != other


def test_an_arm_that_is_not_shipped_is_refused_with_all_distances() -> None:
    arm = load_geometry("ur5e")
    rng = np.random.default_rng(3)
    odd = arm.with_parameters(arm.parameters + rng.normal(0, 0.2, 30) * np.isin(arm.labels, arm.geometry_labels))
    with pytest.raises(InputError) as caught:
        find_arm(simulate(odd, poses=60, seed=3).table)
    error = caught.value
    assert (error.code, error.exit_status) == ("no-arm-fits", 3)
    assert (
        error.why.count(" mm") == sum(len(load_geometry(name).prismatic) == 6 for name in shipped_arms()) - 1
    )  # Stanford
    assert "--arm" in error.advice


def test_another_reading_is_offered_and_taken_only_when_asked() -> None:
    measured = simulate(load_geometry("franka_fr3"), poses=60, seed=4)
    named = {reading.name: reading for reading in interpretations(measured.nominal, measured.table)}
    table = named["joint angles are radians, read as degrees"].table(measured.table)
    with pytest.raises(InputError, match="no shipped arm of 7 joints fits") as caught:
        find_arm(table)
    assert "joint angles are degrees, read as radians" in caught.value.advice
    assert "--fix-conventions" in caught.value.advice
    found = find_arm(table, fix=True)
    assert {found.arm.name, *found.identical} == {"franka_fr3", "franka_panda"}
    assert found.finding is not None
    np.testing.assert_allclose(found.finding.apply(table).joints, measured.table.joints, atol=1e-12)


def test_nothing_to_tell_an_arm_by_is_said() -> None:
    contact = simulate(load_geometry("ur5e"), measurement="point", poses=30, seed=5)
    with pytest.raises(UsageError) as caught:
        find_arm(contact.table)
    assert caught.value.code == "arm-needed"
    assert find_arm(contact.table, "point").arm.name == "ur5e"
    few = simulate(load_geometry("ur5e"), poses=3, seed=5)
    with pytest.raises(DegenerateError) as degenerate:
        find_arm(few.table)
    assert degenerate.value.code == "too-few-poses"
    table = simulate(load_geometry("ur5e"), poses=30, seed=5).table
    still = PoseTable(np.tile(table.joints[0], (30, 1)), table.prismatic, table.target, table.pose, table.lines,
                      position=table.position, quaternion_xyzw=table.quaternion_xyzw)  # fmt: skip
    with pytest.raises(DegenerateError, match="all poses are alike"):
        find_arm(still)
    nine = PoseTable(np.zeros((30, 9)), (False,) * 9, table.target, table.pose, table.lines, position=table.position)
    with pytest.raises(InputError, match="no shipped arm of 9 joints") as caught_nine:
        find_arm(nine)
    assert "RRRRRRRRR" in caught_nine.value.why


@pytest.mark.parametrize(("file", "name", "after"), [
    ("ur10_leica_pose/series_c.csv", "ur10_cb3", "ur10e"), ("ur10_leica_pose/series_b.csv", "ur10_cb3", "ur10e"),
    ("irb120_tracker_position/poses.csv", "irb120", "gofa_5"), ("fr3_camera_pose/poses.csv", "franka_fr3", "iiwa7"),
])  # fmt: skip
def test_measured_arms_are_found(real_robots: Path, file: str, name: str, after: str) -> None:
    found = find_arm(read_poses(real_robots / file))
    assert found.arm.name == name
    assert found.distinct
    assert found.next_best is not None
    assert found.next_best.arm.name == after
