"""Radial distortion before anything else is known: one coefficient for all views, from straightness alone.

A homography maps straight lines to straight lines, so what it cannot explain in a view of a flat board is distortion.
The division model p -> p / (1 + b |p|^2) straightens points about the middle of the image without knowing the focal
length: A. Fitzgibbon, "Simultaneous linear estimation of multiple view geometry and lens distortion", CVPR 2001.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.reprojection import Corners
from calib.camera.start.homography import misfits, normalise, powers

if TYPE_CHECKING:
    from calib.camera.lens import Lens

MOST_VIEWS = 5  # that are used; each gives an estimate, and their median is taken
STEP = 0.2
TRIED = STEP * np.arange(-3, 2)  # bends, in units where the image is 1 wide: strong barrels to pincushions
FURTHEST = 0.7  # to which b |p|^2 may bend the furthest corner
# The field on which a lens is matched: points of the unit disc, evenly around it.
RADIUS = np.repeat(np.arange(1, 9) / 8, 6)
DIRECTION = np.tile([np.cos(np.arange(6) * np.pi / 3), np.sin(np.arange(6) * np.pi / 3)], 8)


@dataclass(frozen=True, eq=False)
class Division:
    """The division model of radial distortion."""

    bend: float
    """Its one coefficient, for scaled pixels."""
    middle: Array
    """(2,) centre of distortion, pixels."""
    size: float
    """Pixels that count as one."""

    @classmethod
    def estimate(cls, corners: Corners, middle: Array, size: float) -> Division:
        """The bend that leaves homographies the least residual: the weighted median over the views.

        In every view the squared residual is a parabola of the bend, near enough, and the three values about the
        least give its lowest point; its curvature is the weight. A view that is no view of the board
        does not move the median.
        """
        few = some_views(corners)
        furthest = float(np.max(np.sum((few.px - middle[:, None]) ** 2, axis=0))) / size**2
        lowest = -FURTHEST / max(furthest, 1e-300)
        model = cls(0.0, middle, size)
        tried = np.maximum(TRIED, lowest)
        left = np.concatenate(
            [model._residuals(tried, *own) for _, own in few.batches(few.in_board[:2], few.px)], axis=1
        )
        least = np.clip(np.argmin(left, axis=0), 1, len(tried) - 2)
        below, here, above = (left[least + i, np.arange(left.shape[1])] for i in (-1, 0, 1))
        curvature = np.maximum(below - 2 * here + above, 0.0)
        lowest_points = tried[least] - STEP * (above - below) / (2 * np.where(curvature > 0, curvature, 1.0))
        return cls(max(_weighted_median(lowest_points, curvature), lowest), middle, size)

    def _residuals(self, bends: Array, plane: Array, seen: Array) -> Array:
        """Squared residuals (bends, views) that homographies leave with other bends, of points (2, views, n)."""
        image = self.straighten(seen[:, None], bends[:, None, None])
        return misfits(powers(normalise(plane)[0]), normalise(image)[0])

    def straighten(self, px: Array, bends: Array | None = None) -> Array:
        """Pixels (2, ...) where a lens without distortion would have them; with other bends (...), if given."""
        middle = self.middle.reshape(2, *(1 for _ in px.shape[1:]))
        centred = px - middle
        bend = (self.bend if bends is None else bends) / self.size**2
        return np.asarray(centred / (1.0 + bend * (centred[0] ** 2 + centred[1] ** 2)) + middle)

    def coefficients(self, lens: Lens, held: frozenset[str], matrix: Array, px: Array) -> Array:
        """The lens' coefficients that bend alike over the area of the pixels (2, n), by linear least squares."""
        focal = float(np.sqrt(matrix[0, 0] * matrix[1, 1]))
        furthest = float(np.sqrt(np.max(np.sum((px - self.middle[:, None]) ** 2, axis=0)))) / focal
        radius = furthest * RADIUS
        seen = radius * DIRECTION
        straight = np.ones((3, len(radius)))
        np.divide(seen, 1.0 + self.bend * (focal / self.size * radius) ** 2, out=straight[:2])
        out = np.zeros(len(lens.coefficients))
        free = [i for i, label in enumerate(lens.coefficients) if label not in held]
        by_k = lens.distort(out, straight).by_k[free].reshape(len(free), -1)
        out[free] = np.linalg.lstsq(by_k.T, (seen - straight[:2]).ravel(), rcond=None)[0]
        return out


def some_views(corners: Corners) -> Corners:
    """At most `MOST_VIEWS` of them, spread evenly."""
    count = len(corners.counts)
    if count <= MOST_VIEWS:
        return corners
    chosen = np.linspace(0, count - 1, MOST_VIEWS).astype(np.intp)
    counts = corners.counts[chosen]
    rows = [slice(a, a + n) for a, n in zip(corners.starts[chosen].tolist(), counts.tolist(), strict=True)]
    px, in_board = (np.concatenate([array[:, own] for own in rows], axis=1) for array in (corners.px, corners.in_board))
    return Corners(px, in_board, np.repeat(np.arange(MOST_VIEWS), counts), counts)


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, 0.5 * sums[-1])]) if sums[-1] > 0 else 0.0
