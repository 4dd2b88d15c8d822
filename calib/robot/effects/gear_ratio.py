"""Gear ratio: a joint moves by slightly more, or less, than commanded, in proportion."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.engine.label import Label
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.effect import Conditions, Effect, at_joints
from calib.robot.table.pose_table import PoseTable

TYPICAL_RATIO = 1e-4  # 0.3 mrad at half a turn; teeth are counted, so only a belt, a screw or a wrong setting errs more


def labels(arm: SerialArm) -> tuple[Label, ...]:
    """ratio_j1_rad_per_rad, or m_per_m where the joint slides."""
    units = ("m" if slides else "rad" for slides in arm.prismatic)
    return tuple(Label(f"ratio_j{joint + 1}", f"{unit}_per_{unit}") for joint, unit in enumerate(units))


def tangent(arm: SerialArm, command: Array, conditions: Conditions) -> Array:
    """The basis (n, 6, joints): joint j moves further by the ratio times its motion."""
    return at_joints(arm, command, arm.motions(command)[:, :, None] * np.eye(arm.joints))


def typical(arm: SerialArm) -> Array:
    """Ordinary sizes (joints,)."""
    return np.full(arm.joints, TYPICAL_RATIO)


def needs(table: PoseTable) -> str | None:
    """Joint values are enough."""
    return None


EFFECT = Effect("gear_ratio", "gear ratios", labels, tangent, typical, needs)
