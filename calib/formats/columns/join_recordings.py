"""Joint values of one file and measurements of another, as the rows of one table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from calib.arrays import Index
from calib.errors import InputError
from calib.formats.columns.header_words import IMAGE_WORDS
from calib.formats.columns.recording import Meaning, Recording

NAMES = (*IMAGE_WORDS, "pose", "point")


def join_recordings(joints: Recording, measured: Recording, where: str) -> Recording:
    """Rows of both: by the names that both give them, else by order. Several rows of a measurement may have one pose.

    Raises InputError `joints-count` where neither fits.
    """
    rows, note = _rows(joints, measured, where)
    own = {f"joints: {name}": column[rows] for name, column in joints.numbers.items()}
    meanings = tuple(
        Meaning({**_joints_alone(of_joints, "joints: "), **_without_joints(of_pose)}, of_pose.euler)
        for of_joints in joints.meanings
        for of_pose in measured.meanings
    )
    distinct = tuple({(tuple(each.columns.items()), each.euler): each for each in meanings}.values())
    notes = (*joints.notes, *measured.notes, note)
    return Recording({**own, **measured.numbers}, measured.lines, distinct, measured.texts, notes)


def _is_joint(name: str) -> bool:
    stem = name.rpartition("_")[0]
    return stem[:1] == "j" and stem[1:].isdigit()


def _joints_alone(meaning: Meaning, prefix: str) -> dict[str, str]:
    return {ours: f"{prefix}{theirs}" for ours, theirs in meaning.columns.items() if _is_joint(ours)}


def _without_joints(meaning: Meaning) -> Mapping[str, str]:
    return {ours: theirs for ours, theirs in meaning.columns.items() if not _is_joint(ours)}


def _rows(joints: Recording, measured: Recording, where: str) -> tuple[Index, str]:
    """The row of joint values for each measurement."""
    one, other = (_names(each) for each in (joints, measured))
    if one is not None and other is not None and set(other) <= set(one):
        place = {name: i for i, name in enumerate(one)}
        return np.array([place[name] for name in other], dtype=np.intp), "joint values matched to measurements by name"
    count, many = len(joints.lines), len(measured.lines)
    targets = many // count if count and many % count == 0 and "target" in measured.texts else 1
    if count * targets == many:
        return np.tile(np.arange(count), targets), "joint values matched to measurements by order"
    raise InputError(
        f"{count} rows of joint values and {many} measurements cannot be matched",
        code="joints-count",
        where=where,
        advice="give as many rows in both files, or a column `image` or `pose` with the same names in both",
    )


def _names(recording: Recording) -> tuple[str, ...] | None:
    """The names of the rows, without folder and ending, if they have any."""
    found = next((texts for name, texts in recording.texts.items() if name.lower() in NAMES), None)
    return None if found is None else tuple(PurePath(text).stem.lower() for text in found)
