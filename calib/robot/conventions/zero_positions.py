"""Zero positions of joints that are not those of the arm file: by a fit, or by search where they are unknown.

A fit of all of them together, from nominal, reaches offsets of tens of degrees. The search is differential evolution
over the offsets of all turning joints but the first and the last, which base and target take up; the frames follow in
closed form from each, and the median residual ranks them. The identification starts from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.methods.multi_start import search
from calib.errors import CalibError
from calib.robot.arm.dh_row import THETA
from calib.robot.conventions.residual import (
    DECISIVE,
    Residual,
    agreeing,
    belongs,
    residual,
    residual_of_sample,
    sample_rows,
)
from calib.robot.conventions.sample_fit import fit_to_sample
from calib.robot.identification.model import AS_BUILT
from calib.robot.table.select import select_rows

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

SAMPLE_ROWS = 40  # rows by which offsets are compared
GENERATIONS, POPULATION = 80, 10
ZERO_RAD = 0.5  # standard deviation of a prior on zero positions: wide beside the degrees by which masterings are off
MOST_AGREE = 0.7  # of the rows: with as many wrong as are tolerated, a fifth, and some more by chance
LEAST_ZERO_RAD = 3 * AS_BUILT[1]  # below this a zero position is as arms are built


@dataclass(frozen=True)
class ZeroPositions:
    """Zero positions of the joints with which an arm fits a table."""

    arm: SerialArm
    """With the offsets added."""
    offsets: Array
    """(joints,) rad added to its joint angles."""
    before: Residual
    """Residual without them."""
    after: Residual
    """Residual with them."""

    def __str__(self) -> str:
        degrees = ", ".join(f"joint {i + 1} {x:+.1f} deg" for i, x in enumerate(np.degrees(self.offsets)) if x)
        return f"zero positions found, against the arm file: {degrees}; {self.before} without, {self.after} with"


def with_offsets(arm: SerialArm, offsets: Array) -> SerialArm:
    """The arm with offsets (joints,) in rad added to its joint angles."""
    values = arm.table.copy()
    values[:, THETA] += offsets
    return replace(arm, table=values, checks=())


def fit_zeros(
    arm: SerialArm, table: PoseTable, measurement: str | None = None, *, seed: int = 0
) -> ZeroPositions | None:
    """The zero positions with which an arm fits a table decisively better; None where there are none.

    measurement: the table's own if None. Raises DegenerateError `too-few-poses`.
    """
    name, sample = measurement or table.measurement, sample_rows(table)
    before = residual_of_sample(arm, sample, name, seed)
    if before.sound or not np.isfinite(before.size):
        return None
    turning = [arm.labels[c] for c, slides in zip(arm.motion_columns, arm.prismatic, strict=True) if not slides]
    fitted = fit_to_sample(arm, sample, name, turning, angle_rad=ZERO_RAD, seed=seed)
    if fitted is None:
        return None
    turns = fitted.table[:, THETA] - arm.table[:, THETA]
    offsets = np.where(np.array(arm.prismatic) | (np.abs(turns) < LEAST_ZERO_RAD), 0.0, turns)
    moved = with_offsets(arm, offsets)
    after = residual_of_sample(moved, sample, name, seed)
    decisive = before.size > DECISIVE * after.size and belongs(moved, sample, name, after, seed)
    if not decisive or agreeing(moved, sample, name, seed) < MOST_AGREE:
        return None  # what half of the rows fit is no zero position: the others belong to other poses, or targets
    return ZeroPositions(moved, offsets, before, after)


def find_offsets(
    arm: SerialArm,
    table: PoseTable,
    kind: str | None = None,
    *,
    seed: int = 0,
    on_progress: Callable[[int, int], object] | None = None,
) -> ZeroPositions:
    """The joint offsets, to a degree or so, with which an arm fits a table best.

    on_progress(generation, generations) stops the search by returning True.
    """
    rng = np.random.default_rng(seed)
    keep = np.zeros(len(table.joints), bool)
    keep[rng.permutation(len(keep))[:SAMPLE_ROWS]] = True
    few = select_rows(table, keep)
    sought = [i for i in range(1, arm.joints - 1) if not arm.prismatic[i]]

    def at_offsets(found: Array) -> Array:
        offsets = np.zeros(arm.joints)
        offsets[sought] = found
        return offsets

    def misfit(at: Array) -> float:
        try:
            return residual(with_offsets(arm, at_offsets(at)), few, kind, seed=seed).size
        except CalibError:
            return float("inf")

    found = search(
        misfit,
        [(-np.pi, np.pi)] * len(sought),
        seed=seed,
        generations=GENERATIONS,
        population=POPULATION,
        on_generation=None if on_progress is None else lambda generation, _: on_progress(generation, GENERATIONS),
    )
    if on_progress is not None:
        on_progress(GENERATIONS, GENERATIONS)
    offsets = at_offsets(found)
    at = with_offsets(arm, offsets)
    return ZeroPositions(at, offsets, residual(arm, few, kind, seed=seed), residual(at, few, kind, seed=seed))
