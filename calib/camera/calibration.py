"""From corners to a calibrated camera: start, pose the problem, solve, name what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calib.camera import zhang
from calib.camera.adjustment import Adjustment, adjust
from calib.camera.camera import Camera
from calib.camera.degeneracy import check_corners, check_tilts, check_views
from calib.camera.global_start import global_start
from calib.camera.lens import Lens, fixed_values, held_labels, read_lens
from calib.camera.observations import Observations, SetAside, View
from calib.camera.projection import POSE_BLOCK, Corners, corners_of
from calib.camera.screening import GARBAGE, garbage, without_outliers
from calib.camera.views import usable
from calib.engine import Solution
from calib.errors import ConvergenceError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.adjustment import Mask
    from calib.camera.lens import Array
    from calib.engine.levenberg_marquardt import Callback


@dataclass(frozen=True)
class ViewFit:
    """One view after the solve. pose: camera_from_board (4, 4); pose_sigma: (6,) of its tangent, metres and radians.

    residuals_px: (n, 2) projected less seen, of every corner; used: (n,) whether the corner took part.
    """

    view: View
    camera_from_board: Array
    pose_sigma: Array
    residuals_px: Array
    used: Mask

    @property
    def rms_px(self) -> float:
        """Root mean square of the reprojection errors of the corners that took part."""
        return float(np.sqrt(np.mean(np.sum(self.residuals_px[self.used] ** 2, axis=1))))


@dataclass(frozen=True)
class CameraCalibration:
    """A calibrated camera with its evidence.

    sigma: per label, standard deviation (0 if held, infinite if unobservable). covariance: (p, p) over `lens.labels`.
    noise_px: standard deviation of a corner's coordinate, from the residuals. set_aside: images not used, and why.
    """

    camera: Camera
    sigma: dict[str, float]
    covariance: Array
    views: tuple[ViewFit, ...]
    noise_px: float
    set_aside: tuple[SetAside, ...]
    unobservable: tuple[str, ...]
    held: frozenset[str]
    observations: Observations
    solution: Solution

    @property
    def rms_px(self) -> float:
        """sqrt(sum of squared reprojection errors / corners), over the corners used (Zhang's, OpenCV's, ROS')."""
        residuals = np.concatenate([fit.residuals_px for fit in self.views])
        used = np.concatenate([fit.used for fit in self.views])
        return float(np.sqrt(np.einsum("nd,nd,n->", residuals, residuals, used) / np.count_nonzero(used)))

    @property
    def corners(self) -> int:
        """Corners used."""
        return int(sum(fit.used.sum() for fit in self.views))


def calibrate(
    observations: Observations | Sequence[View],
    lens: str | Lens = "brown_conrady",
    *,
    fix: Sequence[str] = (),
    free: Sequence[str] = (),
    robust: bool = True,
    search: bool = False,
    progress: Callback | None = None,
    searching: Callable[[int, int], object] | None = None,
) -> CameraCalibration:
    """Calibrate a camera from the corners of a board.

    observations: what `detect` returns, or views. lens: a model's name. fix: parameter labels to hold, `fx=812.5` at
    that value, `k3` alone at 0, `cx` in the middle of the image; free: those to estimate that else are held. robust:
    set views and corners aside that do not fit; False: plain least squares on everything. search: start from a global
    search instead of Zhang's equations, for lenses of which nothing is known. progress: sees every iteration of the
    solver; searching(done, total) those of the search.

    Raises UsageError for an unknown lens or label, InputError without usable views, DegenerateError when the views
    cannot determine the focal length (one view, parallel boards, static camera), ConvergenceError.
    """
    if not isinstance(observations, Observations):
        observations = Observations(tuple(observations))
    model = read_lens(lens) if isinstance(lens, str) else lens
    held = held_labels(model, fix, free)
    begin = usable(observations)
    views, corners, pivot, aside = begin.views, begin.corners, begin.pivot, begin.aside
    check_views(len(views))
    find = partial(global_start, callback=searching) if search else zhang.start
    fixed = fixed_values(model, fix)

    def started(corners: Corners) -> zhang.Start:
        extent = _extent(observations, corners)
        return zhang.with_fixed(model, fixed, find(model, held, corners, extent), corners, extent)

    start = started(corners)
    if robust and (bad := garbage(start.homographies)).any():
        share = start.homographies.rms / start.homographies.spread
        aside += [SetAside(views[i].image, GARBAGE.format(100 * share[i])) for i in np.flatnonzero(bad)]
        views = [view for view, wrong in zip(views, bad, strict=True) if not wrong]
        check_views(len(views))
        corners = corners_of(views, pivot)
        start = started(corners)
    unknowns = len(model.labels) - len(held)
    check_corners(2 * corners.px.shape[1], unknowns + 6 * len(views))
    fit = adjust(model, held, views, corners, start.parameters, start.camera_from_board, progress)
    if robust:
        fit, wrong = without_outliers(fit, pivot, progress)
        aside += wrong
        check_corners(2 * int(fit.used.sum()), unknowns + 6 * len(fit.views))
    check_tilts(model, fit.corners_used, fit.solution)
    if not fit.solution.status.converged:
        raise ConvergenceError(
            "the calibration did not converge",
            code="camera-not-converged",
            why=fit.solution.sentence(),
            advice="look at the images set aside, or hold distortion with --fix k3,k2",
        )
    return _result(fit, observations, tuple(aside), pivot)


def _extent(observations: Observations, corners: Corners) -> tuple[float, float, float, float]:
    """Middle, width and height of the image, or of the seen area if the image size is unknown."""
    if observations.image_size_px:
        width, height = observations.image_size_px
        return (width - 1) / 2, (height - 1) / 2, float(width), float(height)
    low, high = corners.px.min(axis=1), corners.px.max(axis=1)
    return (*(low + high) / 2, *(high - low))


def _result(
    fit: Adjustment, observations: Observations, aside: tuple[SetAside, ...], pivot: Array
) -> CameraCalibration:
    lens, uncertainty, factor = fit.lens, fit.solution.uncertainty, fit.solution.variance_factor
    residuals = fit.residuals_px()
    back = se3.compose(np.eye(3), -pivot)  # the solve's board points are relative to it
    poses = fit.camera_from_board @ back
    spread = uncertainty.private_covariance[POSE_BLOCK]
    lever = se3.adjoint(se3.inverse(back))
    pose_sigma = np.sqrt(factor * np.einsum("nij,ij->ni", lever @ spread, lever))
    pose_sigma[np.isinf(uncertainty.private[POSE_BLOCK]).any(axis=1)] = np.inf
    begin = fit.corners.starts
    fits = tuple(
        ViewFit(view, pose, sigma, residuals[a:b], fit.used[a:b])
        for view, pose, sigma, a, b in zip(fit.views, poses, pose_sigma, begin, begin + fit.corners.counts, strict=True)
    )
    return CameraCalibration(
        camera=Camera(lens, fit.parameters, observations.image_size_px),
        sigma={label: float(np.sqrt(factor)) * uncertainty.sigma(label) for label in lens.labels},
        covariance=factor * uncertainty.covariance(lens.labels),
        views=fits,
        noise_px=float(np.sqrt(factor)),
        set_aside=aside,
        unobservable=tuple(str(direction) for direction in uncertainty.unobservable),
        held=fit.held,
        observations=observations,
        solution=fit.solution,
    )
