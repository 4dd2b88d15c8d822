"""Which lens model the views support: the smallest that predicts views it was not fitted to as well as any.

Every model is judged by the corners of each view in turn, with the parameters that the other views determine; one
solve and one pass over its rows give all of these errors. Of the models that are not worse than the best by more than
the standard error of the difference, the smallest is taken (L. Breiman et al., "Classification and Regression Trees",
1984, sec. 3.4.3). A model that cannot be inverted where the image is gives way to one that can, and a fisheye's or a
richer model to an ordinary one that is nearly as good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calib import plugins
from calib.arrays import Array
from calib.camera.adjustment.bundle_adjustment import adjust, solve_briefly
from calib.camera.adjustment.reprojection import PosedLens, corners_of
from calib.camera.lens import Lens, load_lens
from calib.camera.lens_choice.fit_lens import FitOptions, LensFit, LensModel, fit_lens, frame_of, reject_outliers
from calib.camera.lens_choice.lens_trials import WHOLE, Trial, carry, try_family
from calib.camera.start import zhang
from calib.camera.views.degeneracy import WEAKEST_FOCAL, focal_weakness
from calib.camera.views.outliers import OUTLIER_SIGMAS
from calib.camera.views.usable_views import UsableViews
from calib.errors import LONGEST_COMPARED, CalibError, ConvergenceError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.adjustment.image_frame import ImageFrame
    from calib.camera.adjustment.reprojection import Corners

AUTO = "auto"
MOST_VIEWS = 30  # that models are compared on: more would not change the choice, and take longer than the solve
# Excess of the mean squared held-out error over the best that is always accepted, and that never is: .5 % and 3 % of
# the error itself.
ALWAYS, NEVER = 0.01, 0.06


@dataclass(frozen=True)
class Candidate:
    """A model that was compared."""

    name: str
    """Of the lens, with what it holds."""
    unknowns: int
    """Parameters estimated."""
    held_out_px: float
    """rms of the held-out reprojection errors; infinite if it could not be fitted."""
    image_share: float
    """Share of the lit image that the lens inverts."""
    remark: str = ""
    """Why it could not be fitted, in words."""


@dataclass(frozen=True, eq=False)
class LensChoice:
    """The model chosen."""

    model: LensModel
    """To be fitted to all views."""
    fit: LensFit
    """What it was compared by, on all views or some of them; outliers are still among them, or were rejected."""
    candidates: tuple[Candidate, ...]
    """What it was compared with, itself among them, the smallest first."""


def require_lens(name: str, fix: Sequence[str] = (), free: Sequence[str] = ()) -> None:
    """Raise UsageError for a lens that is unknown, and for labels that it, or for `auto` every lens, lacks."""
    names = plugins.discover("calib.camera.lenses")
    if name == AUTO:
        _bases(fix, free)
    elif name in names:
        LensModel.of(load_lens(name), fix, free)
    else:
        advice = did_you_mean(name, [AUTO, *names])
        raise UsageError(f"unknown lens {name[:LONGEST_COMPARED]!r}", code="unknown-lens", advice=advice)


def fit_chosen_lens(
    usable: UsableViews, options: FitOptions, fix: Sequence[str] = (), free: Sequence[str] = ()
) -> tuple[LensChoice | None, LensFit]:
    """The lens that the views support, fitted to all of them, what does not fit rejected. fix, free: labels; a lens
    that has none of that name is no candidate.

    Raises UsageError where no lens has the labels, the first lens' error where none can be fitted.
    """
    bases = _bases(fix, free)
    if len(usable.views) == 1:
        return None, _fit_single_view(bases[0], usable, options)
    try:
        trials = _try_lenses(usable, options, bases)
    except ConvergenceError:  # no lens settles: what the views lack shows best in the ordinary one
        return None, reject_outliers(bases[0], fit_lens(bases[0], usable, options), options)
    while True:
        choice = trials.choose()
        found = _fit(choice, usable, options)
        # on a few views a model may pass that all of them, without their outliers, do not determine
        sound = found.fit.solution.status.converged and (focal_weakness(found.fit.solution) or 0.0) < WEAKEST_FOCAL
        if sound or len(trials.described) == 1:
            return choice, found
        trials = trials.without(choice.model.name)


def _fit_single_view(base: LensModel, usable: UsableViews, options: FitOptions) -> LensFit:
    """The ordinary lens, with distortion of plausible size: no view can be held out to tell more."""
    distortion = base.lens.coefficients
    plain = replace(base, held=base.held.union(distortion), nested_in=base)
    plain = replace(plain, fixed={**dict.fromkeys(distortion), **base.fixed})
    first = fit_lens(plain, usable, options)
    model = plain.whole(first.fit, frame_of(options.image_size_px, usable.corners))
    return reject_outliers(model, fit_lens(model, usable, options), options)


def choose_lens(
    usable: UsableViews, options: FitOptions, fix: Sequence[str] = (), free: Sequence[str] = ()
) -> LensChoice:
    """The lens that the views support, see `fit_chosen_lens`."""
    return _try_lenses(usable, options, _bases(fix, free)).choose()


@dataclass(frozen=True, eq=False)
class _Trials:
    """Every lens that was tried on some of the views."""

    views: UsableViews
    """Those views."""
    described: Sequence[Trial]
    """The lenses that could be fitted, at least one."""
    failures: Sequence[tuple[LensModel, CalibError]]
    """The others, each with its error."""

    def without(self, name: str) -> _Trials:
        """Less the model of a name; the last one stays."""
        return replace(self, described=[each for each in self.described if each.model.name != name])

    def choose(self) -> LensChoice:
        """The smallest that the views held out support."""
        held_out = _mean_squares(self.described, self.views)
        chosen = self.described[_smallest_supported(self.described, held_out)]
        rms = np.sqrt(held_out.mean(axis=1)).tolist()
        compared = [
            Candidate(trial.model.name, trial.model.unknowns, error, trial.share)
            for trial, error in zip(self.described, rms, strict=True)
        ]
        compared.sort(key=lambda each: (each.unknowns, each.held_out_px))
        lost = [Candidate(model.name, model.unknowns, float("inf"), 0.0, error.what) for model, error in self.failures]
        return LensChoice(chosen.model, chosen.found, (*compared, *lost))


def _try_lenses(usable: UsableViews, options: FitOptions, bases: Sequence[LensModel]) -> _Trials:
    """Every lens that may be needed, fitted to some of the views. Raises the first lens' error where none can be."""
    views = _spread(usable)
    trials, failures = _compare(bases, views, replace(options, solve=solve_briefly, rounds=1))
    if failures and not any(trial.describes for trial in trials):
        trials, failures = _compare(bases, views, options)
    if not trials:
        raise failures[0][1]
    return _Trials(views, trials, failures)


def _compare(
    bases: Sequence[LensModel], views: UsableViews, options: FitOptions
) -> tuple[list[Trial], list[tuple[LensModel, CalibError]]]:
    """Every lens that may be needed, and those bases that could not be fitted, each with the error."""
    trials: list[Trial] = []
    failures: list[tuple[LensModel, CalibError]] = []
    for base in bases:
        try:
            for trial in try_family(base, views, options, ordinary=base is bases[0]):
                trials.append(trial)  # those before a failure count
        except CalibError as error:
            failures.append((base, error))
        if any(trial.describes and trial.ordinary for trial in trials):
            break
    return trials, failures


def _fit(choice: LensChoice, usable: UsableViews, options: FitOptions) -> LensFit:
    """The lens chosen, fitted to all views from where it was compared; outliers rejected."""
    model, found = choice.model, choice.fit
    fit = found.fit
    parameters = carry(fit.lens, fit.parameters, model.lens)
    parameters[[label in model.held and label not in fit.held for label in model.lens.labels]] = 0.0
    wider = model.whole(fit, frame_of(options.image_size_px, fit.corners))
    if wider.lens.labels == model.lens.labels:  # else the smaller lens is the answer, and the wider its uncertainty
        model = wider
    whole = len(fit.views) == len(usable.views) and bool(fit.used.all())
    if not whole:
        # the closed form of an ordinary lens is as quick as the poses by known parameters, and needs no trust in them
        known = options if model.lens.perspective else replace(options, find_start=partial(_start_from, parameters))
        found = fit_lens(model, usable, known)
    elif fit.lens is not model.lens:
        start = PosedLens(parameters, fit.camera_from_board, shape=fit.shape)
        fit = adjust(model.lens, model.held, fit.views, fit.corners, start, options.on_iteration, options.solve)
        found = replace(found, fit=fit)
    return reject_outliers(model, found, options)


def _start_from(
    parameters: Array, lens: Lens, held: frozenset[str], corners: Corners, frame: ImageFrame
) -> zhang.CameraStart:
    """A start with known parameters, for `FitOptions.find_start`."""
    return zhang.start_at(lens, corners, parameters)[1]


def _bases(fix: Sequence[str], free: Sequence[str]) -> list[LensModel]:
    """The lenses that are fitted first, perspective ones before fisheyes."""
    lenses = [load_lens(name) for name in plugins.discover("calib.camera.lenses")]
    bases = sorted((lens for lens in lenses if lens.base), key=lambda lens: (not lens.perspective, lens.name))
    models, refused = [], []
    for lens in bases:
        try:
            models.append(LensModel.of(lens, fix, free))
        except UsageError as error:
            refused.append(error)
    if not models:
        raise refused[0]
    return models


def _spread(usable: UsableViews) -> UsableViews:
    """At most `MOST_VIEWS` of them, evenly over their order."""
    count = len(usable.views)
    if count <= MOST_VIEWS:
        return usable
    views = tuple(usable.views[i] for i in np.linspace(0, count - 1, MOST_VIEWS).astype(np.intp))
    return UsableViews(views, corners_of(views, usable.pivot), usable.pivot, ())


def _mean_squares(trials: Sequence[Trial], views: UsableViews) -> Array:
    """(trials, views) mean squared held-out error per corner. A corner that some other lens describes counts as much as
    the worst that the best lens keeps."""
    kept = np.any([trial.used for trial in trials], axis=0)
    noise = min(float(np.sum(t.squares)) / max(int(t.used.sum()), 1) for t in trials)
    count = np.maximum(np.bincount(views.corners.view, kept, len(views.views)), 1.0)
    out = []
    for trial in trials:
        lost = np.bincount(views.corners.view, kept & ~trial.used, len(views.views))
        out.append((trial.squares + lost * OUTLIER_SIGMAS**2 * noise / 2) / count)
    return np.array(out)


def _smallest_supported(trials: Sequence[Trial], held_out: Array) -> int:
    """The index of the trial to take."""
    means = held_out.mean(axis=1)
    pool = np.isfinite(means)
    for preferred in ([trial.share > WHOLE for trial in trials], [trial.ordinary for trial in trials]):
        own = pool & np.array(preferred)
        if own.any() and means[own].min() <= (1.0 + NEVER) * means[pool].min():
            pool = own
    best = int(np.argmin(np.where(pool, means, np.inf)))
    excess = held_out - held_out[best]
    error = np.std(excess, axis=1, ddof=1) / np.sqrt(held_out.shape[1])
    mean = excess.mean(axis=1)
    # of lenses that are not ordinary, many coefficients extrapolate worst: there the smaller needs no excuse by chance
    by_chance = (mean <= error) | ~np.array([trial.ordinary for trial in trials])
    close = pool & ((mean <= ALWAYS * means[best]) | (by_chance & (mean <= NEVER * means[best])))
    return min(np.flatnonzero(close).tolist(), key=lambda i: (trials[i].model.unknowns, means[i]))
