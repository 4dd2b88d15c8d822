"""A table of plain DH as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.formats.arm_format import ArmFormat, require_signs
from calib.formats.chains.plain_table import plain_remark
from calib.geometry import so3
from calib.robot.arm.rewritten import to_plain_dh

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.robot.arm.serial_arm import SerialArm


def write(arm: SerialArm) -> str:
    """A row per joint under a header; base, flange and convention in comments above it."""
    signs = require_signs(arm, "dh_table").astype(int)
    plain = to_plain_dh(arm)
    lines = [f"# convention: {plain.convention}", f"# base: {_place(plain.base)}", f"# flange: {_place(plain.tool)}"]
    lines.append("joint,type,theta_rad,d_m,a_m,alpha_rad,sign")
    for i, (theta, d, a, alpha, _) in enumerate(plain.table.tolist()):
        kind = "prismatic" if plain.prismatic[i] else "revolute"
        name = plain.joint_names[i].replace(",", "_")
        lines.append(f"{name},{kind},{theta!r},{d!r},{a!r},{alpha!r},{signs[i]}")
    return "\n".join(lines) + "\n"


def _place(frame: Array) -> str:
    """Position in m and rotation vector in rad."""
    values = np.concatenate([frame[:3, 3], so3.log(frame[:3, :3])]) + 0.0
    return "x_m,y_m,z_m,rx_rad,ry_rad,rz_rad = " + ",".join(map(repr, values.tolist()))


FORMAT = ArmFormat(
    tool="spreadsheets, MATLAB, scripts",
    meaning="m, rad; standard DH (Rz(theta + q) Tz(d) Tx(a) Rx(alpha)) or modified DH, as the first line says; base "
    "and flange as position and rotation vector",
    example="# convention: standard_dh\n# base: x_m,y_m,z_m,rx_rad,ry_rad,rz_rad = 0.0,0.0,0.0,0.0,0.0,0.0\n"
    "# flange: x_m,y_m,z_m,rx_rad,ry_rad,rz_rad = 0.0,0.0,0.0,0.0,0.0,0.0\n"
    "joint,type,theta_rad,d_m,a_m,alpha_rad,sign\nj1,revolute,0.0,0.1625,0.0,1.5707963267948966,1",
    file_name="dh_table.csv",
    write=write,
    loses="uncertainty, limits; couplings of joints are refused",
    remark=plain_remark,
)
