"""mrcal's corners.vnl, as mrgingham writes it: a line for each corner of a grid in each image."""

from __future__ import annotations

import re

import numpy as np

from calib.arrays import Array
from calib.camera.board import Board
from calib.camera.observations import Observations, View
from calib.errors import InputError, UsageError
from calib.formats.content.source import Source
from calib.formats.corner_format import CornerFormat, Size
from calib.text import one_line

_HEAD = re.compile(r"(?m)^#[ \t]*filename[ \t]+x[ \t]+y(?:[ \t]+(level|weight))?[ \t]*$")
_SKIPPED = re.compile(r"^\s*(?:#|$)")


def recognise(source: Source) -> bool:
    """Whether the comment that names the columns is there."""
    return _HEAD.search(source.text[:100_000]) is not None


def read(source: Source, size: Size, board: Board | None) -> Observations:
    """Views with the corners that were found, in the order of the board's.

    The spread of a corner found at level k of the image pyramid is 2^k (mrcal, "corners.vnl"). Raises UsageError
    `board-needed`, InputError `corners-number`.
    """
    head = _HEAD.search(source.text)
    assert head is not None
    rows = _rows(source, 4 if head[1] else 3)
    if board is None:
        count = len(next(iter(rows.values()), []))
        raise UsageError(
            "this file does not hold where on the board its corners are",
            code="board-needed",
            where=source.where,
            why=f"it has {count} lines for an image: the corners of a grid, row by row",
            advice="state the board: --board checkerboard:WxH:SIZE, inner corners and side of a square",
        )
    places, views = board.corners_in_board, []
    for name, each in rows.items():
        if len(each) == 1 and not np.isfinite(each[0][:2]).all():
            continue  # an image without a board has one line
        if len(each) != len(places):
            raise InputError(
                f"{len(each)} lines for {one_line(name)}, and the board has {len(places)} corners",
                code="corners-number",
                where=source.where,
                advice="state the grid that was looked for (mrgingham --gridn): --board checkerboard:10x10:25mm",
            )
        values = np.array(each)
        seen = np.isfinite(values[:, :2]).all(axis=1)
        if not seen.any():
            continue
        spread = _spread(values[seen, 2], head[1]) if head[1] else None
        views.append(View(one_line(name), values[seen, :2], places[seen], spread))
    return Observations(tuple(views), size, board=board.name)


def _spread(values: Array, what: str) -> Array:
    return np.exp2(np.clip(values, 0, 10)) if what == "level" else 1 / np.maximum(values, 1e-6)


def _rows(source: Source, width: int) -> dict[str, list[list[float]]]:
    """The numbers of each image's lines; NaN for a corner that was not found. Raises InputError `corners-number`."""
    rows: dict[str, list[list[float]]] = {}
    for at, line in enumerate(source.text.splitlines(), 1):
        if _SKIPPED.match(line):
            continue
        name, *words = line.rsplit(maxsplit=width - 1)
        try:
            values = [float("nan") if word == "-" else float(word) for word in words]
            if len(words) != width - 1 or any(abs(value) > 1e6 for value in values):
                raise ValueError
        except ValueError:
            raise InputError(
                "not a name and numbers",
                code="corners-number",
                where=f"{source.where}, line {at}",
                advice="restore the file as mrgingham wrote it",
            ) from None
        rows.setdefault(name, []).append(values)
    return rows


FORMAT = CornerFormat(
    tool="mrcal (mrgingham), .vnl",
    meaning="the corners of a grid row by row, stated by --board; (0, 0) is the centre of the first pixel",
    example="# filename x y level\nimage1.jpg 95.0 129.8 0\nimage1.jpg 123.7 139.1 1\nimage1.jpg - - -\n"
    "image1.jpg 116.9 168.0 0\nimage2.jpg - - -\n",
    recognise=recognise,
    read=read,
    suffixes=(".vnl",),
    takes_board=True,
)
