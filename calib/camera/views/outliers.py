"""Outlier views and corners: detected, reported, and rejected from the solve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.adjustment.bundle_adjustment import Adjustment, select
from calib.camera.adjustment.reprojection import corners_of
from calib.camera.observations import Excluded
from calib.camera.views.degeneracy import check_views
from calib.camera.views.stray_corners import stray_corners

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.adjustment.reprojection import Corners
    from calib.camera.start.homography import Homographies
    from calib.camera.start.zhang import CameraStart
    from calib.camera.views.usable_views import UsableViews
    from calib.engine import OnIteration

# A homography whose residual exceeds this share of the board's spread in the image, and so many times that of the
# median view, is not of the board: lens distortion bends a board by less.
IMPLAUSIBLE_SHARE, IMPLAUSIBLE_TIMES = 0.05, 4.0
# A corner further off than this many standard deviations is wrong: noise alone does it once in 65 million corners,
# and the tails of real detectors reach 5.
OUTLIER_SIGMAS = 6.0
RAYLEIGH_MEDIAN = 1.17741  # median length of a 2-D Gaussian of unit standard deviation
HUBER_ROUNDS = 3  # of measuring the noise anew
ROUNDS = 5  # of rejecting and solving anew; two or three suffice


def implausible_views(found: Homographies) -> Mask:
    """Which views are no perspective image of the board; recognised before they can pull at the solve."""
    return ~(_near(found) | (found.rms <= IMPLAUSIBLE_TIMES * np.nanmedian(found.rms)))


def _near(found: Homographies) -> Mask:
    return np.asarray(found.rms <= IMPLAUSIBLE_SHARE * found.spread)


@dataclass(frozen=True, eq=False)
class PlausibleStart:
    """Where to begin, and what with."""

    usable: UsableViews
    """The views that are no other thing than the board."""
    start: CameraStart
    """Of those views."""
    used: Mask
    """(rows,) their corners that are not far off the rest of their view."""


def start_from_plausible_views(
    usable: UsableViews, find_start: Callable[[Corners], CameraStart], robust: bool
) -> PlausibleStart:
    """The start and what it is of: if robust, without stray corners and views that are no view of the board."""
    start = find_start(usable.corners)
    used = np.ones(usable.corners.px.shape[1], bool)
    far = ~_near(start.homographies)
    if robust and far.any() and (stray := stray_corners(usable.corners, far)).any():
        used = ~stray
        start = find_start(select(usable.corners, used))
    bad = implausible_views(start.homographies)
    if not (robust and bad.any()):
        return PlausibleStart(usable, start, used)
    share = (start.homographies.rms / start.homographies.spread)[bad]
    plausible = usable.without(
        bad, [f"no planar fit: corner residual is {100 * each:.0f} % of spread" for each in share]
    )
    used = used[~bad[usable.corners.view]]
    return PlausibleStart(plausible, find_start(select(plausible.corners, used)), used)


def outlier_share(fit: Adjustment) -> float:
    """Share of the corners that are off by more than outliers are."""
    norms = fit.norms()
    return float(np.mean(norms > OUTLIER_SIGMAS * _noise(norms)))


def without_outliers(
    fit: Adjustment, origin: Array, on_iteration: OnIteration | None = None, rounds: int = ROUNDS
) -> tuple[Adjustment, list[Excluded]]:
    """Find outlier corners and views, and solve without them.

    The noise is the median residual, which outliers do not move. Huber's loss leads from the least-squares
    answer, which they do move, to where the bulk of the corners agrees; then outliers are rejected.
    origin: (3,) the board's middle, about which the corners in the fit are given. rounds: at most so many.
    """
    everything = fit.used
    norms = fit.norms()
    if everything.all() and norms.max() <= OUTLIER_SIGMAS * _noise(norms):
        return fit, []
    for _ in range(min(rounds, HUBER_ROUNDS)):
        noise = _noise(norms)
        fit = fit.again(everything, on_iteration, noise)
        norms = fit.norms()
        if _noise(norms) > 0.9 * noise:
            break
    rejected: list[Excluded] = []
    previous = everything if everything.all() else None  # what was stray before the solve may fit after it
    for _ in range(rounds):
        used = norms <= OUTLIER_SIGMAS * _noise(norms)
        bad = np.bincount(fit.corners.view, used) < 0.5 * fit.corners.counts
        if bad.any():
            for i in np.flatnonzero(bad).tolist():
                typical = float(np.median(norms[fit.corners.view == i]))
                reason = f"most of its corners have residuals of {typical:.1f} px or more"
                rejected.append(Excluded(fit.views[i].image, reason))
            used = used[~bad[fit.corners.view]]
            fit = _without_views(fit, bad, origin)
        elif previous is not None and np.array_equal(used, previous):
            break
        fit = fit.again(used, on_iteration)
        previous, norms = used, fit.norms()
    return fit, rejected


def _without_views(fit: Adjustment, bad: Mask, origin: Array) -> Adjustment:
    """The fit less the bad views, to be adjusted again."""
    views = [view for view, wrong in zip(fit.views, bad, strict=True) if not wrong]
    corners = corners_of(views, origin)
    check_views(corners)
    return replace(fit, views=views, corners=corners, camera_from_board=fit.camera_from_board[~bad])


def _noise(norms: Array) -> float:
    """Standard deviation per coordinate, by the median length; not below rounding."""
    return max(float(np.median(norms)) / RAYLEIGH_MEDIAN, 1e-9)
