"""Every shipped arm keeps the contract; forward kinematics, derivatives, and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calib import config
from calib.errors import CalibError, InputError, UsageError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import CHUNK, base_from_flange, flange_jacobian
from calib.robot.arm.read import check_errors, load_geometry, parse_geometry, shipped_arms
from calib.robot.arm.serial_arm import MOST_JOINTS, SerialArm
from calib.robot.arm.write import geometry_as_yaml
from calib.robot.arm_file import save_arm

ARMS = shipped_arms()
STEP = 1e-30  # complex step: no cancellation, so any tiny value


def commands(arm: SerialArm, rows: int, seed: int) -> np.ndarray:
    """Random joint values within the limits, or within a turn and a metre."""
    low = np.where(np.isfinite(arm.limits[:, 0]), arm.limits[:, 0], -np.pi)
    high = np.where(np.isfinite(arm.limits[:, 1]), arm.limits[:, 1], np.pi)
    return np.random.default_rng(seed).uniform(low, high, (rows, arm.joints))


def tangents(pose: np.ndarray, derivative: np.ndarray) -> np.ndarray:
    """Right tangents (n, 6) of poses (n, 4, 4) that change by derivative (n, 4, 4)."""
    x = se3.inverse(pose) @ derivative
    return np.stack([x[:, 0, 3], x[:, 1, 3], x[:, 2, 3], x[:, 2, 1], x[:, 0, 2], x[:, 1, 0]], axis=-1)


def test_the_arms_of_the_plan_are_shipped() -> None:
    expected = "ur3e ur5e ur10e ur3_cb3 ur5_cb3 ur10_cb3 franka_panda franka_fr3 iiwa7 iiwa14 xarm6 gen3 gofa_5"
    expected += " crx10ia_l r2000ic_165f doosan_m1013 doosan_m0609 techman_tm5_900 irb120 tx2_90l puma560 stanford"
    assert set(expected.split()) <= set(ARMS)


@pytest.mark.parametrize("name", ARMS)
def test_shipped_arm_says_where_it_comes_from_and_passes_its_checks(name: str) -> None:
    arm = load_geometry(name)
    assert arm.name == name
    assert len(arm.source) > 10
    assert arm.checks, "an arm without a check pose is not shipped"
    for check, (distance, angle) in zip(arm.checks, check_errors(arm), strict=True):
        assert len(check.source) > 10
        assert check.within_m <= 1.6e-3
        assert check.within_rad <= np.radians(0.1)
        assert distance <= check.within_m
        assert angle <= check.within_rad
    assert np.all(arm.limits[:, 0] < arm.limits[:, 1])
    assert np.abs(arm.table[:, 1:3]).max() < 3, "a length over 3 m is a wrong unit"


@pytest.mark.parametrize("name", ARMS)
def test_derivatives_match_complex_steps(name: str) -> None:
    arm = load_geometry(name)
    q = commands(arm, 5, seed=1)
    parameters = arm.parameters + np.random.default_rng(2).normal(0, 0.05, 5 * arm.joints)
    pose, by_parameter, by_command = flange_jacobian(arm, q, parameters)
    np.testing.assert_allclose(pose, base_from_flange(arm, q, parameters), rtol=0, atol=1e-13)
    for k in range(5 * arm.joints):
        moved = parameters.astype(complex)
        moved[k] += 1j * STEP
        derivative = base_from_flange(arm, q, moved).imag / STEP
        np.testing.assert_allclose(by_parameter[:, :, k], tangents(pose, derivative), rtol=0, atol=1e-11)
    for k in range(arm.joints):
        turned = q.astype(complex)
        turned[:, k] += 1j * STEP
        derivative = base_from_flange(arm, turned, parameters).imag / STEP
        np.testing.assert_allclose(by_command[:, :, k], tangents(pose, derivative), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ARMS)
def test_arm_survives_its_file_bit_for_bit(name: str, tmp_path: Path) -> None:
    arm = load_geometry(name)
    path = tmp_path / "arm.yaml"
    save_arm(arm, path)
    again = load_geometry(path)
    for field in ("table", "motion_from_command", "limits", "base", "tool"):
        np.testing.assert_array_equal(getattr(again, field), getattr(arm, field), err_msg=field)
    for field in ("name", "title", "source", "convention", "prismatic", "joint_names"):
        assert getattr(again, field) == getattr(arm, field)
    assert len(again.checks) == len(arm.checks)
    with pytest.raises(UsageError, match="already exists"):
        save_arm(arm, path)
    save_arm(arm, path, overwrite=True)


def elementary(convention: str, theta: float, d: float, a: float, alpha: float, beta: float) -> np.ndarray:
    """One row, multiplied out from the definitions."""
    z = se3.compose(so3.exp(np.array([0, 0, theta])), np.array([0, 0, d]))
    x = se3.compose(so3.exp(np.array([alpha, 0, 0])) @ so3.exp(np.array([0, beta, 0])), np.array([a, 0, 0]))
    return z @ x if convention == "standard_dh" else x @ z


@pytest.mark.parametrize("convention", ["standard_dh", "modified_dh"])
def test_forward_kinematics_is_the_product_of_its_rows(convention: str) -> None:
    random = np.random.default_rng(3)
    table = random.normal(0, 0.7, (5, 5))
    prismatic = (False, True, False, False, True)
    coupling = np.eye(5)
    coupling[2, 1] = 0.5
    coupling[3, 3] = -1
    base, tool = se3.exp(random.normal(size=6)), se3.exp(random.normal(size=6))
    arm = SerialArm(
        "x", convention, table, prismatic, coupling, np.tile([-9.0, 9.0], (5, 1)), base, tool, tuple("abcde")
    )
    q = random.normal(size=(4, 5))
    for row, pose in zip(q, base_from_flange(arm, q), strict=True):
        motion = coupling @ row
        expected = base
        for values, slides, moved in zip(table, prismatic, motion, strict=True):
            theta, d, a, alpha, beta = values
            expected = expected @ elementary(
                convention, theta + moved * (not slides), d + moved * slides, a, alpha, beta
            )
        np.testing.assert_allclose(pose, expected @ tool, rtol=0, atol=1e-14)


def test_batches_of_any_shape_and_size_agree() -> None:
    arm = load_geometry("gen3")
    q = commands(arm, 2 * CHUNK + 3, seed=4)
    poses = base_from_flange(arm, q)
    np.testing.assert_allclose(poses[[0, CHUNK, -1]], base_from_flange(arm, q[[0, CHUNK, -1]]), rtol=0, atol=1e-14)
    assert base_from_flange(arm, q[0]).shape == (4, 4)
    assert base_from_flange(arm, q[:6].reshape(2, 3, 7)).shape == (2, 3, 4, 4)
    assert base_from_flange(arm, q[:0]).shape == (0, 4, 4)
    with pytest.raises(InputError, match="7 joints, found 6"):
        base_from_flange(arm, q[:, :6])


def test_labels_carry_units_and_order() -> None:
    arm = load_geometry("ur10e")
    assert arm.labels[:6] == ("theta1_rad", "d1_m", "a1_m", "alpha1_rad", "beta1_rad", "theta2_rad")
    assert arm.parameters[arm.labels.index("a2_m")] == -0.6127
    moved = arm.parameters
    moved[arm.labels.index("d4_m")] += 0.001
    longer = arm.with_parameters(moved)
    assert longer.checks == ()
    np.testing.assert_array_equal(base_from_flange(longer, np.ones(6)), base_from_flange(arm, np.ones(6), moved))


def test_near_parallel_axes_trade_d_for_beta() -> None:
    ur = load_geometry("ur10e")
    assert ur.near_parallel == (False, True, True, False, False)
    assert not {"d2_m", "d3_m"} & set(ur.geometry_labels)
    assert {"beta2_rad", "beta3_rad", "d4_m"} <= set(ur.geometry_labels)
    irb = load_geometry("irb120")  # modified: the link between axes 2 and 3 stands in row 3
    assert "beta3_rad" in irb.geometry_labels
    assert "d2_m" not in irb.geometry_labels
    assert not any(label.startswith("beta") for label in load_geometry("franka_panda").geometry_labels)


def test_teach_pendant_coupling_moves_joint_3_with_joint_2() -> None:
    arm = load_geometry("crx10ia_l")
    motion = arm.motions(np.array([0, 0.3, 0.1, 0, 0, 0]))
    np.testing.assert_allclose(motion, [0, 0.3, 0.4, 0, 0, 0], rtol=0, atol=1e-15)
    upper = base_from_flange(arm, np.array([[0, 0.0, 0.2, 0, 0, 0], [0, 0.5, 0.2, 0, 0, 0]]))
    np.testing.assert_allclose(upper[0, :3, :3], upper[1, :3, :3], rtol=0, atol=1e-12)


def test_limits_are_those_of_the_commanded_values() -> None:
    arm = load_geometry("stanford")
    assert not arm.outside_limits(np.array([0, 0, 0.5, 0, 0, 0])).any()
    assert arm.outside_limits(np.array([0, 0, 0.1, 0, 0, 0])).tolist() == [False, False, True, False, False, False]


GOOD = """
name: two
source: a test
convention: standard_dh
joints:
  - {theta_deg: 90, d_mm: 100, a_m: 0.2, alpha_deg: 90, sign: -1, limits_deg: [-90, 90]}
  - {type: prismatic, d_m: 0, a_m: 0, alpha_rad: 0, limits_mm: [0, 500]}
tool: {position_mm: [0, 0, 10], rotation_vector_deg: [0, 180, 0]}
"""


def test_units_of_a_row_become_si() -> None:
    arm = parse_geometry(config.parse_yaml(GOOD, "x"), "x")
    np.testing.assert_array_equal(arm.table[0], [np.pi / 2, 0.1, 0.2, np.pi / 2, 0])
    np.testing.assert_array_equal(arm.limits[1], [0, 0.5])
    assert arm.motion_from_command[0, 0] == -1
    np.testing.assert_allclose(arm.tool[:3, 3], [0, 0, 0.01])
    assert arm.joint_names == ("j1", "j2")


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("alpha_deg: 90", "alfa_deg: 90", "config-unknown-key", "did you mean 'alpha_deg'?"),
        ("a_m: 0.2, ", "", "config-missing-key", "joints[0]"),
        ("a_m: 0.2", "a_m: 0.2, a_mm: 200", "arm-value", "given twice"),
        ("convention: standard_dh", "convention: dh", "config-value", "standard_dh, modified_dh"),
        ("limits_deg: [-90, 90]", "limits_m: [-90, 90]", "arm-value", "limits_rad or limits_deg"),
        ("limits_deg: [-90, 90]", "limits_deg: [90, -90]", "arm-value", "lower limit"),
        ("sign: -1", "sign: 2", "config-value", "one of 1, -1"),
        ("d_mm: 100", "d_mm: .nan", "config-value", "finite"),
        ("tool: {", "tool: {quaternion_xyzw: [0, 0, 0, 1], ", "arm-value", "one rotation"),
        ("source: a test", "couplings: [{joint: 3, adds: 1, ratio: 1}]\nsource: a test", "arm-value", "from 1 to 2"),
        ("source: a test", "couplings: [{joint: 1, adds: 1, ratio: 1}]\nsource: a test", "arm-value", "itself"),
    ],
)
def test_a_wrong_file_is_named(old: str, new: str, code: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load_geometry(path)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert "two.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("{joints_rad_m: [0, 0], position_m: [9, 0, 0], source: made up}", "does not reproduce this check pose"),
        ("{joints_rad_m: [0, 0], position_m: [0, 0.2, 0.1]}", "needs its source"),
        ("{joints_rad_m: [0], position_m: [0, 0, 0], source: s}", "expected 2 joint values"),
        ("{joints_deg: [0, 0], position_m: [0, 0, 0], source: s}", "joints_rad_m"),
        ("{joints_rad_m: [0, 0], source: s}", "needs the position"),
        (
            "{joints_rad_m: [0, 0], source: s, matrix: [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]}",
            "rotation",
        ),
        ("{joints_rad_m: [0, 0], source: s, matrix: [[1, 0, 0, 0], [0, 1, 0, 0]]}", "four rows"),
    ],
)
def test_a_wrong_check_is_refused(check: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(GOOD + f"checks:\n  - {check}\n")
    with pytest.raises(CalibError) as caught:
        load_geometry(path)
    assert says in str(caught.value)


def test_a_table_typed_in_the_other_convention_misses_its_check(tmp_path: Path) -> None:
    text = config.shipped_folder("configs/arms").joinpath("ur5e.yaml").read_text()
    path = tmp_path / "ur5e.yaml"
    path.write_text(text.replace("convention: standard_dh", "convention: modified_dh"))
    with pytest.raises(InputError) as caught:
        load_geometry(path)
    assert caught.value.code == "arm-check-failed"


def test_an_unknown_arm_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'ur10e'"):
        load_geometry("ur10ee")
    with pytest.raises(UsageError) as caught:
        load_geometry("nowhere.yaml")
    assert caught.value.code == "config-unreadable"


def test_text_with_quotes_and_accents_survives() -> None:
    arm = replace(load_geometry("ur5e"), title='Stäubli "best": #1', source="a\nb")
    again = parse_geometry(config.parse_yaml(geometry_as_yaml(arm), "x"), "x")
    assert (again.title, again.source) == (arm.title, arm.source)


def test_an_arm_of_more_joints_than_any_has_is_refused() -> None:
    """Before anything is worked out of it: a megabyte of rows would be a matrix of a gigabyte."""
    document = {
        "name": "long",
        "source": "none",
        "convention": "standard_dh",
        "joints": [{"d_m": 0, "a_m": 0, "alpha_deg": 0}] * (MOST_JOINTS + 1),
    }
    with pytest.raises(InputError, match="201 moving joints") as caught:
        parse_geometry(document, "long.yaml")
    assert caught.value.code == "too-many-joints"
