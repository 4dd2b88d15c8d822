"""A table whose file leaves units, orders or sequences open, read as it fits an arm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.robot.conventions.choose_reading import TriedReading, choose_reading
from calib.robot.conventions.diagnose import screw_mismatch
from calib.robot.conventions.residual import Residual, belongs, residual, sample_rows

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable
    from calib.robot.table.reading import Reading

MOST_TRIED = 60  # closed forms, of the readings and arms whose motions are most alike
COMPARED = 3  # readings of the smallest residuals, of which each is compared with chance


def read_for_arms(
    table: PoseTable, arms: Sequence[SerialArm], measurement: str, *, seed: int = 0
) -> tuple[PoseTable, tuple[str, ...]]:
    """The table in the one reading that fits one of the arms, and a remark; as it is where its file states everything.

    Raises InputError `reading-undecided` where two fit; DegenerateError `too-few-poses`.
    """
    readings = table.readings
    joints = {len(arm.prismatic) for arm in arms}
    if len(readings) < 2 or measurement == "joints":
        return replace(table, readings=()), ()
    tables = [reading.build() for reading in readings]
    able = [
        i for i, each in enumerate(tables) if each.joints.shape[1] in joints and each.measurement == table.measurement
    ]
    best: dict[int, tuple[Residual, SerialArm]] = {}
    for i, arm in _likely(tables, able, arms, measurement):
        left = residual(arm, tables[i], measurement, seed=seed)
        if i not in best or left.size < best[i][0].size:
            best[i] = left, arm
    tried = [_outcome(readings[i], tables[i], best[i][0]) for i in best]
    if not tried or not any(np.isfinite(each.size) for each in tried):
        return replace(table, readings=()), ()
    order = sorted(best, key=lambda i: best[i][0].size)
    near = {
        id(readings[i])
        for i in order[:COMPARED]
        if belongs(best[i][1], sample_rows(tables[i]), measurement, best[i][0])
    }
    tried = [replace(each, fits=id(each.reading) in near) for each in tried]
    chosen, note = choose_reading(tried, table.name)
    return replace(chosen.table, readings=()), (note,)


def _outcome(reading: Reading, table: PoseTable, left: Residual) -> TriedReading:
    size = left.size if np.isfinite(left.position_m) else np.inf
    return TriedReading(reading, table, size, False, str(left))


def _likely(
    tables: Sequence[PoseTable], able: Iterable[int], arms: Sequence[SerialArm], measurement: str
) -> list[tuple[int, SerialArm]]:
    """Readings and arms to try: of poses, those by which both move most alike."""
    pairs = [(i, arm) for i in able for arm in arms if arm.prismatic == tables[i].prismatic]
    if measurement != "pose" or any(tables[i].rotation is None for i, _ in pairs):
        return pairs
    samples = {i: sample_rows(tables[i]) for i, _ in pairs}
    found = []
    for i, arm in pairs:
        turn, along = screw_mismatch(arm, samples[i])
        found.append((turn * along, i, arm))
    found.sort(key=lambda each: each[0])
    return [(i, arm) for _, i, arm in found[:MOST_TRIED]]
