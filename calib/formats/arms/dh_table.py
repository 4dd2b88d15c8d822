"""A table of plain DH, as CSV or as lists of numbers in YAML or JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.errors import UsageError
from calib.formats.arm_format import ArmFormat, require_signs
from calib.formats.chains.arm_of_numbers import arm_of_rows
from calib.formats.chains.dh_columns import CONVENTIONS, tables_in
from calib.formats.chains.plain_table import plain_remark
from calib.formats.content.expressions import value_of
from calib.geometry import se3, so3
from calib.robot.arm.rewritten import to_plain_dh

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.formats.content.source import Source
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


def recognise(source: Source) -> bool:
    """Whether there are columns, or lists, called a, alpha and d."""
    return bool(tables_in(source))


def read(source: Source) -> SerialArm:
    """The arm of a table. Raises InputError `arm-value`, `arm-several`; UsageError `arm-convention`."""
    tables, where = tables_in(source), source.where
    part = source.part if source.part in tables else ""
    table = replace(source, part=part).pick(tables, "arm")
    stated = [name for name in (source.part, table.convention) if name in CONVENTIONS]
    if not stated:
        raise UsageError(
            "the table does not say whether it is standard or modified DH",
            code="arm-convention",
            where=where,
            why="standard: a and alpha of the link behind a joint (Paul); modified: of the link before it (Craig)",
            advice=f"name it after the file: --arm {source.path.name}#standard_dh, or #modified_dh",
        )
    return arm_of_rows(
        source.path.stem,
        "standard_dh" if stated[0] == "standard_dh" else "modified_dh",
        table.rows(where),
        where,
        prismatic=table.prismatic,
        signs=table.signs,
        frames=(_frame(source, "base"), _frame(source, "flange")),
        metres=table.metres,
    )


def _frame(source: Source, name: str) -> Array:
    """The frame of a comment as it is written here, else none."""
    found = re.search(rf"(?m)^#[ \t]*{name}:[^=\n]*=[ \t]*([-+0-9.eE, ]+)$", source.text[:100_000])
    values = [value_of(text) for text in found[1].split(",")] if found else []
    if len(values) != 6 or None in values:
        return np.eye(4)
    numbers = np.array(values, dtype=float)
    return se3.compose(so3.exp(numbers[3:]), numbers[:3])


FORMAT = ArmFormat(
    tool="spreadsheets, MATLAB, scripts",
    meaning="m, rad, else as the names of the columns say, else as the size of the numbers tells; standard DH "
    "(Rz(theta + q) Tz(d) Tx(a) Rx(alpha)) or modified DH, as the first line says, or after the file; base "
    "and flange as position and rotation vector",
    example="# convention: standard_dh\n# base: x_m,y_m,z_m,rx_rad,ry_rad,rz_rad = 0.0,0.0,0.0,0.0,0.0,0.0\n"
    "# flange: x_m,y_m,z_m,rx_rad,ry_rad,rz_rad = 0.0,0.0,0.0,0.0,0.0,0.0\n"
    "joint,type,theta_rad,d_m,a_m,alpha_rad,sign\nj1,revolute,0.0,0.1625,0.0,1.5707963267948966,1",
    file_name="dh_table.csv",
    write=write,
    recognise=recognise,
    read=read,
    loses="uncertainty, limits; couplings of joints are refused",
    remark=plain_remark,
)
