"""A mistake in the conventions that hides behind the zero of a joint: neither explains a table by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.robot.conventions.diagnose import ConventionFinding
from calib.robot.conventions.interpretations import interpretations
from calib.robot.conventions.residual import DECISIVE, Residual, residual_of_sample, sample_rows
from calib.robot.conventions.zero_positions import fit_zeros

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

TRIED = 8  # interpretations of the smallest residuals: a zero that is off leaves the right one among the better


def with_zeros_off(
    arm: SerialArm, table: PoseTable, measurement: str, given: Residual, *, seed: int = 0
) -> tuple[ConventionFinding, ...]:
    """Single interpretations with which, and with zero positions fitted, arm and table fit decisively better, best
    first; none where there are none. given: the residual of both as they are."""
    sample = sample_rows(table)
    tried = [
        (residual_of_sample(each.arm(arm), each.table(sample), measurement, seed).size, i, each)
        for i, each in enumerate(interpretations(arm, sample))
    ]
    tried.sort(key=lambda one: one[:2])
    found = []
    for _, _, each in tried[:TRIED]:
        zeros = fit_zeros(each.arm(arm), each.table(sample), measurement, seed=seed)
        if zeros is not None and DECISIVE * zeros.after.size < given.size:
            found.append(ConventionFinding(each, given, zeros.after))
    found.sort(key=lambda finding: finding.other.size)
    return tuple(each for each in found if each.other.size < DECISIVE * found[0].other.size)
