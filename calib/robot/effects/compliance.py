"""Compliance: joints yield to the weight of the arm itself.

Masses and stiffnesses are unknown, and only their ratio matters: one parameter is the angle by which a joint turns when
the link that carries the weight is level (M. Meggiolaro, S. Dubowsky, C. Mavroidis, "Geometric and elastic error
calibration of a high accuracy patient positioning system", Mechanism and Machine Theory 40, 2005, with the masses
lumped at the link ends). The payload is an effect of its own.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.engine.label import Label
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.effect import Conditions, Effect, at_joints
from calib.robot.gravity import Load, lever_shares, load_functions, loads
from calib.robot.table.pose_table import PoseTable

TYPICAL_RAD = 5e-4  # 50 Nm on 1e5 Nm/rad, a joint of a ten-kilogram cobot; also per metre that a slide is drawn out
TYPICAL_M = 1e-4  # of a vertical slide


def labels(arm: SerialArm) -> tuple[Label, ...]:
    """sag_j2_link3_rad: the turn of joint 2 under the weight beyond link 3, level; ..._rad_per_m per drawn metre;
    sag_j3_m: how far a slide gives way along a vertical axis."""
    return tuple(map(_label, loads(arm)))


def tangent(arm: SerialArm, command: Array, conditions: Conditions) -> Array:
    """The basis (n, 6, p); positive parameters yield downwards."""
    acting = loads(arm)
    functions = load_functions(arm, command, acting)
    shift = np.zeros((len(command), arm.joints, len(acting)))
    for i, load in enumerate(acting):
        shift[:, load.joint, i] = functions[:, i]
    return at_joints(arm, command, shift)


def typical(arm: SerialArm) -> Array:
    """Ordinary sizes (p,), rad or m: in proportion to the length of the link."""
    acting = loads(arm)
    sizes = np.array([TYPICAL_M if load.pull == "along" else TYPICAL_RAD for load in acting])
    return sizes * lever_shares(arm, acting)


def needs(table: PoseTable) -> str | None:
    """Joint values are enough."""
    return None


def _label(load: Load) -> Label:
    if load.pull == "along":
        return Label(f"sag_j{load.joint + 1}", "m")
    unit = "rad" if load.pull == "level" else "rad_per_m"
    return Label(f"sag_j{load.joint + 1}_link{load.link + 1}", unit)


EFFECT = Effect(
    "compliance", "joints deflected by the arm's own weight", labels, tangent, typical, needs, one_sided=True
)
