"""A board that is not flat: a surface of low order above its plane.

Height h = sum of c_ab u^a v^b over 2 <= a + b <= 3, with u and v from -1 to 1 over the board; the plane itself belongs
to the board's pose. Paper and metal bend without stretching: the plane is strained by -h_i h_j / 2, and Cesaro's line
integral of that strain, straight from the middle (E. Cesaro, Rend. Accad. Napoli 12, 1906), draws the corners together.
A surface that is curved in two directions stretches whatever it does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.reprojection import linearise_rows, reprojection
from calib.engine import ParameterBlock, ResidualBlock
from calib.engine.label import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.adjustment.reprojection import Corners
    from calib.camera.lens import Lens
    from calib.engine.problem import Rows, Values


SHAPE_BLOCK = "board_shape"
POWERS = ((2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3))
LABELS = tuple(Label(f"board_u{a}v{b}", "m") for a, b in POWERS)
SECOND, THIRD = slice(0, 3), slice(3, 7)  # the powers of that order


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

    def slopes(self, in_board: Array) -> Array:
        """(7, 2, rows) derivatives of the powers by the points' x and y."""
        u, v = (in_board[:2] - self.middle) / self.half
        by_u = [a * u ** max(a - 1, 0) * v**b for a, b in POWERS]
        by_v = [b * u**a * v ** max(b - 1, 0) for a, b in POWERS]
        return np.stack([by_u, by_v], axis=1) / self.half

    def bend(self, coefficients: Array, in_board: Array) -> Array:
        """Points (3, rows) of the flat board where they are on a surface of coefficients (7,)."""
        return self.linearise(coefficients, in_board)[0]

    def linearise(self, coefficients: Array, in_board: Array) -> tuple[Array, Array]:
        """The points (3, rows) of the flat board where they are on the surface, and their derivatives (7, 3, rows).

        On the way t = 0 to 1 from the middle to a point the height is h2 t^2 + h3 t^3, of its parts of second and
        third order. The integral comes to -(h2 / 3 + h3 / 2) grad h2 - (h2 / 6 + 3 h3 / 10) grad h3.
        """
        powers, slopes = self.powers(in_board), self.slopes(in_board)
        h2, h3 = (coefficients[part] @ powers[part] for part in (SECOND, THIRD))
        slope2, slope3 = (np.einsum("k,kxm->xm", coefficients[part], slopes[part]) for part in (SECOND, THIRD))
        along2, along3 = h2 / 3 + h3 / 2, h2 / 6 + 3 * h3 / 10
        bent = in_board.copy()
        bent[:2] -= along2 * slope2 + along3 * slope3
        bent[2] += h2 + h3
        by = np.empty((len(POWERS), 3, in_board.shape[1]))
        by[SECOND, :2] = -powers[SECOND, None] * (slope2 / 3 + slope3 / 6) - along2 * slopes[SECOND]
        by[THIRD, :2] = -powers[THIRD, None] * (slope2 / 2 + 3 * slope3 / 10) - along3 * slopes[THIRD]
        by[:, 2] = powers
        return bent, by


def shaped_reprojection(lens: Lens, corners: Corners, sigma_px: float) -> ResidualBlock:
    """`calib.camera.adjustment.reprojection.reprojection`, of a board whose height is unknown as well."""
    return with_shape(reprojection(lens, corners, sigma_px), lens, corners)


def with_shape(flat: ResidualBlock, lens: Lens, corners: Corners, surface: Surface | None = None) -> ResidualBlock:
    """The reprojection of a flat board's corners, as that of a board whose shape is a parameter. surface: that of the
    whole board, where these corners are a part of it."""
    surface = Surface.over(corners.in_board) if surface is None else surface

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        shape, in_board = values[SHAPE_BLOCK][0], corners.in_board[:, rows]
        # moving a board point is moving the board so: the first three tangent columns
        if not shape.any():  # flat yet: only the heights change
            residuals, (by_lens, by_pose) = linearise_rows(lens, values, corners, rows, in_board)
            by_shape = by_pose[:, :, 2, None] * surface.powers(in_board).T[:, None, :]
            return residuals, (by_lens, by_pose, by_shape)
        bent, by_coefficient = surface.linearise(shape, in_board)
        residuals, (by_lens, by_pose) = linearise_rows(lens, values, corners, rows, bent)
        by_shape = np.einsum("mdx,kxm->mdk", by_pose[:, :, :3], by_coefficient)
        return residuals, (by_lens, by_pose, by_shape)

    return replace(flat, blocks={**flat.blocks, SHAPE_BLOCK: None}, evaluate=evaluate)


def bow_m(coefficients: Array, in_board: Array) -> float:
    """From the lowest to the highest of the board's points (3, rows) in m, above the plane nearest to them."""
    height = coefficients @ Surface.over(in_board).powers(in_board)
    plane = np.stack([in_board[0], in_board[1], np.ones(in_board.shape[1])], axis=1)
    left = height - plane @ np.linalg.lstsq(plane, height, rcond=None)[0]
    return float(np.ptp(left))
