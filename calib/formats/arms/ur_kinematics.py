"""Universal Robots in ROS: the kinematics YAML of ur_description, as ur_calibration writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.formats.arm_format import ArmFormat, not_held, require_signs
from calib.formats.chains.urdf_origins import SAME_PLACE, plain_origins

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm

LINKS = ("shoulder", "upper_arm", "forearm", "wrist_1", "wrist_2", "wrist_3")
NUMBERS = ("x", "y", "z", "roll", "pitch", "yaw")


def write(arm: SerialArm) -> str:
    """The place of every joint in the one before, from the controller's base to its flange."""
    if arm.joints != len(LINKS) or any(arm.prismatic) or np.any(require_signs(arm, "ur_kinematics") < 0):
        raise not_held("it holds six joints that turn in their positive sense", "ur_kinematics")
    *origins, flange = plain_origins(arm)
    if max(map(abs, (*flange.xyz, *flange.rpy))) > SAME_PLACE:
        raise not_held("its flange is not in the frame of joint 6", "ur_kinematics")
    lines = ["kinematics:"]
    for link, origin in zip(LINKS, origins, strict=True):
        lines.append(f"  {link}:")
        lines += [f"    {name}: {value!r}" for name, value in zip(NUMBERS, (*origin.xyz, *origin.rpy), strict=True)]
    return "\n".join([*lines, f"  hash: calib_{arm.name}"]) + "\n"


FORMAT = ArmFormat(
    tool="ROS 1 and 2: ur_description (kinematics_params), ur_robot_driver",
    meaning="m, rad; every joint in the frame of the one before; roll, pitch, yaw about the fixed axes x, y, z",
    example="kinematics:\n  shoulder:\n    x: 0\n    y: 0\n    z: 0.1625\n    roll: -0\n    pitch: 0\n    yaw: -0\n",
    file_name="my_robot_calibration.yaml",
    write=write,
    loses="uncertainty; the controller goes on using its own calibration, and the driver says that the hash differs",
)
