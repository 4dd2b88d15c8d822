"""From corners to a calibrated camera: start, pose the problem, solve, name what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.calibration import zhang
from calib.camera.calibration.bundle_adjustment import adjust
from calib.camera.calibration.degeneracy import check_corners, check_tilts, check_views
from calib.camera.calibration.global_start import search_start
from calib.camera.calibration.outliers import GARBAGE, garbage, without_outliers
from calib.camera.calibration.reprojection import Corners, corners_of
from calib.camera.calibration.result import CameraCalibration
from calib.camera.calibration.usable_views import usable
from calib.camera.lens import Lens, fixed_values, held_labels, load_lens
from calib.camera.observations import Excluded, Observations, View
from calib.errors import ConvergenceError

if TYPE_CHECKING:
    from calib.engine import OnIteration


def calibrate(
    observations: Observations | Sequence[View],
    lens: str | Lens = "brown_conrady",
    *,
    fix: Sequence[str] = (),
    free: Sequence[str] = (),
    robust: bool = True,
    global_start: bool = False,
    on_iteration: OnIteration | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> CameraCalibration:
    """Calibrate a camera from the corners of a board.

    observations: what `detect` or `read_corners` returns, or views. lens: a model's name. fix: parameter labels to
    hold, `fx=812.5` at that value, `k3` alone at 0, `cx` in the middle of the image; free: those to estimate that are
    otherwise held. robust: reject outlier views and corners; False: plain least squares on everything. global_start:
    start from a search over focal length, principal point and distortion instead of Zhang's equations, for lenses of
    which nothing is known. on_iteration: called with every `Iteration` of the solver; on_progress(done, total): with
    the search's generations.

    Raises UsageError for an unknown lens or label, InputError without usable views, DegenerateError when the views
    cannot determine the focal length (one view, parallel boards, static camera), ConvergenceError.
    """
    if not isinstance(observations, Observations):
        observations = Observations(tuple(observations))
    model = load_lens(lens) if isinstance(lens, str) else lens
    held = held_labels(model, fix, free)
    begin = usable(observations)
    views, corners, pivot, aside = begin.views, begin.corners, begin.pivot, begin.aside
    check_views(len(views))
    find = partial(search_start, callback=on_progress) if global_start else zhang.start
    fixed = fixed_values(model, fix)

    def started(corners: Corners) -> zhang.Start:
        extent = _extent(observations, corners)
        return zhang.with_fixed(model, fixed, find(model, held, corners, extent), corners, extent)

    start = started(corners)
    if robust and (bad := garbage(start.homographies)).any():
        share = start.homographies.rms / start.homographies.spread
        aside += [Excluded(views[i].image, GARBAGE.format(100 * share[i])) for i in np.flatnonzero(bad)]
        views = [view for view, wrong in zip(views, bad, strict=True) if not wrong]
        check_views(len(views))
        corners = corners_of(views, pivot)
        start = started(corners)
    unknowns = len(model.labels) - len(held)
    check_corners(2 * corners.px.shape[1], unknowns + 6 * len(views))
    fit = adjust(model, held, views, corners, start.parameters, start.camera_from_board, on_iteration)
    if robust:
        fit, wrong = without_outliers(fit, pivot, on_iteration)
        aside += wrong
        check_corners(2 * int(fit.used.sum()), unknowns + 6 * len(fit.views))
    check_tilts(model, fit.corners_used, fit.solution)
    if not fit.solution.status.converged:
        raise ConvergenceError(
            "the calibration did not converge",
            code="camera-not-converged",
            why=fit.solution.sentence(),
            advice="inspect the rejected images, or hold distortion with --fix k3,k2",
        )
    return CameraCalibration(fit, pivot, tuple(aside), observations)


def _extent(observations: Observations, corners: Corners) -> tuple[float, float, float, float]:
    """Middle, width and height of the image, or of the seen area if the image size is unknown."""
    if observations.image_size_px:
        width, height = observations.image_size_px
        return (width - 1) / 2, (height - 1) / 2, float(width), float(height)
    low, high = corners.px.min(axis=1), corners.px.max(axis=1)
    return (*(low + high) / 2, *(high - low))
