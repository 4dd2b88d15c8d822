"""From corners to a calibrated camera: start, pose the problem, solve, name what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from calib.camera.calibration import zhang
from calib.camera.calibration.bundle_adjustment import adjust
from calib.camera.calibration.degeneracy import check_corners, check_tilts, check_views
from calib.camera.calibration.global_start import search_start
from calib.camera.calibration.image_frame import ImageFrame
from calib.camera.calibration.outliers import start_from_plausible_views, without_outliers
from calib.camera.calibration.reprojection import Corners
from calib.camera.calibration.result import CameraCalibration
from calib.camera.calibration.usable_views import find_usable_views
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
    held, fixed = held_labels(model, fix, free), fixed_values(model, fix)
    find = partial(search_start, on_progress=on_progress) if global_start else zhang.start

    size = observations.image_size_px

    def find_start(corners: Corners) -> zhang.CameraStart:
        check_views(len(corners.counts))
        frame = ImageFrame.of_image(size) if size else ImageFrame.of_corners(corners.px)
        return zhang.with_fixed(model, fixed, find(model, held, corners, frame), corners, frame)

    usable, start = start_from_plausible_views(find_usable_views(observations), find_start, robust)
    unknowns = len(model.labels) - len(held)
    check_corners(2 * usable.corners.px.shape[1], unknowns + 6 * len(usable.views))
    fit = adjust(model, held, usable.views, usable.corners, start, on_iteration)
    outliers: list[Excluded] = []
    if robust:
        fit, outliers = without_outliers(fit, usable.pivot, on_iteration)
        check_corners(2 * int(fit.used.sum()), unknowns + 6 * len(fit.views))
    check_tilts(model, fit.corners_used, fit.solution)
    if not fit.solution.status.converged:
        raise ConvergenceError(
            "the calibration did not converge",
            code="camera-not-converged",
            why=fit.solution.sentence(),
            advice="inspect the rejected images, or hold distortion with --fix k3,k2",
        )
    return CameraCalibration(fit, usable.pivot, (*usable.excluded, *outliers), observations)
