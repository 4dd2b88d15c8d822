"""How far apart two arms put the flange, over their range of motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.errors import UsageError
from calib.geometry import so3
from calib.robot.arm.workspace import random_commands
from calib.robot.arm_model import Arm

POSES = 1000
SEED = 0  # of the poses: the same arms give the same figures


@dataclass(frozen=True, eq=False)
class FlangeDifference:
    """Of the flange's poses by two arms at random joint values; the best rigid motion of the base is taken out."""

    position_m: Array
    """(n,) distances."""
    orientation_rad: Array
    """(n,) angles."""


def compare_arms(reference: Arm, arm: Arm) -> FlangeDifference:
    """Of the second from the first, within the limits of the first. Raises UsageError `arms-differ`."""
    if reference.joints != arm.joints:
        raise UsageError(
            "the arms do not have the same joints",
            code="arms-differ",
            why=f"{reference.joints} and {arm.joints} joints",
            advice="compare calibrations of one arm",
        )
    command = random_commands(reference.geometry, POSES, np.random.default_rng(SEED))
    one, other = reference.base_from_flange(command), arm.base_from_flange(command)
    turn = _best_turn(other, one)
    moved = np.einsum("ij,njk->nik", turn, other[:, :3, :3])
    positions = other[:, :3, 3] @ turn.T
    offset = np.mean(one[:, :3, 3] - positions, axis=0)
    between = np.einsum("nji,njk->nik", one[:, :3, :3], moved)
    return FlangeDifference(
        np.linalg.norm(positions + offset - one[:, :3, 3], axis=1), np.linalg.norm(so3.log(between), axis=1)
    )


def _best_turn(poses: Array, reference: Array) -> Array:
    """The rotation (3, 3) that brings positions nearest to those of a reference (W. Kabsch 1976)."""
    a, b = (each[:, :3, 3] - each[:, :3, 3].mean(axis=0) for each in (poses, reference))
    u, _, vt = np.linalg.svd(b.T @ a)
    sign = np.diag([1.0, 1.0, np.linalg.det(u @ vt)])
    return np.asarray(u @ sign @ vt)
