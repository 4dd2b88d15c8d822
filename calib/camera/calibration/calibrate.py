"""From corners to a calibrated camera: choose the lens, start, pose the problem, solve, name what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from calib.camera.adjustment.bundle_adjustment import select
from calib.camera.calibration.refine_board import BOARD, FLAT, gains_by_shape, require_refinable
from calib.camera.calibration.result import CameraCalibration
from calib.camera.diagnosis.diagnose import explain_failure
from calib.camera.diagnosis.evidence import MisfitEvidence
from calib.camera.lens import Lens, load_lens
from calib.camera.lens_choice.choose_lens import AUTO, choose_lens, fit_chosen_lens, require_lens
from calib.camera.lens_choice.fit_lens import FitOptions, LensFit, LensModel, fit_lens, reject_outliers
from calib.camera.observations import Observations, View
from calib.camera.start import zhang
from calib.camera.start.global_start import search_start
from calib.camera.views.degeneracy import check_tilts
from calib.camera.views.usable_views import find_usable_views
from calib.errors import ConvergenceError, DegenerateError

if TYPE_CHECKING:
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.lens_choice.choose_lens import LensChoice
    from calib.camera.views.usable_views import UsableViews
    from calib.engine import OnIteration

NO_SHAPE = "Views held out gain nothing by a shape of the board: it is taken as flat."


def calibrate(
    observations: Observations | Sequence[View],
    lens: str | Lens = AUTO,
    *,
    fix: Sequence[str] = (),
    free: Sequence[str] = (),
    refine: Sequence[str] = (),
    robust: bool = True,
    global_start: bool = False,
    on_iteration: OnIteration | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> CameraCalibration:
    """Calibrate a camera from the corners of a board.

    observations: what `detect` or `read_corners` returns, or views. lens: a model's name; auto: that which the views
    support, see `fit_chosen_lens`. fix: parameter labels to hold, `fx=812.5` at that value, `k3` alone at 0, `cx` in
    the middle of the image; free: those to estimate that are otherwise held. refine: `board`, to estimate its shape,
    too, if views held out gain by it. robust: reject outlier views and corners; False: plain least squares on all.
    global_start: start from a search over focal length, principal point and distortion instead of Zhang's equations,
    for lenses of which nothing is known. on_iteration: called with every `Iteration` of the solver; on_progress(done,
    total): with the search's generations.

    Raises UsageError for an unknown lens, label or refinement, InputError without usable views, DegenerateError when
    the views cannot determine the focal length (one view, parallel boards, static camera), ConvergenceError.
    """
    if not isinstance(observations, Observations):
        observations = Observations(tuple(observations))
    model = None if lens == AUTO else LensModel.of(load_lens(lens) if isinstance(lens, str) else lens, fix, free)
    if model is None:
        require_lens(AUTO, fix, free)
    require_refinable(refine)
    find = partial(search_start, on_progress=on_progress) if global_start else zhang.start
    options = FitOptions(observations.image_size_px, robust, find, on_iteration)
    usable = find_usable_views(observations)
    evidence = MisfitEvidence(usable, observations.image_size_px, partial(_fit_alone, model, options, fix, free))
    try:
        choice, found = _fit(model, usable, options, fix, free)
        if bent := BOARD in refine and gains_by_shape(found.fit):  # which lens, and which outliers, may depend on it
            options = replace(options, shape=FLAT)
            choice, found = _fit(model, usable, options, fix, free)
        _check(found.fit)
    except (DegenerateError, ConvergenceError) as error:
        raise explain_failure(error, evidence) from error
    if BOARD in refine and not bent:
        observations = replace(observations, notes=(*observations.notes, NO_SHAPE))
    rejected = (*found.usable.excluded, *found.outliers)
    same = LensModel(found.fit.lens, found.fit.held, {} if model is None else model.fixed)
    alone = partial(_fit_alone, same, options, fix, free)
    evidence = replace(evidence, fit=found.fit, fit_alone=alone, lens_chosen=model is None)
    compare = partial(choose_lens, usable, replace(options, on_iteration=None))
    return CameraCalibration(found.fit, usable.pivot, rejected, observations, evidence, compare, choice)


def _fit(
    model: LensModel | None, usable: UsableViews, options: FitOptions, fix: Sequence[str], free: Sequence[str]
) -> tuple[LensChoice | None, LensFit]:
    """The model, or the lens that the views support, fitted to them."""
    if model is None:
        return fit_chosen_lens(usable, options, fix, free)
    return None, reject_outliers(model, fit_lens(model, usable, options), options)


def _fit_alone(
    model: LensModel | None, options: FitOptions, fix: Sequence[str], free: Sequence[str], usable: UsableViews
) -> Adjustment:
    """Some of the views fitted by themselves, for `MisfitEvidence`."""
    quiet = replace(options, on_iteration=None, find_start=zhang.start)
    found = _fit(model, usable, quiet, fix, free)[1].fit
    _check(found)
    return found


def _check(fit: Adjustment) -> None:
    """Raise DegenerateError or ConvergenceError for a fit that is no answer."""
    check_tilts(fit.lens, select(fit.corners_bent, fit.used), fit.solution)
    if not fit.solution.status.converged:
        raise ConvergenceError(
            "the calibration did not converge",
            code="camera-not-converged",
            why=fit.solution.sentence(),
            advice="inspect the rejected images, or hold distortion with --fix k3,k2",
        )
