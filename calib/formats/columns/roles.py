"""What the columns of a table are, and every way in which that may be meant where the file leaves it open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.formats.columns.recording import Meaning
from calib.robot.table.columns import EULER, POSITION, QUATERNION, ROTATION

if TYPE_CHECKING:
    from calib.formats.columns.wanted import Wanted

Kind = tuple[tuple[str, ...], str | None]
"""Names of ours for three angles, and their sequence; None: a rotation vector."""

AS_VECTOR: Kind = (ROTATION, None)

BY_AXIS: tuple[Kind, ...] = (
    AS_VECTOR,
    *((ROTATION, euler) for euler in ("ZYX", "XYZ", "ZXY", "YXZ", "XZY", "YZX")),
)
"""Angles about x, y and z: a rotation vector, or turned in any order."""


def _in_order() -> Iterator[Kind]:
    yield AS_VECTOR
    plain = ["".join(axes) for axes in permutations("XYZ")]
    twice = [a + b + a for a, b in permutations("XYZ", 2)]
    for euler in sorted(plain, key=("ZYX", "XYZ").__contains__, reverse=True):
        yield EULER, euler
        yield EULER, euler.lower()
    for euler in twice:  # about fixed axes it is the same in reverse, which is not the columns' order
        yield EULER, euler
        yield EULER, euler.lower()
    for euler in ("ZXY", "YXZ", "XZY", "YZX"):
        yield ROTATION, euler


IN_ORDER = tuple(_in_order())
"""Three angles of which nothing is known: a rotation vector, or of any sequence, first angle first or by axis."""

METRES_BELOW = 20.0  # no arm reaches as far
TURNS_RAD = 4 * np.pi  # joints and wrists turn less to either side


@dataclass(frozen=True)
class Roles:
    """Columns of a table by what they hold; what is None is open."""

    position: tuple[str, ...] = ()
    """Names of the columns x, y, z in the file."""
    length_unit: str | None = None
    quaternion: tuple[str, ...] = ()
    """Four names; by their order, unless that is open, the first is x."""
    scalar: str | None = None
    """Which of them is the scalar part: first or last."""
    angles: tuple[str, ...] = ()
    """Three names."""
    angle_unit: str | None = None
    kinds: tuple[Kind, ...] = BY_AXIS
    """What the angles may be, the likeliest first."""
    joints: tuple[str, ...] = ()
    """In the arm's order."""
    joint_unit: str | None = None
    distance: str = ""
    others: tuple[tuple[str, str], ...] = ()
    """Further pairs of our name and the file's: target, pose, temperature, standard deviations."""

    def serves(self, wanted: Wanted) -> bool:
        """Whether these are what a command needs."""
        if wanted.joints_needed:
            return bool(self.joints)
        oriented = bool(self.quaternion or self.angles)
        return bool(self.position and (oriented or not wanted.oriented)) or bool(self.distance and not wanted.oriented)

    def meanings(self, numbers: Mapping[str, Array]) -> tuple[Meaning, ...]:
        """Every way to read the columns (n,) by name, the likeliest first."""
        turns = self._quaternions() if self.quaternion else self._angles(numbers)
        rest = dict(self.others)
        if self.distance:
            rest |= {f"distance_{self.length_unit or 'm'}": self.distance}
        found = []
        for position, (orientation, euler), joints in product(self._positions(numbers), turns, self._joints(numbers)):
            found.append(Meaning({**joints, **position, **orientation, **rest}, euler))
        return tuple(found)

    def _positions(self, numbers: Mapping[str, Array]) -> list[dict[str, str]]:
        if not self.position:
            return [{}]
        units = [self.length_unit] if self.length_unit else ["m", "mm"]
        if not self.length_unit and largest(numbers, self.position) > METRES_BELOW:
            units.reverse()
        return [{f"{ours}_{unit}": name for ours, name in zip(POSITION, self.position, strict=True)} for unit in units]

    def _quaternions(self) -> list[tuple[dict[str, str], str | None]]:
        last = dict(zip(QUATERNION, self.quaternion, strict=True))
        first = dict(zip((QUATERNION[3], *QUATERNION[:3]), self.quaternion, strict=True))
        order = {"last": [last], "first": [first], None: [last, first], "likely first": [first, last]}
        return [(columns, None) for columns in order[self.scalar]]

    def _angles(self, numbers: Mapping[str, Array]) -> list[tuple[dict[str, str], str | None]]:
        if not self.angles:
            return [({}, None)]
        units = angle_units(largest(numbers, self.angles), np.pi) if self.angle_unit is None else [self.angle_unit]
        return [
            ({f"{ours}_{unit}": name for ours, name in zip(stems, self.angles, strict=True)}, euler)
            for stems, euler in self.kinds
            for unit in units
        ]

    def _joints(self, numbers: Mapping[str, Array]) -> list[dict[str, str]]:
        if not self.joints:
            return [{}]
        units = angle_units(largest(numbers, self.joints), 2 * np.pi) if self.joint_unit is None else [self.joint_unit]
        return [{f"j{i + 1}_{unit}": name for i, name in enumerate(self.joints)} for unit in units]


def largest(numbers: Mapping[str, Array], names: tuple[str, ...]) -> float:
    """The largest magnitude in some columns."""
    return max((float(np.nanmax(np.abs(numbers[name]), initial=0.0)) for name in names), default=0.0)


def angle_units(most: float, usual_rad: float) -> list[str]:
    """The units that angles of this magnitude at most may have, the likeliest first."""
    if most > TURNS_RAD:
        return ["deg"]
    return ["rad", "deg"] if most <= 1.01 * usual_rad else ["deg", "rad"]
