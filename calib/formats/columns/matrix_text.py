"""Matrices as text: 4 x 4 blocks, or 16 or 12 numbers a row, by rows or by columns."""

from __future__ import annotations

import re

import numpy as np

from calib.arrays import Array
from calib.formats.columns import matrices
from calib.formats.columns.pose_texts import MOST, NUMBER

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


def transforms_in_text(text: str) -> tuple[Array, list[int]] | None:
    """Transforms (n, 4, 4) with the line of each; None where the text is no matrices."""
    rows, lines = _values(text)
    if not rows or any(abs(value) > MOST for row in rows for value in row):
        return None
    width = len(rows[0])
    if width == 4 and (found := matrices.blocks(rows)) is not None:
        return found, lines[:: len(rows) // len(found)][: len(found)]
    if width in (12, 16) and all(len(row) == width for row in rows):
        whole = matrices.as_transforms(np.array(rows))
        return None if whole is None else (whole, lines)
    return None
