"""Gear harmonics: a joint's angle errs periodically with itself, once and twice per turn.

Once per turn errs an eccentric encoder disc or output gear, twice an oval one; a strain-wave gear does both
(T. D. Tuttle, W. P. Seering, "A nonlinear model of a harmonic drive gear transmission", IEEE Trans. Robotics and
Automation 12, 1996).
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.engine.label import Label
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.effect import Conditions, Effect, at_joints
from calib.robot.table.pose_table import PoseTable

TYPICAL_RAD = 2e-4  # 0.7 arc minutes, of the size of the transmission error that makers of gears specify


def labels(arm: SerialArm) -> tuple[Label, ...]:
    """harmonic1_sin_j1_rad harmonic1_cos_j1_rad harmonic2_sin_j1_rad harmonic2_cos_j1_rad, and so on."""
    return tuple(
        Label(f"harmonic{order}_{wave}_j{joint + 1}", "rad")
        for joint in _turning(arm)
        for order in (1, 2)
        for wave in ("sin", "cos")
    )


def tangent(arm: SerialArm, command: Array, conditions: Conditions) -> Array:
    """The basis (n, 6, p): joint j turns further by a sin(q) + b cos(q) + c sin(2 q) + d cos(2 q) of its motion q."""
    joints = _turning(arm)
    motion = arm.motions(command)
    shift = np.zeros((*motion.shape, 4 * len(joints)))
    for i, joint in enumerate(joints):
        q = motion[:, joint]
        shift[:, joint, 4 * i : 4 * i + 4] = np.stack([np.sin(q), np.cos(q), np.sin(2 * q), np.cos(2 * q)], axis=1)
    return at_joints(arm, command, shift)


def typical(arm: SerialArm) -> Array:
    """Ordinary sizes (p,) in rad."""
    return np.full(len(labels(arm)), TYPICAL_RAD)


def needs(table: PoseTable) -> str | None:
    """Joint values are enough."""
    return None


def _turning(arm: SerialArm) -> list[int]:
    return [joint for joint, slides in enumerate(arm.prismatic) if not slides]


EFFECT = Effect("gear_harmonics", "gear harmonics, once and twice per turn", labels, tangent, typical, needs)
