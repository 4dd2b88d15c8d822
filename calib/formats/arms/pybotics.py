"""Pybotics: a table of modified DH with base and tool."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.formats.arm_format import ArmFormat, not_held, require_signs
from calib.formats.chains.plain_table import plain_remark
from calib.robot.arm.hayati import table_of_links
from calib.robot.arm.rewritten import joint_frames, to_plain_dh

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


def write(arm: SerialArm) -> str:
    """A module that makes `robot`, of rows alpha, a, theta, d."""
    if any(arm.prismatic) or np.any(require_signs(arm, "pybotics") < 0):
        raise not_held("a joint slides, or turns in its negative sense", "pybotics")
    plain = _as_modified_dh(arm)
    rows = [[alpha, a, theta, d] for theta, d, a, alpha, _ in (plain.table + 0.0).tolist()]
    limits = np.clip(plain.limits.T, -2 * np.pi, 2 * np.pi).tolist()
    return (
        f'"""{arm.name}, in m and rad: rows of alpha, a, theta, d (modified DH)."""\n\nimport numpy as np\n'
        f"from pybotics.robot import Robot\n\nrobot = Robot.from_parameters(np.array([\n{_rows(rows)}]))\n"
        f"robot.joint_limits = np.array([\n{_rows(limits)}])\n"
        f"robot.world_frame = np.array([\n{_rows(plain.base.tolist())}])\n"
        f"robot.tool.matrix = np.array([\n{_rows(plain.tool.tolist())}])\n"
    )


def _rows(rows: list[list[float]]) -> str:
    return "".join(f"    {row},\n" for row in rows)


def _as_modified_dh(arm: SerialArm) -> SerialArm:
    """As modified DH without beta."""
    if arm.convention == "modified_dh":
        return to_plain_dh(arm)
    table, base, tool = table_of_links(joint_frames(arm))
    return to_plain_dh(replace(arm, convention="modified_dh", table=table, base=base, tool=tool))


FORMAT = ArmFormat(
    tool="pybotics",
    meaning="m, rad; modified DH, rows of alpha a theta d; base and tool as matrices",
    example="robot = Robot.from_parameters(np.array([\n    [0.0, 0.0, 0.0, 0.1625],\n"
    "    [1.5707963267948966, 0.0, 0.0, 0.0],\n]))\nrobot.world_frame = np.eye(4)\nrobot.tool.matrix = np.eye(4)",
    file_name="arm_pybotics.py",
    write=write,
    loses="uncertainty, joints that slide, turn in their negative sense or are coupled (refused)",
    remark=plain_remark,
)
