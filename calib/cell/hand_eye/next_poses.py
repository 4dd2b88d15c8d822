"""Where to take the next images: the poses that would reduce the camera's uncertainty most."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.adjustment.variance_components import solve_reduced
from calib.cell.frame_loop import loop_error
from calib.cell.hand_eye.place import along_parent
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.cell.hand_eye.result import HandEyeCalibration


TILTS_DEG, ROLLS_DEG, DIRECTIONS = (15.0, 35.0, 50.0), (0.0, 90.0, 180.0, 270.0), 8
# A pose closer than this to one that was measured, or proposed, in both: an image from there adds hardly anything but
# its noise, and to the person at the robot it is the same pose.
NEAR_SHARE, NEAR_RAD = 0.1, np.deg2rad(10.0)  # of the distance between camera and board
NEAR_M = 0.02  # at least: poses of a small cell, too, differ to whoever drives the robot
# Of a robot that does not turn about two axes: where in the image the board is, in shares of the distance, and how far.
PLACES, FAR = (-0.25, 0.0, 0.25), (0.75, 1.0, 1.3)


@dataclass(frozen=True, eq=False, repr=False)
class NextPose:
    """A pose to add."""

    base_from_flange: Array
    """(4, 4)."""

    view: str
    """How the board then is in the image, in words."""

    half_width_95_m: float
    """The largest half width of the 95 % intervals of the camera's position, with this pose and those before it."""

    half_width_95_rad: float
    """The same of its turn about the mount's axes."""

    def __repr__(self) -> str:
        x, y, z = 1000 * self.base_from_flange[:3, 3]
        return f"NextPose(base_from_flange x {x:.0f} y {y:.0f} z {z:.0f} mm, {self.view})"


@dataclass(frozen=True, eq=False)
class Candidates:
    """Views of the board from all sides at the usual distance."""

    base_from_flange: Array
    """(n, 4, 4) that shows the board so."""

    by: Array
    """(n, 6, k) derivatives of the loop error by the common unknowns."""

    words: list[str]

    distance_m: float
    """Between camera and board."""

    def near(self, flange: Array) -> Mask:
        """Which of them (n,) are near any of some poses (m, 4, 4)."""
        apart_m = np.linalg.norm(self.base_from_flange[:, None, :3, 3] - flange[:, :3, 3], axis=2)
        apart_rad = so3.angle_between(self.base_from_flange[:, None, :3, :3], flange[:, :3, :3])
        return np.asarray(((apart_m < max(NEAR_SHARE * self.distance_m, NEAR_M)) & (apart_rad < NEAR_RAD)).any(axis=1))


def next_poses(h: HandEyeCalibration, count: int = 3) -> tuple[NextPose, ...]:
    """The best of views of the board from all sides at the usual distance, one after another, greedily.

    Best is the least mean variance of where the camera sees a point at that distance (A-optimal; A. Atkinson, A. Donev,
    Optimum Experimental Designs, 1992, sec. 10). None is near another or near a pose that was measured. Whether the arm
    can reach them is for the user to check; one that does not turn about two axes is not asked to. None where a part of
    the position is known neither by poses nor otherwise: no further pose adds to that; nor of motions, which say
    nothing of where robot and board are.
    """
    if h.open_position or h.motions:
        return ()
    reduced, noise = h.adjustment.reduced, h.noise.robot
    candidates = _candidates(h)
    by = candidates.by
    noise_of_view = np.median(reduced.covariance(noise), axis=0)
    covariance = solve_reduced(reduced, noise).covariance
    weight = np.repeat([1.0, candidates.distance_m**2], 3)
    idle = candidates.near(h.adjustment.scene.base_from_flange)
    found: list[NextPose] = []
    for _ in range(count):
        shrink = np.linalg.solve(noise_of_view + by @ covariance @ np.swapaxes(by, 1, 2), by @ covariance)
        gain = np.swapaxes(by @ covariance, 1, 2)[:, :6] @ shrink[:, :, :6]
        gains = np.einsum("nii,i->n", gain, weight)
        best = int(np.argmax(np.where(idle, -np.inf, gains)))
        if idle[best]:
            break
        covariance = covariance - (by[best] @ covariance).T @ shrink[best]
        variances = np.diagonal(along_parent(covariance[:6, :6], h.mount_from_camera))
        half = h.place.quantile * np.sqrt(np.maximum(variances, 0.0))
        pose = candidates.base_from_flange[best]
        found.append(NextPose(pose, candidates.words[best], float(half[:3].max()), float(half[3:].max())))
        idle |= candidates.near(pose[None])
    return tuple(found)


def _candidates(h: HandEyeCalibration) -> Candidates:
    views, words, distance_m = _views_without_turns(h) if len(h.evidence.turns.open) else _views(h)
    x, y = h.mount_from_camera, h.fixture_from_board
    flange = y @ se3.inverse(x @ views) if h.setup == "eye-in-hand" else x @ views @ se3.inverse(y)
    off = loop_error(h.place.setup, flange, x, y, views)
    by = np.zeros((len(views), 6, h.adjustment.reduced.by.shape[2]))
    by[:, :, :6], by[:, :, 6:12] = off.by_camera, off.by_board
    if (scene := h.adjustment.scene).sized:
        by[:, :, -1 - scene.timed] = off.by_log_size
    return Candidates(flange, by, words, distance_m)


def _views(h: HandEyeCalibration) -> tuple[Array, list[str], float]:
    """camera_from_board (n, 4, 4) of views from all sides, their names, and the usual distance in m."""
    middle, distance = _board_in_views(h)
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


def _views_without_turns(h: HandEyeCalibration) -> tuple[Array, list[str], float]:
    """The same of a robot of few axes: the board turned as it was in one of the images, in other places."""
    middle, distance = _board_in_views(h)
    poses, words = [], []
    for image, camera_from_board in zip(h.used, h.adjustment.camera_from_board, strict=True):
        for far, right, down in product(FAR, PLACES, PLACES):
            place = far * distance * np.array([right, down, 1.0])
            rotation = camera_from_board[:3, :3]
            poses.append(se3.compose(rotation, place - rotation @ middle))
            where = f"{far * distance:.2f} m away, {right:+.2f} right and {down:+.2f} down in shares of the distance"
            words.append(f"board turned as in {image.image}, {where}")
    return np.stack(poses), words, distance


def _board_in_views(h: HandEyeCalibration) -> tuple[Array, float]:
    """The middle (3,) of the board, and its median distance in m from the camera."""
    points = np.concatenate([view.corners_in_board for view in h.observations.views])
    points = points if len(points) else np.zeros((1, 3))
    middle = (points.min(axis=0) + points.max(axis=0)) / 2 * h.evidence.board_size
    return middle, float(np.median(np.linalg.norm(se3.apply(h.adjustment.camera_from_board, middle), axis=1)))
