"""The grid that a board's corners form, and the order in which they are listed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array

ON_LATTICE = 0.02  # of a step that corners of a grid are off at most
MOST_POINTS = 400  # of which steps are taken


@dataclass(frozen=True, eq=False)
class Lattice:
    """Two shortest steps from corner to corner that lead to all of them."""

    steps: Array
    """(2, 2) one a row, m."""

    @classmethod
    def of(cls, points: Array) -> Lattice | None:
        """Of corners (n, 2) of a board; None where they form none."""
        unique = np.unique(np.round(points, 9), axis=0)
        few = unique[:MOST_POINTS]
        between = (few[:, None] - few[None]).reshape(-1, 2)
        between = between[np.lexsort((-between[:, 0], -between[:, 1]))]
        length = np.linalg.norm(between, axis=1)
        between, length = between[length > 0], length[length > 0]
        if not len(between):
            return None
        first = between[np.argmin(length)]
        across = np.abs(between @ [-first[1], first[0]]) / (np.linalg.norm(first) * length)
        if not (across > 0.1).any():
            return None
        second = between[np.argmin(np.where(across > 0.1, length, np.inf))]
        lattice = cls(np.stack([first, second]))
        index = (unique - unique[0]) @ np.linalg.inv(lattice.steps)
        return lattice if np.abs(index - np.round(index)).max() < ON_LATTICE else None

    @property
    def angle_deg(self) -> float:
        """Between the steps, 0 to 90."""
        a, b = self.steps
        return float(np.degrees(np.arccos(np.clip(abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b), 0, 1))))


def listed_otherwise(points: Array) -> list[tuple[str, Array]]:
    """Other corners (n, 2) that a full grid's, listed row by row, may have been meant to be, each with what it is."""
    x, y = (np.unique(np.round(points[:, axis], 9)) for axis in (0, 1))
    if len(x) * len(y) != len(points) or min(len(x), len(y)) < 2:
        return []
    step = np.array([np.ptp(x) / (len(x) - 1), np.ptp(y) / (len(y) - 1)])
    place = np.arange(len(points))
    found = []
    for columns, rows in ((len(x), len(y)), (len(y), len(x))):
        column, row = place % columns, place // columns
        snake = np.where(row % 2 == 0, column, columns - 1 - column)
        found.append((f"{rows} rows of {columns} corners", np.stack([column, row], axis=1) * step))
        found.append(
            (f"{rows} rows of {columns} corners, every other one backwards", np.stack([snake, row], axis=1) * step)
        )
    return found
