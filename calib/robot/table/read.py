"""Measured poses: a table in a file becomes arrays in SI units.

One row is one measurement at one set of commanded joint values. The columns, in any order, upper or lower case:

    j1_rad j2_deg j3_mm ...        commanded joint values; rad or deg where a joint turns, m or mm where it slides
    x_m y_m z_m                    (or _mm) measured position of a target, in the instrument's frame
    qx qy qz qw                    measured orientation of the target as a quaternion
    rx_rad ry_rad rz_rad           (or _deg) the same as a rotation vector; with an Euler sequence, angles about x, y, z
    e1_rad e2_rad e3_rad           (or _deg) first, second and third angle of an Euler sequence
    distance_m                     (or _mm) measured distance from the target to an unknown fixed anchor
    target                         which of several targets, any text; each has one unknown place on the flange
    pose                           which arm pose, any text; rows of one pose are held out together
    sigma_position_m sigma_x_m ... sigma_rotation_rad sigma_rx_rad ... sigma_distance_m    standard deviations
    temperature_degc payload_kg    conditions

What is measured follows from the columns. An Euler sequence is three letters, as in scipy: upper case turns about the
moving axes (intrinsic), lower case about the fixed ones (extrinsic). Columns of other names are kept as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.delimited import Delimited, read_delimited, read_header
from calib.errors import InputError
from calib.robot.table.columns import (
    POSITION,
    QUATERNION,
    ROTATION,
    TEXT,
    column_group,
    find_columns,
    in_si,
    joint_columns,
    orientation_columns,
)
from calib.robot.table.orientation import Angles
from calib.robot.table.pose_table import ExcludedRow, PoseTable
from calib.robot.table.select import repeated_rows
from calib.text import one_line

UNIT_QUATERNION_WITHIN = 0.01  # two decimals per component leave 0.9 %; anything longer is not a rounding
_NO_POSES = "name them x_m,y_m,z_m,qx,qy,qz,qw, or map them: --columns x_mm=X,y_mm=Y,..."
_OPTIONAL = ("sigma_", "temp", "payload")
_FEW_LINES = 8  # line numbers shown before "..."


def read_poses(
    path: str | Path,
    *,
    euler: str | None = None,
    columns: Mapping[str, str] | None = None,
    joints_needed: bool = True,
) -> PoseTable:
    """Read a table of measured poses; see the module for its columns.

    euler: the sequence of Euler angles, three letters. columns: our column name -> the file's, for files with other
    headers; an empty name ignores our column. joints_needed: False where poses without joint values will do; joints
    are then (n, 0).
    A few incomplete rows are excluded by line; if they are the greater part, an error names them.
    Raises UsageError `columns-unknown`, `euler-sequence`, `euler-missing`, `euler-unused`; InputError `table-...`.
    """
    where = one_line(str(path))
    columns_of = find_pose_columns(read_header(Path(path)), where, columns, euler, joints_needed)
    return poses_in_columns(read_delimited(Path(path), numeric=columns_of.measured.values()), columns_of)


def find_pose_columns(
    header: tuple[str, ...],
    where: str,
    columns: Mapping[str, str] | None = None,
    euler: str | None = None,
    joints_needed: bool = True,
) -> PoseColumns:
    """Which columns of a table of poses hold what, by their names; arguments and errors as of `read_poses`."""
    places, notes = find_columns(header, dict(columns or {}), where)
    measured = {name: i for name, i in places.items() if name not in TEXT}
    required = tuple(name for name in measured if not name.startswith(_OPTIONAL))
    groups = _find_groups(required, header, euler, where, joints_needed)
    return PoseColumns(where, places, measured, groups, euler, tuple(notes))


def poses_in_columns(text: Delimited, columns: PoseColumns) -> PoseTable:
    """The poses of a table whose columns are known. Raises InputError `table-empty`, `table-incomplete`."""
    where, places, found = columns.where, columns.places, columns.groups
    notes = [*columns.notes, *(["read with decimal commas"] if text.decimal_comma else [])]
    values = {name: in_si(name, text.numbers[i].values) for name, i in columns.measured.items()}
    optional = {name: values.pop(name) for name in columns.measured if name.startswith(_OPTIONAL)}
    keep, excluded = _complete_rows(text, found.used, values, places, where)
    kept = {name: column[keep] for name, column in values.items()}
    lines = text.lines[keep]
    angles, quaternion = _orientations(found.orientation, kept, columns.euler)
    notes += _unit_length(quaternion)
    target_names, target = _labels(text, places.get("target"), keep)
    pose_names, pose = _labels(text, places.get("pose"), keep)
    sigmas = _optional(optional, keep, notes, where)
    notes += _duplicates(np.stack([kept[name] for name in found.used], axis=1), target, lines)
    other = _other_columns(text, places, keep)
    notes += ["columns not used: " + ", ".join(other)] if other else []
    return PoseTable(
        joints=_stack(kept, found.joints) if found.joints else np.zeros((len(lines), 0)),
        prismatic=found.prismatic,
        target=target if target_names else np.zeros(len(lines), dtype=np.intp),
        pose=pose if pose_names else np.arange(len(lines), dtype=np.intp),
        lines=lines,
        position=_stack(kept, found.position) if found.position else None,
        quaternion_xyzw=quaternion,
        angles=angles,
        distance=kept[found.distance[0]] if found.distance else None,
        target_names=target_names,
        pose_names=pose_names,
        sigma_position=sigmas.get("position"),
        sigma_rotation=sigmas.get("rotation"),
        sigma_distance=None if "distance" not in sigmas else sigmas["distance"][:, 0],
        temperature_degc=sigmas.get("temperature_degc"),
        payload_kg=sigmas.get("payload_kg"),
        other=other,
        excluded=excluded,
        notes=tuple(notes),
        name=where,
    )


@dataclass(frozen=True)
class _Groups:
    """Which of our columns a file has, by what they hold."""

    joints: tuple[str, ...]
    prismatic: tuple[bool, ...]
    position: tuple[str, ...]
    orientation: tuple[str, ...]
    distance: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        return (*self.joints, *self.position, *self.orientation, *self.distance)


@dataclass(frozen=True)
class PoseColumns:
    """Which columns of a table of poses hold what."""

    where: str
    """The file, in errors."""
    places: Mapping[str, int]
    """Our name of a column -> its place in the header."""
    measured: Mapping[str, int]
    """Those of them that hold numbers."""
    groups: _Groups
    """Our names by what they are."""
    euler: str | None
    """The sequence of Euler angles."""
    notes: tuple[str, ...]
    """Remarks for the user."""


def _find_groups(
    names: tuple[str, ...], header: tuple[str, ...], euler: str | None, where: str, joints_needed: bool
) -> _Groups:
    joints, prismatic = joint_columns(names, header, where, joints_needed)
    orientation = orientation_columns(names, euler, where)
    position = column_group(POSITION, names, header, where)
    distance = column_group(("distance",), names, header, where)
    _refuse_mixtures(position, orientation, distance, where)
    found = _Groups(tuple(joints), prismatic, position, orientation, distance)
    if not found.used:
        why = f"the columns are: {', '.join(header)}"
        raise InputError("no columns of poses", code="table-no-poses", where=where, why=why, advice=_NO_POSES)
    return found


def _stack(values: Mapping[str, Array], names: tuple[str, ...]) -> Array:
    """Columns (n,) side by side, (n, k)."""
    return np.stack([values[name] for name in names], axis=1)


def _unit_length(quaternion: Array | None) -> list[str]:
    """A remark on quaternions that are not of unit length."""
    if quaternion is None:
        return []
    off = np.abs(np.linalg.norm(quaternion, axis=1) - 1).max(initial=0.0)
    # four decimals leave less
    return [f"quaternions are up to {off:.2g} off unit length: normalised in use"] if off > 1e-3 else []


def _other_columns(text: Delimited, places: Mapping[str, int], keep: Mask) -> dict[str, tuple[str, ...]]:
    """Columns of other names, as text."""
    used = set(places.values())
    columns = {name: text.cells[i] for i, name in enumerate(text.header) if i not in used}
    return {name: tuple(cells[keep].tolist()) for name, cells in columns.items()}


def _refuse_mixtures(
    position: tuple[str, ...], orientation: tuple[str, ...], distance: tuple[str, ...], where: str
) -> None:
    if distance and (position or orientation):
        advice = "ignore one: --columns distance_m="
        raise InputError("distances beside positions", code="table-measurement", where=where, advice=advice)
    if orientation and not position:
        advice = f"add x_m,y_m,z_m, or ignore the others: --columns {','.join(name + '=' for name in orientation)}"
        raise InputError("orientations without positions", code="table-measurement", where=where, advice=advice)


def _complete_rows(
    text: Delimited, used: tuple[str, ...], values: dict[str, Array], places: Mapping[str, int], where: str
) -> tuple[Mask, tuple[ExcludedRow, ...]]:
    """Which rows hold every number that is used, and the others with their reasons."""
    rows = len(text.lines)
    if rows + len(text.ragged) == 0:
        advice = "add a row for every pose below the header"
        raise InputError("a header and no rows", code="table-empty", where=where, advice=advice)
    short = [ExcludedRow(line, f"{width} cells instead of {len(text.header)}") for line, width in text.ragged]
    gaps = {name: np.isnan(values[name]) for name in used}
    keep = np.all([~gap for gap in gaps.values()], axis=0)
    length = None
    if set(QUATERNION) <= set(used):
        length = np.linalg.norm(np.stack([values[name] for name in QUATERNION], axis=1), axis=1)
        keep &= np.abs(length - 1) <= UNIT_QUATERNION_WITHIN

    def reason(row: int) -> str:
        name = next((name for name, gap in gaps.items() if gap[row]), None)
        if name is None:
            assert length is not None
            return f"its quaternion has length {length[row]:.3g}"
        return f"{name} is {text.numbers[places[name]].stray_text(row)!r}, not a number"

    without = np.flatnonzero(~keep)
    unusable = len(without) + len(short) > keep.sum()
    named = without[:_FEW_LINES] if unusable else without  # one object per row is too much for a million
    excluded = sorted(
        [*short, *(ExcludedRow(int(text.lines[row]), reason(row)) for row in named.tolist())], key=lambda row: row.line
    )
    if unusable:
        raise InputError(
            f"{len(without) + len(short)} of {rows + len(short)} rows cannot be used",
            code="table-incomplete",
            where=where,
            why="; ".join(f"line {item.line}: {item.reason}" for item in excluded[:_FEW_LINES]),
            advice="complete these rows, or map the right columns with --columns OURS=THEIRS",
        )
    return keep, tuple(excluded)


def _orientations(
    orientation: tuple[str, ...], values: dict[str, Array], euler: str | None
) -> tuple[Angles | None, Array | None]:
    """Orientations as given if they are angles, and as quaternions xyzw (n, 4)."""
    if not orientation:
        return None, None
    columns = np.stack([values[name] for name in orientation], axis=1)
    if orientation[0] in QUATERNION:
        return None, columns
    angles = Angles(columns, euler, by_axis=orientation[0].startswith("r"))
    return angles, angles.quaternion_xyzw()


def _labels(text: Delimited, column: int | None, keep: Mask) -> tuple[tuple[str, ...], Index]:
    """Distinct texts of a column in order of appearance, and the index of each row's."""
    if column is None:
        return (), np.zeros(0, dtype=np.intp)
    texts = text.cells[column][keep].tolist()
    names = {name: i for i, name in enumerate(dict.fromkeys(texts))}
    return tuple(names), np.array([names[cell] for cell in texts], dtype=np.intp)


def _optional(columns: dict[str, Array], keep: Mask, notes: list[str], where: str) -> dict[str, Array]:
    """Standard deviations (n, 3) per group, and conditions (n,); a column with gaps is ignored, with a note."""
    whole: dict[str, Array] = {}
    for name, column in columns.items():
        gaps = int(np.isnan(column[keep]).sum())
        if gaps:
            notes.append(f"{name} is empty in {gaps} rows: not used")
        elif name.startswith("sigma_") and np.any(column[keep] <= 0):
            notes.append(f"{name} is not positive everywhere: not used")
        else:
            whole[name] = column[keep]
    out = {name: column for name, column in whole.items() if not name.startswith("sigma_")}
    for group, stems in (("position", POSITION), ("rotation", ROTATION), ("distance", ())):
        single = column_group((f"sigma_{group}",), tuple(whole), (), where)
        each = column_group(tuple(f"sigma_{stem}" for stem in stems), tuple(whole), (), where)
        if single:
            out[group] = np.repeat(whole[single[0]][:, None], 3, axis=1)
        elif each:
            out[group] = np.stack([whole[name] for name in each], axis=1)
    return out


def _duplicates(used: Array, target: Index, lines: Index) -> list[str]:
    """A remark on rows that repeat an earlier one exactly."""
    rows = np.column_stack([used, target]) if len(target) else used
    again = repeated_rows(rows)
    if not len(again):
        return []
    shown = ", ".join(str(line) for line in lines[again[:_FEW_LINES]])
    more = ", ..." if len(again) > _FEW_LINES else ""
    return [f"{len(again)} rows repeat an earlier one exactly: lines {shown}{more}"]
