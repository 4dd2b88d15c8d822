"""Robotics Toolbox for Python: a robot as a sequence of elementary transforms, Hayati's angle among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.formats.arm_format import ArmFormat, require_signs
from calib.formats.chains.urdf_origins import plain_origins

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.formats.chains.urdf_origins import JointOrigin
    from calib.robot.arm.serial_arm import SerialArm


def write(arm: SerialArm) -> str:
    """A module that makes `robot`."""
    signs = require_signs(arm, "roboticstoolbox").tolist()
    steps = [
        step
        for i, origin in enumerate(plain_origins(arm))
        for step in (*_place_steps(origin), *_joint_steps(arm, i, signs))
    ]
    body = "\n".join(f"    * {step}" for step in steps[1:])
    return (
        f'"""{arm.name}, in m and rad."""\n\nimport roboticstoolbox as rtb\nfrom roboticstoolbox import ET\n\n'
        f"ets = (\n    {steps[0]}\n{body}\n)\nrobot = rtb.Robot(ets, name={arm.name!r})\n"
    )


def _place_steps(origin: JointOrigin) -> list[str]:
    """An origin step by step, what is zero left out."""
    steps = [*zip(("tx", "ty", "tz"), origin.xyz, strict=True)]
    steps += [*zip(("Rz", "Ry", "Rx"), reversed(origin.rpy), strict=True)]
    return [f"ET.{axis}({value!r})" for axis, value in steps if value]


def _joint_steps(arm: SerialArm, joint: int, signs: Array) -> list[str]:
    """The joint behind an origin, none behind the last."""
    if joint == arm.joints:
        return []
    flip = ", flip=True" if signs[joint] < 0 else ""
    low, high = arm.limits[joint].tolist()
    limits = f", qlim=({low!r}, {high!r})" if abs(low) + abs(high) < float("inf") else ""
    return [f"ET.{'tz' if arm.prismatic[joint] else 'Rz'}(jindex={joint}{flip}{limits})"]


FORMAT = ArmFormat(
    tool="roboticstoolbox-python (P. Corke)",
    meaning="m, rad; elementary transforms from the base to the flange, each joint about or along z",
    example="ets = (\n    ET.tz(0.1625)\n    * ET.Rz(jindex=0)\n    * ET.Rx(1.5707963267948966)\n)\n"
    'robot = rtb.Robot(ets, name="ur5e")',
    file_name="arm_roboticstoolbox.py",
    write=write,
    loses="uncertainty; couplings of joints are refused",
)
