"""The loop of frames of a hand-eye set-up, and by how much the robot's poses fail to close it.

The camera is on the mount, the board on the fixture at the other end of the arm. A camera on the hand (eye-in-hand) has
the flange for its mount, and the board is fixed in the base; a fixed camera (eye-to-hand) has the base for its mount,
and the flange carries the board. With X = mount_from_camera and Y = fixture_from_board,

    camera_from_board = inverse(X) mount_from_fixture Y

where mount_from_fixture is base_from_flange or its inverse. Both set-ups are then one problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from calib.arrays import Array
from calib.errors import UsageError, did_you_mean
from calib.geometry import se3, so3

Setup = Literal["eye-in-hand", "eye-to-hand"]
SETUPS: tuple[Setup, ...] = ("eye-in-hand", "eye-to-hand")
MOUNT = {"eye-in-hand": "flange", "eye-to-hand": "base"}  # what carries the camera
FIXTURE = {"eye-in-hand": "base", "eye-to-hand": "flange"}  # what carries the board


def require_setup(name: str) -> Setup:
    """The set-up of that name. Raises UsageError `unknown-setup`."""
    for setup in SETUPS:
        if name == setup:
            return setup
    raise UsageError(f"unknown set-up {name!r}", code="unknown-setup", advice=did_you_mean(name, SETUPS))


def other_setup(setup: Setup) -> Setup:
    """The one of the two that it is not."""
    return SETUPS[1 - SETUPS.index(setup)]


def mount_from_fixture(base_from_flange: Array, setup: Setup) -> Array:
    """Poses (n, 4, 4) of the board's carrier in the camera's."""
    return se3.inverse(base_from_flange) if setup == "eye-in-hand" else base_from_flange


@dataclass(frozen=True, eq=False)
class LoopError:
    """Flange poses that follow from the camera, less those of the robot, and derivatives by right tangents."""

    residuals: Array
    """(n, 6), metres of the flange's origin along the base's axes, then radians of its turn about its own."""

    by_camera: Array
    """(n, 6, 6), by mount_from_camera."""

    by_board: Array
    """(n, 6, 6), by fixture_from_board."""

    by_view: Array
    """(n, 6, 6), by each camera_from_board."""

    by_log_size: Array
    """(n, 6), by the logarithm of the board's size: a larger board is farther away."""


def loop_error(
    setup: Setup,
    base_from_flange: Array,
    mount_from_camera: Array,
    fixture_from_board: Array,
    camera_from_board: Array,
    log_size: float = 0.0,
) -> LoopError:
    """The error of the robot's poses (n, 4, 4), by mount_from_camera and fixture_from_board (4, 4) and
    camera_from_board (n, 4, 4), seen as of a board of the size given. log_size: of what its size is times that."""
    x, y, c = mount_from_camera, fixture_from_board, at_size(camera_from_board, log_size)
    if setup == "eye-in-hand":
        xc = x @ c
        by_loop = y @ se3.inverse(xc)
        across = se3.adjoint(xc)
        tangents = -se3.adjoint(x), across, -across
    else:
        by_loop = x @ c @ se3.inverse(y)
        across = se3.adjoint(y)
        tangents = se3.adjoint(y @ se3.inverse(c)), -across, across
    residuals, by_flange = pose_error(base_from_flange, by_loop)
    by_x, by_y, by_c = (by_flange @ tangent for tangent in tangents)
    away = np.einsum("nji,nj->ni", c[:, :3, :3], c[:, :3, 3])
    by_log_size = np.einsum("nij,nj->ni", by_c[:, :, :3], away)
    by_c[:, :, :3] *= np.exp(log_size)
    return LoopError(residuals, by_x, by_y, by_c, np.asarray(by_log_size))


def at_size(camera_from_board: Array, log_size: float) -> Array:
    """Poses (n, 4, 4) of a board that is larger than it was taken for, by the logarithm of the ratio: its corners are
    seen where they were."""
    if not log_size:
        return camera_from_board
    poses = camera_from_board.copy()
    poses[:, :3, 3] *= np.exp(log_size)
    return poses


def pose_error(base_from_flange: Array, true_poses: Array) -> tuple[Array, Array]:
    """The error of the robot's poses (n, 4, 4) against others taken for true: residuals (n, 6) as in `LoopError`, and
    their derivatives (n, 6, 6) by the right tangents of the others."""
    turn = so3.log(np.swapaxes(base_from_flange[:, :3, :3], 1, 2) @ true_poses[:, :3, :3])
    residuals = np.concatenate([true_poses[:, :3, 3] - base_from_flange[:, :3, 3], turn], axis=1)
    by_flange = np.zeros((len(true_poses), 6, 6))
    by_flange[:, :3, :3] = true_poses[:, :3, :3]
    by_flange[:, 3:, 3:] = so3.left_jacobian_inverse(-turn)
    return residuals, by_flange


def by_time(base_from_flange: Array, twist: Array, residuals: Array) -> Array:
    """(n, 6) derivatives of `LoopError.residuals` (n, 6) by the time at which the robot's poses (n, 4, 4) are taken,
    with the flange's velocity (n, 6) along its own axes: log(exp(-w dt) exp(r)) = r - J_l(r)^-1 w dt."""
    along = np.einsum("nij,nj->ni", base_from_flange[:, :3, :3], twist[:, :3])
    about = np.einsum("nij,nj->ni", so3.left_jacobian_inverse(residuals[:, 3:]), twist[:, 3:])
    return -np.concatenate([along, about], axis=1)


def predict_views(setup: Setup, base_from_flange: Array, mount_from_camera: Array, fixture_from_board: Array) -> Array:
    """camera_from_board (n, 4, 4) that follows from poses of the robot (n, 4, 4)."""
    return np.asarray(se3.inverse(mount_from_camera) @ mount_from_fixture(base_from_flange, setup) @ fixture_from_board)


def lengths_and_angles(residuals: Array) -> tuple[Array, Array]:
    """Lengths in m and angles in rad (n,) of residuals (n, 6)."""
    return np.linalg.norm(residuals[..., :3], axis=-1), np.linalg.norm(residuals[..., 3:], axis=-1)
