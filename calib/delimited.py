"""Delimited text as people save it: comma, semicolon, tab or spaces, decimal point or comma, BOM, quotes."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from calib.arrays import Array
from calib.errors import InputError

MAX_BYTES = 500_000_000  # some millions of poses; parsing needs about ten times this in memory
MAX_CELL = 10_000  # characters; a longer cell is an unbalanced quote that swallowed the file


@dataclass(frozen=True)
class Delimited:
    """A table of text.

    header: the column names, stripped. cells: one tuple of stripped texts per column. lines: the line in the file where
    each row stands. ragged: line and width of every row whose width is not the header's; these are not in cells.
    """

    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    ragged: tuple[tuple[int, int], ...]


def read_delimited(path: Path) -> Delimited:
    """Read a file with a header line; lines that are empty or start with # are skipped.

    Raises InputError `table-unreadable`, `table-too-large`, `table-encoding`, `table-empty`, `table-syntax`.
    """
    where = str(path)
    text = _decode(path)
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip() and not line.startswith("#")), None)
    if first is None:
        raise InputError("the file is empty", code="table-empty", where=where)
    delimiter = next((mark for mark in ";\t," if mark in first), None)
    rows: list[tuple[int, list[str]]] = []
    if delimiter is None:
        split = ((i + 1, line.split()) for i, line in enumerate(lines) if not line.startswith("#"))
        rows = [(number, row) for number, row in split if row]
    else:
        rows = _parsed(lines, delimiter, where)
    header = tuple(name.strip() for name in rows[0][1])
    while header and not header[-1]:  # a delimiter at the end of every line
        header = header[:-1]
    if not header:
        raise InputError("the header line names no column", code="table-empty", where=where)
    width = len(header)
    whole, ragged = [], []
    for number, row in rows[1:]:
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            row = row[:width]
        if len(row) == width:
            whole.append((number, row))
        else:
            ragged.append((number, len(row)))
    cells = tuple(tuple(cell.strip() for cell in column) for column in zip(*(row for _, row in whole), strict=True))
    cells = cells or ((),) * width
    return Delimited(
        header=header,
        cells=cells,
        lines=tuple(number for number, _ in whole),
        ragged=tuple(ragged),
    )


def uses_decimal_comma(columns: Iterable[tuple[str, ...]]) -> bool:
    """Whether cells such as -1,5 outnumber cells such as -1.5 in columns of numbers.

    A cell with both marks counts for neither: 1.234,5 is not read as a number either way.
    """
    with_comma = with_point = 0
    for cell in chain.from_iterable(columns):
        comma, point = "," in cell, "." in cell
        if comma and not point and math.isfinite(_number(cell.replace(",", ".", 1))):
            with_comma += 1
        elif point and not comma:
            with_point += 1
    return with_comma > with_point


def numbers(cells: tuple[str, ...], decimal_comma: bool) -> Array:
    """The cells as numbers (n,); NaN where a cell is not a finite number."""
    texts = [cell.replace(",", ".") for cell in cells] if decimal_comma else cells
    try:
        values = np.array([float(text) for text in texts], dtype=float)
    except ValueError:
        values = np.array([_number(text) for text in texts], dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _decode(path: Path) -> str:
    where = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES // 1_000_000} MB", code="table-too-large", where=where)
        content = path.read_bytes()
    except OSError as error:
        raise InputError("cannot be read", code="table-unreadable", where=where, why=str(error)) from None
    # a spreadsheet's "Unicode text" is UTF-16 with a byte order mark
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        place = f"{where}, line {number}"
        advice = "save the table as UTF-8 text"
        raise InputError("not UTF-8 text", code="table-encoding", where=place, why=str(error), advice=advice) from None
    if "\0" in text:
        advice = "export the table as CSV"
        raise InputError("a binary file, not a text table", code="table-encoding", where=where, advice=advice)
    return text


def _parsed(lines: list[str], delimiter: str, where: str) -> list[tuple[int, list[str]]]:
    kept = ("\n" if line.startswith("#") else line for line in lines)
    reader = csv.reader(kept, delimiter=delimiter, skipinitialspace=True, strict=True)
    rows: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for row in reader:
            number += 1
            if any(cell.strip() for cell in row):
                rows.append((number, row))
            if any(len(cell) > MAX_CELL for cell in row):
                raise csv.Error(f"a cell of more than {MAX_CELL} characters")
            number = reader.line_num  # a quoted cell may span lines; a row stands where it begins
    except csv.Error as error:
        place = f"{where}, line {number + 1}"
        advice = "look for an unbalanced quotation mark"
        raise InputError("not a valid table", code="table-syntax", where=place, why=str(error), advice=advice) from None
    return rows
