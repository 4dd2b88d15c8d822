"""A X = X B: motions of robot and board in place of poses, by which the camera's pose is the board's as well.

With motions A = inverse(base_from_flange_i) base_from_flange_j (eye-in-hand) and B = camera_from_board_i
inverse(camera_from_board_j) the loop is inverse(X) A X = B: that of poses, with Y = X.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.cell.adjustment.state import BOARD_BLOCK, CAMERA_BLOCK
from calib.engine import ResidualBlock
from calib.geometry import se3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.engine.problem import Rows, Values

TIED = np.repeat([1e-6, 1e-6], 3)  # m and rad; far below what any result shows
BY_BOTH = np.hstack([-np.eye(6), np.eye(6)]) / TIED[:, None]  # of two poses that are nearly the same


def tie_block() -> ResidualBlock:
    """The two poses are one, as residuals on both."""

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        left = _apart(values[CAMERA_BLOCK][0], values[BOARD_BLOCK][0])
        return left[None], (BY_BOTH[None, :, :6], BY_BOTH[None, :, 6:])

    return ResidualBlock("one pose", 1, 6, {CAMERA_BLOCK: None, BOARD_BLOCK: None}, evaluate, prior=True)


def add_tie(information: Array, gradient: Array, mount_from_camera: Array, fixture_from_board: Array) -> None:
    """Count the same in normal equations, whose first unknowns are the two tangents, in place."""
    information[:12, :12] += BY_BOTH.T @ BY_BOTH
    gradient[:12] += BY_BOTH.T @ _apart(mount_from_camera, fixture_from_board)


def _apart(x: Array, y: Array) -> Array:
    """(6,) of the one pose from the other, in standard deviations."""
    return np.asarray(se3.log(se3.inverse(x) @ y) / TIED)
