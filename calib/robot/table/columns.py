"""The names of the columns of a pose table, and how to find them in a file that names them otherwise."""

from __future__ import annotations

import re

import numpy as np

from calib.arrays import Array
from calib.delimited import numbers
from calib.errors import InputError, UsageError, did_you_mean

_UNITS = {"length": ("m", "mm"), "angle": ("rad", "deg")}

POSITION = ("x", "y", "z")
QUATERNION = ("qx", "qy", "qz", "qw")
ROTATION = ("rx", "ry", "rz")
EULER = ("e1", "e2", "e3")
_KIND = {
    **dict.fromkeys((*POSITION, "distance", "sigma_position", "sigma_distance"), "length"),
    **dict.fromkeys((f"sigma_{axis}" for axis in POSITION), "length"),
    **dict.fromkeys((*ROTATION, *EULER, "sigma_rotation"), "angle"),
    **dict.fromkeys((f"sigma_{axis}" for axis in ROTATION), "angle"),
}
_PLAIN = (*QUATERNION, "temperature_degc", "payload_kg")
TEXT = ("pose", "target")
_JOINT = re.compile(r"j([1-9]\d?)_(rad|deg|m|mm)")


def parse_columns(text: str) -> dict[str, str]:
    """The pairs of `--columns j1_rad=shoulder_pan_joint,x_mm=measurement_x`: our name = the file's name.

    Nothing after `=` ignores a column of the file; a comma in a name is written `\\,`. A number first, as in `1=x_mm`,
    is that of the file's column, from 1.
    Raises UsageError `columns-syntax`.
    """
    pairs: dict[str, str] = {}
    pieces = (piece.strip().replace("\\,", ",") for piece in re.split(r"(?<!\\),", text))
    for part in filter(None, pieces):
        ours, sign, theirs = part.partition("=")
        if ours.strip().isdigit() and is_ours(theirs.strip()):
            ours, theirs = theirs, ours
        if not sign or not ours.strip():
            advice = "write our name = the file's name, as in j1_rad=shoulder_pan_joint"
            raise UsageError(f"{part!r} is not a pair", code="columns-syntax", where="--columns", advice=advice)
        if ours.strip() in pairs:
            advice = f"keep one {ours.strip()}="
            raise UsageError(
                f"{ours.strip()!r} is given twice", code="columns-syntax", where="--columns", advice=advice
            )
        pairs[ours.strip()] = theirs.strip()
    return pairs


def in_si(name: str, values: Array) -> Array:
    """Values of a column in SI units. Division where the unit is a thousandth: 425 mm is the double nearest 0.425."""
    unit = _stem_and_unit(name)[1]
    if name in _PLAIN or unit in ("m", "rad"):
        return values
    return values / 1000 if unit == "mm" else np.radians(values)


def find_columns(header: tuple[str, ...], columns: dict[str, str], where: str) -> tuple[dict[str, int], list[str]]:
    """Which column of the file holds which of ours, and remarks."""
    if np.isfinite(numbers(header, decimal_comma=True)).sum() > len(header) / 2:
        advice = "name the columns in the first line, as in j1_rad,j2_rad,...,x_m,y_m,z_m"
        raise InputError("the first line holds numbers: no header", code="table-no-header", where=where, advice=advice)
    at = {name: i for i, name in enumerate(header)}
    if len(at) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        what = f"columns of the same name: {', '.join(twice)}"
        raise InputError(what, code="table-column-twice", where=where, advice="rename or remove all but one of each")
    places: dict[str, int] = {}
    for i, name in enumerate(header):
        if is_ours(name.lower()):
            if name.lower() in places:
                what, advice = f"column {name.lower()!r} occurs twice", f"rename or remove {name}"
                raise InputError(what, code="table-column-twice", where=where, advice=advice)
            places[name.lower()] = i
    notes: list[str] = []
    for ours, theirs in columns.items():
        if not is_ours(ours):
            valid = [*TEXT, *_PLAIN, "j1_rad", *(f"{s}_{u}" for s, kind in _KIND.items() for u in _UNITS[kind])]
            hint = did_you_mean(ours, valid)
            raise UsageError(f"no column is called {ours!r} here", code="columns-unknown", where="columns", advice=hint)
        if theirs and theirs not in at:
            hint = did_you_mean(theirs, at)
            raise UsageError(f"the file has no column {theirs!r}", code="columns-unknown", where=where, advice=hint)
        if ours in places and (not theirs or at[theirs] != places[ours]):
            notes.append(f"column {header[places[ours]]!r} is ignored, as requested")
            del places[ours]
    mapped = {ours: at[theirs] for ours, theirs in columns.items() if theirs}
    _require_one_meaning(columns, where)
    # a column that the user gave another meaning has lost its own
    places = {name: i for name, i in places.items() if i not in mapped.values()} | mapped
    return places, notes


def _require_one_meaning(columns: dict[str, str], where: str) -> None:
    meanings: dict[str, str] = {}
    for ours, theirs in columns.items():
        if theirs in meanings:
            what = f"column {theirs!r} is given two meanings, {meanings[theirs]} and {ours}"
            raise UsageError(what, code="columns-twice", where=where, advice=f"leave out {ours}={theirs}")
        if theirs:
            meanings[theirs] = ours


def joint_columns(
    names: tuple[str, ...], header: tuple[str, ...], where: str, needed: bool = True
) -> tuple[list[str], tuple[bool, ...]]:
    """The joint columns in order, and which are of sliding joints; none at all is an error where they are needed."""
    found: dict[int, tuple[str, str]] = {}
    for name in names:
        match = _JOINT.fullmatch(name)
        if match:
            number, unit = int(match[1]), match[2]
            if number in found:
                what = f"joint {number} is given twice, as {found[number][0]} and {name}"
                advice = f"ignore one: --columns {name}="
                raise InputError(what, code="table-column-twice", where=where, advice=advice)
            found[number] = (name, unit)
    if not found and not needed:
        return [], ()
    if not found:
        bare = [name for name in header if re.fullmatch(r"(?i)j(oint)?[ _]?\d+", name)]
        why = f"{bare[0]!r} names no unit" if bare else f"the columns are: {', '.join(header)}"
        advice = "name them j1_rad or j1_deg, ..., or map them: --columns j1_rad=NAME,j2_rad=NAME"
        raise InputError("no joint columns", code="table-no-joints", where=where, why=why, advice=advice)
    missing = [f"j{i}" for i in range(1, max(found) + 1) if i not in found]
    if missing:
        what = f"joint columns are missing: {', '.join(missing)}"
        advice = f"number the joints from 1 without a gap, or map them: --columns {missing[0]}_rad=NAME"
        raise InputError(what, code="table-column-missing", where=where, advice=advice)
    ordered = [found[i + 1] for i in range(len(found))]
    return [name for name, _ in ordered], tuple(unit in _UNITS["length"] for _, unit in ordered)


def column_group(
    stems: tuple[str, ...], names: tuple[str, ...], header: tuple[str, ...], where: str
) -> tuple[str, ...]:
    """The columns of a group, in the order of stems; empty if the file has none of them, an error if some."""
    found: dict[str, str] = {}
    for name in names:
        stem = name if name in stems else _stem_and_unit(name)[0]
        if stem in stems:
            if stem in found:
                what = f"{stem} is given twice, as {found[stem]} and {name}"
                advice = f"ignore one: --columns {name}="
                raise InputError(what, code="table-column-twice", where=where, advice=advice)
            found[stem] = name
    missing = [stem for stem in stems if stem not in found]
    bare = [name for name in header if name.lower() in missing and name.lower() in _KIND]
    if bare:
        units = " or ".join(f"{bare[0].lower()}_{unit}" for unit in _UNITS[_KIND[bare[0].lower()]])
        raise InputError(f"column {bare[0]!r} names no unit", code="table-unit", where=where, advice=f"call it {units}")
    if found and missing:
        what = f"{', '.join(missing)} missing beside {', '.join(found.values())}"
        advice = (
            f"add {', '.join(missing)}, or ignore the others: --columns {','.join(f'{n}=' for n in found.values())}"
        )
        raise InputError(what, code="table-column-missing", where=where, advice=advice)
    return tuple(found[stem] for stem in stems) if found else ()


def orientation_columns(names: tuple[str, ...], euler: str | None, where: str) -> tuple[str, ...]:
    groups = [group for stems in (QUATERNION, ROTATION, EULER) if (group := column_group(stems, names, (), where))]
    if len(groups) > 1:
        what = f"orientation is given twice, as {groups[0][0]}... and {groups[1][0]}..."
        advice = f"ignore one: --columns {','.join(name + '=' for name in groups[1])}"
        raise InputError(what, code="table-column-twice", where=where, advice=advice)
    group = groups[0] if groups else ()
    if euler is not None:
        if not re.fullmatch(r"[XYZ]{3}|[xyz]{3}", euler) or euler[0] == euler[1] or euler[1] == euler[2]:
            advice = "three axes such as ZYX (turning axes) or xyz (fixed axes), no axis twice in a row"
            raise UsageError(f"{euler!r} is not an Euler sequence", code="euler-sequence", advice=advice)
        if not group or group[0] in QUATERNION:
            advice = "leave --euler out, or name the columns of angles rx_rad,ry_rad,rz_rad (or _deg)"
            raise UsageError(
                "an Euler sequence, but no columns of angles", code="euler-unused", where=where, advice=advice
            )
        if group[0].startswith("r") and len(set(euler)) < 3:
            advice = "name the columns e1, e2, e3, in the order of the sequence"
            raise UsageError(
                f"{euler} turns twice about {euler[0]}: rx, ry, rz are ambiguous",
                code="euler-sequence",
                where=where,
                advice=advice,
            )
    elif group and group[0].startswith("e"):
        advice = "give the instrument's sequence, as in --euler ZYX"
        raise UsageError("Euler angles without their sequence", code="euler-missing", where=where, advice=advice)
    return group


def _stem_and_unit(name: str) -> tuple[str, str]:
    stem, _, unit = name.rpartition("_")
    return stem, unit


def is_ours(name: str) -> bool:
    stem, unit = _stem_and_unit(name)
    known = stem in _KIND and unit in _UNITS[_KIND[stem]]
    return known or name in _PLAIN or name in TEXT or _JOINT.fullmatch(name) is not None
