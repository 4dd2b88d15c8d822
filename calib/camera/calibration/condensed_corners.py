"""The information of an image's corners on board pose and lens, condensed without loss into few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.reprojection import LENS_BLOCK, POSE_BLOCK, corners_of, reprojection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.calibration.locate_boards import LocatedBoards


@dataclass(frozen=True, eq=False)
class CondensedCorners:
    """The reprojection errors of n images, reduced to 6 numbers of pose and lens, then k of the lens alone.

    All in pixels over the corners' own standard deviation.
    """

    residuals: Array
    """(n, 6 + k) at the current board poses and lens."""
    by_pose: Array
    """(n, 6, 6) of the first six, by the right tangent of camera_from_board."""
    by_lens: Array
    """(n, 6 + k, k)."""


def condense_corners(seen: LocatedBoards, lens: Sequence[str] = ()) -> CondensedCorners:
    """Condense the errors of images to those of board poses and of k parameters of the lens, given by their labels.

    An orthogonal map that makes an image's Jacobian [pose, lens] triangular keeps sums of squares, so nothing is lost
    of the errors but what neither pose nor lens can change, and the noise is as large and as independent as it was
    (G. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
    separate", SIAM J. Numer. Anal. 10, 1973). What the pose can compensate is in the first six numbers, and the rest
    depends on the lens alone, whatever the pose of the board.
    """
    camera, corners = seen.camera, corners_of(seen.views)
    block, everything = reprojection(camera.lens, corners), slice(0, corners.px.shape[1])
    at = {LENS_BLOCK: camera.parameters[None], POSE_BLOCK: seen.camera_from_board}
    errors, (by_lens, by_pose) = block.evaluate(at, everything)
    requested = [camera.lens.labels.index(label) for label in lens]
    k = len(requested)
    whole = np.concatenate([by_pose, by_lens[:, :, requested], errors[:, :, None]], axis=2)  # (rows, 2, 7 + k)
    if isinstance(sigma := corners.sigma_px, np.ndarray):
        whole = whole / sigma[:, None, None]
    factor = np.zeros((len(seen.views), 6 + k, 7 + k))
    for views, (of_views,) in corners.batches(whole.reshape(len(whole), -1).T):
        # (2 (7 + k), views, corners) to (views, 2 corners, 7 + k)
        parts = of_views.reshape(2, 7 + k, *of_views.shape[1:]).transpose(2, 0, 3, 1).reshape(len(views), -1, 7 + k)
        triangle = np.asarray(np.linalg.qr(parts, mode="r"))[:, : 6 + k]
        factor[views, : triangle.shape[1]] = (
            triangle  # an image of few corners determines less: its last rows stay zero
        )
    return CondensedCorners(factor[:, :, -1], factor[:, :6, :6], factor[:, :, 6:-1])
