"""Single corners far from where the rest of their view puts them: found before a start is spoiled by them.

One corner of fifty that is off by half the image turns the homography of its view, and where nearly every view has one
no median over views helps. The homography of least median of squares bears it: the best of many, each through four
corners of the view drawn at random (P. J. Rousseeuw, "Least median of squares regression", J. Am. Stat. Assoc. 79,
1984).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.camera.adjustment.image_frame import ImageFrame
from calib.camera.start.division_model import Division
from calib.camera.start.homography import normalise

if TYPE_CHECKING:
    from calib.camera.adjustment.reprojection import Corners

# Of four corners drawn from a view a quarter of which is wrong, all are right in .32 of draws: in one of so many but
# for once in 1e20, and among many right ones some lie far apart, which a bent image needs.
DRAWS, SEED = 120, 0
BENT = (-0.8, -0.6, -0.4, -0.2, 0.0, 0.1)  # b |p|^2 of corners far out, for fisheyes to pincushions
FEWEST_CORNERS = 8  # of a view, so that four that were not drawn can outvote one
MOST_STRAY = 0.25  # share of a view's corners beyond which the view is wrong, not some corners
STRAY_SIGMAS = 6.0  # as outliers after the solve
# Of the board's spread in the image. A lens bends the edge of a board by less, and one of some fifty corners that is
# less far off leaves its view plausible.
STRAY_SHARE = 0.2
RAYLEIGH_MEDIAN = 1.17741  # median length of a 2-D Gaussian of unit standard deviation


def stray_corners(corners: Corners, suspects: Mask) -> Mask:
    """Which corners (rows,) are far from the perspective of most of their view, in views (views,) suspected.

    The perspective of a plane, straightened by the division model about the middle of all corners: by none of its
    bends, or by one that suits a strong lens. Too many in one view are none: then it is the view that is wrong.
    """
    found = np.zeros(corners.px.shape[1], bool)
    rng = np.random.default_rng(SEED)
    frame = ImageFrame.of_corners(np.quantile(corners.px, (0.01, 0.99), axis=1).T)  # whatever is far out
    squares = np.sum((corners.px - frame.centre_px[:, None]) ** 2, axis=0) / frame.larger_px**2
    bends = np.array(BENT) / max(float(np.quantile(squares, 0.95)), 1e-300)
    model = Division(0.0, frame.centre_px, frame.larger_px)
    for view in np.flatnonzero(suspects & (corners.counts >= FEWEST_CORNERS)).tolist():
        rows = slice(corners.starts[view], corners.starts[view] + corners.counts[view])
        straight = model.straighten(corners.px[:, None, rows], bends[:, None])
        off = _off_perspective(corners.in_board[:2, rows], straight.transpose(1, 0, 2), rng)
        found[rows] = off & (off.mean() <= MOST_STRAY)
    return found


def _off_perspective(plane: Array, images: Array, rng: np.random.Generator) -> Mask:
    """Which points of images (tried, 2, n) are not where a homography maps those (2, n) of the plane: that of least
    median residual, in whichever of the images that is least in units of the spread of its points."""
    board = _homogeneous(normalise(plane)[0])
    drawn = np.argpartition(rng.random((DRAWS, len(board))), 4, axis=1)[:, :4]
    tried = [_least_median(board, _homogeneous(normalise(image)[0]), drawn) for image in images]
    residuals = min(tried, key=lambda residuals: float(np.median(residuals)))
    noise = float(np.median(residuals)) / RAYLEIGH_MEDIAN
    return np.asarray(residuals > max(STRAY_SHARE, STRAY_SIGMAS * noise))


def _least_median(board: Array, seen: Array, drawn: Index) -> Array:
    """Residuals (n,) of the homography of least median residual through four of the points drawn (s, 4), in units of
    the median distance of those seen from their middle, which stray ones do not move."""
    with np.errstate(all="ignore"):  # draws with three corners on a line map to nowhere
        mapped = np.einsum("sij,nj->sni", _through(board, seen, drawn), board)
        mapped = mapped[:, :, :2] / mapped[:, :, 2:]
        squares = np.sum((mapped - seen[:, :2]) ** 2, axis=2)
    squares /= np.median(np.sum((seen - np.median(seen, axis=0)) ** 2, axis=1))
    squares = np.where(np.isfinite(squares), squares, np.inf)
    return np.asarray(np.sqrt(squares[np.argmin(np.median(squares, axis=1))]))


def _through(board: Array, seen: Array, drawn: Index) -> Array:
    """Homographies (s, 3, 3) that map four homogeneous points (n, 3) each, drawn (s, 4), onto those seen.

    In the basis of three points the fourth has the coordinates lambda; the map scales each by the ratio of both
    (R. Hartley, A. Zisserman, "Multiple View Geometry", 2003, sec. 4.1).
    """
    inverse, on_board = _in_basis(board[drawn])
    _, in_image = _in_basis(seen[drawn])
    basis = seen[drawn[:, :3]].transpose(0, 2, 1)
    return np.asarray((basis * (in_image / on_board)[:, None, :]) @ inverse)


def _in_basis(points: Array) -> tuple[Array, Array]:
    """Of four points (s, 4, 3): the adjugate (s, 3, 3) of the matrix of the first three, the fourth (s, 3) by it."""
    a, b, c, d = points.transpose(1, 0, 2)
    adjugate = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    return adjugate, np.asarray(np.einsum("sij,sj->si", adjugate, d))


def _homogeneous(points: Array) -> Array:
    """(n, 3) of points (2, n)."""
    return np.column_stack([points.T, np.ones(points.shape[1])])
