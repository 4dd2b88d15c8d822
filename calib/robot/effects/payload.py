"""Payload: joints yield to a known weight at the flange."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.engine.label import Label
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.workspace import random_commands
from calib.robot.effect import Conditions, Effect, motion_tangents, never_changes
from calib.robot.gravity import DOWN, STANDARD_GRAVITY
from calib.robot.table.pose_table import PoseTable

TYPICAL = {False: 5e-5, True: 1e-6}  # rad/Nm where a joint turns (2e4 Nm/rad), m/N where it slides
SIMULATED_KG = (0.0, 1.5, 3.0)  # in turn, what a cobot carries
LEAST_SPREAD_KG = 0.1  # 1 N at one metre turns a joint of 2e4 Nm/rad by 0.05 mm there
_SHORT = 0.02  # m of lever, or share of the weight: identification moves what is zero in the table by less


def labels(arm: SerialArm) -> tuple[Label, ...]:
    """payload_j2_rad_per_nm, or payload_j3_m_per_n where the joint slides; only joints that a weight can load."""
    units = ("m_per_n" if slides else "rad_per_nm" for slides in arm.prismatic)
    names = [Label(f"payload_j{joint + 1}", unit) for joint, unit in enumerate(units)]
    return tuple(names[joint] for joint in _loaded_joints(arm))


def tangent(arm: SerialArm, command: Array, conditions: Conditions) -> Array:
    """The basis (n, 6, p); positive parameters yield downwards. Without payloads every row carries none."""
    columns = motion_tangents(arm, command)
    loaded = _loaded_joints(arm)
    mass = np.zeros(len(command)) if conditions.payload_kg is None else conditions.payload_kg
    torque = _levers(arm, command, columns)[:, loaded] * (STANDARD_GRAVITY * mass[:, None])
    return np.asarray(columns[:, :, loaded] * torque[:, None, :])


def typical(arm: SerialArm) -> Array:
    """Ordinary sizes (p,), rad/Nm or m/N."""
    return np.array([TYPICAL[arm.prismatic[joint]] for joint in _loaded_joints(arm)])


def needs(table: PoseTable) -> str | None:
    """Payloads that vary: a constant one sags as the arm's own weight does."""
    return never_changes(table.payload_kg, "payload_kg", LEAST_SPREAD_KG, "kg")


def _levers(arm: SerialArm, command: Array, columns: Array) -> Array:
    """Torque in Nm, or force in N, on each joint (n, joints) of one newton at the flange, pointing down.

    By virtual work: the joint's motion moves the flange by its column.
    """
    down = np.einsum("nji,j->ni", base_from_flange(arm, command)[:, :3, :3], DOWN)
    return np.asarray(np.einsum("nij,ni->nj", columns[:, :3], down))


def _loaded_joints(arm: SerialArm) -> list[int]:
    """Joints that a weight at the flange loads in some pose."""
    command = random_commands(arm, 100, np.random.default_rng(0))
    most = np.abs(_levers(arm, command, motion_tangents(arm, command))).max(axis=0)
    return [int(joint) for joint in np.flatnonzero(most > _SHORT)]


EFFECT = Effect(
    "payload",
    "joints deflected by the payload",
    labels,
    tangent,
    typical,
    needs,
    one_sided=True,
    conditions={"payload_kg": lambda poses: np.resize(SIMULATED_KG, poses)},
)
