"""From corners to a calibrated camera: start, pose the problem, solve, name what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.calibration import zhang
from calib.camera.calibration.bundle_adjustment import Adjustment, adjust
from calib.camera.calibration.degeneracy import check_corners, check_tilts, check_views
from calib.camera.calibration.global_start import global_start
from calib.camera.calibration.outliers import GARBAGE, garbage, without_outliers
from calib.camera.calibration.reprojection import POSE_BLOCK, Corners, corners_of
from calib.camera.calibration.usable_views import usable
from calib.camera.camera import Camera
from calib.camera.lens import Lens, fixed_values, held_labels, read_lens
from calib.camera.observations import Observations, SetAside, View
from calib.engine import Solution
from calib.errors import ConvergenceError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.engine import OnIteration


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


@dataclass(frozen=True, eq=False)
class CameraCalibration:
    """A calibrated camera with its evidence, worked out where it is asked for.

    fit: the adjustment; pivot: (3,) the point of the board that its poses place. set_aside: images not used, and why.
    """

    fit: Adjustment
    pivot: Array
    set_aside: tuple[SetAside, ...]
    observations: Observations

    @property
    def solution(self) -> Solution:
        """Of the least-squares problem."""
        return self.fit.solution

    @cached_property
    def camera(self) -> Camera:
        """The lens with its parameters."""
        return Camera(self.fit.lens, self.fit.parameters, self.observations.image_size_px)

    @property
    def held(self) -> frozenset[str]:
        """Labels that were not estimated."""
        return self.fit.held

    @property
    def noise_px(self) -> float:
        """Standard deviation of a corner's coordinate, from the residuals."""
        return float(np.sqrt(self.solution.variance_factor))

    @cached_property
    def sigma(self) -> dict[str, float]:
        """Standard deviation per label, 0 if held, infinite if unobservable."""
        known = self.solution.uncertainty
        return {label: self.noise_px * known.sigma(label) for label in self.fit.lens.labels}

    @cached_property
    def covariance(self) -> Array:
        """(p, p) over `lens.labels`."""
        return self.solution.variance_factor * self.solution.uncertainty.covariance(self.fit.lens.labels)

    @property
    def unobservable(self) -> tuple[str, ...]:
        """What the views cannot tell, in words."""
        return tuple(str(direction) for direction in self.solution.uncertainty.unobservable)

    @cached_property
    def views(self) -> tuple[ViewFit, ...]:
        """The views that took part."""
        fit, known, factor = self.fit, self.solution.uncertainty, self.solution.variance_factor
        back = se3.compose(np.eye(3), -self.pivot)  # the solve's board points are relative to it
        spread, lever = known.private_covariance[POSE_BLOCK], se3.adjoint(se3.inverse(back))
        sigma = np.sqrt(factor * np.einsum("nij,ij->ni", lever @ spread, lever))
        sigma[np.isinf(known.private[POSE_BLOCK]).any(axis=1)] = np.inf
        begin = fit.corners.starts
        ends, poses = begin + fit.corners.counts, fit.camera_from_board @ back
        return tuple(
            ViewFit(view, pose, own, self._residuals_px[a:b], fit.used[a:b])
            for view, pose, own, a, b in zip(fit.views, poses, sigma, begin, ends, strict=True)
        )

    @property
    def rms_px(self) -> float:
        """sqrt(sum of squared reprojection errors / corners), over the corners used (Zhang's, OpenCV's, ROS')."""
        residuals, used = self._residuals_px, self.fit.used
        return float(np.sqrt(np.einsum("nd,nd,n->", residuals, residuals, used) / np.count_nonzero(used)))

    @property
    def corners(self) -> int:
        """Corners used."""
        return int(self.fit.used.sum())

    @cached_property
    def _residuals_px(self) -> Array:
        return self.fit.residuals_px()


def calibrate(
    observations: Observations | Sequence[View],
    lens: str | Lens = "brown_conrady",
    *,
    fix: Sequence[str] = (),
    free: Sequence[str] = (),
    robust: bool = True,
    search: bool = False,
    progress: OnIteration | None = None,
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
    return CameraCalibration(fit, pivot, tuple(aside), observations)


def _extent(observations: Observations, corners: Corners) -> tuple[float, float, float, float]:
    """Middle, width and height of the image, or of the seen area if the image size is unknown."""
    if observations.image_size_px:
        width, height = observations.image_size_px
        return (width - 1) / 2, (height - 1) / 2, float(width), float(height)
    low, high = corners.px.min(axis=1), corners.px.max(axis=1)
    return (*(low + high) / 2, *(high - low))
