"""A board laid out on paper: on one page if it fits, else in tiles to be glued, each page with a ruler."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.camera.printing.pdf import Page
from calib.camera.shapes import Shapes
from calib.errors import UsageError

PAPERS_MM = {
    "a4": (210.0, 297.0),
    "a3": (297.0, 420.0),
    "a2": (420.0, 594.0),
    "a1": (594.0, 841.0),
    "a0": (841.0, 1189.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
    "tabloid": (279.4, 431.8),
}
_BORDER_MM = 8.0  # that printers leave white
_FOOT_MM = 16.0  # of the page below the board: words and the ruler
_RULER_MM = 100.0
_TICK_MM = 10.0
_MOST_PAGES = 400
_SMALLEST_MM = 60.0  # side of a paper that a ruler of any use fits on


@dataclass(frozen=True)
class Paper:
    """A sheet of paper, upright."""

    width_mm: float
    """Of the shorter side, of a paper with a name."""
    height_mm: float
    """Of the longer side."""

    @classmethod
    def of(cls, text: str) -> Paper:
        """A4, Letter, ..., or its own size such as 600x400mm. Raises UsageError `bad-paper`."""
        if (size := PAPERS_MM.get(text.strip().lower())) is not None:
            return cls(*size)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*x\s*(\d+(?:\.\d+)?)\s*(?:mm)?", text.strip().lower())
        sides = [float(side) for side in found.groups()] if found else [0.0]
        if not all(_SMALLEST_MM <= side <= 20_000.0 for side in sides):
            raise UsageError(
                f"no paper: {text!r}",
                code="bad-paper",
                where="--paper",
                advice=f"one of {', '.join(name.upper() for name in PAPERS_MM)}, or its size such as 600x400mm",
            )
        return cls(sides[0], sides[1])

    @property
    def turned(self) -> Paper:
        """Lying on its side."""
        return Paper(self.height_mm, self.width_mm)

    @property
    def room_mm(self) -> Array:
        """(2,) width and height of what can hold a board."""
        return np.array([self.width_mm - 2 * _BORDER_MM, self.height_mm - 2 * _BORDER_MM - _FOOT_MM])


def lay_out(shapes_mm: Shapes, paper: Paper, words: str) -> list[Page]:
    """Pages with a board whose lengths are mm. words: what it is, for the foot of each.

    Raises UsageError `board-too-large` for a board of more pages than anybody glues.
    """
    size = np.ptp(shapes_mm.bounds, axis=0)
    upright = min((paper, paper.turned), key=lambda each: int(np.prod(_tiles(size, each))))
    columns, rows = _tiles(size, upright)
    if columns * rows > _MOST_PAGES:
        raise UsageError(
            f"the board is {size[0]:.0f} x {size[1]:.0f} mm: {columns * rows} pages",
            code="board-too-large",
            where="--paper",
            advice="name a larger paper, such as A0 or 1200x900mm",
        )
    tile = size / [columns, rows]  # equal parts, so that no page holds a sliver
    pages = []
    for k in range(columns * rows):
        row, column = divmod(k, columns)
        which = f"; page {k + 1} of {columns * rows}: row {row + 1}, column {column + 1}" if columns * rows > 1 else ""
        pages.append(_page(shapes_mm, upright, shapes_mm.bounds[0] + tile * [column, row], tile, words + which))
    return pages


def _tiles(size: Array, paper: Paper) -> tuple[int, int]:
    """Columns and rows of pages."""
    columns, rows = np.ceil(size / paper.room_mm - 1e-9).astype(int).tolist()
    return columns, rows


def _page(shapes_mm: Shapes, paper: Paper, corner: Array, tile: Array, words: str) -> Page:
    """The part of the board with its upper left corner there, in the middle of the page."""
    page = Page((paper.width_mm, paper.height_mm))
    at = _BORDER_MM + (paper.room_mm - tile) / 2
    here = shapes_mm.place(1.0, at - corner)
    within = np.array([at, at + tile])
    page.fill(here.rectangles, here.discs, within)
    if (tile < np.ptp(shapes_mm.bounds, axis=0) - 1e-9).any():
        _mark_corners(page, within)
    _draw_foot(page, paper, words)
    return page


def _mark_corners(page: Page, within: Array) -> None:
    """Where a tile is to be cut: lines outside its corners."""
    reach = _BORDER_MM / 2
    for x, away_x in zip(within[:, 0], (-1.0, 1.0), strict=True):
        for y, away_y in zip(within[:, 1], (-1.0, 1.0), strict=True):
            page.line(np.array([[x + away_x, y], [x + away_x * reach, y]]), 0.1)
            page.line(np.array([[x, y + away_y], [x, y + away_y * reach]]), 0.1)


def _draw_foot(page: Page, paper: Paper, words: str) -> None:
    """What the board is, and a ruler that tells whether the printer changed its size."""
    bottom, length = paper.height_mm - _BORDER_MM, min(_RULER_MM, paper.width_mm - 2 * _BORDER_MM - _TICK_MM)
    length -= length % _TICK_MM
    page.line(np.array([[_BORDER_MM, bottom], [_BORDER_MM + length, bottom]]))
    for step in range(int(length / _TICK_MM) + 1):
        x, tall = _BORDER_MM + step * _TICK_MM, 4.0 if step in (0, int(length / _TICK_MM)) else 2.0
        page.line(np.array([[x, bottom], [x, bottom - tall]]))
    lines = (words, f"This ruler is {length:.0f} mm long. If it is not, print at 100 % (actual size), not fit to page.")
    for i, line in enumerate(lines):
        page.text((_BORDER_MM, bottom - 10.5 + 4.0 * i), line, 2.8)
