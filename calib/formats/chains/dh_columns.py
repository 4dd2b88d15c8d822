"""The columns of a DH table, whatever a spreadsheet or a script calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.formats.chains.arm_of_numbers import in_radians, wrong_arm
from calib.formats.columns.header_words import word_of
from calib.formats.content.expressions import value_of
from calib.formats.content.source import Source
from calib.formats.content.text_table import parse_table

CONVENTIONS = ("standard_dh", "modified_dh")
NAMES = {
    "theta": ("theta", "th", "θ", "offset", "thetaoffset", "qoffset", "jointangle"),
    "d": ("d",),
    "a": ("a", "r"),
    "alpha": ("alpha", "α", "twist", "al"),
}
_BEFORE = re.compile(r"(?i)i\s*[-_−]\s*1|prev")  # a and alpha of the link before: Craig's
_STATED = re.compile(r"(?im)^[#%][^\n]*\b(standard|modified|craig|mdh)(?![a-z])")
_MOTION = re.compile(r"(?i)^(?:q|θ|theta|th|t|j)_?\{?\d*\}?\*?")
MOST_DEPTH = 3


@dataclass(frozen=True, eq=False)
class DhColumns:
    """A table as written."""

    values: Mapping[str, Array]
    """(joints,) each, by our names."""
    units: Mapping[str, str | None]
    """m, mm, rad, deg, or None where nothing says."""
    convention: str | None
    """Where the file states it."""
    prismatic: tuple[bool, ...] = ()
    signs: tuple[float, ...] = ()

    @property
    def metres(self) -> bool:
        """Whether the unit of its lengths is stated: one that only one of d and a states is that of both."""
        return bool({self.units.get("d"), self.units.get("a")} - {None})

    def rows(self, where: str) -> Array:
        """(joints, 4) theta d a alpha, rad and m, or of open length. Raises InputError `arm-value`."""
        if any(not np.isfinite(each).all() for each in self.values.values()):
            raise wrong_arm("a cell of its DH table is no number", where)
        zero = np.zeros(len(self.values["a"]))
        own = {name: self.values.get(name, zero) for name in NAMES}
        units = {self.units.get("d"), self.units.get("a")} - {None}
        if len(units) > 1:
            raise wrong_arm("d and a are of different units", where)
        lengths = 0.001 if units == {"mm"} else 1.0
        turns = {name: in_radians(own[name]) for name in ("theta", "alpha")}
        for name in turns:
            if (unit := self.units.get(name)) is not None:
                turns[name] = np.radians(own[name]) if unit == "deg" else own[name]
        return np.column_stack([turns["theta"], lengths * own["d"], lengths * own["a"], turns["alpha"]])


def tables_in(source: Source) -> dict[str, DhColumns]:
    """The tables of a file by name: a CSV is one, a document may hold several sets of lists."""
    lists = _of_lists(source.document, "", 0)
    if lists:
        return lists
    table = parse_table(source.text) if len(source.text) < 100_000 else None
    if table is None or not table.has_header:
        return {}
    cells: dict[str, Sequence[Any]] = {name: column.tolist() for name, column in table.numbers.items()}
    found = _columns(cells | dict(table.texts), _convention(source.text))
    return {} if found is None else {"table": found}


def _convention(text: str) -> str | None:
    match = _STATED.search(text[:10_000])
    return None if match is None else "standard_dh" if match[1].lower() == "standard" else "modified_dh"


def _of_lists(value: Any, path: str, depth: int) -> dict[str, DhColumns]:
    """Mappings that hold lists a, alpha and d, by the keys that lead to them."""
    if not isinstance(value, dict) or depth > MOST_DEPTH:
        return {}
    lists = {str(key): each for key, each in value.items() if isinstance(each, list)}
    stated = next((str(each) for each in value.values() if each in CONVENTIONS), None)
    if (found := _columns(lists, stated)) is not None:
        return {path or "table": found}
    inner = (_of_lists(each, f"{path}.{key}".lstrip("."), depth + 1) for key, each in value.items())
    return {name: each for one in inner for name, each in one.items()}


def _columns(cells: Mapping[str, Sequence[Any]], convention: str | None) -> DhColumns | None:
    """The columns of a table, None where a, alpha and d are not among them or are not as long."""
    values: dict[str, Array] = {}
    units: dict[str, str | None] = {}
    before = False
    for name, column in cells.items():
        ours = _name_of(name)
        if ours is None or ours in values:
            continue
        numbers = [_number(cell, ours) for cell in column]
        values[ours] = np.array([np.nan if value is None else value for value in numbers])
        pi = ours in ("theta", "alpha") and any("pi" in str(cell) or "π" in str(cell) for cell in column)
        units[ours] = word_of(name).unit or ("rad" if pi else None)
        before |= ours in ("a", "alpha") and _BEFORE.search(name) is not None
    if not {"d", "a", "alpha"} <= values.keys() or len({len(each) for each in values.values()}) != 1:
        return None
    if np.mean([np.isfinite(each).mean() for each in values.values()]) < 0.5:
        return None
    kinds = next((column for name, column in cells.items() if name.lower() in ("type", "kind")), ())
    signs = next((column for name, column in cells.items() if name.lower() in ("sign", "direction")), ())
    return DhColumns(
        values,
        units,
        convention or ("modified_dh" if before else None),
        tuple(str(each).strip().lower()[:1] in ("p", "t") for each in kinds),
        tuple(-1.0 if value_of(str(each)) == -1 else 1.0 for each in signs),
    )


def _name_of(name: str) -> str | None:
    """Which of ours a column is, by its name without unit and index."""
    word = word_of(_BEFORE.sub(" ", name))
    stem = "".join(part for part in word.parts if part not in ("i", "j", "n"))
    plain = stem or name.strip().lower()[:1]
    return next((ours for ours, names in NAMES.items() if plain in names), None)


def _number(cell: Any, ours: str) -> float | None:
    """A cell's value; of theta the part beside the joint's own variable, as in q2 - pi/2."""
    text = str(cell).strip().rstrip("°")
    found = value_of(text)
    if found is None and ours in ("theta", "d") and (match := _MOTION.match(text)):
        rest = text[match.end() :].strip()
        return value_of(rest.lstrip("+ ")) if rest else 0.0
    return found
