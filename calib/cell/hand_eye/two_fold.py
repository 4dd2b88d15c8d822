"""Boards that may have either of two poses: which one, by all images and the robot together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.calibration.two_fold import other_poses
from calib.cell.frame_loop import lengths_and_angles, loop_error
from calib.cell.given_boards import GivenBoards
from calib.cell.start.setup import SetupStart, start_of_setup

if TYPE_CHECKING:
    from calib.cell.pairing.paired_views import PairedViews

ROUNDS = 5  # of poses and start; two settle them
MEDIAN_SIGMAS = 1.54  # median length of three normal coordinates, in standard deviations
LEAST_M, LEAST_RAD = 1e-6, 1e-6  # of a robot without noise


def choose_poses(pairs: PairedViews, chosen: SetupStart, method: str | None) -> tuple[PairedViews, SetupStart]:
    """Every board in that of its two poses that corners and robot together make likelier, and the start by these."""
    if isinstance(pairs.seen, GivenBoards):
        return pairs, chosen
    others = other_poses(pairs.seen)
    if not others.index.size:
        return pairs, chosen
    located = pairs.seen
    first = located.camera_from_board
    either = first[others.index], others.camera_from_board
    second = np.zeros(len(others.index), bool)
    for _ in range(ROUNDS):
        by_robot = [_squared_distances(pairs, chosen, others.index, poses) for poses in either]
        better = by_robot[1] + others.excess < by_robot[0]
        if (better == second).all():
            break
        second = better
        poses = first.copy()
        poses[others.index[second]] = others.camera_from_board[second]
        located = replace(located, camera_from_board=poses)
        pairs = replace(pairs, seen=located)
        chosen = start_of_setup(pairs, chosen.setup if chosen.other is None else None, method)
    return pairs, chosen


def _squared_distances(pairs: PairedViews, chosen: SetupStart, index: Index, camera_from_board: Array) -> Array:
    """Of some boards (k, 4, 4) from where the robot has them, in variances of what it leaves of most images."""
    start = chosen.start
    flange, x, y = pairs.base_from_flange[index], start.mount_from_camera, start.fixture_from_board
    off_m, off_rad = lengths_and_angles(loop_error(chosen.setup, flange, x, y, camera_from_board).residuals)
    sigma_m, sigma_rad = max(start.median_m, LEAST_M) / MEDIAN_SIGMAS, max(start.median_rad, LEAST_RAD) / MEDIAN_SIGMAS
    return np.asarray((off_m / sigma_m) ** 2 + (off_rad / sigma_rad) ** 2)
