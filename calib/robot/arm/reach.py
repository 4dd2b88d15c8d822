"""How far an arm reaches, from its table and its joint limits."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.robot.arm.kinematics import base_from_flange, link_constants
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.workspace import command_range, random_commands

STARTS = 256  # random poses to start from
STEPS = 121  # values tried of a joint: 3 degrees apart over a turn, which costs 0.03 % of a link


def reach_m(arm: SerialArm) -> float:
    """The greatest distance of the flange from the first joint's axis, metres, within the joint limits.

    From the farthest of some random poses one joint after the other moves to where the flange is farthest out, until
    none leads farther. Makers state other lengths too, such as that from the second axis to the centre of the wrist.
    """
    commands = random_commands(arm, STARTS, np.random.default_rng(0))
    low, high = command_range(arm).T
    values = np.linspace(low, high, STEPS)
    command, farthest = _farthest(arm, commands)
    while True:
        before = farthest
        for joint in range(arm.joints):
            tried = np.tile(command, (STEPS + 1, 1))
            tried[1:, joint] = values[:, joint]
            command, farthest = _farthest(arm, tried)
        if farthest <= before:
            return farthest


def _farthest(arm: SerialArm, commands: Array) -> tuple[Array, float]:
    """The command (joints,) of those (n, joints) that brings the flange farthest from the first axis, and how far."""
    first = link_constants(arm)[0]
    offset = base_from_flange(arm, commands)[:, :3, 3] - first[:3, 3]
    distance = np.linalg.norm(np.cross(offset, first[:3, 2]), axis=1)
    best = int(np.argmax(distance))
    return commands[best], float(distance[best])
