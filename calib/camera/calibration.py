"""From corners to a calibrated camera: start, pose the problem, solve, name what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.camera import zhang
from calib.camera.camera import Camera
from calib.camera.degeneracy import check_corners, check_tilts, check_views
from calib.camera.lens import Lens, held_labels, read_lens
from calib.camera.observations import Observations, SetAside, View
from calib.camera.projection import (
    LENS_BLOCK,
    POSE_BLOCK,
    Corners,
    corners_of,
    lens_block,
    pose_block,
    reprojection,
    weak_priors,
)
from calib.engine import Options, Problem, Solution, huber, solve
from calib.errors import ConvergenceError, InputError
from calib.geometry import se3

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calib.camera.lens import Array
    from calib.engine.levenberg_marquardt import Callback

    Mask = NDArray[np.bool_]

# Zhang's start is close: with Nielsen's tau this small the solve is Gauss-Newton from the second step on.
INITIAL_DAMPING = 1e-6
# A homography that misses its corners by this share of the board's spread in the image, and by so many times the
# median view, is not a view of the board: lens distortion bends a board by less.
GARBAGE_SHARE, GARBAGE_TIMES = 0.05, 4.0
GARBAGE = "not a view of the board: its corners miss every plane by {:.0f} % of their spread"
# A corner further off than this many standard deviations is wrong: noise alone does it once in 65 million corners,
# and the tails of real detectors reach 5.
OUTLIER_SIGMAS = 6.0
RAYLEIGH_MEDIAN = 1.17741  # median length of a 2-D Gaussian of unit standard deviation
NARROWEST = 1e-3  # ratio of a view's second to first principal spread below which its corners lie on a line


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
        squared = sum(float(np.sum(fit.residuals_px[fit.used] ** 2)) for fit in self.views)
        return float(np.sqrt(squared / self.corners))

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
    progress: Callback | None = None,
) -> CameraCalibration:
    """Calibrate a camera from the corners of a board.

    observations: what `detect` returns, or views. lens: a model's name. fix, free: parameter labels to hold at their
    start (0 for distortion) or to estimate. robust: set views and corners aside that do not fit; False: plain least
    squares on everything. progress: sees every iteration of the solver.

    Raises UsageError for an unknown lens or label, InputError without usable views, DegenerateError when the views
    cannot determine the focal length (one view, parallel boards, static camera), ConvergenceError.
    """
    if not isinstance(observations, Observations):
        observations = Observations(tuple(observations))
    model = read_lens(lens) if isinstance(lens, str) else lens
    held = held_labels(model, fix, free)
    origin = _middle_of_board(observations)
    views, corners, aside = _usable(observations, origin)
    check_views(len(views))
    start = zhang.start(model, corners, _extent(observations, corners))
    if robust and (garbage := _garbage(start.homographies)).any():
        share = start.homographies.rms / start.homographies.spread
        aside += [SetAside(views[i].image, GARBAGE.format(100 * share[i])) for i in np.flatnonzero(garbage)]
        views = [view for view, wrong in zip(views, garbage, strict=True) if not wrong]
        check_views(len(views))
        corners = corners_of(views, origin)
        start = zhang.start(model, corners, _extent(observations, corners))
    check_corners(2 * corners.px.shape[1], len(model.labels) - len(held) + 6 * len(views))
    solution = _solve(model, held, views, corners, start.parameters, start.camera_from_board, progress)
    used = np.ones(corners.px.shape[1], bool)
    if robust:
        views, corners, used, solution, wrong = _without_outliers(model, views, corners, solution, origin, progress)
        aside += wrong
        check_corners(2 * int(used.sum()), len(model.labels) - len(held) + 6 * len(views))
    check_tilts(model, _select(corners, used), solution)
    if not solution.status.converged:
        raise ConvergenceError(
            "the calibration did not converge",
            code="camera-not-converged",
            why=solution.sentence(),
            advice="look at the images set aside, or hold distortion with --fix k3,k2",
        )
    return _result(model, held, observations, views, corners, used, solution, tuple(aside), origin)


def _middle_of_board(observations: Observations) -> Array:
    """The mean (3,) of all corners in the board frame, after a check of every view.

    The solve turns boards about it: about an origin far from the corners, turning and shifting look the same.
    """
    for view in observations.views:
        _check_whole(view)
    points = [view.corners_in_board for view in observations.views if len(view.corners_in_board)]
    return np.concatenate(points).mean(axis=0) if points else np.zeros(3)


def _check_whole(view: View) -> None:
    """Raise InputError `view-malformed` where arrays do not belong together or hold what is no number."""
    n, sigma = len(view.corners_px), view.sigma_px
    arrays = [view.corners_px, view.corners_in_board] + ([] if sigma is None else [sigma])
    shapes = [(n, 2), (n, 3), (n,)]
    whole = all(a.shape == s and np.isfinite(a).all() for a, s in zip(arrays, shapes, strict=False))
    if not whole or (sigma is not None and (sigma <= 0).any()):
        raise InputError(
            "a view's corners must be (n, 2) pixels with (n, 3) board points, all finite, and sigma_px (n,) positive",
            code="view-malformed",
            where=view.image,
            why="shapes " + ", ".join(str(a.shape) for a in arrays),
            advice="leave out corners that were not found",
        )


def _usable(observations: Observations, origin: Array) -> tuple[list[View], Corners, list[SetAside]]:
    """Views that can carry a pose: four corners, not on a line."""
    aside = list(observations.set_aside)
    views = [view for view in observations.views if len(view.corners_px) >= 4]
    few = [view for view in observations.views if len(view.corners_px) < 4]
    aside += [SetAside(view.image, f"only {len(view.corners_px)} corners; a pose needs 4") for view in few]
    if views:
        corners = corners_of(views, origin)
        thin = np.minimum(_breadth(corners, corners.px), _breadth(corners, corners.in_board[:2])) < NARROWEST
        if not thin.any():
            return views, corners, aside
        aside += [SetAside(views[i].image, "its corners lie on a line") for i in np.flatnonzero(thin)]
        views = [view for view, line in zip(views, thin, strict=True) if not line]
        if views:
            return views, corners_of(views, origin), aside
    raise InputError(
        "no view of the board can be used",
        code="no-usable-view",
        why="; ".join(f"{a.image}: {a.reason}" for a in aside[:5]),
        advice="a view needs at least 4 corners that do not lie on a line",
    )


def _breadth(corners: Corners, points: Array) -> Array:
    """Ratio (views,) of the second to the first principal spread of each view's points (2, rows)."""
    out = np.empty(len(corners.counts))
    for views, rows in corners.batches():
        x, y = points[:, rows] - points[:, rows].mean(axis=2, keepdims=True)
        xx, yy, xy = np.sum(x * x, axis=1), np.sum(y * y, axis=1), np.sum(x * y, axis=1)
        half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        out[views] = np.sqrt(np.maximum(half - root, 0.0) / np.maximum(half + root, 1e-300))
    return out


def _garbage(found: zhang.Homographies) -> Mask:
    """Which views are no perspective image of the board; told before they can pull at the solve."""
    plausible = (found.rms <= GARBAGE_SHARE * found.spread) | (found.rms <= GARBAGE_TIMES * np.nanmedian(found.rms))
    return ~plausible


def _extent(observations: Observations, corners: Corners) -> tuple[float, float, float, float]:
    """Middle, width and height of the image, or of the seen area if the image size is unknown."""
    if observations.image_size_px:
        width, height = observations.image_size_px
        return (width - 1) / 2, (height - 1) / 2, float(width), float(height)
    low, high = corners.px.min(axis=1), corners.px.max(axis=1)
    return (*(low + high) / 2, *(high - low))


def _solve(
    lens: Lens,
    held: frozenset[str],
    views: Sequence[View],
    corners: Corners,
    parameters: Array,
    camera_from_board: Array,
    progress: Callback | None,
    huber_at_px: float | None = None,
) -> Solution:
    """Least squares, or Huber's loss with the noise given."""
    loss = huber() if huber_at_px else None
    unknown = lens_block(lens, parameters, held)
    poses = pose_block(camera_from_board, [view.image for view in views])
    seen = reprojection(lens, corners, huber_at_px or 1.0, loss)
    problem = Problem((unknown, poses), (seen, *weak_priors(lens, unknown)))
    return solve(problem, Options(initial_damping=INITIAL_DAMPING, geodesic="never"), progress)


def _without_outliers(
    lens: Lens, views: list[View], corners: Corners, solution: Solution, origin: Array, progress: Callback | None
) -> tuple[list[View], Corners, Mask, Solution, list[SetAside]]:
    """Find the corners and views that do not belong, and solve without them.

    The noise is the median residual, which wrong corners do not move. Huber's loss leads from the least-squares
    answer, which they do move, to where the bulk of the corners agrees; then whoever is far off is named.
    """
    held = solution.problem.by_name[LENS_BLOCK].fixed
    norms = _norms(lens, corners, solution)
    if norms.max() <= OUTLIER_SIGMAS * _noise(norms):
        return views, corners, np.ones(norms.size, bool), solution, []
    parameters, poses = _point(solution)
    for _ in range(3):
        noise = _noise(norms)
        solution = _solve(lens, held, views, corners, parameters, poses, progress, noise)
        parameters, poses = _point(solution)
        norms = _norms(lens, corners, solution)
        if _noise(norms) > 0.9 * noise:
            break
    aside: list[SetAside] = []
    used = np.ones(norms.size, bool)
    for _ in range(5):
        previous, used = used, norms <= OUTLIER_SIGMAS * _noise(norms)
        bad = np.bincount(corners.view, used) < 0.5 * corners.counts
        if bad.any():
            for i in np.flatnonzero(bad):
                typical = float(np.median(norms[corners.view == i]))
                aside.append(SetAside(views[i].image, f"most of its corners are {typical:.1f} px or more off"))
            used = used[~bad[corners.view]]
            views, poses = [views[i] for i in np.flatnonzero(~bad)], poses[~bad]
            check_views(len(views))
            corners = corners_of(views, origin)
        elif (used == previous).all():
            break
        solution = _solve(lens, held, views, _select(corners, used), parameters, poses, progress)
        parameters, poses = _point(solution)
        norms = _norms(lens, corners, solution)
    return views, corners, used, solution, aside


def _point(solution: Solution) -> tuple[Array, Array]:
    """Lens parameters and poses of a solution, where the next solve begins."""
    return solution.values[LENS_BLOCK][0], solution.values[POSE_BLOCK]


def _residuals(lens: Lens, corners: Corners, solution: Solution) -> Array:
    """Projected less seen, (rows, 2), also of the corners left out of the solve."""
    return reprojection(lens, corners).evaluate(solution.values, slice(0, corners.px.shape[1]))[0]


def _norms(lens: Lens, corners: Corners, solution: Solution) -> Array:
    residuals = _residuals(lens, corners, solution)
    return np.asarray(np.sqrt(np.einsum("md,md->m", residuals, residuals)) / corners.sigma_px)


def _noise(norms: Array) -> float:
    """Standard deviation per coordinate, by the median length; not below rounding."""
    return max(float(np.median(norms)) / RAYLEIGH_MEDIAN, 1e-9)


def _select(corners: Corners, used: Mask) -> Corners:
    """The corners that take part."""
    if used.all():
        return corners
    sigma = corners.sigma_px[used] if isinstance(corners.sigma_px, np.ndarray) else corners.sigma_px
    view = corners.view[used]
    counts = np.bincount(view, minlength=len(corners.counts))
    return Corners(corners.px[:, used], corners.in_board[:, used], view, counts, sigma)


def _result(
    lens: Lens,
    held: frozenset[str],
    observations: Observations,
    views: Sequence[View],
    corners: Corners,
    used: Mask,
    solution: Solution,
    aside: tuple[SetAside, ...],
    origin: Array,
) -> CameraCalibration:
    uncertainty = solution.uncertainty
    factor = solution.variance_factor
    residuals = _residuals(lens, corners, solution)
    back = se3.compose(np.eye(3), -origin)  # the solve's board points are relative to their middle
    poses = solution.values[POSE_BLOCK] @ back
    spread = uncertainty.private_covariance[POSE_BLOCK]
    lever = se3.adjoint(se3.inverse(back))
    pose_sigma = np.sqrt(factor * np.einsum("ij,njk,ik->ni", lever, spread, lever))
    pose_sigma[np.isinf(uncertainty.private[POSE_BLOCK]).any(axis=1)] = np.inf
    begin = corners.starts
    fits = tuple(
        ViewFit(view, pose, sigma, residuals[a:b], used[a:b])
        for view, pose, sigma, a, b in zip(views, poses, pose_sigma, begin, begin + corners.counts, strict=True)
    )
    return CameraCalibration(
        camera=Camera(lens, solution.values[LENS_BLOCK][0], observations.image_size_px),
        sigma={label: float(np.sqrt(factor)) * uncertainty.sigma(label) for label in lens.labels},
        covariance=factor * uncertainty.covariance(lens.labels),
        views=fits,
        noise_px=float(np.sqrt(factor)),
        set_aside=aside,
        unobservable=tuple(str(direction) for direction in uncertainty.unobservable),
        held=held,
        observations=observations,
        solution=solution,
    )
