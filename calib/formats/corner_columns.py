"""Corners of a table whose columns the user names, by their names or numbers, with a header or without."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from calib.camera.corner_table import OPTIONAL, REQUIRED, corners_in_table
from calib.camera.observations import Observations
from calib.delimited import TEXT, Delimited, NumberColumn
from calib.errors import InputError, UsageError, did_you_mean
from calib.formats.content.source import Source
from calib.formats.content.text_table import TextTable, parse_table

MILLIMETRES = {f"{name[:-2]}_mm": name for name in (*REQUIRED, *OPTIONAL) if name.endswith("_m")}
OURS = ("image", *REQUIRED, *OPTIONAL, *MILLIMETRES)


def stated_corners(source: Source, columns: Mapping[str, str], size: tuple[int, int] | None) -> Observations:
    """Views of a table by what its columns are stated to be.

    Raises UsageError `columns-unknown`; InputError `table-syntax` and those of `calib.camera.read_corners`.
    """
    table = parse_table(source.text)
    if table is None:
        raise InputError(
            "its rows have no common width", code="table-syntax", where=source.where, advice="export the table as CSV"
        )
    pairs = [(theirs, ours) if ours.isdigit() else (ours, theirs) for ours, theirs in columns.items() if theirs]
    places = {ours: _place(ours, theirs, table, source) for ours, theirs in pairs}
    missing = [name for name in ("image", *REQUIRED) if not {name, name.replace("_m", "_mm")} & places.keys()]
    if missing:
        raise UsageError(
            f"no column is stated to be {missing[0]}",
            code="columns-unknown",
            where="--columns",
            advice="state image, x_px, y_px, X_m and Y_m (or X_mm, Y_mm): 1=image,2=x_px,3=y_px,4=X_mm,5=Y_mm",
        )
    ours = tuple(MILLIMETRES.get(name, name) for name in places)
    cells, numbers = {}, {}
    for k, (name, theirs) in enumerate(places.items()):
        if name == "image":
            texts = table.texts.get(theirs) or [f"{value:g}" for value in table.numbers[theirs].tolist()]
            cells[k] = np.array(texts, dtype=TEXT)
        else:
            numbers[k] = _numbers(name, theirs, table, source)
    renamed = Delimited(ours, cells, numbers, False, table.lines, ())
    return corners_in_table(renamed, tuple(name for name in (*REQUIRED, *OPTIONAL) if name in ours), source.path, size)


def _place(ours: str, theirs: str, table: TextTable, source: Source) -> str:
    """The column that is meant by its name or number."""
    if ours not in OURS:
        advice = did_you_mean(ours, OURS)
        raise UsageError(f"no column is called {ours!r} here", code="columns-unknown", where="--columns", advice=advice)
    names = table.order
    if theirs in names:
        return theirs
    if theirs.isdigit() and 1 <= int(theirs[:6]) <= len(names):
        return names[int(theirs) - 1]
    raise UsageError(
        f"the file has no column {theirs!r}",
        code="columns-unknown",
        where=source.where,
        advice=f"its columns are {', '.join(names[:20])}, or their numbers 1 to {len(names)}",
    )


def _numbers(name: str, theirs: str, table: TextTable, source: Source) -> NumberColumn:
    if theirs not in table.numbers:
        raise InputError(
            f"column {theirs!r} holds no numbers",
            code="corners-number",
            where=source.where,
            why=f"it is stated to be {name}",
            advice="state another column with --columns",
        )
    values = table.numbers[theirs] / (1000.0 if name in MILLIMETRES else 1.0)
    strays = np.flatnonzero(np.isnan(values))
    return NumberColumn(values, strays, np.array(["no number"] * len(strays), dtype=TEXT))
