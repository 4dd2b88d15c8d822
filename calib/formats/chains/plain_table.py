"""What is to be known of an arm written as plain DH."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.robot.arm.dh_row import BETA, D
from calib.robot.arm.rewritten import to_plain_dh

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


def plain_remark(arm: SerialArm) -> str:
    """Which axes are nearly parallel, and how large d becomes for it; empty where the arm is plain already."""
    axes = [f"{axis + 1} and {axis + 2}" for axis, row in enumerate(arm.row_after_axis) if arm.table[row, BETA] != 0]
    if not axes:
        return ""
    largest = float(np.abs(to_plain_dh(arm).table[:, D]).max())
    return f"axes {'; '.join(axes)} are nearly parallel, which plain DH holds by d of up to {largest:.3g} m"
