"""Mistakes about the board that poses reveal: turned by half a turn in some images, or of another size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.conventions.interpretations import HandEyeInterpretation, half_turn, scale_board, turn_boards
from calib.cell.frame_loop import lengths_and_angles, loop_error
from calib.cell.start.setup import ClosedFormStart, start_of_setup
from calib.geometry import se3
from calib.robot.start.inliers import within
from calib.text import first_few

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews

    Found = tuple[HandEyeInterpretation, str, str]

LEAST_SCALE = 0.05  # a lens calibrated on a bent board makes boards seem off by 2 or 3 %
SCALE_SIGMAS = 6.0


def find_turned_boards(pairs: PairedViews, setup: Setup | None, given: ClosedFormStart) -> Found | None:
    """Outlier images that fit with the board's corners counted from its other end; what is left without and with."""
    turn = half_turn(pairs)
    if turn is None or given.inliers.all():
        return None
    setup = start_of_setup(pairs, setup).setup
    turned = pairs.seen.camera_from_board @ se3.inverse(turn)
    x, y = given.mount_from_camera, given.fixture_from_board
    off = lengths_and_angles(loop_error(setup, pairs.base_from_flange, x, y, turned).residuals)
    medians = [float(np.median(each[given.inliers])) for each in (given.off_m, given.off_rad)]
    fits = [_within_median(values, median) for values, median in zip(off, medians, strict=True)]
    which = ~given.inliers & fits[0] & fits[1]
    if not which.any():
        return None
    images = [view.image for view, wrong in zip(pairs.seen.views, which, strict=True) if wrong]
    name = f"the board is turned by 180 degrees in {first_few(images)}"
    left = [
        f"{1000 * np.median(lengths[which]):.3g} mm and {np.degrees(np.median(angles[which])):.3g} deg"
        for lengths, angles in ((given.off_m, given.off_rad), off)
    ]
    return HandEyeInterpretation(name, turn_boards(turn, which)), left[0], left[1]


def find_board_size(pairs: PairedViews, setup: Setup | None, given: ClosedFormStart) -> Found | None:
    """A board of another size, if the robot's lengths require it beyond doubt; what is left without and with."""
    # rotations by a method that takes them from rotations alone: a wrong size does not touch them
    found = start_of_setup(pairs, setup, "shah")
    ratio, sigma = _size_ratio(pairs, found.setup, found.start)
    if not (ratio > 0 and abs(ratio - 1) > max(LEAST_SCALE, SCALE_SIGMAS * sigma)):
        return None
    points = pairs.seen.views[0].corners_in_board
    step = float(np.min(np.linalg.norm(points[1:] - points[0], axis=1)))
    size = f"{1e3 * ratio * step:.4g} mm between corners, not {1e3 * step:.4g}"
    larger = HandEyeInterpretation(f"the board is {ratio:.3f} times as large as given ({size})", scale_board(ratio))
    left = start_of_setup(larger.apply(pairs), setup).start
    if not left.fits or left.size >= given.size:
        return None
    return larger, str(given), str(left)


def _within_median(values: Array, median: float) -> Mask:
    """Which values (n,) are no outliers among those whose median is given."""
    return np.asarray(within(np.append(values, [median] * (len(values) + 1)), 0.0)[: len(values)])


def _size_ratio(pairs: PairedViews, setup: Setup, start: ClosedFormStart) -> tuple[float, float]:
    """The board's size by the robot over the size given, with its standard deviation.

    With the rotations known, R_X c s + t_X = R_G t_Y + t_G is linear in the two translations and the ratio s.
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
