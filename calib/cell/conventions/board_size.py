"""The board's size by the robot, where no other interpretation needs it to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.cell.conventions.interpretations import HandEyeInterpretation, scale_board
from calib.cell.given_boards import GivenBoards
from calib.cell.start.setup import ClosedFormStart, start_of_setup
from calib.errors import DegenerateError

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews

LEAST_SCALE = 0.05  # a lens calibrated on a bent board makes boards seem off by 2 or 3 %
SCALE_SIGMAS = 6.0
MOST_SCALE = 10.0  # beyond which a unit was mistaken rather than a ruler misread


def other_board_sizes(pairs: PairedViews, setup: Setup | None) -> tuple[HandEyeInterpretation, ...]:
    """A board of another size, if the robot's lengths require one beyond doubt."""
    try:
        # rotations by a method that takes them from rotations alone: a wrong size does not touch them
        found = start_of_setup(pairs, setup, "shah")
    except DegenerateError:
        return ()
    ratio, sigma = _size_ratio(pairs, found.setup, found.start)
    plausible = 1 / MOST_SCALE < ratio < MOST_SCALE
    if not (plausible and abs(ratio - 1) > max(LEAST_SCALE, SCALE_SIGMAS * sigma)):
        return ()
    points = pairs.seen.views[0].corners_in_board
    size = ""
    if len(points):
        step = float(np.min(np.linalg.norm(points[1:] - points[0], axis=1)))
        size = f" ({1e3 * ratio * step:.4g} mm between corners, not {1e3 * step:.4g})"
    name = f"the board is {ratio:.3f} times as large as given{size}"
    if not isinstance(pairs.seen, GivenBoards) and not pairs.seen.own_lens:
        name += ", or the lens is that of another camera"  # a focal length off by a share makes it seem so
    return (HandEyeInterpretation(name, scale_board(ratio)),)


def _size_ratio(pairs: PairedViews, setup: Setup, start: ClosedFormStart) -> tuple[float, float]:
    """The board's size by the robot over the size given, with its standard deviation.

    With the rotations known, R_X c s + t_X = R_G t_Y + t_G is linear in the two translations and the ratio s. Images
    that disagree on the turns take no part; of those that agree, lengths are compared by all.
    """
    g = pairs.mount_from_fixture(setup)[start.inliers]
    c = pairs.seen.camera_from_board[start.inliers]
    count = len(g)
    equations = np.zeros((count, 3, 7))
    equations[:, :, :3] = np.eye(3)
    equations[:, :, 3:6] = -g[:, :3, :3]
    equations[:, :, 6] = c[:, :3, 3] @ start.mount_from_camera[:3, :3].T
    flat, right = equations.reshape(-1, 7), g[:, :3, 3].ravel()
    unknown, _, rank, _ = np.linalg.lstsq(flat, right, rcond=None)
    if rank < 7 or 3 * count <= 7:
        return 1.0, np.inf
    left = flat @ unknown - right
    variance = float(left @ left) / (3 * count - 7)
    return float(unknown[6]), float(np.sqrt(variance * np.linalg.inv(flat.T @ flat)[6, 6]))
