"""The names that robots, ROS and instruments give to columns, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calib.arrays import Array
from calib.formats.columns.roles import AS_VECTOR, BY_AXIS, IN_ORDER, Kind, Roles
from calib.robot.table.columns import EULER, ROTATION

UNITS = {
    "m": "m", "meter": "m", "meters": "m", "metre": "m", "metres": "m", "mm": "mm", "millimeter": "mm",
    "millimetre": "mm", "rad": "rad", "radian": "rad", "radians": "rad", "deg": "deg", "degree": "deg",
    "degrees": "deg", "°": "deg", "grad": "deg",
}  # fmt: skip
_UNIT = re.compile(r"[\[(<{]\s*([^\])>}]*)\s*[\])>}]|[_ /]([A-Za-z°]+)\s*$")
_SPLIT = re.compile(r"[^a-z0-9°]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
IGNORED = frozenset(
    [
        "u",
        "std",
        "sigma",
        "cov",
        "covariance",
        "vel",
        "velocity",
        "speed",
        "acc",
        "acceleration",
        "effort",
        "force",
        "torque",
        "tau",
        "current",
        "tilt",
        "err",
        "error",
        "target_q",
        "qd",
        "qdd",
        "tcp_speed",
        "tcp_force",
        "moment",
    ]
)
TURNED = frozenset(
    [
        "orientation",
        "orient",
        "rotation",
        "rot",
        "quaternion",
        "quat",
        "q",
        "rvec",
        "rotvec",
        "euler",
        "angle",
        "angles",
        "r",
        "o",
        "rxryrz",
    ]
)
VECTORS = frozenset(["rvec", "rotvec", "rodrigues"])
JOINT_WORDS = frozenset(
    [
        "j",
        "joint",
        "joints",
        "q",
        "axis",
        "theta",
        "th",
        "jnt",
        "a",
        "actual",
        "ax",
        "jpos",
        "position",
        "positions",
        "angle",
    ]
)
NAMED_ANGLES: tuple[tuple[tuple[str, str, str], tuple[Kind, ...]], ...] = (
    (("roll", "pitch", "yaw"), ((ROTATION, "ZYX"), *BY_AXIS)),
    (("a", "b", "c"), ((EULER, "ZYX"), (ROTATION, "ZYX"), *IN_ORDER)),
    (("w", "p", "r"), ((EULER, "xyz"), *IN_ORDER)),
    (("alpha", "beta", "gamma"), IN_ORDER),
    (("phi", "theta", "psi"), IN_ORDER),
    (("e1", "e2", "e3"), IN_ORDER),
    (("o", "a", "t"), ((EULER, "ZYZ"), *IN_ORDER)),
)
"""Three names of angles that belong together, and what they may be, the likeliest first."""
IMAGE_WORDS = ("image", "file", "filename", "name", "img", "frame", "picture")
MOST_TARGETS = 50


@dataclass(frozen=True)
class Word:
    """A column's name taken apart."""

    name: str
    """As in the file."""
    unit: str | None
    """m, mm, rad or deg where the name states it."""
    parts: tuple[str, ...]
    """Lower-case words and numbers without the unit."""

    @property
    def stem(self) -> str:
        """The words as one."""
        return "".join(self.parts)

    @property
    def of_vector(self) -> bool:
        """Whether it names a rotation vector, and leaves no other meaning of three angles."""
        return any(part.rstrip("xyz0123") in VECTORS for part in self.parts)


def word_of(name: str) -> Word:
    """A column's name taken apart."""
    text = name.strip()
    unit = None
    for match in _UNIT.finditer(text):
        found = UNITS.get((match[1] if match[1] is not None else match[2] or "").strip().lower())
        if found is not None and (match[1] is not None or len(text) > len(match[0])):
            unit, text = found, text.replace(match[0], " ")
            break
    parts = tuple(part for part in _SPLIT.split(text.lower()) if part)
    return Word(name, unit, parts)


def roles_of_header(
    names: Sequence[str], numbers: Mapping[str, Array], joint_names: Sequence[str] = ()
) -> tuple[Roles, ...]:
    """What named columns are: one role per target where a row has several; empty where no name is known.

    joint_names: of the arm, as its maker or its URDF calls them.
    """
    words = [word_of(name) for name in names if name in numbers]
    words = [word for word in words if not IGNORED & set(word.parts) or word.name in joint_names]
    joints, joint_unit = _joints(words, joint_names, numbers)
    rest = [word for word in words if word.name not in joints]
    base = Roles(joints=joints, joint_unit=joint_unit)
    targets = _several_targets(rest)
    if len(targets) > 1:
        return tuple(_measurements(base, group, numbers) for group in targets)
    found = _measurements(base, rest, numbers)
    return (found,) if found.joints or found.position or found.distance else ()


def _measurements(base: Roles, words: list[Word], numbers: Mapping[str, Array]) -> Roles:
    """Position and orientation among the words."""
    position = _axes(words, turned=False)
    quaternion, scalar = _quaternion(words, numbers)
    roles = replace(base, position=tuple(word.name for word in position), length_unit=_one_unit(position, ("m", "mm")))
    if quaternion:
        return replace(roles, quaternion=quaternion, scalar=scalar)
    angles, kinds = _angles(words)
    if not position or not angles:
        distance = next((word for word in words if "distance" in word.parts or word.stem == "dist"), None)
        unit = _one_unit([distance], ("m", "mm")) if distance else roles.length_unit
        return roles if position or distance is None else replace(roles, distance=distance.name, length_unit=unit)
    unit = _one_unit(angles, ("rad", "deg"))
    return replace(roles, angles=tuple(word.name for word in angles), angle_unit=unit, kinds=_distinct(kinds))


def _distinct(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    return tuple(dict.fromkeys(kinds))


def _one_unit(words: Sequence[Word], allowed: tuple[str, ...]) -> str | None:
    units = {word.unit for word in words}
    return next(iter(units)) if len(units) == 1 and units <= set(allowed) else None


def _axis(word: Word) -> tuple[str, bool] | None:
    """The axis x, y, z or w at the end of a name, and whether it is one of an orientation."""
    *before, last = word.parts or ("",)
    if last.isdigit() and before:  # the number of a target
        *before, last = before
    turned = bool(TURNED & set(before))
    if last in ("x", "y", "z", "w"):
        return last, turned
    match = re.fullmatch(r"(t|p|pos|trans|posi|q|quat|r|rot|phi|o|rvec|rotvec)([xyzw])", last)
    if match is None:
        return None
    return match[2], turned or match[1] not in ("t", "p", "pos", "trans", "posi")


def _axes(words: list[Word], *, turned: bool) -> list[Word]:
    """The columns x, y, z of a position, or of an orientation; empty if not all are there."""
    found: dict[str, Word] = {}
    for word in words:
        axis = _axis(word)
        if axis is not None and axis[1] is turned:
            found.setdefault(axis[0], word)
    if not turned and not all(axis in found for axis in "xyz"):
        found = {str("xyz"["012".index(word.parts[-1])]): word for word in words if _is_translation(word)}
    return [found[axis] for axis in "xyz"] if all(axis in found for axis in "xyz") else []


def _is_translation(word: Word) -> bool:
    return (
        len(word.parts) >= 2
        and word.parts[-1] in ("0", "1", "2")
        and word.parts[-2] in ("pose", "t", "trans", "translation")
    )


def _quaternion(words: list[Word], numbers: Mapping[str, Array]) -> tuple[tuple[str, ...], str | None]:
    """The columns of a quaternion, and which of them is the scalar: last where the names say x, y, z, w."""
    named = {axis[0]: word.name for word in words if (axis := _axis(word)) and axis[1]}
    if len(named) == 4:
        return tuple(named[axis] for axis in "xyzw"), "last"
    for first in ("0", "1"):
        series = [str(int(first) + k) for k in range(4)]
        found = {
            word.parts[-1]: word.name
            for word in words
            if len(word.parts) >= 2
            and word.parts[-2] in ("q", "quat", "quaternion", "rot")
            and word.parts[-1] in series
        }
        if len(found) == 4 and are_quaternions(np.stack([numbers[found[key]] for key in series], axis=1)):
            return tuple(found[key] for key in series), "likely first"
    return (), None


def are_quaternions(values: Array) -> bool:
    """Whether most rows (n, 4) have unit length."""
    length = np.linalg.norm(values, axis=1)
    return bool(np.mean(np.abs(length - 1) <= 0.01) >= 0.9)


def _angles(words: list[Word]) -> tuple[list[Word], tuple[Kind, ...]]:
    turned = _axes(words, turned=True)
    if turned and all(word.of_vector for word in turned):
        return turned, (AS_VECTOR,)
    if turned:
        return turned, BY_AXIS
    by_stem = {word.stem: word for word in words} | {word.parts[-1]: word for word in words if word.parts}
    for stems, kinds in NAMED_ANGLES:
        if all(stem in by_stem for stem in stems):
            return [by_stem[stem] for stem in stems], kinds
    numbered = [w for w in words if len(w.parts) >= 2 and w.parts[-2] == "pose" and w.parts[-1] in ("3", "4", "5")]
    if len(numbered) == 3:  # RTDE: actual_TCP_pose_0 ... 5
        return sorted(numbered, key=lambda word: word.parts[-1]), BY_AXIS
    return [], ()


def _joints(
    words: list[Word], joint_names: Sequence[str], numbers: Mapping[str, Array]
) -> tuple[tuple[str, ...], str | None]:
    """The joint columns in order, by the arm's own names or by number, and their unit."""
    by_name = {
        _plain(part): word for word in words for part in re.split(r"[/.]", word.name)
    }  # /joint_states/elbow/position
    by_name |= {_plain(word.name): word for word in words}
    if joint_names and all(_plain(name) in by_name for name in joint_names):
        found = [by_name[_plain(name)] for name in joint_names]
        return tuple(word.name for word in found), _one_unit(found, ("rad", "deg"))
    families: dict[tuple[str, ...], dict[int, Word]] = {}
    for word in words:
        if len(word.parts) >= 2 and word.parts[-1].isdigit() and JOINT_WORDS & set(word.parts[:-1]):
            families.setdefault(word.parts[:-1], {}).setdefault(int(word.parts[-1][:3]), word)
    quaternion = set(_quaternion(words, numbers)[0])
    for family in sorted(families.values(), key=len, reverse=True):
        order = sorted(family)
        run = [family[i] for i in order]
        counted = order == list(range(order[0], order[0] + len(order))) and order[0] <= 1 and len(order) >= 2
        if counted and not {word.name for word in run} <= quaternion:
            return tuple(word.name for word in run), _one_unit(run, ("rad", "deg"))
    ros = [word for word in words if word.parts and word.parts[-1] == "joint" and len(word.parts) > 1]
    return tuple(word.name for word in ros), _one_unit(ros, ("rad", "deg"))


def _plain(name: str) -> str:
    """A name without unit, case and separators."""
    return word_of(name).stem


def _several_targets(words: list[Word]) -> list[list[Word]]:
    """The columns of each target of a row: x1, y1, z1, x2, ...; one group where there is none or one."""
    groups: dict[str, list[Word]] = {}
    for word in words:
        if len(word.parts) >= 2 and word.parts[-1].isdigit() and _axis(word):
            groups.setdefault(word.parts[-1], []).append(word)
    whole = [group for group in groups.values() if len(_axes(group, turned=False)) == 3]
    return whole if 1 < len(whole) <= MOST_TARGETS else [words]
