"""Tables without a header: what their columns may be, by what is in them and by how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.formats.columns.header_words import are_quaternions
from calib.formats.columns.roles import IN_ORDER, Roles, largest

if TYPE_CHECKING:
    from calib.formats.columns.wanted import Wanted

JOINTS = (6, 7, 5, 4, 3, 2)  # joints of arms, the usual first
MOST_ANGLE = 721.0  # degrees; two turns either way
FEWEST_ROWS = 3


def without_counters(names: Sequence[str], numbers: Mapping[str, Array]) -> list[str]:
    """The columns without those at the front that count rows or time, and those that are zero throughout behind."""
    kept = list(names)
    while len(kept) > 3 and _counts(numbers[kept[0]]):
        kept.pop(0)
    return kept


def layouts(names: Sequence[str], numbers: Mapping[str, Array], wanted: Wanted) -> list[Roles]:
    """What columns may be, the likeliest first; empty where nothing fits their number."""
    joints = wanted.joints
    found: list[Roles] = []
    for kept in _choices(without_counters(names, numbers), numbers):
        if wanted.joints_needed:
            for count in JOINTS if joints is None else (joints,):
                for own, rest in ((kept[:count], kept[count:]), (kept[-count:], kept[:-count])):
                    if len(own) == count and _may_be_joints(own, numbers):
                        found += [replace(each, joints=tuple(own)) for each in _measurements(rest, numbers)]
                if found:
                    break
        else:
            found += [each for each in _measurements(kept, numbers) if each.serves(wanted)]
            if len(kept) >= 12:  # the second pose may be the board's own, which fits the images whatever it means
                found += [each for each in _measurements(kept[:6], numbers, constant=True) if each.angles]
            for count in (6, 7) if joints is None else (joints,):  # joint values beside poses are not needed
                for rest in (kept[count:], kept[:-count]):
                    found += [each for each in _measurements(rest, numbers) if each.quaternion]
        if found:
            break
    return list(dict.fromkeys(found))


def _choices(kept: list[str], numbers: Mapping[str, Array]) -> Iterator[list[str]]:
    """The columns, and the same without triples at the end in which nothing was measured."""
    yield kept
    while len(kept) > 3 and all(np.ptp(numbers[name]) == 0 for name in kept[-3:]):
        kept = kept[:-3]
        yield kept


def wide_layouts(names: Sequence[str], joints: int | None) -> list[Roles]:
    """Several positions in a row beside the joints of an arm, which come first or last; empty for one or none."""
    targets = (len(names) - (joints or 0)) // 3
    if joints is None or targets < 2 or len(names) != joints + 3 * targets:
        return []
    own, rest = names[-joints:], names[:-joints]
    return [Roles(position=tuple(rest[k : k + 3]), joints=tuple(own)) for k in range(0, len(rest), 3)]


def _measurements(names: list[str], numbers: Mapping[str, Array], *, constant: bool = False) -> list[Roles]:
    """What is beside the joints: nothing, a position, or a pose. constant: whether columns may be."""
    count = len(names)
    if count == 0:
        return [Roles()]
    if count == 3:
        return [Roles(position=tuple(names))]
    if count == 7:
        ends = [(names[:3], names[3:]), (names[4:], names[:4])]
        values = [np.stack([numbers[name] for name in quaternion], axis=1) for _, quaternion in ends]
        return [
            Roles(position=tuple(position), quaternion=tuple(quaternion))
            for (position, quaternion), each in zip(ends, values, strict=True)
            if are_quaternions(each)
        ]
    if count == 6 and (constant or not any(np.ptp(numbers[name]) == 0 for name in names)):
        ends = [(names[:3], names[3:]), (names[3:], names[:3])]
        return [
            Roles(position=tuple(position), angles=tuple(angles), kinds=IN_ORDER)
            for position, angles in ends
            if largest(numbers, tuple(angles)) <= MOST_ANGLE
        ]
    if count == 6:
        return [Roles(position=tuple(names[:3]))] if all(np.ptp(numbers[n]) == 0 for n in names[3:]) else []
    return []


def _may_be_joints(names: list[str], numbers: Mapping[str, Array]) -> bool:
    return largest(numbers, tuple(names)) <= MOST_ANGLE


def _counts(column: Array) -> bool:
    """Whether a column counts rows by ones, or is a time stamp."""
    if len(column) < FEWEST_ROWS or not np.isfinite(column).all():
        return False
    steps = np.diff(column)
    return bool(np.all(steps == 1) or (np.all(steps >= 0) and column[0] > 1e8))
