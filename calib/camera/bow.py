"""A board that is bowed: its middle is higher or lower than its ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array


@dataclass(frozen=True)
class Bow:
    """The surface z = height (1 - u^2), u = (x - middle) / half, in the board's frame, metres: a parabola along x."""

    height_m: float
    """Of the middle over the ends, away from the camera where positive (z points into the board)."""
    middle_m: float
    """x of the middle."""
    half_m: float
    """Half the distance between the ends."""

    @classmethod
    def over(cls, corners_in_board: Array, height_m: float) -> Bow:
        """The bow of a board whose ends are its first and last column of corners (n, 3)."""
        low, high = float(corners_in_board[:, 0].min()), float(corners_in_board[:, 0].max())
        return cls(height_m, (low + high) / 2, (high - low) / 2)

    def bend(self, points_in_board: Array) -> Array:
        """Points (..., 3) of the flat board where they are on the bowed one."""
        raised = np.array(points_in_board, dtype=np.float64)
        raised[..., 2] += self.height_m * (1.0 - ((raised[..., 0] - self.middle_m) / self.half_m) ** 2)
        return raised

    def crossing(self, origin: Array, directions: Array) -> Array:
        """How many times its direction (n, 3) a ray from origin (3,) runs to the surface, (n,); NaN if it passes by.

        Of two crossings, the one nearer to the middle: the other lies where the parabola has left the paper.
        """
        start, curve = origin[0] - self.middle_m, self.height_m / self.half_m**2
        run, rise = directions[:, 0], directions[:, 2]
        # curve (start + run s)^2 + z + rise s - height = 0, a quadratic in s
        square = curve * run**2
        linear = rise + 2 * curve * start * run
        constant = origin[2] - self.height_m + curve * start**2
        with np.errstate(divide="ignore", invalid="ignore"):
            # the form without cancellation: exact for a flat board, whose second crossing is infinitely far
            both = -(linear + np.copysign(np.sqrt(linear**2 - 4 * square * constant), linear)) / 2
            near, far = constant / both, both / square
            other = np.abs(start + run * far) < np.abs(start + run * near)
        return np.asarray(np.where(other, far, near))
