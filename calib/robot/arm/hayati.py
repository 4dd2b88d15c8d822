"""Tables that stay small: any chain of joint axes in space as rows of DH or, where axes are near-parallel, Hayati.

A rotation about z and a slide along it commute with a motion of the joint on that axis. So a link constant C between
two axes splits into Z(theta, d) X(a, alpha, beta) Z(theta', d'), and the trailing Z moves into the next link: nothing
is fitted, the result is the same arm to rounding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.geometry import se3
from calib.robot.arm.dh_row import ALPHA, BETA, A, D
from calib.robot.arm.kinematics import about_z, along_x
from calib.robot.arm.serial_arm import NEAR_PARALLEL_RAD

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


_EXACTLY_PARALLEL = 1e-12  # sine of the angle between axes below which d is a plain offset along both
_SMALL_NORMAL_M = 1e-12  # shorter common normals have no direction of their own


def split_link(link: Array) -> tuple[Array, tuple[float, float]]:
    """Split a link constant (4, 4) between two joint axes into row and remainder.

    Returns the row (5,) theta d a alpha beta and the (theta, d) about the second axis with
    Z(theta, d) X(a, alpha, beta) Z(remainder) = link. Plain DH (beta = 0) where the axes are apart; Hayati's form
    (d = 0) where they are within `NEAR_PARALLEL_RAD` of parallel. Of the two directions of the common normal the one
    with |theta| <= pi/2.
    """
    axis, point = link[:3, 2], link[:3, 3]
    row = _hayati_row(axis, point) if np.hypot(axis[0], axis[1]) < np.sin(NEAR_PARALLEL_RAD) else _dh_row(axis, point)
    return row, _rest(row, link)


def split_link_plainly(link: Array) -> tuple[Array, tuple[float, float]]:
    """The same in plain DH (beta = 0), however near to parallel the axes are; they must not be parallel."""
    row = _dh_row(link[:3, 2], link[:3, 3])
    return row, _rest(row, link)


def _rest(row: Array, link: Array) -> tuple[float, float]:
    rest = se3.inverse(about_z(row[0], row[1]) @ along_x(*row[2:])) @ link
    return float(np.arctan2(rest[1, 0], rest[0, 0])), float(rest[2, 3])


def table_of_links(links: Array) -> tuple[Array, Array, Array]:
    """Modified DH (with Hayati rows) of the constants C0 ... Cn (joints + 1, 4, 4) between joint motions about z.

    Returns the table (joints, 5), base (4, 4) and tool (4, 4) of the same arm.
    """
    joints = len(links) - 1
    table = np.zeros((joints, 5))
    before, rest = split_link(links[0])
    base = about_z(before[0], before[1])
    table[0, A:] = before[A:]
    for joint in range(1, joints):
        row, next_rest = split_link(about_z(*rest) @ links[joint])
        table[joint - 1, :A] = row[:A]
        table[joint, A:] = row[A:]
        rest = next_rest
    table[-1, :A] = rest
    return table, base, links[-1]


def to_hayati(arm: SerialArm) -> SerialArm:
    """The same arm with every near-parallel pair of axes in Hayati's form, so that no d runs away.

    Exact: the flange poses agree to rounding. Links whose axes are apart, or exactly parallel, keep their a and alpha.
    Robot controllers store such tables in plain DH (Universal Robots: d2 = 439 m); here they come back to arm size.
    """
    table = arm.table.copy()
    for axis, (row, parallel) in enumerate(zip(arm.row_after_axis, arm.near_parallel, strict=True)):
        sine = np.hypot(np.sin(table[row, BETA]), np.sin(table[row, ALPHA]))
        if not parallel or table[axis, D] == 0 or sine < _EXACTLY_PARALLEL:
            continue
        split, (theta, d) = split_link(about_z(*table[axis, :A]) @ along_x(*table[row, A:]))
        table[axis, :A] = split[:A]
        table[row, A:] = split[A:]
        table[axis + 1, :A] += (theta, d)
    return replace(arm, table=table)


def _dh_row(axis: Array, point: Array) -> Array:
    """The common normal of z and the line along axis (3,) through point (3,), as theta d a alpha and beta = 0."""
    theta = _within_quarter_turn(np.arctan2(axis[0], -axis[1]))
    normal = np.array([np.cos(theta), np.sin(theta), 0.0])
    sideways = np.array([-np.sin(theta), np.cos(theta), 0.0])
    along = -(point @ sideways) / (axis @ sideways)
    d = point[2] + along * axis[2]
    alpha = np.arctan2(np.cross([0.0, 0.0, 1.0], axis) @ normal, axis[2])
    return np.array([theta, d, point @ normal, alpha, 0.0])


def _hayati_row(axis: Array, point: Array) -> Array:
    """Where the line along axis (3,) through point (3,) meets the plane z = 0, as theta, d = 0, a, alpha, beta."""
    foot = point - axis * (point[2] / axis[2])
    far = np.hypot(foot[0], foot[1]) > _SMALL_NORMAL_M
    theta = _within_quarter_turn(np.arctan2(foot[1], foot[0])) if far else 0.0
    c, s = np.cos(theta), np.sin(theta)
    x, y, z = c * axis[0] + s * axis[1], c * axis[1] - s * axis[0], axis[2]
    return np.array([theta, 0.0, c * foot[0] + s * foot[1], np.arctan2(-y, z), np.arcsin(x)])


def _within_quarter_turn(angle: float) -> float:
    """The angle modulo half a turn, in (-pi/2, pi/2], with slack so that rounding cannot flip a right angle."""
    turned = angle - np.pi * np.round(angle / np.pi)
    return float(turned + np.pi if turned < -np.pi / 2 + 1e-9 else turned)
