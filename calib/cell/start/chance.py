"""Whether images and poses belong together: by what the same images leave with each other's poses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.cell.start.setup import ClosedFormStart, hand_eye_start
from calib.errors import DegenerateError
from calib.robot.conventions.residual import DECISIVE

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews


SHUFFLES = 20  # of the poses; the least residual of so many is exceeded by chance 19 times of 20
SOUND = 0.004  # residual as a share of the motion and in rad, as arms out of the box leave: nothing is compared below


def belong_together(start: ClosedFormStart, pairs: PairedViews, setup: Setup) -> bool:
    """Whether a closed form leaves decisively less than it does of images whose poses are drawn from the others', of
    lengths and of angles.

    An arm may be off by much, and yet its poses belong to the images: no length or angle tells the two apart.
    """
    if start.size < SOUND:
        return True
    by_chance = left_by_chance(pairs, setup)
    shares = np.array([start.median_m / start.motion_m, start.median_rad])
    return bool(((shares < SOUND) | (DECISIVE * shares < by_chance.min(axis=0))).all())


def left_by_chance(pairs: PairedViews, setup: Setup) -> Array:
    """What a closed form leaves (n, 2) of the images with the same poses in other orders: shares of the motion, and
    radians, each the median; zeros where none is solved."""
    flange, boards = pairs.base_from_flange, pairs.seen.camera_from_board
    rng, left = np.random.default_rng(0), []
    for _ in range(SHUFFLES):
        order = rng.permutation(len(flange))
        if (order == np.arange(len(flange))).all():
            continue
        try:
            start = hand_eye_start(setup, flange[order], boards, "shah")
        except DegenerateError:
            continue
        left.append((start.median_m / start.motion_m, start.median_rad))
    return np.array(left or [(0.0, 0.0)])
