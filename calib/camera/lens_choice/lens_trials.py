"""A lens model tried on views: how well it predicts each of them from the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib import plugins
from calib.arrays import Array, Mask
from calib.camera.adjustment.bundle_adjustment import adjust
from calib.camera.adjustment.reprojection import PosedLens
from calib.camera.field import image_share
from calib.camera.lens import Lens, load_lens
from calib.camera.lens_choice.fit_lens import FitOptions, LensFit, LensModel, fit_lens, reject_outliers
from calib.camera.lens_choice.image_pattern import image_pattern
from calib.camera.views.degeneracy import WEAKEST_FOCAL, focal_weakness
from calib.camera.views.outliers import outlier_share
from calib.camera.views.usable_views import UsableViews
from calib.errors import ConvergenceError, DegenerateError

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE = 0.999  # share of the image that a model must be able to invert to be preferred for it
MOST_REJECTED = 0.05  # share of corners beyond which a lens is suspected of rejecting what it cannot describe
PATTERN = 1.5  # variance ratio of residuals that repeat in the image from which a richer lens is tried


@dataclass(frozen=True, eq=False)
class Trial:
    """A model with the errors of views held out."""

    model: LensModel
    found: LensFit
    """The fit, or that of the model it is nested in."""
    ordinary: bool
    """Whether it is of the first family and no richer than its base."""
    squares: Array
    """(views,) sum of the squared held-out errors of a view's corners; 0 where the view was rejected."""
    used: Mask
    """(rows,) corners that were not rejected."""
    share: float
    """Of the lit image that it can invert."""
    pattern: float
    """Variance ratio of the residuals that repeat in the image; 1 for noise."""

    @property
    def describes(self) -> bool:
        """Whether no richer lens need be tried."""
        rejected = 1.0 - float(self.used.mean())
        return self.pattern < PATTERN and self.share > WHOLE and rejected < MOST_REJECTED


def try_family(base: LensModel, views: UsableViews, options: FitOptions, *, ordinary: bool) -> Iterator[Trial]:
    """The base, what is nested in it, and, where these leave a pattern, what it is nested in."""
    first = _try(base, fit_lens(base, views, options), views, options, ordinary=ordinary)
    yield first
    for model in _smaller_models(base):
        yield _hold(first, model, options)
    while first.model.lens.richer and not first.describes:
        fit, model = first.found.fit, _extend(base, load_lens(first.model.lens.richer))
        start = PosedLens(carry(fit.lens, fit.parameters, model.lens), fit.camera_from_board, shape=fit.shape)
        used = fit.used if first.found.stray else None
        fit = adjust(model.lens, model.held, fit.views, fit.corners, start, options.on_iteration, options.solve, used)
        first = _try(model, replace(first.found, fit=fit), views, options, ordinary=False)
        yield first


def _smaller_models(base: LensModel) -> Iterator[LensModel]:
    """Models that the base becomes with coefficients held at 0, the next smaller lens last."""
    for labels in base.lens.smaller:
        if labels - base.held:
            held = dict.fromkeys(labels - base.held)
            yield LensModel(base.lens, base.held | labels, {**base.fixed, **held}, base)
    for name in plugins.discover("calib.camera.lenses"):
        smaller = load_lens(name)
        if smaller.richer == base.lens.name and not set(base.fixed) - set(smaller.labels):
            yield LensModel(smaller, base.held & set(smaller.labels), base.fixed, base)


def _extend(base: LensModel, richer: Lens) -> LensModel:
    return LensModel(richer, richer.held | (base.held - base.lens.held), base.fixed)


def carry(lens: Lens, parameters: Array, richer: Lens) -> Array:
    """Parameters of a lens for one that has them all, and more."""
    values = dict(zip(lens.labels, parameters.tolist(), strict=True))
    return np.array([values.get(label, 0.0) for label in richer.labels])


def _try(model: LensModel, found: LensFit, views: UsableViews, options: FitOptions, *, ordinary: bool) -> Trial:
    """Judge a fit. Raises ConvergenceError where it did not settle, DegenerateError without a focal length."""
    _require_settled(found, model)
    pattern = _pattern(found)
    # where a lens leaves much of a pattern, what is far off is what it cannot describe
    if pattern < PATTERN or outlier_share(found.fit) < MOST_REJECTED:
        found = reject_outliers(model, found, options)
        pattern = _pattern(found)
        _require_settled(found, model)
    fit, size = found.fit, options.image_size_px
    index = {id(view): i for i, view in enumerate(views.views)}
    rows = np.array([index[id(view)] for view in fit.views])
    used = np.zeros(views.corners.px.shape[1], bool)
    for view, begin, count in zip(rows, fit.corners.starts, fit.corners.counts, strict=True):
        at = views.corners.starts[view]
        used[at : at + count] = fit.used[begin : begin + count]
    squares, systems = np.zeros(len(views.views)), fit.solution.clusters
    squares[rows] = systems.held_out_squares() if systems is not None else np.inf
    share = image_share(fit.lens, fit.parameters, size) if size else 1.0
    return Trial(model, found, ordinary, squares, used, share, pattern)


def _require_settled(found: LensFit, model: LensModel) -> None:
    if not found.fit.solution.status.converged:
        raise ConvergenceError(
            "it did not settle",
            code="camera-not-converged",
            why=found.fit.solution.sentence(),
            advice=f"name it to solve on: --lens {model.lens.name}",
        )
    weakness = focal_weakness(found.fit.solution)
    if weakness is not None and not weakness < WEAKEST_FOCAL:
        raise DegenerateError(
            "its focal length is not determined",
            code="focal-length-unobservable",
            advice="tilt the board 20 to 45 degrees, in a different direction in each image",
        )


def _pattern(found: LensFit) -> float:
    fit = found.fit
    return image_pattern(fit.residuals_px()[fit.used], fit.corners.px.T[fit.used]).ratio ** 2


def _hold(first: Trial, model: LensModel, options: FitOptions) -> Trial:
    """A model nested in the one that was fitted, from the fit's own linear problem."""
    fit, size = first.found.fit, options.image_size_px
    systems = fit.solution.clusters
    assert systems is not None
    labels = list(fit.solution.uncertainty.labels)
    held = [label for label in fit.lens.labels if label in labels and label not in set(model.lens.labels) - model.held]
    values = dict(zip(fit.lens.labels, fit.parameters.tolist(), strict=True))
    nested = systems.hold(np.array([labels.index(label) for label in held]), -np.array([values[each] for each in held]))
    squares = np.where(first.squares > 0, 0.0, first.squares)
    squares[first.squares > 0] = nested.held_out_squares()
    parameters = np.array([0.0 if label in model.held else values[label] for label in model.lens.labels])
    share = image_share(model.lens, parameters, size) if size else 1.0
    return replace(first, model=model, squares=squares, share=share)
