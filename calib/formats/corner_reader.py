"""Corners as other tools write them: tables of other column names and units, and lists of object and image points."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera.corner_table import OPTIONAL, REQUIRED, corners_in_table, read_corners
from calib.camera.observations import Observations, View
from calib.delimited import Delimited, read_delimited, read_header
from calib.errors import CalibError, InputError
from calib.formats.columns.flat_records import as_array
from calib.formats.columns.header_words import word_of
from calib.formats.content.source import Source
from calib.text import one_line

_WORDS = """
image: image file filename name img frame view picture imagename imagefile
x_px: xpx u upx px pxx col column imgx imagex pixelx xpixel ximage imx
y_px: ypx v vpx py pxy row imgy imagey pixely ypixel yimage imy
X_m: xm xw wx objx objectx boardx worldx xboard xworld xobj
Y_m: ym yw wy objy objecty boardy worldy yboard yworld yobj
Z_m: zm zw wz objz objectz boardz worldz zboard zworld zobj z
sigma_px: sigmapx sigma
radius_m: radius radiusm
"""
NAMES = {line.partition(":")[0]: frozenset(line.partition(":")[2].split()) for line in _WORDS.strip().splitlines()}
"""What else columns of ours are called, without separators, units of length and case."""
POINTS_IN_BOARD = re.compile(r"(?i)obj(ect)?_?p|objp|world_?p|board_?p|pattern_?p")
POINTS_IN_IMAGE = re.compile(r"(?i)im(a)?g(e)?_?p|imgp|corners|pixel")
ALIKE = 0.8  # of a name of ours that is more likely misspelt than another column


def read_any_corners(path: str | Path, image_size_px: tuple[int, int] | None = None) -> Observations:
    """Views from a table of corners, or from lists of object and image points in JSON, YAML, npz or mat.

    A length without a unit is in metres. Raises as `calib.camera.read_corners`.
    """
    path = Path(path)
    try:
        header = read_header(path)
    except CalibError as error:
        if error.code not in ("table-encoding", "table-syntax"):
            raise
        header = ()
    found = _places(header) if header else {}
    if not {"image", *REQUIRED} <= found.keys():
        lists = _of_lists(Source(path), image_size_px)
        return read_corners(path, image_size_px) if lists is None else lists
    if all(name == ours for ours, (name, _) in found.items()) and len(found) == len(header):
        return read_corners(path, image_size_px)
    _require_spelt(header, found, path)
    return _of_table(path, header, found, image_size_px)


def _places(header: tuple[str, ...]) -> dict[str, tuple[str, float]]:
    """Our name of a column -> the file's, and by what its lengths are divided."""
    found: dict[str, tuple[str, float]] = {}
    both_cases = {"x", "X"} <= {*header}
    for name in header:
        word = word_of(name)
        stem = "".join(word.parts)
        factor = 1000.0 if word.unit == "mm" else 1.0
        ours = name if name in (*REQUIRED, *OPTIONAL, "image") else None
        if ours is None and stem in ("x", "y"):  # x_m and X name the board; x alone the image, where there is an X too
            pixel = both_cases and name.strip() == stem
            ours = f"{stem}_px" if pixel else f"{stem.upper()}_m"
        ours = ours or next((each for each, names in NAMES.items() if stem in names), None)
        if ours is not None and ours not in found:
            found[ours] = name, factor if ours.endswith("_m") else 1.0
    return found


def _require_spelt(header: tuple[str, ...], found: Mapping[str, tuple[str, float]], path: Path) -> None:
    """Raise InputError `corners-columns` for a column that is nearly one of ours, or twice one."""
    used = {name for name, _ in found.values()}
    for name in header:
        near = get_close_matches(name[:100], [*REQUIRED, *OPTIONAL, "image"], n=1, cutoff=ALIKE)
        if (name not in used and near) or header.count(name) > 1:
            raise InputError(
                f"two columns {name!r}" if header.count(name) > 1 else f"unknown column {name!r}",
                code="corners-columns",
                where=one_line(str(path)),
                advice=f"did you mean {near[0]!r}?" if near else "keep one",
            )


def _of_table(
    path: Path, header: tuple[str, ...], found: Mapping[str, tuple[str, float]], size: tuple[int, int] | None
) -> Observations:
    place = {ours: header.index(name) for ours, (name, _) in found.items()}
    numeric = {ours: i for ours, i in place.items() if ours != "image"}
    table = read_delimited(path, numeric=numeric.values())
    numbers = {i: replace(column, values=column.values.copy()) for i, column in table.numbers.items()}
    for ours, i in numeric.items():
        numbers[i].values[:] /= found[ours][1]
    names = list(header)
    for ours, i in place.items():
        names[i] = ours
    renamed = Delimited(tuple(names), table.cells, numbers, table.decimal_comma, table.lines, table.ragged)
    columns = tuple(name for name in (*REQUIRED, *OPTIONAL) if name in place)
    seen = corners_in_table(renamed, columns, path, size)
    read_as = [f"{ours} = {name}" for ours, (name, _) in found.items() if ours != name]
    notes = [f"columns read as {', '.join(read_as)}"] if read_as else []
    rest = [name for name in header if name not in {used for used, _ in found.values()}]
    notes += [f"columns not used: {', '.join(rest)}"] if rest else []
    return replace(seen, notes=(*seen.notes, *notes))


def _of_lists(source: Source, size: tuple[int, int] | None) -> Observations | None:
    """Views of lists of points: of objects (views, n, 3) and of images (views, n, 2); None if there are none."""
    found = source.mapping
    board = next((value for key, value in found.items() if POINTS_IN_BOARD.search(str(key))), None)
    image = next((value for key, value in found.items() if POINTS_IN_IMAGE.search(str(key))), None)
    if not isinstance(board, list) or not isinstance(image, list):
        return None
    pixels = [_points(each, 2) for each in image]
    places = [_points(each, 3) for each in board]
    shared = _points(board, 3)
    if shared is not None and (len(places) != len(pixels) or None in [each if each is None else 0 for each in places]):
        places = [shared] * len(pixels)
    views = []
    for k, (px, points) in enumerate(zip(pixels, places, strict=False)):
        if px is None or points is None or len(px) != len(points):
            where = f"{source.where}, view {k + 1}"
            what = "as many image points as object points are needed"
            advice = "give lists of views, each with a list of points"
            raise InputError(what, code="corners-number", where=where, advice=advice)
        views.append(View(f"view {k + 1}", px, points))
    if not views or len(views) != len(pixels):
        return None
    notes = ("lengths of object points read as metres",)
    return Observations(tuple(views), size, board=one_line(source.path.name), notes=notes)


def _points(value: Any, width: int) -> Array | None:
    """Points (n, 2) or (n, 3) of nested lists; None for what is none."""
    array = as_array(value)
    if array is None or array.ndim < 2:
        return None
    points = array.reshape(-1, array.shape[-1])
    if points.shape[1] == 2 and width == 3:
        points = np.column_stack([points, np.zeros(len(points))])
    return points if points.shape[1] == width and len(points) >= 3 else None
