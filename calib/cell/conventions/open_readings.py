"""Poses whose file leaves units, orders or sequences open, read as they fit the images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.cell.conventions.diagnose import FEWEST_IMAGES, TRIED, motion_mismatch, sample_views
from calib.cell.frame_loop import SETUPS
from calib.cell.start.chance import belong_together
from calib.cell.start.motion import require_motion
from calib.cell.start.setup import start_of_setup
from calib.errors import DegenerateError
from calib.robot.conventions.choose_reading import TriedReading, choose_reading
from calib.robot.conventions.interpretations import invert_poses
from calib.robot.table.reading import Reading

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews

INVERTED = "poses of the base in the flange"
COMPARED = 3  # readings of the smallest residuals, of which each is compared with chance


def read_for_images(pairs: PairedViews, setup: Setup | None) -> PairedViews:
    """The pairs in the one reading of their poses that fits, with a remark; as they are where the file states it.

    Where the set-up is stated, the direction of the poses is open too: else the other set-up is the other direction.
    Raises InputError `reading-undecided` where two readings fit.
    """
    readings = pairs.table.readings
    if len(readings) < 2:
        return pairs
    tables = [(reading, reading.build()) for reading in readings]
    same = [(reading, table) for reading, table in tables if np.array_equal(table.lines, pairs.table.lines)]
    if setup is not None:
        same += [(_inverse(reading), invert_poses(table)) for reading, table in same]
    meant = [(reading, sample_views(pairs.with_table(table))) for reading, table in same]
    alike = sorted((each for each in meant if len(each[1].rows) >= FEWEST_IMAGES), key=lambda each: _mismatch(each[1]))
    tried = sorted((_try_reading(*each, setup) for each in alike[:TRIED]), key=lambda each: each.size)
    tried = [_compare_with_chance(each, pairs, setup) for each in tried[:COMPARED]] + tried[COMPARED:]
    if not tried or not np.isfinite(tried[0].size):  # nothing moves as the board does: the first is as good as any
        return pairs.with_table(replace(same[0][1], readings=()))
    chosen, note = choose_reading(tried, pairs.table.name)
    return replace(pairs.with_table(replace(chosen.table, readings=())), notes=(*pairs.notes, note))


def _inverse(reading: Reading) -> Reading:
    return Reading(f"{reading.name}, {INVERTED}", reading.options, lambda: invert_poses(reading.build()))


def _mismatch(meant: PairedViews) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):  # of poses that are all the same
        mismatch = motion_mismatch(meant)
    return mismatch if np.isfinite(mismatch) else np.inf


def _try_reading(reading: Reading, meant: PairedViews, setup: Setup | None) -> TriedReading:
    """What the fastest closed form leaves of a reading."""
    try:
        require_motion(meant.mount_from_fixture(setup or SETUPS[0]), setup or SETUPS[0])
        start = start_of_setup(meant, setup, "shah").start
    except DegenerateError as error:
        return TriedReading(reading, meant.table, np.inf, False, error.what)
    return TriedReading(reading, meant.table, start.size, False, str(start))


def _compare_with_chance(tried: TriedReading, pairs: PairedViews, setup: Setup | None) -> TriedReading:
    """The same, with whether images and poses so read belong together."""
    if not np.isfinite(tried.size):
        return tried
    meant = sample_views(pairs.with_table(tried.table))
    found = start_of_setup(meant, setup, "shah")
    return replace(tried, fits=belong_together(found.start, meant, found.setup))
