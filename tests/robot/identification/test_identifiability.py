"""What cannot be told apart is found before solving, held at nominal, and named with what it trades with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from calib.engine import Problem
from calib.errors import DegenerateError, UsageError
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm_model import Arm
from calib.robot.calibration import calibrate, identify
from calib.robot.effect import conditions_of, load_effect
from calib.robot.identification.free_parameters import free_set, hold_redundant
from calib.robot.identification.identifiability import Identifiability, examine
from calib.robot.identification.model import Model, model_rows, pose_problem
from calib.robot.identification.request import Request
from calib.robot.measurement import load_measurement
from calib.robot.simulation.simulate import simulate
from calib.robot.table.holdout import Split
from calib.robot.table.pose_table import PoseTable


def table_of(name: str, kind: str = "pose", poses: int = 60) -> PoseTable:
    return simulate(load_geometry(name), measurement=kind, poses=poses, seed=2).table


def found(
    name: str, model: str = "geometry", kind: str = "pose", free: Sequence[str] = (), effects: Sequence[str] = ()
) -> tuple[Identifiability, Model]:
    arm, measurement = load_geometry(name), load_measurement(kind)
    table = table_of(name, kind, 400 if kind == "distance" else 60)
    wish = free_set(arm, model, (), free)
    bare = Model(arm, measurement, arm, tuple(map(load_effect, effects)))
    asked = replace(bare, held=wish.held_labels(bare))
    start = measurement.start(base_from_flange(arm, table.joints), table, 0)
    held, sorted_out = hold_redundant(asked, model_rows(asked, table, conditions_of(table)), start.values, wish.freed)
    return sorted_out, held


def trades(identifiability: Identifiability) -> dict[str, tuple[str, ...]]:
    return {each.label: each.partners for each in identifiability.redundant}


def test_the_ends_of_the_arm_trade_with_the_frames() -> None:
    base, target = ("world_from_base",), ("flange_from_target",)
    ends = {"theta6_rad": target, "d6_m": target, "a6_m": target, "alpha6_rad": target}
    assert trades(found("ur10e")[0]) == {"theta1_rad": base, "d1_m": base, **ends}
    first = dict.fromkeys(("theta1_rad", "d1_m", "a1_m", "alpha1_rad"), base)
    assert trades(found("franka_fr3")[0]) == {**first, "theta7_rad": target, "d7_m": target}  # modified DH


def test_an_anchor_and_a_point_take_what_a_frame_would() -> None:
    named = trades(found("ur10e", kind="distance")[0])
    assert set(named["theta1_rad"]) == {"anchor_in_base"}
    assert set(named["alpha6_rad"]) == {"target_in_flange"}
    assert len(named) == 6


def test_offsets_lose_the_first_and_the_last_joint() -> None:
    sorted_out, _ = found("ur10e", "offsets")
    assert set(trades(sorted_out)) == {"theta1_rad", "theta6_rad"}
    assert sorted_out.rank == 4 + 12


def test_parallel_axes_trade_their_offsets_and_the_user_says_which_stays() -> None:
    extra = trades(found("ur10e", free=["d2", "d3"])[0])
    assert extra["d3_m"] == ("d2_m",)
    assert extra["d4_m"] == ("d2_m",)
    assert "d2_m" not in extra


def test_a_slide_has_a_direction_but_no_place() -> None:
    named = trades(found("stanford")[0])
    assert named["a3_m"] == ("d2_m",)
    assert len(named) == 8  # 6 at the ends, 2 of the slide


def test_gravity_and_a_harmonic_of_one_joint_are_the_same() -> None:
    sorted_out, held = found("ur10e", "full", effects=["gear_harmonics", "compliance"])
    named = trades(sorted_out)
    between = [label for label in named if label.startswith(("sag", "harmonic"))]
    assert len(between) == 1
    assert any(other.startswith(("harmonic", "sag")) for other in named[between[0]])
    assert between[0] in held.held


def test_profiles_that_no_row_comes_by_are_silent_not_redundant() -> None:
    arm = load_geometry("irb120")
    table = replace(table_of("irb120", poses=300), joints=table_of("irb120", poses=300).joints * 0.3)
    model = Model(arm, load_measurement("pose"), arm, (load_effect("joint_profile"),), frozenset(arm.labels))
    start = model.measurement.start(base_from_flange(arm, table.joints), table_of("irb120", poses=300), 0)
    problem = pose_problem(model, model_rows(model, table, conditions_of(table)), start.values, priors=False)
    sorted_out = examine(problem)
    assert len(sorted_out.silent) > 200
    assert not set(sorted_out.silent) & set(trades(sorted_out))


def test_redundant_parameters_keep_their_nominal_value_and_have_no_interval() -> None:
    arm = load_geometry("ur10e")
    calibration = calibrate(table_of("ur10e", poses=80), arm)
    nominal = dict(zip(arm.labels, arm.parameters, strict=True))
    assert len(calibration.identifiability.redundant) == 6
    for each in calibration.identifiability.redundant:
        assert calibration.parameters[each.label].value == nominal[each.label]
        assert calibration.parameters[each.label].sigma == np.inf
        assert each.label in str(each)
    estimated = [label for label in calibration.labels if 0 < calibration.parameters[label].sigma < np.inf]
    assert len(estimated) + 12 == calibration.identifiability.rank == calibration.identifiability.expected_rank == 30


def test_observability_indices_follow_their_formulas() -> None:
    identifiability = Identifiability(3, (), (), np.array([4.0, 2.0, 1.0]), 16)
    assert identifiability.observability == pytest.approx({"O1": 2 / 4, "O2": 0.25, "O3": 1, "O4": 0.25, "O5": 4 / 7})


def test_singular_values_are_those_of_the_whole_jacobian() -> None:
    sorted_out, held = found("irb120")
    table = table_of("irb120")
    start = held.measurement.start(base_from_flange(held.arm, table.joints), table, 0)
    problem: Problem = pose_problem(held, model_rows(held, table, conditions_of(table)), start.values)
    _, jacobians = problem.residuals[0].evaluate(problem.start, slice(0, len(table.joints)))
    dense = np.concatenate(
        [jacobian[:, :, block.free] for jacobian, block in zip(jacobians, problem.parameters, strict=True)], axis=2
    )
    singular = np.linalg.svd(dense.reshape(-1, dense.shape[2]), compute_uv=False)
    np.testing.assert_allclose(sorted_out.singular, singular, rtol=1e-9)


def still(name: str, joint: int) -> tuple[SerialArm, PoseTable]:
    table = table_of(name)
    joints = table.joints.copy()
    joints[:, joint] = 0.7
    return load_geometry(name), replace(table, joints=joints)


def test_a_joint_that_never_moved_is_named_unless_it_is_held() -> None:
    arm, table = still("ur10e", 2)
    with pytest.raises(DegenerateError) as caught:
        calibrate(table, arm)
    assert caught.value.code == "joint-not-moved"
    assert "joint 3" in caught.value.what
    assert "theta3_rad,a3_m,alpha3_rad,beta3_rad" in caught.value.advice
    # the table was measured with that joint elsewhere: no arm fits it, but nothing refuses to identify one
    identify(Arm(arm), table, Request(fix=("theta3", "a3", "alpha3", "beta3")), Split())


def test_wishes_are_read_strictly() -> None:
    arm = load_geometry("ur10e")
    assert free_set(arm, "geometry", ["theta2"], ["d2_m"]) == free_set(arm, "geometry", ["theta2_rad"], ["d2"])
    assert len(free_set(arm, "full", ["gear_ratio"], []).fixed) == 6
    for model, fix, free, code in (
        ("geometry", ["thet2"], [], "unknown-label"),
        ("geometry", ["d2"], ["d2_m"], "label-conflict"),
        ("geometries", [], [], "unknown-model"),
    ):
        with pytest.raises(UsageError) as caught:
            free_set(arm, model, fix, free)
        assert caught.value.code == code
