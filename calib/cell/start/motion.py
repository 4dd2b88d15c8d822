"""Whether the poses move enough: what is not observable follows from the turns of the flange alone.

Two motions that turn about axes that are not parallel determine everything (R. Tsai, R. Lenz 1989, sec. II); without
turns the camera's position is not observable, with one axis its position along that axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.cell.frame_loop import MOUNT, Setup
from calib.errors import DegenerateError
from calib.geometry import so3
from calib.robot.start.inliers import LEAST_TURN_RAD, STANDSTILL_M

FEWEST = 3  # poses, that is two motions
SAME_M, SAME_RAD = 1e-4, np.deg2rad(0.02)  # poses closer than robots repeat are the same pose
_ADVICE = "turn the flange by 30 degrees or more about at least two axes that are not parallel"


@dataclass(frozen=True, eq=False)
class Turns:
    """How the flange turns."""

    rms_deg: Array
    """(3,) about the mean orientation, largest first."""

    axes: Array
    """(3, 3) rows, in the frame that carries the camera."""

    distinct: int
    """How many different poses, counted to three."""

    @property
    def open(self) -> Array:
        """(k, 3) directions in that frame in which the camera's position trades with the board's: none where the flange
        turns about two axes, that of its turns where it turns about one, all three where it never turns."""
        axes = int((np.radians(self.rms_deg[:2]) >= LEAST_TURN_RAD).sum())
        upright = np.sign(self.axes[0][np.argmax(np.abs(self.axes[0]))])
        return (np.eye(3), upright * self.axes[:1], np.zeros((0, 3)))[axes]


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
    """The turns of poses (n, 4, 4), which may leave directions `open`.

    Raises DegenerateError `too-few-poses`, `poses-repeated`, `poses-degenerate` where the camera's orientation is open,
    too, and names what is.
    """
    count = len(mount_from_fixture)
    if count < 2:
        raise _error(f"{count} image with a pose; at least {FEWEST} are needed, 15 are good", "too-few-poses")
    found, frame = turns(mount_from_fixture), MOUNT[setup]
    if found.distinct == 1:
        why = f"{count} images from one pose of the robot: the camera's pose is not observable in any direction"
        raise _error("all poses are the same", "poses-repeated", why)
    never = bool(found.rms_deg[0] < np.degrees(LEAST_TURN_RAD))
    if found.distinct < FEWEST:
        what = f"only two different poses in {count} images" if count > 2 else "two poses are one motion"
        why = "the way from one to another is one direction" if never else _along_axis(found, frame, "and its turn")
        raise _error(what, "poses-repeated" if count > 2 else "too-few-poses", why)
    if never and not _spans_a_plane(mount_from_fixture):
        why = f"{found.rms_deg[0]:.3f} deg rms, and all positions lie on one line: only that direction is observable"
        raise _error("the flange moves along one line and never turns", "poses-degenerate", why)
    return found


def _spans_a_plane(poses: Array) -> bool:
    """Whether the positions of poses (n, 4, 4) are not on one line."""
    positions = poses[:, :3, 3] - poses[:, :3, 3].mean(axis=0)
    return bool(np.linalg.svd(positions, compute_uv=False)[1] > STANDSTILL_M * np.sqrt(len(poses)))


def _error(what: str, code: str, why: str = "") -> DegenerateError:
    return DegenerateError(what, code=code, why=why, advice=_ADVICE)


def _along_axis(found: Turns, frame: str, turn: str = "") -> str:
    """What turns about one axis leave open: the position along it. turn: whether the turn about it as well."""
    axis = found.axes[0] * (1 if found.axes[0][np.argmax(np.abs(found.axes[0]))] > 0 else -1)
    direction = "({:.3f}, {:.3f}, {:.3f})".format(*(axis + 0.0))
    about = f" {turn} about it are" if turn else " is"
    return (
        f"{found.rms_deg[0]:.1f} deg rms about it, {found.rms_deg[1]:.3f} deg about any other: the camera's position "
        f"along the direction {direction} of the {frame}{about} not observable"
    )


def _distinct(poses: Array) -> int:
    """How many poses differ, counted no further than is enough."""
    left, count = poses, 0
    while len(left) and count < FEWEST:
        length = np.linalg.norm(left[:, :3, 3] - left[0, :3, 3], axis=1)
        same = (length < SAME_M) & (so3.angle_between(left[:, :3, :3], left[0, :3, :3]) < SAME_RAD)
        left, count = left[~same], count + 1
    return count
