"""Joint offsets by search, for arms whose zero positions are unknown.

Differential evolution over the offsets of all turning joints but the first and the last, which base and target take up;
the frames follow in closed form from each, and the median residual ranks them. The fit starts from there.
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
from calib.robot.conventions.diagnose import Residual, residual
from calib.robot.table.select import select_rows

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

SAMPLE_ROWS = 40  # rows by which offsets are compared
GENERATIONS, POPULATION = 80, 10


@dataclass(frozen=True)
class ZeroPositions:
    """The zero positions of the joints, found by search."""

    arm: SerialArm
    """With the offsets added."""
    offsets: Array
    """(joints,) rad added to its joint angles."""
    before: Residual
    """Residual without them."""
    after: Residual
    """Residual with them."""

    def __str__(self) -> str:
        degrees = ", ".join(f"j{i + 1} {x:+.1f}" for i, x in enumerate(np.degrees(self.offsets)) if x)
        return f"offsets found by search: {degrees} deg; {self.before} without, {self.after} with"


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

    def with_offsets(at: Array) -> SerialArm:
        values = arm.table.copy()
        values[sought, THETA] += at
        return replace(arm, table=values)

    def misfit(at: Array) -> float:
        try:
            return residual(with_offsets(at), few, kind, seed=seed).size
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
    offsets = np.zeros(arm.joints)
    offsets[sought] = found
    at = with_offsets(found)
    return ZeroPositions(at, offsets, residual(arm, few, kind, seed=seed), residual(at, few, kind, seed=seed))
