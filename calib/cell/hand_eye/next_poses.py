"""Where to take the next images: the poses that would shrink the camera's uncertainty most."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.cell.hand_eye.frame_loop import discrepancy
from calib.cell.hand_eye.variance_components import solve_reduced
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.cell.hand_eye.calibrate import HandEye


TILTS_DEG, ROLLS_DEG, DIRECTIONS = (15.0, 35.0, 50.0), (0.0, 90.0, 180.0, 270.0), 8


@dataclass(frozen=True, eq=False)
class NextPose:
    """A pose to add. base_from_flange: (4, 4). view: how the board then stands in the image, in words. interval_m,
    interval_rad: the largest 95 % half widths of the camera's place with this pose and those before it."""

    base_from_flange: Array
    view: str
    interval_m: float
    interval_rad: float


def next_poses(calibration: HandEye, count: int = 3) -> tuple[NextPose, ...]:
    """The best of views of the board from all sides at the usual distance, one after another, greedily.

    Best is the least mean variance of where the camera sees a point at that distance (A-optimal; A. Atkinson, A. Donev,
    Optimum Experimental Designs, 1992, sec. 10). Whether the arm can reach them is for the user to see.
    """
    h = calibration
    views, words, distance = _views(h)
    if h.setup == "eye-in-hand":
        flange = h.rest_from_board @ se3.inverse(h.mount_from_camera @ views)
    else:
        flange = h.mount_from_camera @ views @ se3.inverse(h.rest_from_board)
    off = discrepancy(h.setup, flange, h.mount_from_camera, h.rest_from_board, views)
    size = h.reduced.by.shape[2]
    by = np.zeros((len(views), 6, size))
    by[:, :, :6], by[:, :, 6:12] = off.by_camera, off.by_board
    spread = np.median(h.reduced.seen, axis=0) + np.diag(h.noise.whitening**2)
    covariance = solve_reduced(h.reduced, h.noise).covariance
    weight = np.repeat([1.0, distance**2], 3)
    quantile = float(np.max(h.interval_m / np.sqrt(np.diagonal(h.covariance)[:3])))
    found = []
    for _ in range(count):
        shrink = np.linalg.solve(spread + by @ covariance @ np.swapaxes(by, 1, 2), by @ covariance)
        gain = np.swapaxes(by @ covariance, 1, 2)[:, :6] @ shrink[:, :, :6]
        best = int(np.argmax(np.einsum("nii,i->n", gain, weight)))
        covariance = covariance - (by[best] @ covariance).T @ shrink[best]
        sigma = np.sqrt(np.maximum(np.diagonal(covariance)[:6], 0.0))
        interval = quantile * sigma[:3].max(), quantile * sigma[3:].max()
        found.append(NextPose(flange[best], words[best], float(interval[0]), float(interval[1])))
    return tuple(found)


def _views(h: HandEye) -> tuple[Array, list[str], float]:
    """camera_from_board (n, 4, 4) of views from all sides, their names, and the usual distance in m."""
    points = np.concatenate([view.corners_in_board for view in h.observations.views])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2 * h.board_size
    distance = float(np.median(np.linalg.norm(se3.apply(h.camera_from_board, middle), axis=1)))
    poses, words = [], []
    for tilt, roll, i in product(TILTS_DEG, ROLLS_DEG, range(DIRECTIONS)):
        angle = 2 * np.pi * i / DIRECTIONS
        tilted = so3.exp(np.radians(tilt) * np.array([np.cos(angle), np.sin(angle), 0.0]))
        rotation = tilted @ so3.exp(np.array([0.0, 0.0, np.radians(roll)]))
        poses.append(se3.compose(rotation, np.array([0.0, 0.0, distance]) - rotation @ middle))
        words.append(
            f"board in the middle at {distance:.2f} m, tilted {tilt:.0f} deg about the image direction "
            f"{np.degrees(angle):.0f} deg, rolled {roll:.0f} deg"
        )
    return np.stack(poses), words, distance
