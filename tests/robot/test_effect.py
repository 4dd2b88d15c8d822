"""The contract of every effect, and its basis against exact models of what it stands for."""

from __future__ import annotations

import re

import numpy as np
import pytest

from calib.arrays import Array
from calib.errors import UsageError
from calib.geometry import se3
from calib.robot.arm.kinematics import about_z, base_from_flange, link_constants
from calib.robot.arm.read import load_geometry
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.workspace import command_range, random_commands
from calib.robot.effect import Conditions, conditions_of, load_effect, motion_tangents, shipped_effects
from calib.robot.gravity import STANDARD_GRAVITY, loads
from calib.robot.table.pose_table import PoseTable

ARMS = ("ur5e", "franka_panda", "irb120", "stanford", "cobra600", "r2000ic_165f")
UNIT = re.compile(r".*_(rad|m|per_k|rad_per_rad|m_per_m|rad_per_m|rad_per_nm|m_per_n)")
STEP = 1e-6


def posed(name: str, rows: int = 30) -> tuple[SerialArm, Array, Conditions]:
    arm = load_geometry(name)
    rng = np.random.default_rng(5)
    conditions = Conditions(rng.normal(0, 3, rows), rng.uniform(0, 5, rows))
    return arm, random_commands(arm, rows, rng), conditions


def tangents_to(arm: SerialArm, command: Array, moved: Array) -> Array:
    """The right tangents (n, 6) of poses moved by STEP of a parameter."""
    return np.asarray(se3.log(se3.inverse(base_from_flange(arm, command)) @ moved)) / STEP


@pytest.mark.parametrize("effect", [load_effect(name) for name in shipped_effects()], ids=lambda effect: effect.name)
@pytest.mark.parametrize("name", ARMS)
def test_every_effect_keeps_the_contract(name: str, effect) -> None:
    arm, command, conditions = posed(name)
    labels = effect.labels(arm)
    assert len(set(labels)) == len(labels)
    assert not set(labels) & set(arm.labels)
    assert all(UNIT.fullmatch(label) for label in labels)
    basis = effect.tangent(arm, command, conditions)
    assert basis.shape == (len(command), 6, len(labels))
    assert np.isfinite(basis).all()
    moves = np.abs(basis).max(axis=(0, 1), initial=0.0) > 1e-3  # what is local may lie where these poses are not
    assert moves.any() or not labels, "an effect that moves nothing"
    typical = effect.typical(arm)
    assert typical.shape == (len(labels),)
    assert (typical > 0).all()
    assert (typical < 1e-2).all()
    half = slice(0, None, 2)
    np.testing.assert_allclose(effect.tangent(arm, command[half], conditions.rows(half)), basis[half], atol=1e-14)
    off = arm.with_parameters(arm.parameters + np.random.default_rng(6).normal(0, 1e-3, 5 * arm.joints))
    assert effect.labels(off) == labels, "labels must survive identification"
    assert effect.tangent(arm, command, Conditions()).shape == basis.shape
    assert effect.title
    assert load_effect(effect.name) is effect


@pytest.mark.parametrize("name", ARMS)
def test_gears_move_their_joints(name: str) -> None:
    arm, command, conditions = posed(name)
    back = np.linalg.inv(arm.motion_from_command)
    waves = {"harmonic1_sin": np.sin, "harmonic1_cos": np.cos, "harmonic2_sin": lambda q: np.sin(2 * q),
             "harmonic2_cos": lambda q: np.cos(2 * q), "ratio": lambda q: q}  # fmt: skip
    for effect in (load_effect("gear_harmonics"), load_effect("gear_ratio")):
        basis = effect.tangent(arm, command, conditions)
        for k, label in enumerate(effect.labels(arm)):
            kind, joint = re.fullmatch(r"(\w+)_j(\d)_.*", label).groups()
            motion = arm.motions(command)
            motion[:, int(joint) - 1] += STEP * waves[kind](motion[:, int(joint) - 1])
            exact = tangents_to(arm, command, base_from_flange(arm, motion @ back.T))
            np.testing.assert_allclose(basis[:, :, k], exact, atol=1e-5, err_msg=label)


@pytest.mark.parametrize("name", ARMS)
def test_growth_scales_every_length(name: str) -> None:
    arm, command, conditions = posed(name)
    assert conditions.warmer_k is not None
    basis = load_effect("thermal_growth").tangent(arm, command, conditions)
    scale = np.array([1, 1, 1, 1, 1]) + np.array([0, 1, 1, 0, 0]) * STEP * conditions.warmer_k[:, None, None]
    moved = [base_from_flange(arm, q, (arm.table * s).ravel()) for q, s in zip(command, scale, strict=True)]
    np.testing.assert_allclose(basis[:, :, 0], tangents_to(arm, command, np.array(moved)), atol=1e-4)


def torques(arm: SerialArm, command: Array, masses: dict[int, float]) -> Array:
    """Torques (n, joints) of point masses, by the slope of their height: masses[k] moves with joint k and stands at the
    far end of its link, where the next link leaves its axis."""
    motion, constants = arm.motions(command), link_constants(arm)

    def energy(motion: Array) -> Array:
        total = np.zeros(len(motion))
        place = np.broadcast_to(np.eye(4), (len(motion), 4, 4))
        for k, slides in enumerate(arm.prismatic):
            q = motion[:, k]
            place = place @ constants[k] @ (about_z(0.0 * q, q) if slides else about_z(q, 0.0 * q))
            along = constants[k + 2, 2, 3] if k + 2 < len(constants) else 0.0
            end = place @ constants[k + 1] @ np.array([0.0, 0.0, along, 1.0])
            total += masses.get(k, 0.0) * STANDARD_GRAVITY * end[:, 2]
        return total

    steps = 1e-5 * np.eye(arm.joints)
    return np.stack([-(energy(motion + s) - energy(motion - s)) / 2e-5 for s in steps], axis=1)


@pytest.mark.parametrize("name", ["ur5e", "franka_panda", "irb120", "stanford", "r2000ic_165f"])
def test_compliance_spans_the_sag_of_point_masses(name: str) -> None:
    arm, command, _ = posed(name, rows=200)
    masses = {k: 1.0 + k for k in range(1, arm.joints)}
    columns = motion_tangents(arm, command)
    torque = torques(arm, command, masses)
    effect = load_effect("compliance")
    basis = effect.tangent(arm, command, Conditions())
    for joint in range(arm.joints):
        sag = (columns[:, :, joint] * torque[:, joint, None]).ravel()
        mine = [k for k, load in enumerate(loads(arm)) if load.joint == joint]
        # and an offset of the joint, which geometry holds
        known = np.column_stack([basis[:, :, mine].reshape(len(sag), -1), columns[:, :, joint].ravel()])
        rest = sag - known @ np.linalg.lstsq(known, sag, rcond=None)[0]
        assert np.linalg.norm(rest) <= 1e-6 * np.linalg.norm(torque), f"joint {joint + 1}"


@pytest.mark.parametrize("name", ARMS)
def test_payload_turns_joints_by_its_torque(name: str) -> None:
    arm, command, conditions = posed(name)
    effect = load_effect("payload")
    basis = effect.tangent(arm, command, conditions)
    columns = motion_tangents(arm, command)
    assert conditions.payload_kg is not None
    back = np.linalg.inv(arm.motion_from_command)
    for k, label in enumerate(effect.labels(arm)):
        joint = int(label.split("_")[1][1:]) - 1
        step = 1e-5 * back[:, joint]
        heights = [base_from_flange(arm, command + sign * step)[:, 2, 3] for sign in (1, -1)]
        torque = -(heights[0] - heights[1]) / 2e-5 * STANDARD_GRAVITY * conditions.payload_kg
        np.testing.assert_allclose(basis[:, :, k], columns[:, :, joint] * torque[:, None], atol=1e-6, err_msg=label)
        height = base_from_flange(arm, command) @ se3.exp(1e-6 * basis[:, :, k])
        assert (height[:, 2, 3] - base_from_flange(arm, command)[:, 2, 3] <= 1e-12).all(), "it must yield downwards"


def test_gravity_loads_what_it_can_turn() -> None:
    labels = {name: load_effect("compliance").labels(load_geometry(name)) for name in ARMS}
    assert labels["cobra600"] == ()  # every axis of a SCARA is vertical
    assert not [label for found in labels.values() for label in found if "_j1_" in label]
    assert labels["stanford"] == ("sag_j2_link3_rad_per_m", "sag_j2_link3_rad", "sag_j3_m")
    assert len(labels["ur5e"]) == 10


def test_effects_say_what_they_need() -> None:
    arm, command, conditions = posed("ur5e")
    index = np.arange(len(command))
    bare = PoseTable(command, arm.prismatic, np.zeros_like(index), index, index)
    for name in ("gear_harmonics", "gear_ratio", "compliance"):
        assert load_effect(name).needs(bare) is None
    assert load_effect("thermal_growth").needs(bare) == "the table has no column temperature_degc"
    assert load_effect("payload").needs(bare) == "the table has no column payload_kg"
    even = PoseTable(command, arm.prismatic, np.zeros_like(index), index, index,
                     temperature_degc=np.full(len(index), 21.0), payload_kg=conditions.payload_kg)  # fmt: skip
    assert load_effect("thermal_growth").needs(even) == "temperature_degc varies by 0 K only; 1 K are needed"
    assert load_effect("payload").needs(even) is None
    with pytest.raises(UsageError, match="unknown effect") as caught:
        load_effect("complience")
    assert "compliance" in caught.value.advice


def test_the_reference_temperature_is_kept() -> None:
    _, command, _ = posed("ur5e")
    index = np.arange(len(command))
    degc = 20 + 0.1 * index
    table = PoseTable(command, (False,) * 6, 0 * index, index, index, temperature_degc=degc)
    conditions = conditions_of(table)
    np.testing.assert_allclose(conditions.warmer_k, degc - degc.mean())
    np.testing.assert_allclose(conditions.rows(slice(0, 5)).warmer_k, (degc - degc.mean())[:5])
    np.testing.assert_allclose(conditions_of(table, 20.0).warmer_k, degc - 20.0)


@pytest.mark.parametrize("name", ARMS)
def test_ranges_are_finite_and_within_limits(name: str) -> None:
    arm = load_geometry(name)
    low, high = command_range(arm).T
    assert np.isfinite([low, high]).all()
    assert (low < high).all()
    assert not arm.outside_limits(random_commands(arm, 100, np.random.default_rng(0))).any()
