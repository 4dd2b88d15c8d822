"""Other interpretations of a table of poses and of an arm: each undoes a mistake of units, order, sign or convention.

An interpretation names what the file would have to mean, and turns the table (or the arm) as read into that. All are
exact: nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from calib.arrays import Array
from calib.geometry import se3, so3
from calib.robot.table.select import with_lengths_times

if TYPE_CHECKING:
    from calib.robot.arm.dh_row import Convention
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.orientation import Angles
    from calib.robot.table.pose_table import PoseTable

OfTable = Callable[["PoseTable"], "PoseTable"]
OfArm = Callable[["SerialArm"], "SerialArm"]

DEGREE = np.pi / 180


def _as_it_is(thing: Any) -> Any:
    return thing


@dataclass(frozen=True)
class Interpretation:
    """One way to interpret table and arm."""

    name: str
    """In words, the meaning of both."""
    table: OfTable = _as_it_is
    """The table so interpreted."""
    arm: OfArm = _as_it_is
    """The arm so interpreted."""

    def then(self, other: Interpretation) -> Interpretation:
        """This interpretation, and another one of what it gives."""
        return Interpretation(
            f"{self.name}; {other.name}" if self.name else other.name,
            lambda table: other.table(self.table(table)),
            lambda arm: other.arm(self.arm(arm)),
        )


AS_GIVEN = Interpretation("")


def interpretations(arm: SerialArm, table: PoseTable) -> tuple[Interpretation, ...]:
    """Every single other interpretation of an arm and a table."""
    found = [*_units(table), *_joint_orders(table), *_joint_signs(table), *_couplings(table), *_axes(table)]
    if table.quaternion_xyzw is not None:
        found += _orientations(table)
    return (*found, _other_convention(arm))


def interpretations_of_poses(table: PoseTable) -> tuple[Interpretation, ...]:
    """Every single other interpretation of measured poses, without an arm."""
    return (*_units(table), *_axes(table), *_orientations(table))


def sign_patterns(table: PoseTable) -> tuple[Interpretation, ...]:
    """Every choice of two or more joints, but not all, that count the other way."""
    joints = table.joints.shape[1]
    return tuple(
        _signs(joints, flipped) for count in range(2, joints) for flipped in combinations(range(joints), count)
    )


def _other_convention(arm: SerialArm) -> Interpretation:
    other: Convention = "standard_dh" if arm.convention == "modified_dh" else "modified_dh"
    words = {"standard_dh": "standard DH", "modified_dh": "modified DH"}
    name = f"the arm's table is {words[other]}, not {words[arm.convention]}"
    return Interpretation(name, arm=lambda arm: replace(arm, convention=other, checks=()))


def _joints(name: str, matrix: Array) -> Interpretation:
    """Joint values times a matrix (joints, joints): another order, sign, unit or coupling."""
    return Interpretation(name, lambda table: replace(table, joints=table.joints @ matrix.T))


def _positions(name: str, matrix: Array) -> Interpretation:
    """Measured positions times a matrix (3, 3)."""

    def transform(table: PoseTable) -> PoseTable:
        assert table.position is not None
        return replace(table, position=table.position @ matrix.T)

    return Interpretation(name, transform)


def _lengths(name: str, factor: float) -> Interpretation:
    """Measured lengths in another unit, their standard deviations with them."""
    return Interpretation(name, lambda table: with_lengths_times(table, factor))


def _units(table: PoseTable) -> Iterator[Interpretation]:
    slides = np.array(table.prismatic)
    if not slides.all():
        for words, factor in (("degrees, read as radians", DEGREE), ("radians, read as degrees", 1 / DEGREE)):
            yield _joints(f"joint angles are {words}", np.diag(np.where(slides, 1.0, factor)))
    scales = (("millimetres, read as metres", 1e-3), ("metres, read as millimetres", 1e3))
    for words, factor in scales:
        if slides.any():
            yield _joints(f"sliding joints are {words}", np.diag(np.where(slides, factor, 1.0)))
        for name, column in (("positions", table.position), ("distances", table.distance)):
            if column is not None:
                yield _lengths(f"{name} are {words}", factor)


def _joint_orders(table: PoseTable) -> Iterator[Interpretation]:
    joints = table.joints.shape[1]
    eye = np.eye(joints)
    yield _joints("the joint columns are in reverse order", eye[::-1])
    for i, k in combinations(range(joints), 2):
        swapped = list(range(joints))
        swapped[i], swapped[k] = k, i
        yield _joints(f"the columns of joints {i + 1} and {k + 1} are swapped", eye[swapped])
    if joints > 2:
        yield _joints("the first joint column is the last joint's", np.roll(eye, -1, axis=0))
        yield _joints("the last joint column is the first joint's", np.roll(eye, 1, axis=0))


def _joint_signs(table: PoseTable) -> Iterator[Interpretation]:
    joints = table.joints.shape[1]
    for joint in range(joints):
        yield _signs(joints, (joint,))
    yield _joints("all joints count the other way", -np.eye(joints))


def _signs(joints: int, flipped: tuple[int, ...]) -> Interpretation:
    sign = np.ones(joints)
    sign[list(flipped)] = -1.0
    numbers = " and ".join(str(joint + 1) for joint in flipped)
    words = f"joint {numbers} counts" if len(flipped) == 1 else f"joints {numbers} count"
    return _joints(f"{words} the other way", np.diag(sign))


def _couplings(table: PoseTable) -> Iterator[Interpretation]:
    """Joint 3 against the horizontal, as some controllers count it."""
    if table.joints.shape[1] < 6 or any(table.prismatic[:3]):
        return
    for words, sign in (("joint 3 counts against the horizontal", 1.0), ("joint 3 counts against joint 2", -1.0)):
        added = np.eye(table.joints.shape[1])
        added[2, 1] = sign
        yield _joints(words, added)


def _axes(table: PoseTable) -> Iterator[Interpretation]:
    """Measured positions with their columns in another order, or in a left-handed frame."""
    if table.position is None:
        return
    for order in list(permutations(range(3)))[1:]:
        hold = ", ".join("xyz"[i] for i in order)
        yield _positions(f"the columns x, y, z hold {hold}", np.eye(3)[np.argsort(order)])
    for axis, name in enumerate("xyz"):
        mirrored = np.diag(np.where(np.arange(3) == axis, -1.0, 1.0))
        yield _positions(f"positions count {name} the other way (a left-handed frame)", mirrored)


def _orientations(table: PoseTable) -> Iterator[Interpretation]:
    yield Interpretation("poses are inverted: world in target, not target in world", invert_poses)
    yield _quaternions(
        "orientations are inverted: world in target, not target in world", np.diag([-1.0, -1.0, -1.0, 1.0])
    )
    if table.angles is None:
        yield _quaternions("quaternion columns hold w, x, y, z", np.eye(4)[[1, 2, 3, 0]])
        yield _quaternions("quaternion columns named w, x, y, z hold x, y, z, w", np.eye(4)[[3, 0, 1, 2]])
        return
    for words, factor in (("degrees, read as radians", DEGREE), ("radians, read as degrees", 1 / DEGREE)):
        yield _angles(f"orientation angles are {words}", scale=factor)
    as_read = _sequence_words(table.angles.euler)
    for euler in _sequences(table.angles):
        yield _angles(f"orientation angles are {_sequence_words(euler)}, read as {as_read}", euler=euler)


def _quaternions(name: str, matrix: Array) -> Interpretation:
    """Quaternions times a matrix (4, 4)."""

    def transform(table: PoseTable) -> PoseTable:
        assert table.quaternion_xyzw is not None
        return replace(table, quaternion_xyzw=table.quaternion_xyzw @ matrix.T, angles=None)

    return Interpretation(name, transform)


def _angles(name: str, *, scale: float = 1.0, euler: str | Literal[True] | None = True) -> Interpretation:
    """Orientation angles in another unit, or of another sequence (True: the one they were read as)."""

    def reinterpret(table: PoseTable) -> PoseTable:
        assert table.angles is not None
        sequence = table.angles.euler if euler is True else euler
        angles = replace(table.angles, values=table.angles.values * scale, euler=sequence)
        return replace(table, angles=angles, quaternion_xyzw=angles.quaternion_xyzw())

    return Interpretation(name, reinterpret)


def _sequences(angles: Angles) -> list[str | None]:
    """All other sequences that differ; of those by axis only one of each pair that agrees."""
    upper = ["".join(letters) for letters in product("XYZ", repeat=3)]
    plain = [name for name in upper if len(set(name)) == 3]
    if angles.by_axis:  # XYZ about moving axes is zyx about fixed ones
        same = {angles.euler, angles.euler and angles.euler[::-1].swapcase()}
        return [name for name in (None, *plain) if name not in same]
    twice = [name for name in upper if name[0] == name[2] != name[1]]
    every = [None, *plain, *twice, *(name.lower() for name in (*plain, *twice))]
    return [name for name in every if name != angles.euler]


def _sequence_words(euler: str | None) -> str:
    if euler is None:
        return "a rotation vector"
    return f"Euler angles {euler} about {'moving' if euler.isupper() else 'fixed'} axes"


def invert_poses(table: PoseTable) -> PoseTable:
    """Measured poses the other way round."""
    assert table.position is not None
    assert table.rotation is not None
    inverse = se3.inverse(se3.compose(table.rotation, table.position))
    return replace(
        table, position=inverse[:, :3, 3], quaternion_xyzw=so3.quaternion_xyzw(inverse[:, :3, :3]), angles=None
    )
