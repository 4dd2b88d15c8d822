"""Xacro: the joint origins as one property, to be used in the description of an arm."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from calib.formats.arm_format import ArmFormat, require_signs
from calib.formats.chains.urdf_origins import JointOrigin, origins_in_urdf, plain_origins

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm

USE = """  <!-- In the description of the arm:
         <xacro:include filename="calibrated_origins.xacro"/>
         <joint name="JOINT" ...>
           <origin xyz="${calibrated['JOINT'][0]}" rpy="${calibrated['JOINT'][1]}"/> -->"""


def write(arm: SerialArm) -> str:
    """A file to include: a dictionary of xyz and rpy by the name of the joint."""
    if arm.urdf is None:
        require_signs(arm, "xacro")
        origins = plain_origins(arm)
    else:
        origins = origins_in_urdf(arm, arm.urdf)
    value = "${dict([" + ", ".join(map(_entry, origins)) + "])}"
    head = '<?xml version="1.0"?>\n<robot xmlns:xacro="http://www.ros.org/wiki/xacro">'
    return f'{head}\n{USE}\n  <xacro:property name="calibrated" value={quoteattr(value)}/>\n</robot>\n'


def _entry(origin: JointOrigin) -> str:
    xyz, rpy = (" ".join(map(repr, values)) for values in (origin.xyz, origin.rpy))
    return f"({origin.joint!r}, ('{xyz}', '{rpy}'))"


FORMAT = ArmFormat(
    tool="ROS 1 and 2: xacro",
    meaning="m, rad; xyz and rpy of the origin of every joint, in the frames of the arm's URDF where that is given "
    "(else as in a new URDF, with the axis of every joint along z)",
    example="<xacro:property name=\"calibrated\" value=\"${dict([('j1', ('0.0 0.0 0.1625', '0.0 0.0 0.0'))])}\"/>",
    file_name="calibrated_origins.xacro",
    write=write,
    loses="uncertainty, axes, limits",
)
