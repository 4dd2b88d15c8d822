"""Poses of every format: the house's own tables as ever, all others by what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from calib.delimited import read_header
from calib.errors import CalibError, InputError, UsageError
from calib.formats.columns.header_words import roles_of_header
from calib.formats.columns.join_recordings import join_recordings
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.content.text_table import parse_table
from calib.formats.pose_folder import read_folder
from calib.formats.pose_format import find_pose_format, load_pose_format
from calib.robot.table.columns import is_ours
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.read import read_poses as read_own_table
from calib.text import one_line

OWN = frozenset(
    [
        "x_m",
        "x_mm",
        "j1_rad",
        "j1_deg",
        "j1_m",
        "j1_mm",
        "distance_m",
        "distance_mm",
        "qx",
        "rx_rad",
        "rx_deg",
        "e1_rad",
        "e1_deg",
    ]
)


def read_poses(
    path: str | Path,
    *,
    euler: str | None = None,
    columns: Mapping[str, str] | None = None,
    joints_needed: bool = True,
    format_name: str | None = None,
    joint_names: tuple[str, ...] = (),
    joints: int | None = None,
    joints_path: str | Path | None = None,
    of_board: bool = False,
) -> PoseTable:
    """Read poses, and joint values, from a file of any format, or from a folder with a file per pose.

    euler, columns, joints_needed: as of `calib.robot.read_poses`; a column without a name is its number, from 1.
    format_name: of `calib list formats`; None: found by what is in the file. joint_names, joints: those of the arm, if
    it is known. joints_path: a file of the joint values, where this one holds the measurements alone. of_board: of a
    file that holds poses of a robot and of a board, take those of the board. What the file leaves open is in
    `readings` of the table, for the calibration to decide.

    Raises UsageError `unknown-format`, `columns-unknown`, `euler-...`; InputError `format-unknown`, `columns-unknown`,
    `table-...`, `file-...`.
    """
    path = Path(path)
    where = one_line(str(path))
    if format_name is None and joints_path is None and _is_own(path, columns):
        return read_own_table(path, euler=euler, columns=columns, joints_needed=joints_needed)
    wanted = Wanted(joints_needed, True, joints or (len(joint_names) or None), joint_names, of_board)
    own = wanted if joints_path is None else Wanted(oriented=False)
    if columns:
        recording = _as_stated(path, columns, euler, own, format_name)
    else:
        recording = _recording(path, own, format_name)
        recording = recording if euler is None else _of_sequence(recording, euler, where)
    if joints_path is not None:
        joint_values = _recording(Path(joints_path), replace(wanted, joints_needed=True), None)
        recording = join_recordings(joint_values, recording, where)
    return recording.table(where, joints_needed=joints_needed)


def _is_own(path: Path, columns: Mapping[str, str] | None) -> bool:
    """Whether a table has the house's own column names, or those that are stated for it."""
    if path.is_dir():
        return False
    try:
        header = read_header(path)
    except CalibError as error:
        return error.code in ("table-too-large", "table-empty", "table-unreadable")
    if columns and all(theirs in header or not theirs for theirs in columns.values()):
        return True
    lowered = {name.lower() for name in header}
    if not lowered & OWN:
        return False
    rest = [name for name in header if not is_ours(name.lower())]
    more = roles_of_header(rest, {name: np.zeros(1) for name in rest})
    return not any(each.position or each.joints for each in more)


def _recording(path: Path, wanted: Wanted, format_name: str | None) -> Recording:
    if path.is_dir():
        return read_folder(path, wanted)
    source = Source(path)
    name = format_name or find_pose_format(source)
    if name is None:
        raise InputError(
            "no format of poses is known that looks like this",
            code="format-unknown",
            where=source.where,
            advice="`calib list formats` names those that are read; or save a table: x_m,y_m,z_m,qx,qy,qz,qw",
        )
    form = load_pose_format(name)
    if not form.recognise(source):
        raise InputError(
            f"this is not of the format {name}", code="format-mismatch", where=source.where, advice="leave --format out"
        )
    recording = form.read(source, wanted)
    if not len(recording.lines):
        raise InputError("holds no poses", code="table-empty", where=source.where, advice="give a file with poses")
    note = f"read as {name}: {form.meaning}" if not form.generic else ""
    note = f"board poses read as {name}" if note and wanted.of_board else note
    return replace(recording, notes=(*([note] if note else []), *recording.notes))


def _as_stated(
    path: Path, columns: Mapping[str, str], euler: str | None, wanted: Wanted, format_name: str | None
) -> Recording:
    """The columns of a file by the names or numbers that the user gives them: those of its table or, where it is none
    or has no such columns, those that its format gives them."""
    stated = {ours: theirs for ours, theirs in columns.items() if theirs}
    for ours in stated:
        if not is_ours(ours):
            raise UsageError(
                f"no column is called {ours!r} here",
                code="columns-unknown",
                where="--columns",
                advice="for example 1=x_mm,2=y_mm,3=z_mm,4=rx_deg,5=ry_deg,6=rz_deg",
            )
    source = None if path.is_dir() else Source(path)
    table = None if source is None else parse_table(source.text)
    if source is not None and table is not None:
        by_number = {str(i + 1): name for i, name in enumerate(table.order)}
        places = {ours: by_number.get(theirs, theirs) for ours, theirs in stated.items()}
        if {*places.values()} <= {*table.numbers, *table.texts}:
            return Recording(table.numbers, table.lines, (Meaning(places, euler),), table.texts, table.notes)
    try:
        found = _recording(path, wanted, format_name)
    except InputError:
        if table is None:
            raise
        found = None
    names = [] if found is None else [*found.numbers, *found.texts]
    if found is not None and {*stated.values()} <= {*names}:
        return replace(found, meanings=(Meaning(stated, euler),))
    names = [*table.numbers, *table.texts] if table is not None else names
    missing = next((theirs for theirs in stated.values() if theirs not in names), next(iter(stated.values()), ""))
    raise UsageError(
        f"the file has no column {missing!r}",
        code="columns-unknown",
        where=one_line(str(path)),
        advice=f"its columns are {', '.join(names[:20])}" + (f", or their numbers 1 to {len(names)}" if table else ""),
    )


def _of_sequence(recording: Recording, euler: str, where: str) -> Recording:
    """Only the readings in which the angles are of the sequence stated."""
    fitting = tuple(each for each in recording.meanings if each.euler == euler)
    if fitting:
        return replace(recording, meanings=fitting)
    raise UsageError(
        f"--euler {euler} does not apply: {recording.meanings[0].words(recording.numbers)}",
        code="euler-unused",
        where=where,
        advice="leave --euler out, or name the columns of the angles with --columns",
    )
