"""Text files as rows of cells: the delimiter and the encoding are detected, quotation marks and comments understood.

Whatever the file, no more of it is held than a row.
"""

from __future__ import annotations

import codecs
import csv
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, compress
from pathlib import Path
from typing import IO

from calib.errors import InputError
from calib.files import path_advice, regular_size

MAX_BYTES = 500_000_000  # some millions of poses
MAX_LINE = 1_000_000  # characters; a longer line is no row of a table, and must not be held to find that out
BLOCK = 1 << 20  # characters; enough to make an array's fixed cost small, little enough to hold as Python objects
FEW = 4096  # rows, likewise
BLANKS = " "  # any number of them
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """A file as text. Raises InputError `table-too-large`, `table-unreadable`, `table-encoding`, also from within."""
    try:
        if regular_size(path) > MAX_BYTES:
            raise InputError(
                f"larger than {MAX_BYTES // 1_000_000} MB",
                code="table-too-large",
                where=str(path),
                advice="divide the table, or keep fewer rows",
            )
        with path.open(encoding=_encoding(path)) as file:
            yield file
    except UnicodeError as error:
        raise _not_text(path, error) from None
    except (OSError, ValueError) as error:
        advice = path_advice(path, (".csv", ".tsv", ".txt"), "a table as text")
        raise InputError(
            "cannot be read", code="table-unreadable", where=str(path), why=str(error), advice=advice
        ) from None


@dataclass(frozen=True)
class RowChunk:
    """Some rows of a table."""

    numbers: Sequence[int]
    """The line where each begins."""
    lines: Sequence[str]
    """Each as it stands in the file; a table with quotation marks has cells instead."""
    delimiter: str
    """What is between the cells of a line."""
    quoted: Sequence[list[str]] = ()
    """The cells of each, instead of lines."""

    def split(self) -> tuple[Sequence[int], Sequence[list[str]]]:
        """The cells of the rows that hold anything, and the line where each begins."""
        # without quotation marks that is all there is to it, and several times as fast
        rows = self.quoted or [line.split(self.delimiter) for line in self.lines]
        keep = [bool(row) and (bool(row[0].strip()) or any(map(str.strip, row))) for row in rows]
        if all(keep):
            return self.numbers, rows
        return list(compress(self.numbers, keep)), list(compress(rows, keep))

    def below(self, number: int) -> RowChunk:
        """The rows that begin below a line."""
        first = bisect_right(self.numbers, number)
        return replace(self, numbers=self.numbers[first:], lines=self.lines[first:], quoted=self.quoted[first:])


def rows_of(file: IO[str], where: str) -> Iterator[RowChunk]:
    """The rows of a table, some at a time."""
    blocks = _blocks(file, where)
    number, delimiter = 1, ""
    for lines in blocks:
        if not delimiter and (head := next(filter(str.strip, lines), None)) is not None:
            delimiter = next((mark for mark in ";\t," if mark in head), BLANKS)
        if delimiter == BLANKS:
            yield RowChunk(range(number, number + len(lines)), ["\t".join(line.split()) for line in lines], "\t")
        elif delimiter and any('"' in line for line in lines):
            yield from _quoted_rows(chain(lines, chain.from_iterable(blocks)), delimiter, number - 1, where)
            return
        elif delimiter:
            yield RowChunk(range(number, number + len(lines)), lines, delimiter)
        number += len(lines)


def not_a_table(why: str, where: str) -> InputError:
    advice = "check for an unbalanced quotation mark"
    return InputError("not a valid table", code="table-syntax", where=where, why=why, advice=advice)


def _quoted_rows(lines: Iterator[str], delimiter: str, before: int, where: str) -> Iterator[RowChunk]:
    """The rows of lines of which some have quotation marks; before: the number of lines before these."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    number = before
    numbers: list[int] = []
    rows: list[list[str]] = []
    try:
        for row in reader:
            numbers.append(number + 1)
            rows.append(row)
            number = before + reader.line_num  # a quoted cell may span lines
            if len(rows) == FEW:
                yield RowChunk(numbers, (), delimiter, rows)
                numbers, rows = [], []
    except csv.Error as error:
        raise not_a_table(str(error), f"{where}, line {number + 1}") from None
    yield RowChunk(numbers, (), delimiter, rows)


def _blocks(file: IO[str], where: str) -> Iterator[list[str]]:
    """The lines without their ends, comments empty, some at a time. Raises InputError `table-encoding` for a binary
    file, `table-syntax` for an endless line."""
    number, rest = 1, ""
    while block := file.read(BLOCK):
        if "\0" in block:
            advice = "export the table as CSV"
            raise InputError("a binary file, not a text table", code="table-encoding", where=where, advice=advice)
        *lines, rest = (rest + block).split("\n")
        if len(rest) > MAX_LINE:
            raise not_a_table(f"a line of more than {MAX_LINE} characters", f"{where}, line {number + len(lines)}")
        number += len(lines)
        yield ["" if line.startswith("#") else line for line in lines]
    if rest:
        yield ["" if rest.startswith("#") else rest]


def _encoding(path: Path) -> str:
    """UTF-8, or UTF-16 if a byte order mark says so: a spreadsheet's "Unicode text"."""
    with path.open("rb") as raw:
        return "utf-16" if raw.read(2) in _UTF16 else "utf-8-sig"


def _not_text(path: Path, error: UnicodeError) -> InputError:
    """That a file is not encoded as its first bytes promise, with the line of the first byte that is not."""
    number, decoder = 1, codecs.getincrementaldecoder(_encoding(path))()
    with path.open("rb") as raw:
        try:
            while block := raw.read(1 << 16):
                number += decoder.decode(block).count("\n")
        except UnicodeDecodeError as found:
            number += found.object[: found.start].count(b"\n")
    return InputError(
        "not UTF-8 text",
        code="table-encoding",
        where=f"{path}, line {number}",
        why=str(error),
        advice="save the table as UTF-8 text",
    )
