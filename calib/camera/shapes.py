"""A board as it is printed: dark rectangles and discs on white, in the board's frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calib.arrays import Array, Mask


@dataclass(frozen=True, eq=False)
class Shapes:
    """The dark parts of a board, lengths in its unit, x right, y down."""

    rectangles: Array = field(default_factory=lambda: np.zeros((0, 4)))
    """(n, 4) x, y of the upper left corner, width, height; they do not overlap."""
    discs: Array = field(default_factory=lambda: np.zeros((0, 3)))
    """(m, 3) x, y of the middle, radius."""
    margin: float = 0.0
    """White that the board needs around it."""

    @property
    def bounds(self) -> Array:
        """(2, 2) least x and y, greatest x and y, of what is dark."""
        low = np.concatenate([self.rectangles[:, :2], self.discs[:, :2] - self.discs[:, 2:]])
        high = np.concatenate([self.rectangles[:, :2] + self.rectangles[:, 2:], self.discs[:, :2] + self.discs[:, 2:]])
        return np.array([low.min(axis=0), high.max(axis=0)])

    def place(self, scale: float, shift: Array) -> Shapes:
        """Scaled, then shifted by (2,)."""
        rectangles, discs = self.rectangles * scale, self.discs * scale
        rectangles[:, :2] += shift
        discs[:, :2] += shift
        return Shapes(rectangles, discs, self.margin * scale)


def squares(place: Array, side: float) -> Array:
    """Rectangles (n, 4) of equal squares with their upper left corners at place (n, 2)."""
    return np.column_stack([place, np.full((len(place), 2), side)])


def cell_rectangles(dark: Mask, corner: Array, side: float) -> Array:
    """Rectangles (n, 4) of the dark cells (k, k) of a square with its upper left corner and side: runs in a row are
    one."""
    size = side / len(dark)
    edges = np.diff(np.pad(dark.astype(int), ((0, 0), (1, 1))), axis=1)
    (row, start), (_, stop) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    return np.column_stack([corner[0] + start * size, corner[1] + row * size, (stop - start) * size,
                            np.full(len(row), size)])  # fmt: skip
