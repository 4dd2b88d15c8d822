"""Matrices as text: 4 x 4 blocks, or 16 or 12 numbers a row (KITTI), by rows or, as Franka's, by columns."""

from __future__ import annotations

import re

import numpy as np

from calib.arrays import Array
from calib.formats.columns import matrices
from calib.formats.columns.columns_found import Found, recording_of
from calib.formats.columns.pose_texts import MOST, NUMBER, fields
from calib.formats.columns.recording import Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat

_NUMBER = re.compile(NUMBER)
_CLEAN = re.compile(r"[\[\](){},;\s]|array|matrix|np\.")
MOST_TRIED = 200_000  # lines


def _values(text: str) -> tuple[list[list[float]], list[int]]:
    """The numbers of the lines that hold nothing else, and the lines; a count of poses at the front is left out."""
    rows, lines = [], []
    for at, line in enumerate(text.splitlines()[:MOST_TRIED], 1):
        if not line.strip() or line.lstrip().startswith(("#", "%", "//")):
            continue
        found = _NUMBER.findall(line)
        if not found or _CLEAN.sub("", _NUMBER.sub("", line)):
            return [], []
        rows.append([float(word) for word in found])
        lines.append(at)
    if len(rows) > 1 and len(rows[0]) == 1 and len(rows[1]) > 1:
        return rows[1:], lines[1:]
    return rows, lines


def _transforms(source: Source) -> tuple[Array, list[int]] | None:
    rows, lines = _values(source.text)
    if not rows or any(abs(value) > MOST for row in rows for value in row):
        return None
    width = len(rows[0])
    if width == 4 and (found := matrices.blocks(rows)) is not None:
        return found, lines[:: len(rows) // len(found)][: len(found)]
    if width in (12, 16) and all(len(row) == width for row in rows):
        whole = matrices.as_transforms(np.array(rows))
        return None if whole is None else (whole, lines)
    return None


def recognise(source: Source) -> bool:
    """Whether the numbers are rotations with translations."""
    return _transforms(source) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """A pose for each matrix; whether lengths are m or mm is open."""
    found = _transforms(source)
    assert found is not None
    poses = {"pose": found[0]}
    empty = Found({}, np.array(found[1], dtype=np.intp), poses)
    return recording_of(empty, Wanted(), source.where)


def write(poses: NamedPoses) -> str:
    """16 numbers a row, by rows."""
    return "".join(" ".join(fields(each.ravel(), "%.17g")) + "\n" for each in poses.transforms)


FORMAT = PoseFormat(
    tool="matrices as text; KITTI trajectories (12 numbers a row); Franka's O_T_EE (16, by columns)",
    meaning="m or mm, by the data; rotation matrix and translation; flange in the base",
    example="0.49590974 -0.42052352 -0.75975884 0.68150790\n0.85947951 0.36259655 0.36030365 0.01677824\n"
    "0.12396977 -0.83167524 0.54124651 -0.38002545\n0 0 0 1\n",
    recognise=recognise,
    read=read,
    write=write,
    loses="names of images and times",
)
