"""Delimited text as people save it: comma, semicolon, tab or spaces, decimal point or comma, BOM, quotes.

A million rows are read in seconds and a few hundred megabytes: columns become arrays a chunk of rows at a time, those
of numbers at once, without a text being kept for each.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from calib.arrays import Array, Index, Texts
from calib.config import MAX_MAGNITUDE
from calib.errors import InputError, names_alike
from calib.text import from_cell, one_line
from calib.text_rows import RowChunk, not_a_table, open_text, rows_of

MAX_CELL = 10_000  # characters; a longer cell is an unbalanced quote that swallowed the file
MAX_COLUMNS = 1_000  # a pose with everything measured there has some dozens
ENOUGH_ROWS = 100_000  # a column that holds no number in so many rows is none of numbers, whatever comes below
TEXT = np.dtypes.StringDType()


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """A column of numbers, and the texts of the cells that hold none."""

    values: Array
    """(rows,) NaN where a cell is not a number up to 1e15."""
    strays: Index
    """(k,) the rows of those cells, ascending."""
    stray_texts: Texts
    """(k,) what they hold."""

    def stray_text(self, row: int) -> str:
        """What a cell that is not a number holds."""
        return str(self.stray_texts[np.searchsorted(self.strays, row)])


@dataclass(frozen=True, eq=False)
class Delimited:
    """A table: columns of text, and of numbers where they were asked for."""

    header: tuple[str, ...]
    """The column names, stripped."""
    cells: Mapping[int, Texts]
    """An array (rows,) of stripped texts per column of text, by the column's place in the header."""
    numbers: Mapping[int, NumberColumn]
    """The columns of numbers, likewise."""
    decimal_comma: bool
    """Whether these were read with decimal commas."""
    lines: Index
    """(rows,) the line in the file where each row begins."""
    ragged: tuple[tuple[int, int], ...]
    """Line and width of every row whose width is not the header's; these are not in cells."""

    def column(self, name: str) -> Texts:
        """The texts (rows,) of the first column of that name."""
        return self.cells[self.header.index(name)]


def read_header(path: Path) -> tuple[str, ...]:
    """The column names of a file, stripped; errors as of `read_delimited`."""
    with open_text(path) as file:
        return _split_header(rows_of(file, str(path)), str(path))[0]


def read_delimited(path: Path, numeric: Collection[int] = ()) -> Delimited:
    """Read a file with a header line; lines that are empty or start with # are skipped.

    numeric: the places in the header of the columns to be read as numbers. The decimal mark is one for all of them:
    that of the first rows that have any.
    Raises InputError `table-unreadable`, `table-too-large`, `table-encoding`, `table-empty`, `table-syntax`,
    `table-not-numbers`.
    """
    where = str(path)
    with open_text(path) as file:
        header, chunks = _split_header(rows_of(file, where), where)
        return _Columns(header, frozenset(numeric), where).fill(chunks)


def numbers(cells: Sequence[str] | Texts, decimal_comma: bool) -> Array:
    """The cells as numbers (n,); NaN where a cell is not a finite number."""
    texts = cells.tolist() if isinstance(cells, np.ndarray) else cells
    if decimal_comma:
        texts = [text.replace(",", ".") for text in texts]
    try:
        values = np.array(list(map(float, texts)), dtype=float)
    except ValueError:
        values = np.array([_number(text) for text in texts], dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def uses_decimal_comma(columns: Iterable[Sequence[str]]) -> bool:
    """Whether cells such as -1,5 outnumber cells such as -1.5 in columns of numbers.

    A cell with both marks counts for neither: 1.234,5 is not read as a number either way.
    """
    with_comma, with_point = _decimal_marks(columns)
    return with_comma > with_point


def _is_full(line: str, mark: str, width: int) -> bool:
    """Whether a line has so many cells, or one more that is empty."""
    marks = line.count(mark)
    return marks == width - 1 or (marks == width and line.endswith(mark))


def _decimal_marks(columns: Iterable[Sequence[str]]) -> tuple[int, int]:
    """How many cells have a decimal comma, and how many a decimal point."""
    with_comma = with_point = 0
    for cells in columns:
        with_point += sum("." in cell and "," not in cell for cell in cells)
        of_commas = [cell for cell in cells if "," in cell and "." not in cell]
        with_comma += int(np.isfinite(numbers(of_commas, decimal_comma=True)).sum())
    return with_comma, with_point


@dataclass
class _Columns:
    """A table while its rows come in: they are turned into arrays a chunk at a time."""

    header: tuple[str, ...]
    numeric: frozenset[int]
    where: str
    decimal_comma: bool | None = None  # None: no cell yet that has a mark
    texts: dict[int, list[Texts]] = field(default_factory=lambda: defaultdict(list))
    values: dict[int, list[Array]] = field(default_factory=lambda: defaultdict(list))
    strays: dict[int, list[tuple[Index, Texts]]] = field(default_factory=lambda: defaultdict(list))
    lines: list[Index] = field(default_factory=list)
    rows: int = 0
    ragged: list[tuple[int, int]] = field(default_factory=list)
    escaped: dict[int, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def fill(self, chunks: Iterator[RowChunk]) -> Delimited:
        """The whole table, from its rows below the header."""
        for chunk in chunks:
            if not self._add_regular(chunk):
                self._add(*self._of_full_width(*chunk.split()))
                self._require_numbers()
        self._add((), [])
        cells = {i: np.concatenate(parts) for i, parts in self.texts.items()}
        self._require_distinct(cells)
        numbers = {i: self._number_column(i) for i in self.values}
        return Delimited(
            self.header, cells, numbers, bool(self.decimal_comma), np.concatenate(self.lines), tuple(self.ragged)
        )

    def _require_distinct(self, cells: Mapping[int, Texts]) -> None:
        """Raise InputError `names-alike` for two texts of a column that only became one by the escapes in it."""
        for i, column in self.escaped.items():
            for text, raw in column.items():
                if len(set(raw)) > 1 or int((cells[i] == text).sum()) > len(raw):
                    raise names_alike(text, self.where)

    def _require_numbers(self) -> None:
        """Raise InputError `table-not-numbers` once a column of numbers held words in very many rows and nothing else:
        words are read slowly, as each may need its own message."""
        if self.rows < ENOUGH_ROWS:
            return
        for i, parts in self.strays.items():
            words = filter(None, chain.from_iterable(texts for _, texts in parts))
            if sum(len(rows) for rows, _ in parts) == self.rows and (text := next(words, "")):
                raise InputError(
                    f"column {self.header[i]!r} holds no numbers",
                    code="table-not-numbers",
                    where=self.where,
                    why=f"the first {self.rows} rows hold text there, such as {one_line(str(text))!r}",
                    advice="check which column the header names there, and that the rows below it are measurements",
                )

    def _add_regular(self, chunk: RowChunk) -> bool:
        """Append rows of which every one is full and holds numbers where it should, as most do; whether these do.

        numpy reads such lines twice as fast as their cells can be taken apart.
        """
        width, mark, lines = len(self.header), chunk.delimiter, chunk.lines
        if not lines or not self.numeric or not all(_is_full(line, mark, width) for line in lines):
            return False
        places = sorted(self.numeric)
        pointed = [line.replace(",", ".") for line in lines] if self.decimal_comma else lines
        try:
            values = np.loadtxt(pointed, delimiter=mark, usecols=places, comments=None, ndmin=2)
        except ValueError:
            return False
        if len(values) < len(lines) or not (np.abs(values) <= MAX_MAGNITUDE).all():  # nor NaN
            return False
        if self.decimal_comma is None and np.any(values % 1):
            self.decimal_comma = False
        others = [i for i in range(width) if i not in self.numeric]
        rows = [line.split(mark, max(others) + 1) for line in lines] if others else []
        for i in others:
            self.texts[i].append(self._strip([row[i] for row in rows], chunk.numbers, i))
        for i, column in zip(places, values.T, strict=True):
            self.values[i].append(np.ascontiguousarray(column))
        self._count(chunk.numbers)
        return True

    def _of_full_width(self, lines: Sequence[int], rows: Sequence[list[str]]) -> tuple[list[int], list[list[str]]]:
        """The rows of the header's width, those with empty cells behind it too; the others are ragged."""
        width = len(self.header)
        kept: list[tuple[int, list[str]]] = []
        for line, row in zip(lines, rows, strict=True):
            if len(row) < width or any(cell.strip() for cell in row[width:]):
                self.ragged.append((line, len(row)))
            else:
                kept.append((line, row[:width]))
        return [line for line, _ in kept], [row for _, row in kept]

    def _number_column(self, i: int) -> NumberColumn:
        strays, texts = zip(*self.strays[i], strict=True)
        return NumberColumn(np.concatenate(self.values[i]), np.concatenate(strays), np.concatenate(texts))

    def _add(self, lines: Sequence[int], rows: list[list[str]]) -> None:
        """Append rows of full width. At least once, be it without rows, for every column to have an array."""
        columns = tuple(zip(*rows, strict=True)) or ((),) * len(self.header)
        if self.decimal_comma is None:
            with_comma, with_point = _decimal_marks(columns[i] for i in self.numeric)
            self.decimal_comma = with_comma > with_point if with_comma or with_point else None
        for i, cells in enumerate(columns):
            if i not in self.numeric:
                self.texts[i].append(self._strip(cells, lines, i))
                continue
            values = numbers(cells, bool(self.decimal_comma))
            values[np.abs(values) > MAX_MAGNITUDE] = np.nan  # squares of such overflow sums
            at = np.flatnonzero(np.isnan(values)).tolist()
            texts = self._strip([cells[k] for k in at], [lines[k] for k in at], None)
            self.values[i].append(values)
            self.strays[i].append((self.rows + np.array(at, dtype=np.intp), texts))
        self._count(lines)

    def _count(self, lines: Sequence[int]) -> None:
        """Note the lines of the rows appended."""
        self.lines.append(np.array(lines, dtype=np.intp))
        self.rows += len(lines)

    def _strip(self, cells: Sequence[str], lines: Sequence[int], column: int | None) -> Texts:
        """The texts of these lines without the blanks around them, each as it may stand in a line of text.

        column: of names, which must remain distinct; None for no names. Raises InputError `table-syntax` for long ones.
        """
        shown = [cell if cell.isprintable() else self._escape(cell.strip(), column) for cell in cells]
        shown = [from_cell(cell) if cell[:1] == "'" else cell for cell in shown]
        texts = np.strings.strip(np.array(shown, dtype=TEXT))
        long = np.strings.str_len(texts) > MAX_CELL
        if long.any():
            where = f"{self.where}, line {lines[int(np.argmax(long))]}"
            raise not_a_table(f"a cell of more than {MAX_CELL} characters", where)
        return texts

    def _escape(self, cell: str, column: int | None) -> str:
        text = one_line(cell)
        if column is not None and text != cell:
            self.escaped[column][text].append(cell)
        return text


def _split_header(chunks: Iterator[RowChunk], where: str) -> tuple[tuple[str, ...], Iterator[RowChunk]]:
    """The column names, and the rows below them."""
    chunk = next((chunk for chunk in chunks if chunk.split()[0]), None)
    if chunk is None:
        raise InputError("the file is empty", code="table-empty", where=where, advice="give a table with a header line")
    numbers, rows = chunk.split()
    header = [one_line(name.strip()) for name in rows[0]]
    while header and not header[-1]:  # a delimiter at the end of every line
        header.pop()
    if len(header) > MAX_COLUMNS:
        what, advice = f"more than {MAX_COLUMNS} columns", "give a table with one row per measurement"
        raise InputError(what, code="table-syntax", where=where, advice=advice)
    return tuple(header), chain([chunk.below(numbers[0])], chunks)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
