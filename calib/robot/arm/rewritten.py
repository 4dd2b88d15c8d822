"""The same arm in the terms of other tools: joint frames in a chain, and tables of plain DH without Hayati's angle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.geometry import se3
from calib.robot.arm.dh_row import ALPHA, BETA, A
from calib.robot.arm.hayati import split_link_plainly
from calib.robot.arm.kinematics import about_z, along_x

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm

PARALLEL = 1e-9
"""Sine of the angle between two axes below which plain DH takes them as parallel: that moves a flange 1 m away by a
nanometre, as rounding does in the d = 1e9 m that it takes to hold the angle."""


def joint_frames(arm: SerialArm) -> Array:
    """The constants C0 ... Cn (joints + 1, 4, 4) of a chain in which every joint turns about, or slides along, the z
    axis of its own frame after its theta and d: base_from_flange = C0 M1(q1) C1 ... Mn(qn) Cn.

    Frames of URDF have this form, and joint offsets move the frame of their own joint.
    """
    turn = about_z(*arm.table[:, :A].T)
    link = along_x(*arm.table[:, A:].T)
    if arm.convention == "modified_dh":
        constants = np.concatenate([link @ turn, arm.tool[None]])
    else:
        before = np.concatenate([np.eye(4)[None], link[:-1]])
        constants = np.concatenate([before @ turn, (link[-1] @ arm.tool)[None]])
    constants[0] = arm.base @ constants[0]
    return constants


def frames_as_in(arm: SerialArm, before: SerialArm, frames: Array) -> Array:
    """The constants of an arm (joints + 1, 4, 4) that differ from `frames`, those of the arm before, by as little as it
    does: every joint frame keeps its place along and its angle about its axis.

    Exact: a turn about z or a slide along it may stand on either side of a joint's motion.
    """
    own, nominal = joint_frames(arm), joint_frames(before)
    out = np.empty_like(own)
    moved = np.eye(4)
    for k, frame in enumerate(frames):
        next_moved = se3.inverse(frame) @ moved @ nominal[k]
        out[k] = moved @ own[k] @ se3.inverse(next_moved)
        moved = next_moved
    return out


def to_plain_dh(arm: SerialArm) -> SerialArm:
    """The same arm with beta = 0 in every row.

    Where two axes are nearly parallel, their common normal, and d with it, lies far away (Universal Robots' controllers
    store d2 = 439 m); axes within `PARALLEL` of parallel become parallel.
    """
    table, base, tool = arm.table.copy(), arm.base, arm.tool
    if arm.convention == "modified_dh":
        if table[0, BETA]:
            base = base @ along_x(*table[0, A:])
            table[0, A:] = 0
    elif table[-1, BETA]:
        tool = along_x(*table[-1, A:]) @ tool
        table[-1, A:] = 0
    for axis, row in enumerate(arm.row_after_axis):
        if table[row, BETA] == 0:
            continue
        if np.hypot(np.sin(table[row, BETA]), np.sin(table[row, ALPHA])) < PARALLEL:
            table[row, BETA] = 0
            continue
        split, rest = split_link_plainly(about_z(*table[axis, :A]) @ along_x(*table[row, A:]))
        table[axis, :A] = split[:A]
        table[row, A:] = split[A:]
        table[axis + 1, :A] += rest
    return replace(arm, table=table, base=base, tool=tool)
