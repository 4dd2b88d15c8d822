"""The symmetric grid of circles: named by its circles, columns x rows, and their spacing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from calib.arrays import Array, Grey, Index
from calib.camera.board import BoardCorners
from calib.camera.circle_grid import FEWEST, CircleGrid, inside, sheet_around
from calib.camera.detection.dotted import find_dots, is_whole, most_upright, turns
from calib.camera.drawing import sheet_with_discs


class Circles(CircleGrid):
    """A grid of circles at the corners of squares."""

    kind: ClassVar = "circles"
    fewest_columns: ClassVar = FEWEST
    nearest: ClassVar = 1.0
    typical: ClassVar = 0.5
    syntax: ClassVar = (
        "circles:COLUMNSxROWS:SPACING:DIAMETER, from middle to middle, such as circles:9x6:25mm:12mm; the diameter may "
        "be left out and is then measured in the images"
    )

    @property
    def hint(self) -> str:
        return "columns x rows count circles; all of them must be in the image, 6 px wide or more, clear of each other"

    @property
    def corners_in_board(self) -> Array:
        """(rows * columns, 3) the circles' middles, row by row, the first at the origin."""
        row, column = np.mgrid[: self.rows, : self.columns]
        return np.column_stack((column.ravel(), row.ravel(), np.zeros(row.size))) * self.spacing

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): dark circles on a sheet that goes on for a spacing around them, grey beyond."""
        place = np.stack([x, y])
        nearest = np.rint(place / self.spacing)
        off = np.where(inside(nearest, (self.columns, self.rows)), place - nearest * self.spacing, np.inf)
        last = self.corners_in_board[-1, :2]
        return sheet_with_discs((x, y), (width_x, width_y), off, self.radius, sheet_around(last, self.spacing))

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The middles of the areas of its circles' images."""
        dots, reason = find_dots(image)
        if dots is None:
            return None, reason
        size = np.array([self.columns, self.rows]) - 1
        whole = [place for place in turns(dots.place) if (place.max(axis=0) == size).all()]
        if not whole or not is_whole(len(dots.place), self.columns * self.rows):
            return None, f"{_size_text(dots.place)} circles are seen, not {self.columns}x{self.rows}"
        place = most_upright(dots.centre_px, whole)
        return self.as_corners(dots.centre_px, place[:, 1] * self.columns + place[:, 0], dots.radius_steps)

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """Its size, of a grid that is complete."""
        dots, _ = find_dots(image)
        if dots is None:
            return ""
        columns, rows = sorted((dots.place.max(axis=0) + 1).tolist(), reverse=True)
        if rows < FEWEST or len(dots.place) < columns * rows:
            return ""
        return f"circles:{columns}x{rows}"


def _size_text(place: Index) -> str:
    """How many circles are seen, as columns x rows."""
    columns, rows = sorted((place.max(axis=0) - place.min(axis=0) + 1).tolist(), reverse=True)
    return f"{columns}x{rows}"


BOARD = Circles
