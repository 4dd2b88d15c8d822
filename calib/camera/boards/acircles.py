"""The asymmetric grid of circles: every other row is half a step on, so that no two sides are alike (OpenCV's)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from calib.arrays import Array, Grey, Index
from calib.camera.board import BoardCorners
from calib.camera.circle_grid import CircleGrid, inside, sheet_around
from calib.camera.detection.dotted import diagonals, find_dots, is_whole, most_upright, turns
from calib.camera.drawing import sheet_with_discs


class AsymmetricCircles(CircleGrid):
    """A grid of circles of which every other row is shifted; its spacing is half that of two circles in a row."""

    kind: ClassVar = "acircles"
    fewest_columns: ClassVar = 2
    nearest: ClassVar = float(np.sqrt(2.0))  # one row on and half a step aside
    typical: ClassVar = 0.8
    syntax: ClassVar = (
        "acircles:COLUMNSxROWS:SPACING:DIAMETER, circles of a row x rows and the distance of rows (half that of "
        "circles in a row), such as acircles:4x11:20mm:16mm; the diameter may be left out"
    )

    @property
    def hint(self) -> str:
        return "columns x rows count the circles of a row and the rows, such as 4x11; all must be in the image"

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

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The middles of the areas of its circles' images."""
        dots, reason = find_dots(image)
        if dots is None:
            return None, reason
        whole = [place for place in turns(diagonals(dots.place)) if _size_of(place) == (self.columns, self.rows)]
        if not whole or not is_whole(len(dots.place), self.columns * self.rows):
            rows = f"{self.rows} rows of {self.columns}"
            return None, f"{len(dots.place)} circles are seen, not {rows}, each other shifted"
        place = most_upright(dots.centre_px, whole)
        return self.as_corners(dots.centre_px, place[:, 1] * self.columns + place[:, 0] // 2, dots.radius_steps)

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """Its size, of a grid that is complete."""
        dots, _ = find_dots(image)
        if dots is None:
            return ""
        for place in turns(diagonals(dots.place)):
            columns, rows = _size_of(place)
            if columns >= 2 and rows >= 3 and columns * rows == len(place):
                return f"acircles:{columns}x{rows}"
        return ""


def _size_of(place: Index) -> tuple[int, int]:
    """Circles of a row and rows, of places along diagonals; (0, 0) where the first row is the shifted one or the rows
    are not equally long."""
    last = place.max(axis=0)
    if ((place[:, 0] - place[:, 1]) % 2).any() or last[0] % 2 == 0:
        return 0, 0
    return int(last[0] + 1) // 2, int(last[1] + 1)


BOARD = AsymmetricCircles
