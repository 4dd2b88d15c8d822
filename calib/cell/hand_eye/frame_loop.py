"""The loop of frames of a hand-eye set-up, and what the robot's poses say of it.

The camera stands on a mount, the board rests on the other end of the arm: camera on the hand means mount flange and
rest base, a fixed camera means mount base and rest flange. With X = mount_from_camera and Y = rest_from_board,

    camera_from_board = inverse(X) mount_from_rest Y

where mount_from_rest is base_from_flange or its inverse. Both set-ups are then one problem.
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
REST = {"eye-in-hand": "base", "eye-to-hand": "flange"}  # what carries the board


def read_setup(name: str) -> Setup:
    """The set-up of that name. Raises UsageError `unknown-setup`."""
    for setup in SETUPS:
        if name == setup:
            return setup
    raise UsageError(f"unknown set-up {name!r}", code="unknown-setup", advice=did_you_mean(name, SETUPS))


def mount_from_rest(base_from_flange: Array, setup: Setup) -> Array:
    """Poses (n, 4, 4) of the board's carrier in the camera's."""
    return se3.inverse(base_from_flange) if setup == "eye-in-hand" else base_from_flange


@dataclass(frozen=True, eq=False)
class Discrepancy:
    """Flange poses that follow from the camera, less those of the robot, and derivatives by right tangents.

    residuals: (n, 6), metres of the flange's origin along the base's axes, then radians of its turn along its own.
    by_camera, by_board, by_view: (n, 6, 6), by X, Y and each camera_from_board.
    """

    residuals: Array
    by_camera: Array
    by_board: Array
    by_view: Array


def discrepancy(setup: Setup, base_from_flange: Array, x: Array, y: Array, camera_from_board: Array) -> Discrepancy:
    """What the robot's poses (n, 4, 4) miss of the loop, with X and Y (4, 4) and camera_from_board (n, 4, 4)."""
    c = camera_from_board
    if setup == "eye-in-hand":
        xc = x @ c
        seen = y @ se3.inverse(xc)
        across = se3.adjoint(xc)
        tangents = -se3.adjoint(x), across, -across
    else:
        seen = x @ c @ se3.inverse(y)
        across = se3.adjoint(y)
        tangents = se3.adjoint(y @ se3.inverse(c)), -across, across
    residuals, by_flange = missed(base_from_flange, seen)
    by_x, by_y, by_c = (by_flange @ tangent for tangent in tangents)
    return Discrepancy(residuals, by_x, by_y, by_c)


def missed(base_from_flange: Array, seen: Array) -> tuple[Array, Array]:
    """What the robot's poses (n, 4, 4) miss of others: residuals (n, 6) as in `Discrepancy`, and their derivatives
    (n, 6, 6) by the right tangents of the others."""
    turn = so3.log(np.swapaxes(base_from_flange[:, :3, :3], 1, 2) @ seen[:, :3, :3])
    residuals = np.concatenate([seen[:, :3, 3] - base_from_flange[:, :3, 3], turn], axis=1)
    by_flange = np.zeros((len(seen), 6, 6))
    by_flange[:, :3, :3] = seen[:, :3, :3]
    by_flange[:, 3:, 3:] = so3.left_jacobian_inverse(-turn)
    return residuals, by_flange


def by_time(base_from_flange: Array, twist: Array, residuals: Array) -> Array:
    """(n, 6) derivatives of the discrepancy's residuals (n, 6) by the time at which the robot's poses (n, 4, 4) are
    taken, with the flange's velocity (n, 6) along its own axes: log(exp(-w dt) exp(r)) = r - J_l(r)^-1 w dt."""
    along = np.einsum("nij,nj->ni", base_from_flange[:, :3, :3], twist[:, :3])
    about = np.einsum("nij,nj->ni", so3.left_jacobian_inverse(residuals[:, 3:]), twist[:, 3:])
    return -np.concatenate([along, about], axis=1)


def predicted(setup: Setup, base_from_flange: Array, x: Array, y: Array) -> Array:
    """camera_from_board (n, 4, 4) that follows from the robot's poses."""
    return np.asarray(se3.inverse(x) @ mount_from_rest(base_from_flange, setup) @ y)


def sizes(residuals: Array) -> tuple[Array, Array]:
    """Lengths in m and angles in rad (n,) of residuals (n, 6)."""
    return np.linalg.norm(residuals[..., :3], axis=-1), np.linalg.norm(residuals[..., 3:], axis=-1)
