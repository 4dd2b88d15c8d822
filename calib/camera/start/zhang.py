"""The closed-form start: intrinsics from the image of the absolute conic, and poses, by way of homographies.

Z. Zhang, "A flexible new technique for camera calibration", PAMI 22, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.reprojection import PosedLens
from calib.camera.start.division_model import Division, some_views
from calib.camera.start.homography import Homographies, homographies
from calib.camera.start.resection import intrinsics_of_solid, is_solid, poses_of_solid
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calib.camera.adjustment.image_frame import ImageFrame
    from calib.camera.adjustment.reprojection import Corners
    from calib.camera.lens import Lens

# A lens whose start needs no search over focal lengths: Zhang's solution with the principal point within this share
# of the seen area around its middle, and with an aspect ratio within these bounds.
CENTRAL_SHARE = 0.35
ASPECT = (0.7, 1.4)
FEW_VIEWS = 8
SQUARE_WITHIN = 2.0  # square pixels may raise the misfit of the conic's equations by this factor
GRAZING = 0.05  # least cosine between the optical axis and a ray that a homography can take, 87 degrees


def intrinsics(matrices: Array, middle: Array, size: float) -> Array | None:
    """The pinhole matrix (3, 3) without skew from homographies (views, 3, 3); None if they do not give one.

    middle: (2,) of the seen area, size: its extent, both only to condition the equations h1' B h2 = 0 and
    h1' B h1 = h2' B h2 in the image B of the absolute conic (Zhang 2000, eqs. 3-4 and appendix B).
    """
    if len(matrices) < 2:
        return None
    h = _condition(matrices, middle, size)
    rows = np.concatenate([_conic_row(h, 0, 1), _conic_row(h, 0, 0) - _conic_row(h, 1, 1)])
    if len(rows) > 5:
        rows = np.asarray(np.linalg.qr(rows, mode="r"))
    _, misfit, conics = np.linalg.svd(rows)
    found = _focal_and_centre(conics[-1])
    if len(matrices) <= FEW_VIEWS:
        # noise and distortion fall on the aspect ratio; one focal length bears them better, where it is allowed
        _, square_misfit, square = np.linalg.svd(np.stack([rows[:, 0] + rows[:, 1], *rows.T[2:]], axis=1))
        if len(misfit) == 5 and square_misfit[-1] <= SQUARE_WITHIN * misfit[-1]:
            found = _focal_and_centre(square[-1][[0, 0, 1, 2, 3]]) or found
    if found is None:
        return None
    fx, fy, cx, cy = found
    if not (max(abs(cx), abs(cy)) <= CENTRAL_SHARE and ASPECT[0] <= fx / fy <= ASPECT[1]):
        return None
    centre = cx * size + middle[0], cy * size + middle[1]
    return np.array([[fx * size, 0, centre[0]], [0, fy * size, centre[1]], [0, 0, 1.0]])


def _focal_and_centre(conic: Array) -> tuple[float, float, float, float] | None:
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
    h = _condition(matrices, middle, size)
    a = np.concatenate([h[:, 0, 0] * h[:, 0, 1] + h[:, 1, 0] * h[:, 1, 1], _square_gap(h[:, :2])])
    b = np.concatenate([h[:, 2, 0] * h[:, 2, 1], h[:, 2, 0] ** 2 - h[:, 2, 1] ** 2])
    inverse = -np.sum(a * b) / max(float(np.sum(a * a)), 1e-300)
    return size / float(np.sqrt(inverse)) if inverse > 0 else None


def poses(matrices: Array) -> Array:
    """camera_from_board (views, 4, 4) from homographies (views, 3, 3) of normalised image points.

    The first two columns are made orthonormal symmetrically, which is nearest in their plane. NaN for a view whose
    points all lie outside the lens' field.
    """
    norms = np.sqrt(np.einsum("vij,vij->vj", matrices[:, :, :2], matrices[:, :, :2]))
    with np.errstate(invalid="ignore"):
        a, b = (matrices[:, :, i] / norms[:, i, None] for i in (0, 1))
    plus, minus = a + b, a - b
    plus /= np.sqrt(np.vecdot(plus, plus))[:, None]
    minus /= np.maximum(np.sqrt(np.vecdot(minus, minus)), 1e-300)[:, None]
    r1, r2 = (plus + minus) / np.sqrt(2.0), (plus - minus) / np.sqrt(2.0)
    r3 = r1[:, [1, 2, 0]] * r2[:, [2, 0, 1]] - r1[:, [2, 0, 1]] * r2[:, [1, 2, 0]]
    rotation = np.stack([r1, r2, r3], axis=2)
    translation = matrices[:, :, 2] / np.mean(norms, axis=1, keepdims=True)
    return se3.compose(rotation, translation)


@dataclass(frozen=True, eq=False)
class CameraStart(PosedLens):
    """Where the solve begins."""

    homographies: Homographies
    """Those the poses came from, of pixels, or of the rays of a pinhole turned to each view's board."""


def start(lens: Lens, held: frozenset[str], corners: Corners, frame: ImageFrame) -> CameraStart:
    """Closed-form start of the lens and the poses.

    Zhang's solution from corners freed of their radial distortion where it is sound; else the best of a range of focal
    lengths, by the median reprojection error of their poses.
    """
    middle, size = frame.centre_px, frame.larger_px
    if is_solid(corners):
        return start_at(lens, corners, lens.start(intrinsics_of_solid(corners)))[1]
    if lens.perspective:
        bend = Division.estimate(corners, middle, size) if lens.radial in set(lens.labels) - held else None
        found = homographies(corners, None if bend is None else bend.straighten(corners.px))
        matrix = intrinsics(found.matrices, middle, size)
        if matrix is not None:
            bent = None if bend is None else bend.coefficients(lens, held, matrix, corners.px)
            return CameraStart(lens.start(matrix, bent), poses(np.linalg.inv(matrix) @ found.matrices), found)
    few = some_views(corners)
    found = homographies(few)
    focals = [size * ratio for ratio in (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0)]
    single = focal_only(found.matrices, middle, size)
    if single is not None and 0.2 < single / size < 20:
        focals.append(single)
    trials = [start_at(lens, few, lens.start(pinhole(f, middle))) for f in focals]
    best = min(trials, key=lambda trial: trial[0])[1]
    return best if few is corners else start_at(lens, corners, best.parameters)[1]


def with_fixed(
    lens: Lens, fixed: Mapping[str, float | None], start: CameraStart, corners: Corners, frame: ImageFrame
) -> CameraStart:
    """The start with the fixed parameters at their values; None: in the middle of the image, or 0."""
    middle = lens.start(pinhole(1.0, frame.centre_px))
    parameters = start.parameters.copy()
    for label, value in fixed.items():
        at = lens.labels.index(label)
        parameters[at] = middle[at] if value is None else value
    if np.array_equal(parameters, start.parameters):
        return start
    return start_at(lens, corners, parameters)[1]


def start_at(lens: Lens, corners: Corners, parameters: Array) -> tuple[float, CameraStart]:
    """Median reprojection error, pixels, and poses with the lens given: its parameters (p,).

    Each view's homography is that of a pinhole turned towards the board, so that a board at the edge of a fisheye's
    field, where x/z explodes, is as well conditioned as one in the middle.
    """
    rays = lens.unproject(parameters, corners.px.T)
    rays = np.where(np.isfinite(rays), rays, 0.0)  # a stray corner outside the lens' field must not affect the rest
    mean = np.add.reduceat(rays, corners.starts)
    camera_from_turned = so3.turning_z_to(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-300))
    turned = np.einsum("nji,nj->ni", camera_from_turned[corners.view], rays)
    on_plane = (turned[:, :2] / np.maximum(turned[:, 2:], GRAZING)).T
    if is_solid(corners):
        turned_from_board, found = poses_of_solid(corners, on_plane)
    else:
        found = homographies(corners, on_plane)
        turned_from_board = poses(found.matrices)
    camera_from_board = se3.compose(camera_from_turned, np.zeros((len(mean), 3))) @ turned_from_board
    points = se3.apply(camera_from_board[corners.view], corners.in_board.T)
    with np.errstate(all="ignore"):
        error = np.linalg.norm(lens.project(parameters, points) - corners.px.T, axis=1)
    median = float(np.median(np.where(np.isfinite(error), error, np.inf)))
    return median, CameraStart(parameters, camera_from_board, found)


def _condition(matrices: Array, middle: Array, size: float) -> Array:
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


def pinhole(focal: float, centre: Array) -> Array:
    """The matrix (3, 3) of one focal length and a principal point (2,)."""
    return np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1.0]])
