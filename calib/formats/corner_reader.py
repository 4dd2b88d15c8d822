"""Corners as other tools write them: tables of other column names and units, and the formats of `corners/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from calib.camera.board import load_board
from calib.camera.corner_table import OPTIONAL, REQUIRED, corners_in_table, read_corners
from calib.camera.observations import Observations
from calib.delimited import Delimited, read_delimited, read_header
from calib.errors import CalibError, InputError, UsageError
from calib.formats.columns.header_words import word_of
from calib.formats.content.source import Source
from calib.formats.corner_columns import stated_corners
from calib.formats.corner_format import find_corner_format, load_corner_format
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
ALIKE = 0.8  # of a name of ours that is more likely misspelt than another column


def read_any_corners(
    path: str | Path,
    image_size_px: tuple[int, int] | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    board: str | None = None,
) -> Observations:
    """Views from a table of corners, or from a file of `calib list formats`.

    columns: our name -> the table's, or its number from 1. board: as of `calib.camera.load_board`, for a format that
    does not hold where on the board its corners are. A length without a unit is in metres.
    Raises as `calib.camera.read_corners`; UsageError `columns-unknown`, `board-needed`, `option-conflict`.
    """
    path = Path(path)
    if columns:
        return stated_corners(Source(path), columns, image_size_px)
    try:
        header = read_header(path)
    except CalibError as error:
        if error.code not in ("table-encoding", "table-syntax"):
            raise
        header = ()
    found = _places(header) if header else {}
    if not {"image", *REQUIRED} <= found.keys():
        source = Source(path)
        name = find_corner_format(source)
        if name is None:
            return read_corners(path, image_size_px)
        form = load_corner_format(name)
        _require_no_board(board if not form.takes_board else None, name)
        return form.read(source, image_size_px, None if board is None else load_board(board))
    _require_no_board(board, "table")
    if all(name == ours for ours, (name, _) in found.items()) and len(found) == len(header):
        return read_corners(path, image_size_px)
    _require_spelt(header, found, path)
    return _of_table(path, header, found, image_size_px)


def _require_no_board(board: str | None, name: str) -> None:
    if board is not None:
        raise UsageError(
            "--board does not apply to --corners",
            code="option-conflict",
            why=f"a file of the format {name} holds where on the board each corner is",
            advice="leave --board out",
        )


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
