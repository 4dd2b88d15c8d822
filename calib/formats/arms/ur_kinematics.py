"""Universal Robots in ROS: the kinematics YAML of ur_description, as ur_calibration writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from calib.formats.arm_format import ArmFormat, not_held, require_signs
from calib.formats.chains.arm_of_numbers import arm_of_links, wrong_arm
from calib.formats.chains.urdf_origins import SAME_PLACE, plain_origins
from calib.formats.content.opencv_storage import number
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.formats.content.source import Source
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


def _places(source: Source) -> dict[str, Any]:
    found = source.mapping.get("kinematics", source.mapping)
    return found if isinstance(found, dict) and all(isinstance(found.get(link), dict) for link in LINKS) else {}


def recognise(source: Source) -> bool:
    """Whether every link has its place."""
    return bool(_places(source))


def read(source: Source) -> SerialArm:
    """The arm from the controller's base to its flange. Raises InputError `arm-value`."""
    links = []
    for link, place in _places(source).items():
        values = [number(place.get(name)) for name in NUMBERS] if link in LINKS else []
        if None in values:
            raise wrong_arm(f"{link} is not x, y, z, roll, pitch, yaw", source.where)
        if values:
            links.append((LINKS.index(link), np.array(values, dtype=float)))
    ordered = np.array([values for _, values in sorted(links, key=lambda each: each[0])])
    turns = Rotation.from_euler("xyz", ordered[:, 3:]).as_matrix()
    return arm_of_links(
        source.path.stem, np.concatenate([se3.compose(turns, ordered[:, :3]), np.eye(4)[None]]), source.where
    )


FORMAT = ArmFormat(
    tool="ROS 1 and 2: ur_description (kinematics_params), ur_robot_driver",
    meaning="m, rad; every joint in the frame of the one before; roll, pitch, yaw about the fixed axes x, y, z",
    example="kinematics:\n  shoulder:\n    x: 0\n    y: 0\n    z: 0.1625\n    roll: -0\n    pitch: 0\n    yaw: -0\n",
    file_name="my_robot_calibration.yaml",
    write=write,
    recognise=recognise,
    read=read,
    loses="uncertainty; the controller goes on using its own calibration, and the driver says that the hash differs",
)
