"""One lens fitted to views: start, solve, reject what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.adjustment.bundle_adjustment import Adjustment, Solve, adjust, solve_bundle
from calib.camera.adjustment.image_frame import ImageFrame
from calib.camera.adjustment.reprojection import PosedLens
from calib.camera.lens import Lens, fixed_values, held_labels
from calib.camera.start import zhang
from calib.camera.views.degeneracy import check_corners, check_views
from calib.camera.views.outliers import ROUNDS, start_from_plausible_views, without_outliers

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.adjustment.reprojection import Corners
    from calib.camera.observations import Excluded
    from calib.camera.views.usable_views import UsableViews
    from calib.engine import OnIteration

FindStart = Callable[..., zhang.CameraStart]


@dataclass(frozen=True, eq=False)
class LensModel:
    """A lens with the labels that are not estimated."""

    lens: Lens
    """The model."""
    held: frozenset[str]
    """Labels not estimated."""
    fixed: dict[str, float | None]
    """Those held by request, each at its value, or None for where it starts."""
    nested_in: LensModel | None = None
    """The model that was tried, where this is what becomes of it without what the views do not support."""

    @classmethod
    def of(cls, lens: Lens, fix: Sequence[str] = (), free: Sequence[str] = ()) -> LensModel:
        """The model with labels to fix and to free. Raises UsageError, as `held_labels`."""
        return cls(lens, held_labels(lens, fix, free), fixed_values(lens, fix))

    def whole(self, fit: Adjustment, frame: ImageFrame) -> LensModel:
        """The model that was tried, with what the views do not support expected to be of plausible size: what depends
        on it is no better known than that allows. fit: of one of the two."""
        if self.nested_in is None:
            return self
        tried, own = self.nested_in, set(self.lens.labels) - self.held
        dropped = [label for label in tried.lens.labels if label not in own and label not in tried.held]
        focal_px, corner_px = float(fit.parameters[0]), float(np.linalg.norm(frame.size_px)) / 2
        noise_px = float(np.sqrt(fit.solution.variance_factor))
        return replace(tried, lens=tried.lens.expect(dropped, focal_px, corner_px, noise_px))

    @property
    def unknowns(self) -> int:
        """How many parameters are estimated."""
        return len(self.lens.labels) - len(self.held)

    @property
    def name(self) -> str:
        """Of the lens, with the coefficients that are held beyond its custom."""
        extra = sorted(self.held - self.lens.held)
        return f"{self.lens.name}, {' '.join(extra)} held" if extra else self.lens.name


@dataclass(frozen=True, eq=False)
class FitOptions:
    """How lenses are fitted."""

    image_size_px: tuple[int, int] | None = None
    """(width, height), if known."""
    robust: bool = True
    """Whether views and corners that do not fit are rejected."""
    find_start: FindStart = zhang.start
    """Where the solve begins."""
    on_iteration: OnIteration | None = None
    """Called with every iteration."""
    solve: Solve = solve_bundle
    """How the least-squares problems are solved."""
    rounds: int = ROUNDS
    """Of rejecting and solving anew, at most."""
    shape: Array | None = None
    """(7,) where the board's surface starts if it is estimated as well; None for a board that is taken as flat."""


@dataclass(frozen=True, eq=False)
class LensFit:
    """A lens fitted to views."""

    fit: Adjustment
    """The lens and the poses, adjusted to the corners."""
    usable: UsableViews
    """The views that a start was found for."""
    outliers: list[Excluded]
    """Views rejected after the solve."""
    stray: bool = False
    """Whether corners were left out before it, as far from the rest of their view."""


def fit_lens(model: LensModel, usable: UsableViews, options: FitOptions) -> LensFit:
    """Fit a lens to usable views, outliers included. Raises DegenerateError for too few views or corners."""
    size = options.image_size_px

    def find_start(corners: Corners) -> zhang.CameraStart:
        check_views(corners)
        frame = frame_of(size, corners)
        start = options.find_start(model.lens, model.held, corners, frame)
        return zhang.with_fixed(model.lens, model.fixed, start, corners, frame)

    found = start_from_plausible_views(usable, find_start, options.robust)
    usable, start, used = found.usable, found.start, found.used
    _check_count(model, int(used.sum()), len(usable.views))
    posed = PosedLens(start.parameters, start.camera_from_board, shape=options.shape)
    solve, report = options.solve, options.on_iteration
    fit = adjust(model.lens, model.held, usable.views, usable.corners, posed, report, solve, used)
    return LensFit(fit, usable, [], not used.all())


def frame_of(image_size_px: tuple[int, int] | None, corners: Corners) -> ImageFrame:
    """The image or, where its size is not known, the rectangle that the corners fill."""
    return ImageFrame.of_image(image_size_px) if image_size_px else ImageFrame.of_corners(corners.px)


def reject_outliers(model: LensModel, found: LensFit, options: FitOptions) -> LensFit:
    """The fit without what does not belong, if that is wanted. Raises DegenerateError where too little is left."""
    if not options.robust:
        return found
    fit, outliers = without_outliers(found.fit, found.usable.pivot, options.on_iteration, options.rounds)
    _check_count(model, int(fit.used.sum()), len(fit.views))
    return replace(found, fit=fit, outliers=outliers)


def _check_count(model: LensModel, corners: int, views: int) -> None:
    check_corners(2 * corners, model.unknowns + 6 * views)
