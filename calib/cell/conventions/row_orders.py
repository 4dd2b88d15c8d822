"""Other orders of the table's rows: shifted, reversed, alphabetical, by the numbers in the images' names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Index
from calib.camera.images.read import natural_order
from calib.cell.conventions.interpretations import HandEyeInterpretation
from calib.cell.pairing.by_name_or_order import last_number

if TYPE_CHECKING:
    from calib.cell.pairing.paired_views import PairedViews


def row_orders(pairs: PairedViews) -> tuple[HandEyeInterpretation, ...]:
    """Every other order of rows; none of a stream, whose shift is the clocks' offset."""
    if pairs.clock is not None:
        return ()
    found = [*_shifts(), *_orders(pairs)]
    return tuple(HandEyeInterpretation(name, _with_rows(rows)) for name, rows in found if _differs(pairs, rows(pairs)))


def rows_from(first: int, last: int, step: int) -> Callable[[PairedViews], PairedViews]:
    """The poses of the views from one to another a step further down the table; a view then without is dropped."""

    def shift(pairs: PairedViews) -> PairedViews:
        rows = pairs.rows.copy()
        rows[first : last + 1] += step
        return _inside(pairs, rows)

    return shift


def _shifts() -> Iterator[tuple[str, Callable[[PairedViews], Index]]]:
    """The list of poses begins one row too early or too late."""
    yield "the pose of each image is one row further down", lambda pairs: pairs.rows + 1
    yield "the pose of each image is one row further up", lambda pairs: pairs.rows - 1


def _orders(pairs: PairedViews) -> Iterator[tuple[str, Callable[[PairedViews], Index]]]:
    """Orders in which a list of files may have been written, whatever order the images have here."""
    rows = len(pairs.table.lines)
    yield "the poses are in reverse order", lambda pairs: rows - 1 - pairs.rows
    every = {view.image for view in pairs.observations.views} | {each.image for each in pairs.observations.excluded}
    if len(every) == rows:
        by_number, by_letter = sorted(every, key=natural_order), sorted(every, key=_without_zeros)
        yield "the poses are sorted by the numbers in the images' names (2 before 10)", _ranks(by_number)
        yield "the poses are sorted alphabetically by the images' names (10 before 2)", _ranks(by_letter)
        place = {name: i for i, name in enumerate(by_letter)}
        renamed = [by_number[place[name]] for name in by_number]
        yield "the images were numbered in a list sorted alphabetically (10 before 2), the poses not", _ranks(renamed)
    numbers = {name: last_number(name) for name in every}
    if None not in numbers.values() and len(set(numbers.values())) == len(every):
        for first in (0, 1):
            name = f"the pose of each image is in the row of the number in its name, from {first} on"
            yield name, _rows_of_numbers(numbers, first)


def _without_zeros(name: str) -> str:
    """A file's name with its numbers as they are counted: 7 for 007, which a copy may have been given."""
    return re.sub("0+(?=[0-9])", "", name)


def _ranks(names: list[str]) -> Callable[[PairedViews], Index]:
    rank = {name: i for i, name in enumerate(names)}
    return lambda pairs: np.array([rank[view.image] for view in pairs.seen.views], dtype=np.intp)


def _rows_of_numbers(numbers: dict[str, int | None], first: int) -> Callable[[PairedViews], Index]:
    return lambda pairs: np.array([(numbers[view.image] or 0) - first for view in pairs.seen.views], dtype=np.intp)


def _with_rows(rows: Callable[[PairedViews], Index]) -> Callable[[PairedViews], PairedViews]:
    return lambda pairs: _inside(pairs, rows(pairs))


def _inside(pairs: PairedViews, rows: Index) -> PairedViews:
    """The views whose rows are in the table."""
    return replace(pairs, rows=rows).select(np.flatnonzero((rows >= 0) & (rows < len(pairs.table.lines))))


def _differs(pairs: PairedViews, rows: Index) -> bool:
    return not np.array_equal(rows, pairs.rows)
