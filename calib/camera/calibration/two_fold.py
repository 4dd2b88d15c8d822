"""The other pose that a small or far board may have: its tilt mirrored about the line of sight.

Without perspective a plane seen in two poses gives one image (T. Collins, A. Bartoli, "Infinitesimal plane-based pose
estimation", Int. J. Computer Vision 109, 2014). With little of it both are minima of the reprojection error, and noise
decides which is the lower one: neither is to be believed by the image alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.adjustment.bundle_adjustment import adjust
from calib.camera.adjustment.reprojection import Corners, PosedLens, corners_of, reproject
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.camera.calibration.locate_boards import LocatedBoards

FAR_PX = 30.0  # times the noise, by which a mirrored board may be off before it is adjusted; more is no rival
LEAST_TURN_RAD = np.deg2rad(2.0)  # between two poses that are two
# Difference of their squared errors in units of the noise, to which the image does not decide: 7 standard deviations,
# for the noise of one small tag is hardly known, nor is it normal.
UNDECIDED = 50.0


@dataclass(frozen=True, eq=False)
class OtherPoses:
    """Second poses of the boards that have one."""

    index: Index
    """(k,) of the views."""

    camera_from_board: Array
    """(k, 4, 4)."""

    excess: Array
    """(k,) squared error more than with the first pose, in units of the corners' variance."""


def other_poses(seen: LocatedBoards) -> OtherPoses:
    """The views that have a second pose about as likely as the one found, by the lens as it is."""
    parameters, lens = seen.camera.parameters, seen.camera.lens
    corners, poses = corners_of(seen.views), seen.camera_from_board
    noise = max(seen.noise_px, 1e-9)
    mirrored = _mirror(poses, corners)
    squares = [_squares(reproject(lens, parameters, each, corners) - corners.px, corners) for each in (poses, mirrored)]
    with np.errstate(invalid="ignore"):
        likely = np.flatnonzero(squares[1] / corners.counts < (FAR_PX * noise) ** 2)
    if not likely.size:
        return OtherPoses(likely, poses[likely], np.zeros(0))
    views = [seen.views[i] for i in likely]
    own = corners_of(views)
    start = PosedLens(parameters, mirrored[likely])
    found = adjust(lens, frozenset(lens.labels), views, own, start).camera_from_board
    left = _squares(reproject(lens, parameters, found, own) - own.px, own)
    excess = (left - squares[0][likely]) / noise**2
    turn = so3.angle_between(found[:, :3, :3], poses[likely, :3, :3])
    keep = (turn > LEAST_TURN_RAD) & (np.abs(excess) < UNDECIDED)
    return OtherPoses(likely[keep], found[keep], excess[keep])


def _mirror(camera_from_board: Array, corners: Corners) -> Array:
    """Poses (n, 4, 4) of the boards with the tilt mirrored, about the line of sight to their middles."""
    middle = np.add.reduceat(corners.in_board, corners.starts, axis=1).T / corners.counts[:, None]
    seen = np.einsum("nij,nj->ni", camera_from_board[:, :3, :3], middle) + camera_from_board[:, :3, 3]
    along = so3.turning_z_to(seen / np.linalg.norm(seen, axis=1, keepdims=True))
    flip = np.diag([1.0, 1.0, -1.0])
    rotation = along @ flip @ np.swapaxes(along, 1, 2) @ camera_from_board[:, :3, :3] @ flip
    return se3.compose(rotation, seen - np.einsum("nij,nj->ni", rotation, middle))


def _squares(errors: Array, corners: Corners) -> Array:
    """Sums (views,) of squared errors (2, rows) in units of each corner's sigma."""
    return np.asarray(
        np.add.reduceat(np.einsum("an,an->n", errors, errors) / np.square(corners.sigma_px), corners.starts)
    )
