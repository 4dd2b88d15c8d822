"""How far a camera's board is from flat, as its corners show, and what that can do to the lens.

A lens is calibrated as if its board were flat. What remains in the residuals tells how it is bent, and one step of the
problem with the board's shape in it tells how the lens would follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.board_shape import Surface, shape_block, with_shape
from calib.camera.adjustment.reprojection import LENS_BLOCK
from calib.camera.calibration.uncertainty import sigma_at
from calib.camera.camera import Camera
from calib.engine import LeftOut, Problem, estimate_left_out

if TYPE_CHECKING:
    from calib.camera.adjustment.bundle_adjustment import Adjustment

PLACES = 500  # corners that stand for all where the shift of the projection is averaged: it is smooth
_NEIGHBOURS = 100  # corners whose nearest ones tell a square's side


@dataclass(frozen=True, eq=False, repr=False)
class BoardBend:
    """A board's shape beyond a plane, with what it does to a lens that was calibrated without it."""

    height_m: float
    """From the board's lowest to its highest corner; in squares, as the board's points, if the scale is unknown."""
    sigma_m: float
    """Its standard deviation."""
    square_m: float
    """Distance between neighbouring corners."""
    moved_px: float
    """rms over the corners' places of how far the projection of far points moves when the lens follows the shape;
    infinite where the lens can invert none of them."""
    left_out: LeftOut
    """The shape's coefficients and the step of all parameters that follows them."""

    def __repr__(self) -> str:
        return f"BoardBend({100 * self.share:.2g} % of a square, evidence {self.evidence:.2f}, {self.moved_px:.2g} px)"

    @property
    def evidence(self) -> float:
        """0 to 1, how far the shape stands out from the scatter between views."""
        return self.left_out.evidence

    @property
    def share(self) -> float:
        """The height as a share of a square."""
        return self.height_m / self.square_m


def bend_of(fit: Adjustment, image_size_px: tuple[int, int] | None) -> BoardBend | None:
    """The shape of the board of an adjusted camera; None of a target that is no plane, of one
    whose shape was estimated with the lens, and where nothing shows it."""
    corners, problem = fit.corners_used, fit.solution.problem
    if fit.shape is not None or corners.in_board[2].any():
        return None
    flat, *priors = problem.residuals
    wider = Problem((*problem.parameters, shape_block()), (with_shape(flat, fit.lens, corners), *priors))
    found = estimate_left_out(fit.solution, wider)
    if found is None:
        return None
    block = fit.solution.problem.by_name[LENS_BLOCK]
    step = np.zeros(block.tangent)
    step[block.free] = found.shift.shared
    places = np.ascontiguousarray(corners.px[:, :: max(1, corners.px.shape[1] // PLACES)].T)
    along = sigma_at(Camera(fit.lens, fit.parameters, image_size_px), np.outer(step, step), places)
    known = along[np.isfinite(along)]
    moved = float(np.sqrt(2 * np.mean(known**2))) if len(known) else float("inf")  # of both coordinates
    _, first = np.unique(corners.in_board[0] + 1j * corners.in_board[1], return_index=True)
    points = corners.in_board[:, first]
    return BoardBend(*height_of(found.estimate, found.covariance, points), _square(points), moved, found)


def height_of(coefficients: Array, covariance: Array, points: Array) -> tuple[float, float]:
    """From the lowest to the highest of the board's points (3, n) over the plane nearest to them, with its sigma.

    coefficients: (7,) of its surface, with their covariance (7, 7).
    """
    powers = Surface.over(points).powers(points).T
    plane = np.stack([points[0], points[1], np.ones(points.shape[1])], axis=1)
    by_coefficient = np.asarray(powers - plane @ np.linalg.lstsq(plane, powers, rcond=None)[0])
    heights = by_coefficient @ coefficients
    span = by_coefficient[np.argmax(heights)] - by_coefficient[np.argmin(heights)]
    return float(span @ coefficients), float(np.sqrt(span @ covariance @ span))


def _square(points: Array) -> float:
    """Distance between neighbours among the board's points (3, n): the median over some of them, evenly chosen."""
    some = points[:, :: max(1, points.shape[1] // _NEIGHBOURS)]
    squares = sum(np.square(np.subtract.outer(one, every)) for one, every in zip(some, points, strict=True))
    return float(np.sqrt(np.median(np.partition(squares, 1, axis=1)[:, 1])))  # the first is the point itself
