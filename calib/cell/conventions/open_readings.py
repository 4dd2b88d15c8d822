"""Poses whose file leaves units, orders or sequences open, read as they fit the images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.cell.conventions.diagnose import FEWEST_IMAGES, TRIED, motion_mismatch, sample_views, screw_mismatch
from calib.cell.frame_loop import SETUPS
from calib.cell.given_boards import GivenBoards
from calib.cell.start.chance import belong_together
from calib.cell.start.motion import require_motion
from calib.cell.start.setup import start_of_setup
from calib.errors import DegenerateError
from calib.robot.conventions.choose_reading import TriedReading, choose_reading
from calib.robot.conventions.interpretations import invert_poses
from calib.robot.conventions.screws import screws
from calib.robot.start.inliers import reach
from calib.robot.table.reading import Reading

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews
    from calib.robot.table.pose_table import PoseTable

INVERTED = "poses of the base in the flange"
ABOUT = 1.5  # ratio of how differently both move, within which two readings are alike
COMPARED = 3  # readings of the smallest residuals, of which each is compared with chance


def read_for_images(pairs: PairedViews, setup: Setup | None) -> PairedViews:
    """The pairs in the one reading of their poses that fits, with a remark; as they are where the file states it.

    Where the set-up is stated, the direction of the poses is open too: else the other set-up is the other direction.
    Where board poses are given, their file may be open as well: each is then read with the other as both fit best.
    Raises InputError `reading-undecided` where two readings fit.
    """
    seen = pairs.seen
    if isinstance(seen, GivenBoards) and seen.table.readings:
        pairs = _likeliest_together(pairs, seen) if pairs.table.readings else pairs
        pairs = _choose(pairs, _of_boards(pairs), setup, seen.table.name, "board poses: ")
    if len(pairs.table.readings) < 2:
        return pairs
    readings = [(reading, reading.build()) for reading in pairs.table.readings]
    same = [(reading, table) for reading, table in readings if np.array_equal(table.lines, pairs.table.lines)]
    if setup is not None:
        same += [(_inverse(reading), invert_poses(table)) for reading, table in same]
    meant = [_Meant(reading, table, pairs.with_table(replace(table, readings=()))) for reading, table in same]
    return _choose(pairs, meant, setup, pairs.table.name)


@dataclass(frozen=True, eq=False)
class _Meant:
    """A reading of one of the tables."""

    reading: Reading
    table: PoseTable
    pairs: PairedViews
    """With the table so read, and the other as it is."""


def _choose(pairs: PairedViews, meant: list[_Meant], setup: Setup | None, where: str, prefix: str = "") -> PairedViews:
    """The reading that fits, with a remark that begins with the prefix. Raises InputError `reading-undecided`."""
    few = [(each, sample_views(each.pairs)) for each in meant]
    alike = sorted((each for each in few if len(each[1].rows) >= FEWEST_IMAGES), key=lambda each: _mismatch(each[1]))
    tried = sorted((_try_reading(*each, setup) for each in alike[:TRIED]), key=lambda each: each.size)
    by_reading = {each.reading: each.pairs for each in meant}
    tried = [_compare_with_chance(each, by_reading[each.reading], setup) for each in tried[:COMPARED]] + tried[
        COMPARED:
    ]
    if not tried or not np.isfinite(tried[0].size):  # nothing moves as the board does: the first is as good as any
        return meant[0].pairs
    chosen, note = choose_reading(tried, where)
    return replace(by_reading[chosen.reading], notes=(*pairs.notes, prefix + note))


def _of_boards(pairs: PairedViews) -> list[_Meant]:
    """Every reading of the table of board poses."""
    seen = pairs.seen
    assert isinstance(seen, GivenBoards)
    tables = [(reading, reading.build()) for reading in seen.table.readings]
    return [
        _Meant(reading, table, replace(pairs, seen=replace(seen, table=replace(table, readings=()))))
        for reading, table in tables
        if np.array_equal(table.lines, seen.table.lines)
    ]


def _likeliest_together(pairs: PairedViews, seen: GivenBoards) -> PairedViews:
    """The pairs with that reading of the robot's table by which, with some reading of the board's, both move most
    alike; of those that are about as alike the first, for a file gives its likeliest first. Both tables in another unit
    move alike as well."""
    flange = [(table, _screws(pairs.with_table(table))) for table in _builds(pairs.table)]
    board = [_screws(replace(pairs, seen=replace(seen, table=table))) for table in _builds(seen.table)]
    left = np.array([[screw_mismatch(f.flange, b.board, f.motion_m) for b in board] for _, f in flange])
    left = np.where(np.isfinite(left), left, np.inf)
    near = np.flatnonzero(left.min(axis=1) <= ABOUT * left.min())
    table = flange[int(near[0])][0] if near.size else pairs.table
    return pairs.with_table(replace(table, readings=pairs.table.readings))


def _builds(table: PoseTable) -> list[PoseTable]:
    built = (reading.build() for reading in table.readings)
    return [each for each in built if np.array_equal(each.lines, table.lines)]


@dataclass(frozen=True, eq=False)
class _Screws:
    """How flange and board move from image to image."""

    flange: tuple[Array, Array]
    board: tuple[Array, Array]
    motion_m: float


def _screws(pairs: PairedViews) -> _Screws:
    few = sample_views(pairs)
    return _Screws(screws(few.base_from_flange), screws(few.seen.camera_from_board), reach(few.base_from_flange))


def _inverse(reading: Reading) -> Reading:
    return Reading(f"{reading.name}, {INVERTED}", reading.options, lambda: invert_poses(reading.build()))


def _mismatch(meant: PairedViews) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):  # of poses that are all the same
        mismatch = motion_mismatch(meant)
    return mismatch if np.isfinite(mismatch) else np.inf


def _try_reading(read: _Meant, meant: PairedViews, setup: Setup | None) -> TriedReading:
    """What the fastest closed form leaves of a reading. meant: a sample of it."""
    reading, table = read.reading, read.table
    try:
        require_motion(meant.mount_from_fixture(setup or SETUPS[0]), setup or SETUPS[0])
        start = start_of_setup(meant, setup, "shah").start
    except DegenerateError as error:
        return TriedReading(reading, table, np.inf, False, error.what)
    return TriedReading(reading, table, start.size, False, str(start))


def _compare_with_chance(tried: TriedReading, pairs: PairedViews, setup: Setup | None) -> TriedReading:
    """The same, with whether images and poses so read belong together."""
    if not np.isfinite(tried.size):
        return tried
    meant = sample_views(pairs)
    found = start_of_setup(meant, setup, "shah")
    return replace(tried, fits=belong_together(found.start, meant, found.setup))
