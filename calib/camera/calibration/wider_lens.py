"""What a lens that was chosen for being small leaves out, and what that does to how well its parameters are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.board_shape import LABELS
from calib.camera.adjustment.bundle_adjustment import Adjustment, adjust
from calib.camera.adjustment.reprojection import POSE_BLOCK, PosedLens
from calib.camera.lens_choice.fit_lens import frame_of
from calib.camera.lens_choice.lens_trials import carry
from calib.engine import Tangent
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.lens_choice.fit_lens import LensModel


def fit_wider(fit: Adjustment, model: LensModel, image_size_px: tuple[int, int] | None) -> Adjustment:
    """The fit of the lens that a chosen one is nested in, with what the views do not support of plausible size; the fit
    itself where that is its lens."""
    wider = model.whole(fit, frame_of(image_size_px, fit.corners))
    if wider.lens.labels == fit.lens.labels:
        return fit
    start = PosedLens(carry(fit.lens, fit.parameters, wider.lens), fit.camera_from_board, shape=fit.shape)
    found = adjust(wider.lens, wider.held, fit.views, fit.corners_used, start)
    return found if found.solution.status.converged else fit


def difference(fit: Adjustment, wider: Adjustment) -> Tangent:
    """From a fit to that of a wider lens, in the columns of the latter."""
    steps = carry(fit.lens, fit.parameters, wider.lens) - wider.parameters
    by_label: dict[str, float] = dict(zip(wider.lens.labels, steps.tolist(), strict=True))
    if fit.shape is not None and wider.shape is not None:
        by_label |= dict(zip(LABELS, (fit.shape - wider.shape).tolist(), strict=True))
    shared: Array = np.array([by_label[label] for label in wider.solution.layout.shared_labels()])
    moved = se3.log(se3.inverse(wider.camera_from_board) @ fit.camera_from_board)
    return Tangent(shared, {POSE_BLOCK: np.ascontiguousarray(moved.T)})
