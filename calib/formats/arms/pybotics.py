"""Pybotics: a table of modified DH with base and tool."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.formats.arm_format import ArmFormat, not_held, require_signs
from calib.formats.chains.arm_of_numbers import arm_of_rows, in_radians, wrong_arm
from calib.formats.chains.plain_table import plain_remark
from calib.formats.content.expressions import value_of
from calib.robot.arm.hayati import table_of_links
from calib.robot.arm.rewritten import joint_frames, to_plain_dh
from calib.robot.arm.serial_arm import MOST_JOINTS

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.formats.content.source import Source
    from calib.robot.arm.serial_arm import SerialArm

READ = 1_000_000  # characters


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


_TABLE = re.compile(r"from_parameters\s*\(|kinematic_chain\s*=|\bMDHKinematicChain\b[^\n]*\(")
_ROW = re.compile(r"\[([^\[\]]{1,400})\]")


def _rows_after(text: str, begin: int, count: int, most: int) -> list[list[float | None]]:
    """Rows of that many numbers from a place in a text on, as long as they follow each other."""
    rows: list[list[float | None]] = []
    at = begin
    for match in _ROW.finditer(text, begin):
        values = [value_of(cell) for cell in match[1].split(",") if cell.strip()]
        if len(values) != count or (rows and text[at : match.start()].strip(" ,\n\r\t")) or len(rows) == most:
            break
        rows.append(values)
        at = match.end()
    return rows


def recognise(source: Source) -> bool:
    """Whether a robot is made from rows of four numbers."""
    match = _TABLE.search(source.text[:READ])
    return match is not None and bool(_rows_after(source.text, match.end(), 4, 1))


def read(source: Source) -> SerialArm:
    """The arm of the first robot. Raises InputError `arm-value`."""
    text = source.text[:READ]
    match = _TABLE.search(text)
    assert match is not None
    found = _rows_after(text, match.end(), 4, MOST_JOINTS + 1)
    if any(None in row for row in found):
        raise wrong_arm("its rows are not four plain numbers each", source.where)
    rows = np.array(found, dtype=float)
    turns = in_radians(rows[:, [0, 2]])
    table = np.column_stack([turns[:, 1], rows[:, 3], rows[:, 1], turns[:, 0]])
    frames = _frame(text, "world_frame", source.where), _frame(text, "tool.matrix", source.where)
    return arm_of_rows(source.path.stem, "modified_dh", table, source.where, frames=frames, metres=False)


def _frame(text: str, name: str, where: str) -> Array:
    """The 4 x 4 matrix given to an attribute, else none."""
    match = re.search(rf"\.{re.escape(name)}\s*=\s*np\.array\(\[", text)
    rows = _rows_after(text, match.end(), 4, 4) if match else []
    if match is None:
        return np.eye(4)
    if len(rows) != 4 or any(None in row for row in rows):
        raise wrong_arm(f"{name} is not 4 x 4 plain numbers", where)
    return np.array(rows, dtype=float)


FORMAT = ArmFormat(
    tool="pybotics",
    meaning="m or mm, by their size, rad; modified DH, rows of alpha a theta d; base and tool as matrices",
    example="robot = Robot.from_parameters(np.array([\n    [0.0, 0.0, 0.0, 0.1625],\n"
    "    [1.5707963267948966, 0.0, 0.0, 0.0],\n]))\nrobot.world_frame = np.eye(4)\nrobot.tool.matrix = np.eye(4)",
    file_name="arm_pybotics.py",
    write=write,
    recognise=recognise,
    read=read,
    loses="uncertainty, joints that slide, turn in their negative sense or are coupled (refused)",
    remark=plain_remark,
)
