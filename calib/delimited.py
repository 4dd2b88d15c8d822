"""Delimited text as people save it: comma, semicolon, tab or spaces, decimal point or comma, BOM, quotes.

A million rows are read in seconds and a few hundred megabytes: columns are arrays of variable-width strings, filled a
chunk of rows at a time.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from calib.arrays import Array, Index, Texts
from calib.errors import InputError
from calib.files import path_advice, regular_size

MAX_BYTES = 500_000_000  # some millions of poses
MAX_CELL = 10_000  # characters; a longer cell is an unbalanced quote that swallowed the file
TEXT = np.dtypes.StringDType()
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks
CHUNK = 20_000  # rows; enough to make an array's fixed cost small, few enough to stay small as Python objects


@dataclass(frozen=True, eq=False)
class Delimited:
    """A table of text."""

    header: tuple[str, ...]
    """The column names, stripped."""
    cells: tuple[Texts, ...]
    """One array (rows,) of stripped texts per column."""
    lines: Index
    """(rows,) the line in the file where each row begins."""
    ragged: tuple[tuple[int, int], ...]
    """Line and width of every row whose width is not the header's; these are not in cells."""

    def column(self, name: str) -> Texts:
        """The texts (rows,) of the first column of that name."""
        return self.cells[self.header.index(name)]


def read_delimited(path: Path) -> Delimited:
    """Read a file with a header line; lines that are empty or start with # are skipped.

    Raises InputError `table-unreadable`, `table-too-large`, `table-encoding`, `table-empty`, `table-syntax`.
    """
    where = str(path)
    try:
        if regular_size(path) > MAX_BYTES:
            raise InputError(
                f"larger than {MAX_BYTES // 1_000_000} MB",
                code="table-too-large",
                where=where,
                advice="divide the table, or keep fewer rows",
            )
        with path.open("rb") as raw:
            # a spreadsheet's "Unicode text" is UTF-16 with a byte order mark
            encoding = "utf-16" if raw.read(2) in _UTF16 else "utf-8-sig"
        with path.open(encoding=encoding, newline="") as file:
            return _read(file, where)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def numbers(cells: Texts | tuple[str, ...], decimal_comma: bool) -> Array:
    """The cells as numbers (n,); NaN where a cell is not a finite number."""
    texts = np.asarray(cells, dtype=TEXT)
    if decimal_comma:
        texts = np.strings.replace(texts, ",", ".")
    try:
        values = texts.astype(float)
    except ValueError:
        values = np.array([_number(text) for text in texts.tolist()], dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def uses_decimal_comma(columns: Iterable[Texts | tuple[str, ...]]) -> bool:
    """Whether cells such as -1,5 outnumber cells such as -1.5 in columns of numbers.

    A cell with both marks counts for neither: 1.234,5 is not read as a number either way.
    """
    with_comma = with_point = 0
    for cells in columns:
        column = np.asarray(cells, dtype=TEXT)
        comma, point = (np.strings.find(column, mark) >= 0 for mark in ",.")
        with_point += int(np.count_nonzero(point & ~comma))
        with_comma += int(np.isfinite(numbers(column[comma & ~point], decimal_comma=True)).sum())
    return with_comma > with_point


def _read(file: IO[str], where: str) -> Delimited:
    rows = _rows(file, where)
    first = next(rows, None)
    if first is None:
        raise InputError("the file is empty", code="table-empty", where=where, advice="give a table with a header line")
    header = tuple(name.strip() for name in first[1])
    while header and not header[-1]:  # a delimiter at the end of every line
        header = header[:-1]
    width = len(header)
    chunks: list[list[Texts]] = [[] for _ in header]
    whole: list[list[str]] = []
    lines: list[int] = []
    ragged: list[tuple[int, int]] = []

    def store() -> None:
        for chunk, column in zip(chunks, zip(*whole, strict=True), strict=True):
            chunk.append(np.strings.strip(np.array(column, dtype=TEXT)))
            long = np.strings.str_len(chunk[-1]) > MAX_CELL
            if long.any():
                line = lines[len(lines) - len(whole) + int(np.argmax(long))]
                raise _invalid(f"a cell of more than {MAX_CELL} characters", f"{where}, line {line}")
        whole.clear()

    for line, row in rows:
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            row = row[:width]
        if len(row) != width:
            ragged.append((line, len(row)))
            continue
        lines.append(line)
        whole.append(row)
        if len(whole) == CHUNK:
            store()
    if whole:
        store()
    cells = tuple(np.concatenate(chunk) if chunk else np.array([], dtype=TEXT) for chunk in chunks)
    return Delimited(header, cells, np.array(lines, dtype=np.intp), tuple(ragged))


def _rows(file: IO[str], where: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with the line where it begins."""
    lines = _checked_lines(file, where)
    head = _first_line_with_text(lines)
    if not head:
        return
    delimiter = next((mark for mark in ";\t," if mark in head[-1]), None)
    if delimiter is None:
        for number, line in enumerate(chain(head, lines), start=1):
            if row := line.split():
                yield number, row
        return
    reader = csv.reader(chain(head, lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    number = 0
    try:
        for row in reader:
            if row and (row[0].strip() or any(map(str.strip, row))):
                yield number + 1, row
            number = reader.line_num  # a quoted cell may span lines
    except csv.Error as error:
        raise _invalid(str(error), f"{where}, line {number + 1}") from None


def _checked_lines(file: IO[str], where: str) -> Iterator[str]:
    """The lines of text, comments blank. Raises InputError `table-encoding` for a binary file."""
    for line in file:
        if "\0" in line:
            advice = "export the table as CSV"
            raise InputError("a binary file, not a text table", code="table-encoding", where=where, advice=advice)
        yield "\n" if line.startswith("#") else line


def _first_line_with_text(lines: Iterator[str]) -> list[str]:
    """The lines up to the first that holds anything, that one included; empty if there is none."""
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip():
            return head
    return []


def _invalid(why: str, where: str) -> InputError:
    advice = "check for an unbalanced quotation mark"
    return InputError("not a valid table", code="table-syntax", where=where, why=why, advice=advice)


def _unreadable(path: Path, error: OSError | ValueError) -> InputError:
    if not isinstance(error, UnicodeError):
        advice = path_advice(path, (".csv", ".tsv", ".txt"), "a table as text")
        return InputError("cannot be read", code="table-unreadable", where=str(path), why=str(error), advice=advice)
    content = path.read_bytes()
    try:
        content.decode("utf-16" if content[:2] in _UTF16 else "utf-8-sig")
        number = content.count(b"\n") + 1
    except UnicodeDecodeError as where_exactly:
        number = content[: where_exactly.start].count(b"\n") + 1
    return InputError(
        "not UTF-8 text",
        code="table-encoding",
        where=f"{path}, line {number}",
        why=str(error),
        advice="save the table as UTF-8 text",
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
