"""A target that is not flat: every view of it determines a camera matrix by itself.

The direct linear transform (Y. I. Abdel-Aziz, H. M. Karara, "Direct linear transformation from comparator coordinates
into object space coordinates", 1971): eleven parameters from six points and more, split into intrinsics and a pose by
an RQ decomposition (R. Hartley, A. Zisserman, "Multiple View Geometry", 2003, sec. 6.2.4 and 7.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import rq

from calib.arrays import Array
from calib.camera.start.homography import Homographies
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.adjustment.reprojection import Corners

FEWEST_POINTS = 6
THINNEST = 0.05  # third principal spread of a target, relative to the first, from which a view counts as not flat


def is_solid(corners: Corners) -> bool:
    """Whether every view shows so much of a target that is not flat that it determines a camera matrix."""
    if not corners.in_board[2].any() or (corners.counts < FEWEST_POINTS).any():
        return False
    for _, (points,) in corners.batches(corners.in_board):
        spread = points - points.mean(axis=2, keepdims=True)
        size = np.linalg.svd(spread.transpose(1, 0, 2), compute_uv=False)
        if (size[:, 2] < THINNEST * size[:, 0]).any():
            return False
    return True


def intrinsics_of_solid(corners: Corners) -> Array:
    """The pinhole matrix (3, 3), without skew: the median of the views'."""
    found = []
    for projection in _projections(corners, corners.px)[0]:
        upper, _ = rq(projection[:, :3])
        upper = upper * np.sign(np.diagonal(upper))
        found.append(upper / upper[2, 2])
    matrix: Array = np.median(found, axis=0)
    matrix[0, 1] = 0.0
    return matrix


def poses_of_solid(corners: Corners, on_plane: Array) -> tuple[Array, Homographies]:
    """camera_from_board (views, 4, 4) of corners seen at on_plane (2, rows), x/z and y/z, and the homographies of the
    target's plane Z = 0."""
    projections, rms, spread = _projections(corners, on_plane)
    left, size, right = np.linalg.svd(projections[:, :, :3])
    poses = se3.compose(left @ right, projections[:, :, 3] / size.mean(axis=1)[:, None])
    return poses, Homographies(projections[:, :, [0, 1, 3]], rms, spread)


def _projections(corners: Corners, image: Array) -> tuple[Array, Array, Array]:
    """Per view the matrix (3, 4) from homogeneous board points to image points (2, rows), its determinant above 0; the
    rms residual and the rms spread of its points."""
    matrices, rms, spread = [], [], []
    for begin, count in zip(corners.starts.tolist(), corners.counts.tolist(), strict=True):
        rows = slice(begin, begin + count)
        points, to_unit = _normalise(corners.in_board[:, rows])
        seen, to_unit_image = _normalise(image[:, rows])
        nothing = np.zeros_like(points)
        by_x = np.concatenate([points, nothing, -seen[0] * points])
        by_y = np.concatenate([nothing, points, -seen[1] * points])
        unit = np.linalg.svd(np.concatenate([by_x, by_y], axis=1).T)[2][-1].reshape(3, 4)
        matrix = np.linalg.solve(to_unit_image, unit @ to_unit)
        matrix = matrix * np.sign(np.linalg.det(matrix[:, :3]))
        projected = matrix @ np.concatenate([corners.in_board[:, rows], np.ones((1, count))])
        off = projected[:2] / projected[2] - image[:, rows]
        matrices.append(matrix)
        rms.append(np.sqrt(np.mean(np.sum(off**2, axis=0))))
        spread.append(np.sqrt(np.sum(np.var(image[:, rows], axis=1))))
    return np.array(matrices), np.array(rms), np.array(spread)


def _normalise(points: Array) -> tuple[Array, Array]:
    """Homogeneous points (d + 1, n) about their mean and of unit spread per axis, and the matrix that makes them so."""
    size, mean = len(points), points.mean(axis=1)
    scale = 1.0 / max(float(np.sqrt(np.mean((points - mean[:, None]) ** 2))), 1e-300)
    matrix = np.diag([*[scale] * size, 1.0])
    matrix[:size, size] = -scale * mean
    return np.asarray(matrix @ np.concatenate([points, np.ones((1, points.shape[1]))])), matrix
