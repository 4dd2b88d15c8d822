"""What a pose format reads: columns by the names that the file gives them, and the ways in which they may be meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.delimited import TEXT, Delimited, NumberColumn
from calib.robot.table.columns import EULER, POSITION, QUATERNION, ROTATION, is_ours
from calib.robot.table.pose_table import ExcludedRow, PoseTable
from calib.robot.table.read import find_pose_columns, poses_in_columns
from calib.robot.table.reading import Reading

_BARE = re.compile(r"[\w.,=/:+-]+")
QUATERNION_WITHIN = 0.01  # of unit length, as the house's own tables


@dataclass(frozen=True)
class Meaning:
    """Which column is which of ours: what `--columns` and `--euler` would state."""

    columns: Mapping[str, str]
    """Our name, with its unit -> the file's name."""
    euler: str | None = None
    """The sequence of the Euler angles among them."""

    @property
    def options(self) -> str:
        """The same on the command line."""
        pairs = ",".join(f"{ours}={theirs}".replace(",", "\\,") for ours, theirs in self.columns.items())
        return f"--columns {_shell_word(pairs)}" + (f" --euler {self.euler}" if self.euler else "")

    def words(self, order: Iterable[str]) -> str:
        """The same in words; order: the names of the file's columns."""
        place = {name: i for i, name in enumerate(order)}
        ours = sorted(self.columns, key=lambda name: place.get(self.columns[name], len(place)))
        parts: list[str] = []
        for name in ours:
            if (part := self._part(name, ours)) and part not in parts:
                parts.append(part)
        return ", ".join(parts)

    def _part(self, name: str, ours: list[str]) -> str:
        stem, _, unit = name.rpartition("_")
        if stem in POSITION:
            return "{} {} {} in {}".format(*(each[0] for each in ours if each[:2] in ("x_", "y_", "z_")), unit)
        if name in QUATERNION:
            order = [each for each in ours if each in QUATERNION]
            return f"quaternion {'w first' if order[0] == 'qw' else 'w last'}"
        if stem in ROTATION or stem in EULER:
            if self.euler is None:
                return f"rotation vector in {unit}"
            return f"Euler angles {self.euler} about {'moving' if self.euler.isupper() else 'fixed'} axes in {unit}"
        if stem[:1] == "j" and stem[1:].isdigit():
            return f"joints in {unit}"
        return ""


@dataclass(frozen=True, eq=False)
class Recording:
    """Columns of n rows, as a file gives them."""

    numbers: Mapping[str, Array]
    """(n,) each, by name; NaN where there is none."""
    lines: Index
    """(n,) where each row stands in the file."""
    meanings: tuple[Meaning, ...]
    """The ways to read them that the file leaves open, the likeliest first; one where it states everything."""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns of text: names of images, of targets, times."""
    notes: tuple[str, ...] = ()
    """Remarks for the user."""

    def table(self, where: str, *, joints_needed: bool) -> PoseTable:
        """The poses, with every other way to read them. Raises as `calib.robot.read_poses`."""
        complete = self._complete_rows()
        dropped = [
            ExcludedRow(int(line), "a number is missing, or its quaternion is none") for line in self.lines[~complete]
        ]
        whole = self if not dropped or len(dropped) > len(self.lines) / 2 else self._select(complete)
        excluded = tuple(dropped) if whole is not self else ()

        def build(meaning: Meaning) -> PoseTable:
            table = whole._read(meaning, where, joints_needed)
            return replace(table, excluded=(*excluded, *table.excluded), notes=(*self.notes, *table.notes))

        first = build(self.meanings[0])
        names = [*self.numbers, *self.texts]
        readings = tuple(Reading(each.words(names), each.options, partial(build, each)) for each in self.meanings)
        return replace(first, readings=readings if len(readings) > 1 else ())

    def _read(self, meaning: Meaning, where: str, joints_needed: bool) -> PoseTable:
        names = (*self.numbers, *self.texts)
        header = tuple(map(_in_header, names))
        stated = {ours: _in_header(theirs) for ours, theirs in meaning.columns.items()}
        columns = stated | dict.fromkeys(_names_in_shadow(names, meaning), "")
        found = find_pose_columns(header, where, columns, meaning.euler, joints_needed)
        found = replace(found, notes=tuple(note for note in found.notes if "as requested" not in note))
        return poses_in_columns(self._to_delimited(names, frozenset(found.measured.values())), found)

    def _to_delimited(self, names: tuple[str, ...], numeric: frozenset[int]) -> Delimited:
        numbers, cells = {}, {}
        for i, name in enumerate(names):
            if name in self.texts:
                cells[i] = np.array(self.texts[name], dtype=TEXT)
            elif i in numeric:
                values = self.numbers[name]
                strays = np.flatnonzero(np.isnan(values))
                numbers[i] = NumberColumn(values, strays, np.array(["no number"] * len(strays), dtype=TEXT))
            else:
                cells[i] = np.array([repr(value) for value in self.numbers[name].tolist()], dtype=TEXT)
        return Delimited(tuple(map(_in_header, names)), cells, numbers, False, self.lines, ())

    def _complete_rows(self) -> Mask:
        """Which rows (n,) hold every number that any reading needs: all readings must have the same rows."""
        complete = np.ones(len(self.lines), bool)
        for meaning in self.meanings:
            used = [theirs for theirs in meaning.columns.values() if theirs in self.numbers]
            for name in used:
                complete &= np.isfinite(self.numbers[name])
            if set(QUATERNION) <= meaning.columns.keys():
                norm = np.linalg.norm([self.numbers[meaning.columns[name]] for name in QUATERNION], axis=0)
                complete &= np.abs(norm - 1) <= QUATERNION_WITHIN
        return complete

    def _select(self, rows: Mask) -> Recording:
        keep = np.flatnonzero(rows)
        return replace(
            self,
            numbers={name: column[keep] for name, column in self.numbers.items()},
            texts={name: tuple(column[i] for i in keep) for name, column in self.texts.items()},
            lines=self.lines[keep],
        )


def _shell_word(text: str) -> str:
    """A word for the shell; brackets stay bare in POSIX's quotation marks only."""
    return text if _BARE.fullmatch(text) else shlex.quote(text)


def _in_header(name: str) -> str:
    """A column's name where names are needed: a number is no name."""
    return f"column {name}" if name.isdigit() else name


def _names_in_shadow(header: tuple[str, ...], meaning: Meaning) -> list[str]:
    """Names of ours that columns of the file bear, and that the meaning gives to none or to others."""
    ours = {"target", "pose"} - set(meaning.columns) if meaning.columns else set()
    taken = {name.lower() for name in header} - {theirs.lower() for theirs in meaning.columns.values()}
    return [name for name in taken if is_ours(name) and name not in meaning.columns and name not in ours]
