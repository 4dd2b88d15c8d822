"""The asymmetric grid of circles: every other row is half a step on, so that no two sides are alike (OpenCV's)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array, Grey, Index
from calib.camera.board import BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text
from calib.camera.boards.circles import (
    CircleKeys,
    circle_document,
    circle_lengths,
    found_circles,
    inside,
    require_counts,
    require_sizes,
    sheet_around,
)
from calib.camera.detection.dotted import diagonals, find_dots, is_whole, most_upright, turns
from calib.camera.drawing import sheet_with_discs
from calib.camera.shapes import Shapes

_NEAREST = np.sqrt(2.0)  # spacings between two circles: one row on and half a step aside
_TYPICAL = 0.8  # diameter in spacings, of a grid that is drawn and does not state it
_SYNTAX = (
    "acircles:COLUMNSxROWS:SPACING:DIAMETER, circles of a row x rows and the distance of rows (half that of "
    "circles in a row), such as acircles:4x11:20mm:16mm; the diameter may be left out"
)


@dataclass(frozen=True)
class AsymmetricCircles:
    """A grid of circles of which every other row is shifted."""

    columns: int
    """Circles of a row."""
    rows: int
    """Rows."""
    spacing_m: float | None = None
    """Distance of rows, half that of two circles in a row, metres; None: not known, it is the unit."""
    diameter_m: float | None = None
    """Of a circle, metres; None: measured in every image."""

    def __post_init__(self) -> None:
        require_counts(self.columns, self.rows, _SYNTAX, fewest=2)
        require_sizes(self.spacing_m, self.diameter_m, float(_NEAREST), _SYNTAX)

    @property
    def name(self) -> str:
        sizes = [length_text(each) for each in (self.spacing_m, self.diameter_m) if each is not None]
        return ":".join(["acircles", f"{self.columns}x{self.rows}", *sizes])

    @property
    def scale_known(self) -> bool:
        return self.spacing_m is not None

    @property
    def grid(self) -> None:
        return None

    @property
    def hint(self) -> str:
        return "columns x rows count the circles of a row and the rows, such as 4x11; all must be in the image"

    @property
    def spacing(self) -> float:
        """In the unit of the corners."""
        return 1.0 if self.spacing_m is None else self.spacing_m

    @property
    def radius(self) -> float:
        """Of the circles, in the unit of the corners; a typical one where it is not stated."""
        return (_TYPICAL * self.spacing if self.diameter_m is None else self.diameter_m) / 2

    @property
    def corners_in_board(self) -> Array:
        """(rows * columns, 3) the circles' middles, row by row, the first at the origin; odd rows are shifted by one
        spacing along x."""
        row, column = np.mgrid[: self.rows, : self.columns]
        return np.column_stack(((2 * column + row % 2).ravel(), row.ravel(), np.zeros(row.size))) * self.spacing

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): dark circles on a sheet that goes on for a spacing around them, grey beyond."""
        along, across = np.rint((x + y) / (2 * self.spacing)), np.rint((y - x) / (2 * self.spacing))
        nearest = np.stack([along - across, along + across])
        off = np.stack([x, y]) - nearest * self.spacing
        off = np.where(inside(nearest, (2 * self.columns, self.rows)), off, np.inf)
        last = np.array([2 * self.columns - 1, self.rows - 1]) * self.spacing
        return sheet_with_discs((x, y), (width_x, width_y), off, self.radius, sheet_around(last, self.spacing))

    def shapes(self) -> Shapes:
        """The circles."""
        discs = self.corners_in_board.copy()
        discs[:, 2] = self.radius
        return Shapes(discs=discs, margin=self.spacing)

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The middles of the areas of its circles' images."""
        dots, reason = find_dots(image)
        if dots is None:
            return None, reason
        whole = [place for place in turns(diagonals(dots.place)) if size_of(place) == (self.columns, self.rows)]
        if not whole or not is_whole(len(dots.place), self.columns * self.rows):
            return (
                None,
                f"{len(dots.place)} circles are seen, not {self.rows} rows of {self.columns}, each other shifted",
            )
        place = most_upright(dots.centre_px, whole)
        steps = dots.radius_steps * float(_NEAREST) * self.spacing
        radius = steps if self.diameter_m is None else self.diameter_m / 2
        return found_circles(dots.centre_px, place[:, 1] * self.columns + place[:, 0] // 2, radius)

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """Its size, of a grid that is complete."""
        dots, _ = find_dots(image)
        if dots is None:
            return ""
        for place in turns(diagonals(dots.place)):
            columns, rows = size_of(place)
            if columns >= 2 and rows >= 3 and columns * rows == len(place):
                return f"acircles:{columns}x{rows}"
        return ""

    def document(self) -> dict[str, Any]:
        """Its keys."""
        return circle_document(self.columns, self.rows, self.spacing_m, self.diameter_m)

    @classmethod
    def from_config(cls, document: Any, where: str) -> AsymmetricCircles:
        """Keys: columns, rows, spacing_mm, diameter_mm (both may be left out)."""
        keys = config.build(CircleKeys, document, where)
        return built_from_file(lambda: cls(keys.columns, keys.rows, *keys.lengths_m), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> AsymmetricCircles:
        """Fields: `4x11`, the distance of rows and the diameter with their units (both may be left out)."""
        text = BoardText("an asymmetric grid of circles", fields, _SYNTAX)
        return text.build(lambda: cls(*text.counts(), *circle_lengths(text)))


def size_of(place: Index) -> tuple[int, int]:
    """Circles of a row and rows, of places along diagonals; (0, 0) where the first row is the shifted one or the rows
    are not equally long."""
    last = place.max(axis=0)
    if ((place[:, 0] - place[:, 1]) % 2).any() or last[0] % 2 == 0:
        return 0, 0
    return int(last[0] + 1) // 2, int(last[1] + 1)


BOARD = AsymmetricCircles
