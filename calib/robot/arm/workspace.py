"""Where an arm can go: random joint values within its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


HALF_TURN = np.pi  # rad either way: more turns of a joint show nothing new
UNKNOWN_STROKE_M = 0.5  # of a slide whose limits are not known


def command_range(arm: SerialArm) -> Array:
    """Lower and upper commanded values (joints, 2), rad or m: the limits, within half a turn, where they are known."""
    widest = np.array([(0.0, UNKNOWN_STROKE_M) if slides else (-HALF_TURN, HALF_TURN) for slides in arm.prismatic])
    low, high = arm.limits.T
    turns = ~np.array(arm.prismatic)
    low = np.where(np.isfinite(low), low, widest[:, 0])
    high = np.where(np.isfinite(high), high, widest[:, 1])
    # limits such as 0.5 .. 4.5 rad are kept whole; only what is wider than a turn is cut
    wide = turns & (high - low > 2 * HALF_TURN)
    return np.stack([np.where(wide, -HALF_TURN, low), np.where(wide, HALF_TURN, high)], axis=1)


def random_commands(arm: SerialArm, rows: int, rng: np.random.Generator) -> Array:
    """Commanded joint values (rows, joints), uniform over `command_range`."""
    low, high = command_range(arm).T
    return rng.uniform(low, high, (rows, arm.joints))
