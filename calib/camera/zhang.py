"""The closed-form start: homographies, intrinsics from the image of the absolute conic, poses.

Z. Zhang, "A flexible new technique for camera calibration", PAMI 22, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.camera.lens import Array, Lens
    from calib.camera.projection import Corners

# A lens whose start needs no search over focal lengths: Zhang's solution with the principal point within this share
# of the seen area around its middle, and with an aspect ratio within these bounds.
CENTRAL_SHARE = 0.35
ASPECT = (0.7, 1.4)
SQUARE_WITHIN = 2.0  # square pixels may raise the misfit of the conic's equations by this factor
GRAZING = 0.05  # least cosine between the optical axis and a ray that a homography can take, 87 degrees


@dataclass(frozen=True)
class Homographies:
    """One homography per view. matrices: (views, 3, 3), image_from_plane. rms: (views,) transfer residual in the units
    of the image points, pixels as a rule. spread: (views,) rms distance of the view's points from their mean."""

    matrices: Array
    rms: Array
    spread: Array


def homographies(corners: Corners, image: Array | None = None) -> Homographies:
    """Planar homographies of every view by the normalised direct linear transform.

    image: (2, rows) image points to use instead of the corners' pixels. The board's Z is ignored.
    The two rows that are linear in the last one are eliminated from their 3 x 3 moment matrices (M. Harker, P.
    O'Leary, "Computation of homographies", BMVC 2005), so that one pass over the corners serves all views.
    """
    points = corners.px if image is None else image
    count = len(corners.counts)
    matrices, rms, spread = np.empty((count, 3, 3)), np.empty(count), np.empty(count)
    for views, rows in corners.batches():
        batch = _transform_directly(corners.in_board[:2, rows], points[:, rows])
        matrices[views], rms[views], spread[views] = batch
    return Homographies(matrices, rms, spread)


def _transform_directly(plane: Array, seen: Array) -> tuple[Array, Array, Array]:
    """Homographies (views, 3, 3), their rms residual and the rms spread of the points, of points (2, views, n)."""
    (X, Y), plane_scale, plane_mean = _normalised(plane)
    (x, y), seen_scale, seen_mean = _normalised(seen)
    ones = np.ones_like(X)
    rr = x * x + y * y
    monomials = np.stack([X * X, X * Y, X, Y * Y, Y, ones], axis=1)
    sums = monomials @ np.stack([ones, x, y, rr], axis=2)
    moments = sums[:, [0, 1, 2, 1, 3, 4, 2, 4, 5], :].reshape(-1, 3, 3, 4)
    plain, by_x, by_y, by_rr = np.moveaxis(moments, 3, 0)
    solved = np.linalg.solve(plain, np.concatenate([by_x, by_y], axis=2))
    first, second = solved[:, :, :3], solved[:, :, 3:]
    third = np.linalg.eigh(by_rr - by_x @ first - by_y @ second)[1][:, :, 0]
    h = np.stack([_apply(first, third), _apply(second, third), third], axis=1)
    depth = third[:, :1] * X + third[:, 1:2] * Y + third[:, 2:]
    facing = np.where(depth.mean(axis=1) < 0, -1.0, 1.0)  # the sign that puts the board in front of the camera
    h *= facing[:, None, None]
    # the residual, in normalised units first
    with np.errstate(all="ignore"):
        inverse = facing[:, None] / depth
        dx = (h[:, 0, 0, None] * X + h[:, 0, 1, None] * Y + h[:, 0, 2, None]) * inverse - x
        dy = (h[:, 1, 0, None] * X + h[:, 1, 1, None] * Y + h[:, 1, 2, None]) * inverse - y
        rms = np.sqrt(np.mean(dx * dx + dy * dy, axis=1)) / seen_scale
    h = _denormaliser(seen_scale, seen_mean) @ h @ _normaliser(plane_scale, plane_mean)
    return h, rms, np.sqrt(2.0) / seen_scale


def intrinsics(matrices: Array, middle: Array, size: float) -> Array | None:
    """The pinhole matrix (3, 3) without skew from homographies (views, 3, 3); None if they do not give one.

    middle: (2,) of the seen area, size: its extent, both only to condition the equations h1' B h2 = 0 and
    h1' B h1 = h2' B h2 in the image B of the absolute conic (Zhang 2000, eqs. 3-4 and appendix B).
    """
    if len(matrices) < 2:
        return None
    h = _conditioned(matrices, middle, size)
    rows = np.concatenate([_conic_row(h, 0, 1), _conic_row(h, 0, 0) - _conic_row(h, 1, 1)])
    if len(rows) > 5:
        rows = np.asarray(np.linalg.qr(rows, mode="r"))
    _, misfit, conics = np.linalg.svd(rows)
    found = _pinhole_of_conic(conics[-1])
    # With few views noise and distortion fall on the aspect ratio; one focal length bears them better, where the
    # equations allow it as well.
    _, square_misfit, square = np.linalg.svd(np.stack([rows[:, 0] + rows[:, 1], *rows.T[2:]], axis=1))
    if len(misfit) == 5 and square_misfit[-1] <= SQUARE_WITHIN * misfit[-1]:
        found = _pinhole_of_conic(square[-1][[0, 0, 1, 2, 3]]) or found
    if found is None:
        return None
    fx, fy, cx, cy = found
    if not (max(abs(cx), abs(cy)) <= CENTRAL_SHARE and ASPECT[0] <= fx / fy <= ASPECT[1]):
        return None
    return _pinhole(fx * size, fy * size, cx * size + middle[0], cy * size + middle[1])


def _pinhole_of_conic(conic: Array) -> tuple[float, float, float, float] | None:
    """fx, fy, cx, cy of the conic's B11, B22, B13, B23, B33; None if it is not the image of the absolute conic."""
    b11, b22, b13, b23, b33 = conic if conic[0] > 0 else -conic
    if b11 <= 0 or b22 <= 0:
        return None
    scale = b33 - b13**2 / b11 - b23**2 / b22
    if scale <= 0:
        return None
    return float(np.sqrt(scale / b11)), float(np.sqrt(scale / b22)), float(-b13 / b11), float(-b23 / b22)


def focal_only(matrices: Array, middle: Array, size: float) -> float | None:
    """One focal length with the principal point in the middle, from the same equations; None if they give none."""
    h = _conditioned(matrices, middle, size)
    a = np.concatenate([h[:, 0, 0] * h[:, 0, 1] + h[:, 1, 0] * h[:, 1, 1], _square_gap(h[:, :2])])
    b = np.concatenate([h[:, 2, 0] * h[:, 2, 1], h[:, 2, 0] ** 2 - h[:, 2, 1] ** 2])
    inverse = -np.sum(a * b) / max(float(np.sum(a * a)), 1e-300)
    return size / float(np.sqrt(inverse)) if inverse > 0 else None


def poses(matrices: Array) -> Array:
    """camera_from_board (views, 4, 4) from homographies (views, 3, 3) of normalised image points.

    The first two columns are made orthonormal symmetrically, which is nearest in their plane.
    """
    norms = np.linalg.norm(matrices[:, :, :2], axis=1)
    a, b = (matrices[:, :, i] / norms[:, i, None] for i in (0, 1))
    plus, minus = a + b, a - b
    plus /= np.linalg.norm(plus, axis=1, keepdims=True)
    minus /= np.maximum(np.linalg.norm(minus, axis=1, keepdims=True), 1e-300)
    r1, r2 = (plus + minus) / np.sqrt(2.0), (plus - minus) / np.sqrt(2.0)
    rotation = np.stack([r1, r2, np.cross(r1, r2)], axis=2)
    translation = matrices[:, :, 2] / np.mean(norms, axis=1, keepdims=True)
    return se3.compose(rotation, translation)


@dataclass(frozen=True)
class Start:
    """Where the solve begins: lens parameters and camera_from_board (views, 4, 4).

    homographies: those the poses came from, of pixels, or of the rays of a pinhole turned to each view's board.
    """

    parameters: Array
    camera_from_board: Array
    homographies: Homographies


def start(lens: Lens, corners: Corners, extent: tuple[float, float, float, float]) -> Start:
    """Closed-form start of the lens and the poses.

    extent: x and y of the middle of the image, its width and height, pixels. Zhang's solution where it is sound; else
    the best of a range of focal lengths, by the median reprojection error of their poses.
    """
    middle, size = np.array(extent[:2]), max(extent[2:])
    found = homographies(corners)
    if lens.widest_deg < 90:
        matrix = intrinsics(found.matrices, middle, size)
        if matrix is not None:
            return Start(lens.start(matrix), poses(np.linalg.inv(matrix) @ found.matrices), found)
    focals = [size * ratio for ratio in (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0)]
    single = focal_only(found.matrices, middle, size)
    if single is not None and 0.2 < single / size < 20:
        focals.append(single)
    trials = [_start_at(lens, corners, lens.start(_pinhole(f, f, middle[0], middle[1]))) for f in focals]
    return min(trials, key=lambda trial: trial[0])[1]


def _start_at(lens: Lens, corners: Corners, parameters: Array) -> tuple[float, Start]:
    """Median reprojection error and poses with the lens given.

    Each view's homography is that of a pinhole turned towards the board, so that a board at the edge of a fisheye's
    field, where x/z explodes, is as well conditioned as one in the middle.
    """
    rays = lens.unproject(parameters, corners.px.T)
    rays = np.where(np.isfinite(rays), rays, 0.0)  # a stray corner outside the lens' field must not spoil the rest
    mean = np.add.reduceat(rays, corners.starts)
    camera_from_turned = so3.turning_z_to(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-300))
    turned = np.einsum("nji,nj->ni", camera_from_turned[corners.view], rays)
    found = homographies(corners, (turned[:, :2] / np.maximum(turned[:, 2:], GRAZING)).T)
    turn = se3.compose(camera_from_turned, np.zeros((len(mean), 3)))
    camera_from_board = turn @ poses(found.matrices)
    points = se3.apply(camera_from_board[corners.view], corners.in_board.T)
    with np.errstate(all="ignore"):
        error = np.linalg.norm(lens.project(parameters, points) - corners.px.T, axis=1)
    median = float(np.median(np.where(np.isfinite(error), error, np.inf)))
    return median, Start(parameters, camera_from_board, found)


def _normalised(points: Array) -> tuple[Array, Array, Array]:
    """Points (2, views, n) centred and scaled to an rms distance of sqrt 2 (Hartley 1997); scale, mean (2, views)."""
    mean = points.mean(axis=2)
    centred = points - mean[:, :, None]
    squared = np.mean(centred[0] ** 2 + centred[1] ** 2, axis=1)
    scale = np.sqrt(2.0 / np.maximum(squared, 1e-300))
    return centred * scale[:, None], scale, mean


def _normaliser(scale: Array, mean: Array) -> Array:
    out = np.zeros((len(scale), 3, 3))
    out[:, 0, 0] = out[:, 1, 1] = scale
    out[:, 0, 2], out[:, 1, 2] = -scale * mean[0], -scale * mean[1]
    out[:, 2, 2] = 1.0
    return out


def _denormaliser(scale: Array, mean: Array) -> Array:
    out = np.zeros((len(scale), 3, 3))
    out[:, 0, 0] = out[:, 1, 1] = 1.0 / scale
    out[:, 0, 2], out[:, 1, 2] = mean
    out[:, 2, 2] = 1.0
    return out


def _apply(matrices: Array, vectors: Array) -> Array:
    return np.asarray(np.einsum("nij,nj->ni", matrices, vectors))


def _conditioned(matrices: Array, middle: Array, size: float) -> Array:
    """Homographies into image coordinates centred and scaled to about one, columns of about unit length."""
    to_unit = np.array([[1 / size, 0, -middle[0] / size], [0, 1 / size, -middle[1] / size], [0, 0, 1]])
    h = to_unit @ matrices
    return np.asarray(h / np.sqrt(np.sum(h[:, :, :2] ** 2, axis=(1, 2)))[:, None, None])


def _conic_row(h: Array, i: int, j: int) -> Array:
    """Coefficients of (B11, B22, B13, B23, B33) in h_i' B h_j, skew 0."""
    p, q = h[:, :, i], h[:, :, j]
    return np.stack(
        [
            p[:, 0] * q[:, 0],
            p[:, 1] * q[:, 1],
            p[:, 0] * q[:, 2] + p[:, 2] * q[:, 0],
            p[:, 1] * q[:, 2] + p[:, 2] * q[:, 1],
            p[:, 2] * q[:, 2],
        ],
        axis=1,
    )


def _square_gap(h: Array) -> Array:
    return np.asarray(np.sum(h[:, :, 0] ** 2 - h[:, :, 1] ** 2, axis=1))


def _pinhole(fx: float, fy: float, cx: float, cy: float) -> Array:
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
