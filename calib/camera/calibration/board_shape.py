"""A board that is not flat: a surface of low order above its plane.

Height h = sum of c_ab u^a v^b over 2 <= a + b <= 3, with u and v from -1 to 1 over the board; the plane itself belongs
to the board's pose. Bending without stretching also draws points together, by the square of the height over the
length: 0.05 mm for 2 mm on 200 mm, neglected.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.reprojection import reprojection
from calib.engine import ParameterBlock, ResidualBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.calibration.reprojection import Corners
    from calib.camera.lens import Lens
    from calib.engine.problem import Rows, Values


SHAPE_BLOCK = "board_shape"
POWERS = ((2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3))
LABELS = tuple(f"board_u{a}v{b}_m" for a, b in POWERS)


def shape_block(values: Array | None = None) -> ParameterBlock:
    """The surface's coefficients (7,) in metres as unknowns, flat at first."""
    return ParameterBlock(SHAPE_BLOCK, np.zeros((1, len(LABELS))) if values is None else values[None], LABELS)


def surface(in_board: Array) -> Array:
    """(7, rows) derivatives of the height by the coefficients at board points (3, rows)."""
    plane = in_board[:2]
    low, high = plane.min(axis=1, keepdims=True), plane.max(axis=1, keepdims=True)
    u, v = (2 * plane - low - high) / np.maximum(high - low, 1e-12)
    return np.stack([u**a * v**b for a, b in POWERS])


def shaped_reprojection(lens: Lens, corners: Corners, sigma_px: float) -> ResidualBlock:
    """`calib.camera.calibration.reprojection.reprojection`, of a board whose height is unknown as well."""
    heights = surface(corners.in_board)
    flat = reprojection(lens, corners, sigma_px)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        in_board = corners.in_board.copy()
        in_board[2] += values[SHAPE_BLOCK][0] @ heights
        curved = reprojection(lens, replace(corners, in_board=in_board), sigma_px)
        residuals, (by_lens, by_pose) = curved.evaluate(values, rows)
        # moving a board point along the board's z is moving the board so: the third tangent column
        by_shape = by_pose[:, :, 2, None] * heights[:, rows].T[:, None, :]
        return residuals, (by_lens, by_pose, by_shape)

    return replace(flat, blocks={**flat.blocks, SHAPE_BLOCK: None}, evaluate=evaluate)


def bow_m(coefficients: Array, in_board: Array) -> float:
    """Largest height in m above the chord plane through the board's corners, of board points (3, rows)."""
    height = coefficients @ surface(in_board)
    plane = np.stack([in_board[0], in_board[1], np.ones(in_board.shape[1])], axis=1)
    left = height - plane @ np.linalg.lstsq(plane, height, rcond=None)[0]
    return float(np.ptp(left))
