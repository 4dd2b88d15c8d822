"""Tables as other tools write them: any delimiter, with a header or without, units in it, arrays as the text of cells.

Everything is a column of numbers or of texts afterwards, by the name in the header or, without one, by its place
counted from 1.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index
from calib.delimited import MAX_CELL, MAX_COLUMNS, numbers, uses_decimal_comma
from calib.text import one_line

MARKS = (";", "\t", ",", "|")
COMMENTS = ("#", "%", "//")
LOOKED_AT = 50  # rows by which the delimiter is chosen
MOSTLY = 0.9  # cells of a column that are numbers, for it to be one of numbers: a log has gaps
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table of n rows."""

    numbers: dict[str, Array]
    """(n,) each, by name; NaN where a cell holds none."""
    texts: dict[str, tuple[str, ...]]
    """The other columns."""
    lines: Index
    """(n,) where each row begins."""
    has_header: bool
    """Whether the names are the file's own, not places."""
    order: tuple[str, ...] = ()
    """All names, in the file's order; arrays in cells stand as a column for each number in them."""
    notes: tuple[str, ...] = ()
    """Remarks for the user."""


def parse_table(text: str) -> TextTable | None:
    """The table that a text holds; None if its rows have no common width, or no numbers."""
    comment, rows = _rows(text)
    if not rows:
        return None
    decimal_comma = uses_decimal_comma(zip(*_of_common_width(rows[1 : LOOKED_AT + 1] or rows), strict=False))
    header, body, line_by_line = _split_header(rows, comment, decimal_comma)
    body, lines, notes = _common(body, line_by_line)
    if not body or len(body[0]) > MAX_COLUMNS:
        return None
    columns = [list(column) for column in zip(*body, strict=True)]
    names = _names(header, len(columns))
    if header and len(header) != len(columns):
        notes.append(f"the header names {len(header)} columns, the rows have {len(columns)}")
    if decimal_comma:
        notes.append("read with decimal commas")
    table = _columns(names, columns, decimal_comma)
    order = tuple(each for name in names for each in _in_column(name, table))
    return TextTable(*table, lines, bool(header), order, tuple(notes)) if table[0] else None


def _in_column(name: str, table: tuple[dict[str, Array], dict[str, tuple[str, ...]]]) -> list[str]:
    """The names that stand for a column of the file: its own, or those of the numbers in its cells."""
    if name in table[0] or name in table[1]:
        return [name]
    return [each for each in table[0] if each.rpartition("_")[0] == name]


def _rows(text: str) -> tuple[str, list[tuple[int, list[str]]]]:
    """The comment right before the data, which may name the columns; each row that holds anything, with its line."""
    comment = ""
    kept: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith(COMMENTS):
            comment = stripped.lstrip("#%/ ") if not kept else comment
        elif stripped:
            kept.append((number, line))
    if not kept:
        return comment, []
    if any('"' in line for _, line in kept):  # a cell may span lines, and hold any mark
        return comment, _rows_with_quotes(text, next((mark for mark in MARKS if mark in kept[0][1]), ","))
    mark = _delimiter([line for _, line in kept[: LOOKED_AT + 1]])
    return comment, [(number, _cells(line, mark)) for number, line in kept]


def _delimiter(lines: list[str]) -> str:
    """The mark that divides most lines below the first into as many cells, most of them numbers; a blank if none."""

    def score(mark: str) -> float:
        rows = [_cells(line, mark) for line in lines[1:] or lines]
        widths = [len(row) for row in rows]
        usual = max(set(widths), key=widths.count)
        if usual < 2:
            return 0.0
        cells = [cell for row in rows for cell in row]
        decimal = mark != "," and uses_decimal_comma([cells])
        numeric = float(np.isfinite(numbers(cells, decimal)).mean())
        return widths.count(usual) / len(widths) * numeric

    scores = {mark: score(mark) for mark in (*MARKS, " ")}
    return max(scores, key=lambda mark: scores[mark])


def _cells(line: str, mark: str) -> list[str]:
    cells = line.split() if mark == " " else [cell.strip().strip('"') for cell in line.split(mark)]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return cells


def _rows_with_quotes(text: str, mark: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=mark, skipinitialspace=True)
    rows, begin = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith(COMMENTS):
                rows.append((begin, [cell.strip() for cell in row]))
            begin = reader.line_num + 1
    except csv.Error:
        return []
    return rows


def _of_common_width(rows: list[tuple[int, list[str]]]) -> list[list[str]]:
    widths = [len(row) for _, row in rows]
    usual = max(set(widths), key=widths.count)
    return [row for _, row in rows if len(row) == usual]


def _numeric_share(cells: list[str], decimal_comma: bool) -> float:
    return float(np.isfinite(numbers(cells, decimal_comma)).mean()) if cells else 0.0


def _split_header(
    rows: list[tuple[int, list[str]]], comment: str, decimal_comma: bool
) -> tuple[list[str], list[list[str]], list[int]]:
    """The names, of which a second line may hold the units, and the rows below with their lines."""
    first = 0
    usual = len(_of_common_width(rows)[0])
    header: list[str] = []
    body_share = np.median([_numeric_share(row, decimal_comma) for _, row in rows[1 : LOOKED_AT + 1] or rows])
    while first < min(3, len(rows) - 1) and _numeric_share(rows[first][1], decimal_comma) < body_share / 2:
        cells = rows[first][1]
        if header and len(cells) == len(header):
            header = [f"{name} {unit}".strip() for name, unit in zip(header, cells, strict=True)]
        elif len(cells) > 1 or usual == 1:
            header = cells
        first += 1
    if not header and comment:
        for mark in (*MARKS, " "):
            cells = _cells(comment, mark)
            if len(cells) == usual and _numeric_share(cells, decimal_comma) < 0.5:
                header = cells
                break
    return header, [row for _, row in rows[first:]], [line for line, _ in rows[first:]]


def _common(body: list[list[str]], lines: list[int]) -> tuple[list[list[str]], Index, list[str]]:
    """The rows of the width that most have, and a remark on the others."""
    if not body:
        return [], np.zeros(0, np.intp), []
    widths = [len(row) for row in body]
    usual = max(set(widths), key=widths.count)
    kept = [(row, line) for row, line in zip(body, lines, strict=True) if len(row) == usual]
    short = [line for row, line in zip(body, lines, strict=True) if len(row) != usual]
    if len(short) > len(kept):
        return [], np.zeros(0, np.intp), []
    named = ", ".join(map(str, short[:4])) + (", ..." if len(short) > 4 else "")
    notes = [f"{len(short)} rows of another width are left out: lines {named}"] if short else []
    return [row for row, _ in kept], np.array([line for _, line in kept], dtype=np.intp), notes


def _names(header: list[str], width: int) -> list[str]:
    """A name for each column: the header's, made distinct, or its place."""
    names: list[str] = []
    for i in range(width):
        name = one_line(header[i].strip())[:MAX_CELL] if i < len(header) else ""
        names.append(name if name and name not in names else str(i + 1))
    return names


def _columns(
    names: list[str], columns: list[list[str]], decimal_comma: bool
) -> tuple[dict[str, Array], dict[str, tuple[str, ...]]]:
    values: dict[str, Array] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for name, cells in zip(names, columns, strict=True):
        column = numbers(cells, decimal_comma)
        column[np.abs(column) > 1e15] = np.nan
        if np.isfinite(column).mean() >= MOSTLY:
            values[name] = column
        elif (inside := _arrays(cells)) is not None and inside.shape[1] > 1:
            values |= {f"{name}_{k + 1}": inside[:, k] for k in range(inside.shape[1])}
        else:
            texts[name] = tuple(one_line(cell[:MAX_CELL]) for cell in cells)
    return values, texts


def _arrays(cells: list[str]) -> Array | None:
    """Numbers (n, k) of cells that hold arrays as text, as many in each; else None."""
    if not all(cell[:1] in "[(" and cell[-1:] in ")]" for cell in cells if cell) or not cells[0]:
        return None
    found = [[float(text) for text in _NUMBER.findall(cell)] for cell in cells]
    count = len(found[0])
    if count > MAX_COLUMNS or any(len(row) != count for row in found):
        return None
    array = np.array(found)
    return array if np.isfinite(array).all() and np.abs(array).max(initial=0.0) <= 1e15 else None
