"""Do the poses move enough? What a hand-eye cannot see follows from the turns of the flange alone.

Two motions that turn about axes that are not parallel determine everything (R. Tsai, R. Lenz 1989, sec. II); without
turns the camera's place is free, with one axis its place along that axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.errors import DegenerateError
from calib.geometry import so3
from calib.robot.start.inliers import LEAST_TURN_RAD

if TYPE_CHECKING:
    from calib.cell.hand_eye.frame_loop import Setup


FEWEST = 3  # poses, that is two motions
SAME_M, SAME_RAD = 1e-4, np.deg2rad(0.02)  # poses closer than robots repeat are the same pose
_ADVICE = "turn the flange by 30 degrees or more about at least two axes that are not parallel"


@dataclass(frozen=True, eq=False)
class Turns:
    """How the flange turns. rms_deg: (3,) about the mean orientation, largest first; axes: (3, 3) rows, in the frame
    that carries the camera. distinct: how many different poses, counted to three."""

    rms_deg: Array
    axes: Array
    distinct: int


def turns(mount_from_fixture: Array) -> Turns:
    """The spread of turns of poses (n, 4, 4)."""
    rotations = mount_from_fixture[:, :3, :3]
    mean = so3.nearest(rotations.mean(axis=0))
    if np.linalg.matrix_rank(rotations.mean(axis=0), tol=1e-3) < 2:
        mean = rotations[0]  # half turns cancel in the mean
    vectors = so3.log(rotations @ mean.T)
    vectors = vectors - vectors.mean(axis=0)
    _, size, axes = np.linalg.svd(vectors, full_matrices=False)
    rms = np.zeros(3)
    rms[: len(size)] = np.degrees(size) / np.sqrt(len(vectors))
    return Turns(rms, np.vstack([axes, np.zeros((3 - len(axes), 3))]), _distinct(mount_from_fixture))


def require_motion(mount_from_fixture: Array, setup: Setup) -> Turns:
    """The turns of poses (n, 4, 4), or DegenerateError `too-few-poses`, `poses-repeated`, `poses-degenerate` that
    names the direction that stays free."""
    from calib.cell.hand_eye.frame_loop import MOUNT

    frame, count = MOUNT[setup], len(mount_from_fixture)
    if count < 2:
        what = f"{count} image with a pose; at least {FEWEST} are needed, 15 are good"
        raise DegenerateError(what, code="too-few-poses", advice=_ADVICE)
    found = turns(mount_from_fixture)
    least = np.degrees(LEAST_TURN_RAD)
    if found.distinct == 1:
        raise DegenerateError(
            "all poses are the same",
            code="poses-repeated",
            why=f"{count} images from one pose of the robot: place and orientation of the camera stay free entirely",
            advice=_ADVICE,
        )
    if found.rms_deg[0] < least:
        raise DegenerateError(
            "the flange moves but never turns",
            code="poses-degenerate",
            why=f"it turns by {found.rms_deg[0]:.3f} deg rms: the camera's position in the {frame} stays free in every "
            "direction (its orientation is determined)",
            advice=_ADVICE,
        )
    if found.distinct < FEWEST or found.rms_deg[1] < least:
        axis = found.axes[0] * (1 if found.axes[0][np.argmax(np.abs(found.axes[0]))] > 0 else -1)
        direction = "({:.3f}, {:.3f}, {:.3f})".format(*(axis + 0.0))
        two = found.distinct < FEWEST
        freedom = (
            f"the camera's position along the direction {direction} of the {frame} and its turn about it stay free"
            if two
            else f"the camera's position along the direction {direction} of the {frame} stays free"
        )
        if two:
            what = f"only two different poses in {count} images" if count > 2 else "two poses are one motion"
            code = "poses-repeated" if count > 2 else "too-few-poses"
        else:
            what, code = "the flange turns about one axis only", "poses-degenerate"
        raise DegenerateError(
            what,
            code=code,
            why=f"{found.rms_deg[0]:.1f} deg rms about it, {found.rms_deg[1]:.3f} deg about any other: {freedom}",
            advice=_ADVICE,
        )
    return found


def _distinct(poses: Array) -> int:
    """How many poses differ, counted no further than is enough."""
    left, count = poses, 0
    while len(left) and count < FEWEST:
        length = np.linalg.norm(left[:, :3, 3] - left[0, :3, 3], axis=1)
        same = (length < SAME_M) & (so3.angle_between(left[:, :3, :3], left[0, :3, :3]) < SAME_RAD)
        left, count = left[~same], count + 1
    return count
