"""A board that is not flat: a surface of low order above its plane.

Height h = sum of c_ab u^a v^b over 2 <= a + b <= 3, with u and v from -1 to 1 over the board; the plane itself belongs
to the board's pose. Paper and metal bend without stretching: along the surface every corner is as far from the middle
as on the flat board, so in the plane it is nearer, by half the integral of the squared slope.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.reprojection import linearise_rows, reprojection
from calib.engine import ParameterBlock, ResidualBlock
from calib.engine.label import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.calibration.reprojection import Corners
    from calib.camera.lens import Lens
    from calib.engine.problem import Rows, Values


SHAPE_BLOCK = "board_shape"
POWERS = ((2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3))
LABELS = tuple(Label(f"board_u{a}v{b}", "m") for a, b in POWERS)
SQUARES = 3  # how many of the powers are of second order; the others are of third


def shape_block(values: Array | None = None) -> ParameterBlock:
    """The surface's coefficients (7,) in metres as unknowns, flat at first."""
    return ParameterBlock(SHAPE_BLOCK, np.zeros((1, len(LABELS))) if values is None else values[None], LABELS)


@dataclass(frozen=True)
class Surface:
    """The surfaces that a board can have."""

    middle: Array
    """(2, 1) of the board, m."""
    half: Array
    """(2, 1) half its extent, m."""

    @classmethod
    def over(cls, in_board: Array) -> Surface:
        """Of the board whose corners are at in_board (3, rows)."""
        low, high = in_board[:2].min(axis=1, keepdims=True), in_board[:2].max(axis=1, keepdims=True)
        return cls((low + high) / 2, np.maximum(high - low, 1e-12) / 2)

    def powers(self, in_board: Array) -> Array:
        """(7, rows) derivatives of the height by the coefficients at board points (3, rows)."""
        u, v = (in_board[:2] - self.middle) / self.half
        return np.stack([u**a * v**b for a, b in POWERS])

    def bend(self, coefficients: Array, in_board: Array) -> Array:
        """Points (3, rows) of the flat board where they are on a surface of coefficients (7,)."""
        return self.linearise(coefficients, in_board)[0]

    def linearise(self, coefficients: Array, in_board: Array) -> tuple[Array, Array]:
        """The points (3, rows) of the flat board where they are on the surface, and their derivatives (7, 3, rows).

        On the way t = 0 to 1 from the middle to a point at distance s the height is h2 t^2 + h3 t^3, of its parts of
        second and third order. The distance along the surface exceeds that in the plane by the integral of
        (2 h2 t + 3 h3 t^2)^2 dt / (2 s) = (2/3 h2^2 + 3/2 h2 h3 + 9/10 h3^2) / s.
        """
        offset, powers = in_board[:2] - self.middle, self.powers(in_board)
        parts = coefficients[:, None] * powers
        second, third = parts[:SQUARES].sum(axis=0), parts[SQUARES:].sum(axis=0)
        inverse = 1.0 / np.maximum(np.sum(offset**2, axis=0), 1e-24)  # in the middle all powers are 0
        share = (2 / 3 * second**2 + 3 / 2 * second * third + 9 / 10 * third**2) * inverse
        bent = in_board.copy()
        bent[:2] -= share * offset
        bent[2] += second + third
        by_share = np.empty_like(powers)
        by_share[:SQUARES] = (4 / 3 * second + 3 / 2 * third) * inverse * powers[:SQUARES]
        by_share[SQUARES:] = (3 / 2 * second + 9 / 5 * third) * inverse * powers[SQUARES:]
        return bent, np.stack([-by_share * offset[0], -by_share * offset[1], powers], axis=1)


def shaped_reprojection(lens: Lens, corners: Corners, sigma_px: float) -> ResidualBlock:
    """`calib.camera.calibration.reprojection.reprojection`, of a board whose height is unknown as well."""
    surface = Surface.over(corners.in_board)
    flat = reprojection(lens, corners, sigma_px)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        in_board, by_coefficient = surface.linearise(values[SHAPE_BLOCK][0], corners.in_board[:, rows])
        residuals, (by_lens, by_pose) = linearise_rows(lens, values, corners, rows, in_board)
        # moving a board point is moving the board so: the first three tangent columns
        by_shape = np.einsum("mdx,kxm->mdk", by_pose[:, :, :3], by_coefficient)
        return residuals, (by_lens, by_pose, by_shape)

    return replace(flat, blocks={**flat.blocks, SHAPE_BLOCK: None}, evaluate=evaluate)


def bow_m(coefficients: Array, in_board: Array) -> float:
    """From the lowest to the highest of the board's points (3, rows) in m, above the plane nearest to them."""
    height = coefficients @ Surface.over(in_board).powers(in_board)
    plane = np.stack([in_board[0], in_board[1], np.ones(in_board.shape[1])], axis=1)
    left = height - plane @ np.linalg.lstsq(plane, height, rcond=None)[0]
    return float(np.ptp(left))
