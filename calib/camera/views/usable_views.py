"""Which views can carry a pose at all, before anything is estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.adjustment.reprojection import Corners, corners_of
from calib.camera.observations import Excluded, Observations, View
from calib.errors import InputError

FEWEST_CORNERS = 4  # of a plane, for its pose
FAR_ORIGIN = 2.0  # distance of the board's origin from its middle, in diagonals of the board
NARROWEST = 1e-3  # ratio of a view's second to first principal spread below which its corners are collinear


@dataclass(frozen=True, eq=False)
class UsableViews:
    """The views that can carry a pose."""

    views: tuple[View, ...]
    """Of four corners and more that are not collinear."""
    corners: Corners
    """Theirs in one table, board points relative to the pivot."""
    pivot: Array
    """(3,) the point of the board frame that the solve turns boards about. The board's own origin, as a rule; the
    middle of the corners where that origin is far from them: about a far point, turning and shifting look the same.
    (About the middle of an ordinary board the solve takes a third more steps.)"""
    excluded: tuple[Excluded, ...]
    """The other images."""

    def without(self, bad: Mask, reasons: Sequence[str]) -> UsableViews:
        """Less the bad views (n,), with a reason for each of these."""
        views = tuple(view for view, wrong in zip(self.views, bad, strict=True) if not wrong)
        images = [self.views[i].image for i in np.flatnonzero(bad)]
        rejected = [Excluded(image, reason) for image, reason in zip(images, reasons, strict=True)]
        return UsableViews(views, corners_of(views, self.pivot), self.pivot, (*self.excluded, *rejected))


def find_usable_views(observations: Observations) -> UsableViews:
    """Views that determine a pose: whole ones, of four corners and more that are not collinear."""
    excluded = list(observations.excluded)
    for view in observations.views:
        _check_shapes(view)
    views = [view for view in observations.views if len(view.corners_px) >= FEWEST_CORNERS]
    few = [view for view in observations.views if len(view.corners_px) < FEWEST_CORNERS]
    excluded += [Excluded(view.image, f"only {len(view.corners_px)} corners; a pose needs 4") for view in few]
    if views:
        corners = corners_of(views)
        _check_numbers(views, corners)
        thin = _breadth(corners) < NARROWEST
        if thin.any():
            excluded += [Excluded(views[i].image, "its corners are collinear") for i in np.flatnonzero(thin)]
            views = [view for view, line in zip(views, thin, strict=True) if not line]
    if not views:
        raise InputError(
            "no view of the board can be used",
            code="no-usable-view",
            why="; ".join(f"{a.image}: {a.reason}" for a in excluded[:5]),
            advice="a view needs at least 4 corners that are not collinear",
        )
    pivot = _pivot(corners)
    if thin.any() or pivot.any():
        corners = corners_of(views, pivot)
    return UsableViews(tuple(views), corners, pivot, tuple(excluded))


def _pivot(corners: Corners) -> Array:
    low, high = corners.in_board.min(axis=1), corners.in_board.max(axis=1)
    middle = (low + high) / 2
    return np.asarray(middle if np.linalg.norm(middle) > FAR_ORIGIN * np.linalg.norm(high - low) else np.zeros(3))


def _check_shapes(view: View) -> None:
    n = len(view.corners_px)
    if view.corners_px.shape != (n, 2) or view.corners_in_board.shape != (n, 3):
        raise _malformed_view(view)
    if any(each is not None and each.shape != (n,) for each in (view.sigma_px, view.radius)):
        raise _malformed_view(view)
    if view.radius is not None and not (np.isfinite(view.radius) & (view.radius >= 0)).all():
        raise _malformed_view(view)


def _check_numbers(views: list[View], corners: Corners) -> None:
    if np.isfinite(corners.px).all() and np.isfinite(corners.in_board).all() and isinstance(corners.sigma_px, float):
        return
    finite = np.isfinite(corners.px).all(axis=0) & np.isfinite(corners.in_board).all(axis=0)
    bad = np.flatnonzero(~(finite & np.isfinite(corners.sigma_px) & (np.asarray(corners.sigma_px) > 0)))
    if len(bad):
        raise _malformed_view(views[corners.view[bad[0]]])


def _malformed_view(view: View) -> InputError:
    columns = [each for each in (view.sigma_px, view.radius) if each is not None]
    arrays = [view.corners_px, view.corners_in_board, *columns]
    return InputError(
        "a view's corners must be (n, 2) pixels with (n, 3) board points, sigma_px, radius (n,) positive, all finite",
        code="view-malformed",
        where=view.image,
        why="shapes " + ", ".join(str(a.shape) for a in arrays),
        advice="omit corners that were not found",
    )


def _breadth(corners: Corners) -> Array:
    """Ratio (views,) of the second to the first principal spread of each view's points, in the image or on the board,
    whichever is less."""
    out = np.empty(len(corners.counts))
    for views, (px, plane) in corners.batches(corners.px, corners.in_board[:2]):
        points = np.array([px, plane])
        points -= np.add.reduce(points, axis=3, keepdims=True) / points.shape[3]
        x, y = points[:, 0], points[:, 1]
        xx, yy, xy = np.vecdot(x, x), np.vecdot(y, y), np.vecdot(x, y)
        half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        squared = np.maximum(half - root, 0.0) / np.maximum(half + root, 1e-300)
        out[views] = np.sqrt(np.minimum(*squared))
    return out
