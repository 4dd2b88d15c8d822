"""Which views can carry a pose at all, before anything is estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.observations import Observations, SetAside, View
from calib.camera.projection import Corners, corners_of
from calib.errors import InputError

if TYPE_CHECKING:
    from calib.camera.lens import Array

FEWEST_CORNERS = 4  # of a plane, for its pose
FAR_ORIGIN = 2.0  # distance of the board's origin from its middle, in diagonals of the board
NARROWEST = 1e-3  # ratio of a view's second to first principal spread below which its corners lie on a line


def pivot_in_board(observations: Observations) -> Array:
    """The point (3,) of the board frame that the solve turns boards about, after a check of every view.

    The board's own origin, as a rule; the middle of the corners where that origin is far from them: about a far point,
    turning and shifting look the same. (About the middle of an ordinary board the solve takes a third more steps.)
    """
    for view in observations.views:
        _check_whole(view)
    points = [view.corners_in_board for view in observations.views if len(view.corners_in_board)]
    if not points:
        return np.zeros(3)
    low, high = np.min([p.min(axis=0) for p in points], axis=0), np.max([p.max(axis=0) for p in points], axis=0)
    middle = (low + high) / 2
    return middle if np.linalg.norm(middle) > FAR_ORIGIN * np.linalg.norm(high - low) else np.zeros(3)


def usable(observations: Observations, origin: Array) -> tuple[list[View], Corners, list[SetAside]]:
    """Views that can carry a pose: four corners, not on a line."""
    aside = list(observations.set_aside)
    views = [view for view in observations.views if len(view.corners_px) >= FEWEST_CORNERS]
    few = [view for view in observations.views if len(view.corners_px) < FEWEST_CORNERS]
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


def _breadth(corners: Corners, points: Array) -> Array:
    """Ratio (views,) of the second to the first principal spread of each view's points (2, rows)."""
    out = np.empty(len(corners.counts))
    for views, rows in corners.batches():
        x, y = points[:, rows] - points[:, rows].mean(axis=2, keepdims=True)
        xx, yy, xy = np.sum(x * x, axis=1), np.sum(y * y, axis=1), np.sum(x * y, axis=1)
        half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        out[views] = np.sqrt(np.maximum(half - root, 0.0) / np.maximum(half + root, 1e-300))
    return out
