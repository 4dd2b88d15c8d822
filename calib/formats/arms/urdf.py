"""URDF: the file that the arm was read from with other origins, or a new one of its kinematics."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import numpy as np

from calib.formats.arm_format import ArmFormat, require_signs
from calib.formats.chains.urdf_origins import JointOrigin, origins_in_urdf, plain_origins, with_origins
from calib.robot.arm.workspace import command_range

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


def write(arm: SerialArm) -> str | bytes:
    """The arm's own URDF, in which only numbers of `origin` differ; without one, links and joints without bodies."""
    if arm.urdf is not None:
        return with_origins(arm.urdf, origins_in_urdf(arm, arm.urdf))
    signs = require_signs(arm, "urdf").tolist()
    links = ("base", *(f"link_{i + 1}" for i in range(arm.joints)), "flange")
    lines = ['<?xml version="1.0"?>', f"<robot name={quoteattr(arm.name)}>"]
    lines += [f'  <link name="{name}"/>' for name in links]
    for i, origin in enumerate(plain_origins(arm)):
        kind, inside = _motion(arm, i, signs[i]) if i < arm.joints else ("fixed", [])
        lines += [f'  <joint name={quoteattr(origin.joint)} type="{kind}">', f"    {_origin(origin)}"]
        lines += [f'    <parent link="{links[i]}"/>', f'    <child link="{links[i + 1]}"/>', *inside, "  </joint>"]
    return "\n".join([*lines, "</robot>"]) + "\n"


def _origin(origin: JointOrigin) -> str:
    xyz, rpy = (" ".join(map(repr, values)) for values in (origin.xyz, origin.rpy))
    return f'<origin xyz="{xyz}" rpy="{rpy}"/>'


def _motion(arm: SerialArm, joint: int, sign: float) -> tuple[str, list[str]]:
    """Kind, axis and limits of a joint."""
    axis = f'    <axis xyz="0 0 {sign:.0f}"/>'
    slides, known = arm.prismatic[joint], bool(np.isfinite(arm.limits[joint]).all())
    if not slides and not known:
        return "continuous", [axis]
    low, high = (arm.limits if known else command_range(arm))[joint].tolist()
    # the format asks for them, and no calibration knows them
    limit = f'    <limit lower="{low!r}" upper="{high!r}" effort="0" velocity="0"/>'
    return "prismatic" if slides else "revolute", [axis, limit]


def remark(arm: SerialArm) -> str:
    """What was kept, or is to be filled in."""
    if arm.urdf is not None:
        return "all but numbers of <origin> is byte for byte the URDF that was given"
    return "a new file: links without bodies; effort and velocity of the joints, unknown here, are 0"


FORMAT = ArmFormat(
    tool="ROS 1 and 2: robot_state_publisher, MoveIt; yourdfpy, pinocchio, PyBullet, MuJoCo, Isaac Sim",
    meaning="m, rad; rpy about the fixed axes x, y, z; given the arm's URDF (calibrated with --arm arm.urdf, or "
    "--urdf), only numbers of origin change",
    example='<joint name="j2" type="revolute">\n  <origin xyz="0.0 0.0 0.1625" rpy="1.570796 0.0 0.0"/>\n'
    '  <parent link="link_1"/>\n  <child link="link_2"/>\n  <axis xyz="0 0 1"/>\n</joint>',
    file_name="arm.urdf",
    write=write,
    loses="uncertainty; couplings of joints are refused",
    remark=remark,
    unasked=lambda arm: arm.urdf is not None,
)
