"""An arm of the numbers in a file of another tool: rows of plain DH, or links between joint axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calib.arrays import Array
from calib.errors import InputError
from calib.robot.arm.dh_row import A, Convention, D
from calib.robot.arm.hayati import table_of_links, to_hayati
from calib.robot.arm.serial_arm import SerialArm, require_few_joints
from calib.text import one_line

METRES_BELOW = 5.0  # lengths of no arm are more; a slide on a rail is about as long
MILLIMETRES_ABOVE = 20.0  # the longest link of any arm is longer
RUNAWAY_M = 20.0  # of d: near-parallel axes in plain DH


def arm_of_rows(
    name: str,
    convention: Convention,
    rows: Array,
    where: str,
    *,
    prismatic: Sequence[bool] = (),
    signs: Sequence[float] = (),
    frames: tuple[Array, Array] | None = None,
    metres: bool = True,
) -> SerialArm:
    """The arm of rows (joints, 4) theta d a alpha in rad and m; d of near-parallel axes as Hayati's beta.

    frames: base and tool (4, 4). metres: whether lengths are; else their size decides, which it does after Hayati's
    form has taken the lengths of hundreds of metres away. Raises InputError `arm-value`, `too-many-joints`.
    """
    count = len(rows)
    require_few_joints(count, where)
    if not count or not np.isfinite(rows).all():
        raise wrong_arm("not every number of its table is there", where)
    base, tool = (np.eye(4), np.eye(4)) if frames is None else frames
    arm = SerialArm(
        name=one_line(name)[:60] or "arm",
        convention=convention,
        table=np.column_stack([rows, np.zeros(count)]),
        prismatic=tuple(prismatic) or (False,) * count,
        motion_from_command=np.diag(np.asarray(signs, dtype=float)) if len(signs) else np.eye(count),
        limits=np.tile([-np.inf, np.inf], (count, 1)),
        base=base,
        tool=tool,
        joint_names=tuple(f"j{i + 1}" for i in range(count)),
        source=where,
    )
    if not metres:
        arm = _in_metres(arm, where)
    return to_hayati(arm) if np.abs(arm.table[:, D]).max() > RUNAWAY_M else arm


def _in_metres(arm: SerialArm, where: str) -> SerialArm:
    """The arm whose lengths have no unit. Raises InputError `arm-value` where m and mm are both possible."""
    lengths = np.concatenate([to_hayati(arm).table[:, [D, A]].ravel(), arm.base[:3, 3], arm.tool[:3, 3]])
    largest = float(np.abs(lengths).max(initial=0.0))
    if METRES_BELOW < largest < MILLIMETRES_ABOVE:
        raise wrong_arm(f"its lengths, up to {largest:g}, may be metres or millimetres", where)
    if largest <= METRES_BELOW:
        return arm
    table, base, tool = arm.table.copy(), arm.base.copy(), arm.tool.copy()
    table[:, [D, A]] /= 1000
    base[:3, 3] /= 1000
    tool[:3, 3] /= 1000
    return replace(arm, table=table, base=base, tool=tool)


def arm_of_links(
    name: str, links: Array, where: str, *, prismatic: Sequence[bool] = (), signs: Sequence[float] = ()
) -> SerialArm:
    """The arm of constants (joints + 1, 4, 4) between motions about or along z. Raises as `arm_of_rows`."""
    if len(links) < 2 or not np.isfinite(links).all():
        raise wrong_arm("no joints, or not every number is there", where)
    require_few_joints(len(links) - 1, where)
    table, base, tool = table_of_links(links)
    arm = arm_of_rows(name, "modified_dh", table[:, :4], where, prismatic=prismatic, signs=signs, frames=(base, tool))
    return arm.with_parameters(table.ravel())


def in_radians(angles: Array) -> Array:
    """Angles without a unit, by their size: no table turns a joint's zero further than once round."""
    return np.radians(angles) if np.abs(angles).max(initial=0.0) > 2.01 * np.pi else angles


def wrong_arm(what: str, where: str) -> InputError:
    """The error `arm-value`."""
    return InputError(what, code="arm-value", where=where, advice="give plain numbers, with units in the column names")
