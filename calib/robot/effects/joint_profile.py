"""Joint profile: a joint's angle errs by a smooth function of itself, the same after every turn.

An encoder's disc and the teeth behind it leave an error that repeats with the joint but is no sine: a cubic B-spline
with a knot every 4 degrees (C. de Boor, "A Practical Guide to Splines", 1978, ch. IX, with evenly spaced, periodic
knots) follows what repeats up to some 30 times per turn. It takes poses by the hundred.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.engine.label import Label
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.effect import Conditions, Effect, motion_tangents
from calib.robot.table.pose_table import PoseTable

KNOTS = (
    90  # per turn: 4 degrees; a UR10's errors leave 0.16 mm at 6 degrees, 0.11 at 5, 0.09 at 4 and little less below
)
TYPICAL_RAD = 2e-4  # as of gear harmonics
LEAST_ROWS = 3 * KNOTS  # each comes by four knots of every joint: twelve rows per knot


def labels(arm: SerialArm) -> tuple[Label, ...]:
    """profile_j1_at_0deg_rad profile_j1_at_4deg_rad and so on: the knots of every turning joint."""
    step = 360 // KNOTS
    return tuple(
        Label(f"profile_j{joint + 1}_at_{step * knot}deg", "rad") for joint in _turning(arm) for knot in range(KNOTS)
    )


def tangent(arm: SerialArm, command: Array, conditions: Conditions) -> Array:
    """The basis (n, 6, p): four splines of a joint are other than zero at any angle."""
    joints = _turning(arm)
    columns = motion_tangents(arm, command)
    place = np.mod(arm.motions(command)[:, joints] * (KNOTS / (2 * np.pi)), KNOTS)
    knot = np.floor(place).astype(np.intp)
    out = np.zeros((KNOTS * len(joints), 6, len(command)))
    rows = np.arange(len(command))
    for i, joint in enumerate(joints):
        for k, weight in enumerate(_splines(place[:, i] - knot[:, i])):
            at = KNOTS * i + (knot[:, i] + k - 1) % KNOTS
            out[at, :, rows] = columns[:, :, joint] * weight[:, None]
    return out.transpose(2, 1, 0)


def typical(arm: SerialArm) -> Array:
    """Ordinary sizes (p,) in rad."""
    return np.full(KNOTS * len(_turning(arm)), TYPICAL_RAD)


def needs(table: PoseTable) -> str | None:
    """Poses enough to come by the knots."""
    rows = len(table.joints)
    return None if rows >= LEAST_ROWS else f"the table has {rows} rows; {LEAST_ROWS} are needed"


def _splines(t: Array) -> tuple[Array, ...]:
    """The four cubic B-splines that meet between two knots, at the share t (n,) of the way."""
    s = 1 - t
    return s**3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (3 * s**3 - 6 * s**2 + 4) / 6, t**3 / 6


def _turning(arm: SerialArm) -> list[int]:
    return [joint for joint, slides in enumerate(arm.prismatic) if not slides]


EFFECT = Effect("joint_profile", "joint errors that repeat with the joint angle", labels, tangent, typical, needs)
