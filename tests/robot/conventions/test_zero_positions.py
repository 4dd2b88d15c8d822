"""Joint offsets by search: zero positions that nobody knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calib.errors import InputError
from calib.robot.arm.dh_row import THETA
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.conventions.residual import DECISIVE
from calib.robot.conventions.zero_positions import find_offsets, fit_zeros, with_offsets
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import simulate


def test_unknown_zero_positions_are_found() -> None:
    arm = load_geometry("stanford")
    simulation = simulate(arm, poses=50, seed=3)
    wrong = arm.table.copy()
    turned = np.radians([0.0, 120.0, 0.0, -80.0, 150.0, 0.0])
    wrong[:, THETA] += turned
    generations: list[int] = []

    def watch(generation: int, _: int) -> bool:
        generations.append(generation)
        return generation >= 25  # enough for three joints

    found = find_offsets(replace(arm, table=wrong), simulation.table, seed=1, on_progress=watch)
    assert generations
    assert found.after.sound
    assert found.before.size > DECISIVE * found.after.size
    error = (found.offsets + turned + np.pi) % (2 * np.pi) - np.pi
    assert np.degrees(np.abs(error)).max() < 3.0
    assert "joint 4 +" in str(found)
    fitted = calibrate(simulation.table, found.arm)
    assert fitted.evaluation.decisive is not None
    assert fitted.evaluation.decisive.after.position_mm.mean < 0.15


@pytest.mark.parametrize(("measurement", "joint", "degrees"), [
    ("pose", 4, 5.0),
    pytest.param("position", 4, 10.0, marks=pytest.mark.slow),
    pytest.param("pose", 2, 45.0, marks=pytest.mark.slow),
    pytest.param("distance", 1, -10.0, marks=pytest.mark.slow),
])  # fmt: skip
def test_the_zero_of_a_joint_is_found_unasked(measurement: str, joint: int, degrees: float) -> None:
    """By a fit from nominal; errors and changes are against the arm that was named."""
    simulation = simulate(load_geometry("xarm6"), measurement=measurement, poses=60, seed=4)
    offsets = np.zeros(6)
    offsets[joint] = np.radians(degrees)
    found = fit_zeros(with_offsets(simulation.nominal, -offsets), simulation.table, seed=1)
    assert found is not None
    assert np.degrees(np.abs(found.offsets - offsets)).max() < 1.0
    fitted = calibrate(simulation.table, with_offsets(simulation.nominal, -offsets))
    assert fitted.verdict.grade == "good", fitted.verdict
    heldout = fitted.evaluation.decisive
    assert heldout is not None
    assert heldout.before.position_mm.mean > 20 * heldout.after.position_mm.mean
    remark = next(note for note in fitted.notes if note.startswith("zero positions against the arm file"))
    sign = "-" if degrees < 0 else "+"
    assert remark.removeprefix("zero positions against the arm file: ").startswith(f"joint {joint + 1} {sign}")
    error = fitted.arm.geometry.table[joint, THETA] - simulation.arm.table[joint, THETA]
    assert np.degrees(abs(error)) < 0.1


def test_zeros_that_are_right_are_left_alone() -> None:
    simulation = simulate(load_geometry("ur5e"), poses=40, seed=1, spread=Spread(error_m=5e-3, error_rad=8e-3))
    assert fit_zeros(simulation.nominal, simulation.table) is None
    slack = simulate(load_geometry("ur5e"), poses=40, seed=1, spread=Spread(joint_noise_rad=0.05))
    assert fit_zeros(slack.nominal, slack.table) is None
    answer = calibrate(slack.table, slack.nominal)  # a poor arm gets its answer, whose worth is said
    assert answer.uncertainty.position_95_mm[0] > 5.0
    assert answer.verdict.reason.startswith("positions are uncertain by ")


@pytest.mark.parametrize("measurement", ["pose", pytest.param("position", marks=pytest.mark.slow)])
def test_an_arm_of_the_same_family_is_refused(measurement: str) -> None:
    simulation = simulate(load_geometry("ur5e"), measurement=measurement, poses=60, seed=2)
    with pytest.raises(InputError) as family:
        calibrate(simulation.table, "ur10e")
    assert family.value.code == "arm-does-not-fit"
    assert "a2 would have to change by +" in str(family.value.why)
    assert "--arm ur5e" in family.value.advice


@pytest.mark.slow
@pytest.mark.parametrize("measurement", ["pose", "position"])
def test_rows_of_other_poses_are_refused(measurement: str) -> None:
    simulation = simulate(load_geometry("ur5e"), measurement=measurement, poses=60, seed=2)
    mispaired = replace(simulation.table, joints=np.roll(simulation.table.joints, 1, axis=0))
    with pytest.raises(InputError) as rolled:
        calibrate(mispaired, "ur5e")
    assert rolled.value.code == "arm-does-not-fit"
    assert "chance" in str(rolled.value.why)


@pytest.mark.slow
def test_swapped_columns_are_named_behind_a_zero_that_is_off() -> None:
    simulation = simulate(load_geometry("ur5e"), measurement="position", poses=60, seed=6)
    off = np.radians(15.0) * (np.arange(6) == 1)
    table = replace(simulation.table, joints=(simulation.table.joints - off)[:, [0, 1, 2, 4, 3, 5]])
    with pytest.raises(InputError, match="the columns of joints 4 and 5 are swapped"):
        calibrate(table, simulation.nominal)
    found = calibrate(table, simulation.nominal, fix_conventions=True)
    assert found.verdict.grade == "good"
    assert any("joint 2 +15.0" in note or "joint 2 +14.9" in note for note in found.notes)
