"""Whether the board's shape is estimated with the camera: where views that took no part gain by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera import refinable
from calib.camera.adjustment.board_shape import LABELS
from calib.camera.adjustment.bundle_adjustment import camera_problem
from calib.camera.adjustment.reprojection import PosedLens
from calib.camera.adjustment.shape_gain import shape_gains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.adjustment.bundle_adjustment import Adjustment

BOARD = "board"
FLAT = np.zeros(len(LABELS))
"""The surface that a shape starts from."""


def require_refinable(refine: Sequence[str]) -> None:
    """Raise UsageError `unknown-refine` for what is not estimated with a camera."""
    refinable.require_refinable(refine, (BOARD,), "with a camera")


def gains_by_shape(fit: Adjustment) -> bool:
    """Whether a fit with a flat board predicts views held out worse than one with a surface of low order. False of a
    target that is no plane."""
    if fit.corners.in_board[2].any():
        return False
    start = PosedLens(fit.parameters, fit.camera_from_board, shape=FLAT)
    return shape_gains(camera_problem(fit.lens, fit.held, fit.views, fit.corners_used, start))
