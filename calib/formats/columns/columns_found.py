"""From the columns and arrays of a file, whatever its format, to the ways in which they may be meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.errors import InputError
from calib.formats.columns.header_words import IMAGE_WORDS, are_quaternions, roles_of_header, word_of
from calib.formats.columns.layouts import layouts, wide_layouts
from calib.formats.columns.matrices import ROLES, as_transforms, pose_columns, transforms_by_name
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.roles import AS_VECTOR, IN_ORDER, Roles
from calib.formats.columns.ros_joints import with_joint_names

if TYPE_CHECKING:
    from calib.formats.columns.wanted import Wanted

OF_BOARD = re.compile(r"(?i)board|chess|marker|optical|tracking|object|aruco|tag|cam|target2|2cam")
OF_ROBOT = re.compile(r"(?i)robot|gripper|flange|hand|tcp|ee|effector|base|arm|tool|pose")
OF_TURNS = re.compile(r"(?i)rot|rvec|euler|angle|orient|rpy|quat|^r$|^q$")
OF_JOINTS = re.compile(r"(?i)joint|^q$|^j$|angles|axes|^positions?$")
TWO_POSES, FEWEST_OF_POSE = (12, 14, 24, 32), 6  # columns of two poses, of three angles, quaternions or matrices
TIMES = {"s": "time_s", "ms": "time_ms", "us": "time_us", "ns": "time_ns"}


@dataclass(frozen=True, eq=False)
class Found:
    """Columns and arrays of n rows, by name."""

    numbers: Mapping[str, Array]
    """(n,) each."""
    lines: Index
    """(n,) where each row stands in the file."""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    """(n, ...) each."""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names, times."""
    named: bool = True
    """Whether the names of the columns are the file's own."""
    notes: tuple[str, ...] = ()
    """Remarks for the user."""


def recording_of(found: Found, wanted: Wanted, where: str) -> Recording:
    """The columns, and the ways to read them, the likeliest first.

    Raises InputError `columns-unknown` where nothing is known of them.
    """
    found = _of_board(found) if wanted.of_board else found
    numbers, candidates = with_joint_names(found.numbers, found.texts), list[Roles]()
    if (named := transforms_by_name(numbers)) is not None:
        transforms, used = named
        rest = {name: column for name, column in numbers.items() if name not in used}
        numbers = {**rest, **pose_columns(transforms)}
        joints = roles_of_header([*rest], rest, wanted.joint_names)[:1] if wanted.joints_needed else ()
        own = joints[0] if joints and joints[0].joints else Roles()
        candidates = [replace(ROLES, joints=own.joints, joint_unit=own.joint_unit)]
    if not candidates and found.arrays:
        numbers, candidates = _of_arrays(numbers, found.arrays, wanted)
    if not candidates and found.named:
        targets = roles_of_header([*numbers], numbers, wanted.joint_names)
        if len(targets) > 1:
            return _stack_targets(found, targets)
        candidates = [each for each in targets if each.serves(wanted)]
    if not candidates and not found.named:
        numbers, candidates = _without_names(numbers, wanted)
        if not candidates and wanted.joints_needed and (wide := wide_layouts([*numbers], wanted.joints)):
            return _stack_targets(found, tuple(wide))
    meanings = _meanings(candidates, numbers)
    if not meanings:
        shown = ", ".join([*found.numbers, *found.arrays, *found.texts][:20])
        raise InputError(
            f"its columns are not known to hold {'joint values' if wanted.joints_needed else 'poses'}",
            code="columns-unknown",
            where=where,
            why=f"the columns are: {shown}",
            advice="name them: --columns 1=x_mm,2=y_mm,3=z_mm,4=qx,5=qy,6=qz,7=qw, by number or by name",
        )
    return Recording(numbers, found.lines, meanings, _texts(found, meanings), found.notes)


def _of_board(found: Found) -> Found:
    """The columns and arrays of a board alone, where others are beside them: by their names, or the second half."""
    arrays = {name: each for name, each in found.arrays.items() if OF_BOARD.search(name)} or found.arrays
    if not found.named and len(found.numbers) in TWO_POSES:
        names = [*found.numbers]
        return replace(found, numbers={name: found.numbers[name] for name in names[len(names) // 2 :]}, arrays=arrays)
    numbers = {name: each for name, each in found.numbers.items() if OF_BOARD.search(name)}
    return replace(found, numbers=numbers if len(numbers) >= FEWEST_OF_POSE else found.numbers, arrays=arrays)


def _without_names(numbers: Mapping[str, Array], wanted: Wanted) -> tuple[dict[str, Array], list[Roles]]:
    """The same by what is in the columns: rows of a matrix, else the layouts that fit."""
    values = np.stack([*numbers.values()], axis=1) if numbers else np.zeros((0, 0))
    counts = (wanted.joints,) if wanted.joints else (6, 7, 5, 4)
    ahead = [0] if not wanted.joints_needed else [k for k in counts if k is not None]
    names = [*numbers]
    for lead in ahead:
        for first, rest in ((names[:lead], names[lead:]), (names[len(names) - lead :], names[: len(names) - lead])):
            transforms = (
                as_transforms(values[:, [names.index(name) for name in rest]]) if len(rest) in (12, 16) else None
            )
            if transforms is not None:
                return {**{n: numbers[n] for n in first}, **pose_columns(transforms)}, [
                    replace(ROLES, joints=tuple(first))
                ]
    return dict(numbers), layouts(names, numbers, wanted) if len(values) else []


def _meanings(candidates: list[Roles], numbers: Mapping[str, Array]) -> tuple[Meaning, ...]:
    """Every way to read the columns once, the likeliest first."""
    found: dict[object, Meaning] = {}
    for roles in candidates:
        for meaning in roles.meanings(numbers):
            found.setdefault((tuple(sorted(meaning.columns.items())), meaning.euler), meaning)
    return tuple(found.values())


def _of_arrays(
    numbers: Mapping[str, Array], arrays: Mapping[str, Array], wanted: Wanted
) -> tuple[dict[str, Array], list[Roles]]:
    """What arrays hold, those of the robot before those of a board."""
    own = {name: each for name, each in arrays.items() if not OF_BOARD.search(name)} or dict(arrays)
    order = sorted(own, key=lambda name: not OF_ROBOT.search(name))
    joints = next((n for n in order if own[n].ndim == 2 and OF_JOINTS.search(n) and 2 <= own[n].shape[1] <= 20), None)
    columns: dict[str, Array] = {}
    base = Roles()
    if joints is not None and wanted.joints_needed:
        names = tuple(f"{joints}_{k + 1}" for k in range(own[joints].shape[1]))
        columns |= dict(zip(names, own[joints].T, strict=True))
        base, order = Roles(joints=names), [name for name in order if name != joints]
    for name in order:
        pose = _pose_of(name, own, wanted)
        if pose is not None:
            columns |= pose[0]
            found = [replace(each, joints=each.joints or base.joints) for each in pose[1]]
            return {**numbers, **columns}, [each for each in found if each.serves(wanted)]
    return {**numbers, **columns}, [base] if wanted.joints_needed and base.joints else []


def _pose_of(name: str, arrays: Mapping[str, Array], wanted: Wanted) -> tuple[dict[str, Array], list[Roles]] | None:
    """The columns of the pose in an array, or in that and another that belongs to it."""
    values = arrays[name]
    flat = values.reshape(len(values), -1)
    if flat.shape[1] in (12, 16) and (transforms := as_transforms(flat)) is not None:
        return pose_columns(transforms), [ROLES]
    columns = {f"{name}_{k + 1}": column for k, column in enumerate(flat.T)}
    if flat.shape[1] == 9 and (shift := _partner(name, arrays, 3)) is not None:
        joined = as_transforms(np.concatenate([flat, shift[1]], axis=1))
        return None if joined is None else (pose_columns(joined), [ROLES])
    if flat.shape[1] == 3 and not OF_TURNS.search(name.rpartition(".")[2]):
        for width in (9, 4, 3):
            turn = _partner(name, arrays, width)
            if turn is None or not (width != 3 or OF_TURNS.search(turn[0].rpartition(".")[2])):
                continue
            if width == 9:
                joined = as_transforms(np.concatenate([turn[1], flat], axis=1))
                return None if joined is None else (pose_columns(joined), [ROLES])
            beside = {f"{turn[0]}_{k + 1}": column for k, column in enumerate(turn[1].T)}
            if width == 4 and are_quaternions(turn[1]):
                return columns | beside, [Roles(position=tuple(columns), quaternion=tuple(beside))]
            if width == 3:
                kinds = (AS_VECTOR,) if word_of(turn[0]).of_vector else IN_ORDER
                return columns | beside, [Roles(position=tuple(columns), angles=tuple(beside), kinds=kinds)]
    if flat.shape[1] in (6, 7, 8) or (wanted.joints_needed and 6 < flat.shape[1] <= 20):
        found = layouts([*columns], columns, wanted)
        found = [each for each in found if each.position or OF_JOINTS.search(name)]
        return (columns, found) if found else None
    return None


def _partner(name: str, arrays: Mapping[str, Array], width: int) -> tuple[str, Array] | None:
    """The array of that many numbers a row that belongs to another: of the same owner, or the same frames."""
    owner, own = name.rpartition(".")[0], re.sub(r"(?i)^(r|t|rot|trans|rvec|tvec)[a-z]*?(?=_|\d|$)", "", name)

    def near(other: str) -> tuple[bool, bool]:
        return other.rpartition(".")[0] != owner, not (own and other.endswith(own))

    fitting = [
        each for each in arrays if each != name and arrays[each].reshape(len(arrays[each]), -1).shape[1] == width
    ]
    fitting = [each for each in fitting if OF_TURNS.search(each.rpartition(".")[2]) or width == 3]
    best = min(fitting, key=near, default=None)
    return None if best is None else (best, arrays[best].reshape(len(arrays[best]), -1))


def _stack_targets(found: Found, targets: tuple[Roles, ...]) -> Recording:
    """A row for each of several targets that one row of the file holds."""
    count, many = len(found.lines), len(targets)
    shared = {name for roles in targets for name in (*roles.position, *roles.quaternion, *roles.angles)}
    numbers = {name: np.tile(column, many) for name, column in found.numbers.items() if name not in shared}
    first = targets[0]
    for attribute in ("position", "quaternion", "angles"):
        for k, name in enumerate(getattr(first, attribute)):
            numbers[name] = np.concatenate([found.numbers[getattr(each, attribute)[k]] for each in targets])
    texts = {name: column * many for name, column in found.texts.items()}
    texts["target"] = tuple(str(k + 1) for k in range(many) for _ in range(count))
    texts["pose"] = tuple(str(int(line)) for _ in range(many) for line in found.lines)
    roles = replace(first, others=(("target", "target"), ("pose", "pose")))
    return Recording(numbers, np.tile(found.lines, many), roles.meanings(numbers), texts, found.notes)


def _texts(found: Found, meanings: tuple[Meaning, ...]) -> dict[str, tuple[str, ...]]:
    """Columns of text, that of names called `image`, and times by the name that streams have."""
    texts = dict(found.texts)
    used = {theirs for meaning in meanings for theirs in meaning.columns.values()}
    if not any(name.lower() in IMAGE_WORDS for name in texts):
        named = next((n for n in texts if set(word_of(n).parts) & {*IMAGE_WORDS, "frame"}), None)
        if named is not None:
            texts["image"] = texts.pop(named)
    for name, column in found.numbers.items():
        word = word_of(name)
        unit = next((TIMES[part] for part in word.parts if part in TIMES), "time_s")
        if name not in used and {"time", "timestamp", "stamp", "secs"} & {*word.parts, word.stem}:
            texts.setdefault(unit, tuple(repr(value) for value in column.tolist()))
    return texts
