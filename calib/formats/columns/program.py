"""Targets in the programs of controllers: found by their text, and replaced number by number."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from calib.arrays import Array
from calib.formats.columns.pose_texts import euler_deg
from calib.geometry import se3, so3

LONGEST = 2_000  # letters of a statement before its target
NOTHING = re.compile(r"(?!)")  # matches nowhere
_LABEL = re.compile(r"(\w+(?:\[\d+\])?)\s*:?=\s*[\w.]*\W{0,3}$|\b(P\[\d+)(?:\s*:\s*\"[^\"]*\")?\]\s*\{[^}]*$")


@dataclass(frozen=True)
class Program:
    """How targets of one kind stand in a program."""

    pattern: re.Pattern[str]
    """One target; its last groups are its numbers."""
    decimals: tuple[int, ...]
    """How many decimals each number is written with at least."""
    to_poses: Callable[[Array], Array] | None = None
    """to_poses(numbers (n, k)): transforms (n, 4, 4); None for joint values, in `joint_unit`."""
    to_numbers: Callable[[Array, Array], Array] | None = None
    """to_numbers(transforms (n, 4, 4), near (n, k)): numbers (n, k), those nearest to `near` of all that mean it."""
    joint_unit: float = 1.0
    """rad of one unit of a joint value."""
    no_target: re.Pattern[str] = NOTHING
    """In the statement before its numbers: what makes it an offset, a tool, a frame or a comment."""
    statement: str = "\n"
    """What ends a statement."""


@dataclass(frozen=True)
class ProgramTarget:
    """A target in a program."""

    program: Program = field(repr=False)
    """How it stands there."""
    name: str
    """As the program calls it, empty if it has no name."""
    line: int
    """Where it stands."""
    spans: tuple[tuple[int, int], ...]
    """Of its numbers in the text."""
    numbers: tuple[float, ...]
    """As written."""


def find_targets(text: str, programs: Iterable[Program]) -> list[ProgramTarget]:
    """All targets, in the order of the text; a number belongs to one."""
    found: list[ProgramTarget] = []
    breaks = [each.start() for each in re.finditer("\n", text)]
    for program in programs:
        for match in program.pattern.finditer(text):
            earliest = max(0, match.start() - LONGEST)
            begins = [text.rfind(end, earliest, match.start()) + 1 for end in (program.statement, "\n")]
            count = len(program.decimals)
            groups = [at for at in range(1, match.re.groups + 1) if match.start(at) >= 0][-count:]
            spans = tuple(match.span(at) for at in groups)
            if any(program.no_target.search(text[max(begin, earliest) : spans[0][0]]) for begin in begins):
                continue
            numbers = tuple(float(text[slice(*span)]) for span in spans)
            line = bisect_left(breaks, match.start()) + 1
            found.append(ProgramTarget(program, _name(text, match), line, spans, numbers))
    return sorted(found, key=lambda target: target.spans)


def _name(text: str, match: re.Match[str]) -> str:
    """What stands before a target and names it."""
    first = match.group(1) or ""
    if first and not re.match(r"[-+.\d]", first):
        return first
    label = _LABEL.search(text[max(0, match.start() - 200) : match.start()])
    return "" if label is None else label[1] or f"{label[2]}]"


def put_numbers(text: str, targets: Iterable[ProgramTarget], rows: Iterable[Array]) -> str:
    """The text with other numbers in place of those of the targets; those that stay keep their digits."""
    changes = []
    for target, row in zip(targets, rows, strict=True):
        for span, decimals, value in zip(target.spans, target.program.decimals, row.tolist(), strict=True):
            changes.append((span, _number_text(text[slice(*span)], value, decimals)))
    pieces, at = [], 0
    for (start, end), number in sorted(changes):
        pieces += [text[at:start], number]
        at = end
    return "".join([*pieces, text[at:]])


def _number_text(old: str, value: float, decimals: int) -> str:
    if abs(float(old) - value) < 0.5 * 10.0**-decimals:
        return old
    fraction = re.search(r"\.(\d+)(?![eE\d])", old)
    places = max(decimals, len(fraction[1]) if fraction else 0)
    return f"{round(value, places) + 0.0:.{places}f}"


def poses_of_euler(numbers: Array, sequence: str) -> Array:
    """Transforms (n, 4, 4) of x y z in mm and three angles in degrees (n, 6)."""
    from scipy.spatial.transform import Rotation

    return se3.compose(Rotation.from_euler(sequence, numbers[:, 3:], degrees=True).as_matrix(), numbers[:, :3] / 1000)


def euler_of_poses(transforms: Array, near: Array, sequence: str) -> Array:
    """Numbers (n, 6) of transforms; angles nearest to those of `near` (n, 6)."""
    first = euler_deg(transforms[:, :3, :3], sequence)
    second = np.stack([first[:, 0] + 180, 180 - first[:, 1], first[:, 2] + 180], axis=1)
    both = np.stack([first, second])
    both += 360 * np.round((near[:, 3:] - both) / 360)
    better = np.abs(both[1] - near[:, 3:]).sum(axis=1) < np.abs(both[0] - near[:, 3:]).sum(axis=1)
    return np.concatenate([1000 * transforms[:, :3, 3], np.where(better[:, None], both[1], both[0])], axis=1)


def poses_of_rotation_vector(numbers: Array) -> Array:
    """Transforms (n, 4, 4) of x y z in m and a rotation vector in rad (n, 6)."""
    return se3.compose(so3.exp(numbers[:, 3:]), numbers[:, :3])


def rotation_vector_of_poses(transforms: Array, near: Array) -> Array:
    """Numbers (n, 6) of transforms; the vector of a whole turn more or less that is nearest to `near` (n, 6)."""
    vector = so3.log(transforms[:, :3, :3])
    angle = np.linalg.norm(vector, axis=1, keepdims=True)
    axis = vector / np.where(angle > 0, angle, 1.0)
    turns = np.round((np.sum(axis * near[:, 3:], axis=1, keepdims=True) - angle) / (2 * np.pi))
    return np.concatenate([transforms[:, :3, 3], vector + 2 * np.pi * turns * axis], axis=1)


def poses_of_quaternion(numbers: Array) -> Array:
    """Transforms (n, 4, 4) of x y z in mm and a quaternion w x y z (n, 7)."""
    return se3.compose(so3.from_quaternion_xyzw(numbers[:, [4, 5, 6, 3]]), numbers[:, :3] / 1000)


def quaternion_of_poses(transforms: Array, near: Array) -> Array:
    """Numbers (n, 7) of transforms; of the two quaternions the one nearest to that of `near` (n, 7)."""
    found = so3.quaternion_xyzw(transforms[:, :3, :3])[:, [3, 0, 1, 2]]
    sign = np.where(np.sum(found * near[:, 3:], axis=1, keepdims=True) < 0, -1.0, 1.0)
    return np.concatenate([1000 * transforms[:, :3, 3], sign * found], axis=1)
