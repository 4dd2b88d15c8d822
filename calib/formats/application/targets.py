"""The targets of a program or a table, and the file that holds others in their place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calib import plugins
from calib.arrays import Array, Mask
from calib.errors import InputError, UsageError
from calib.formats.columns.program import ProgramTarget, find_targets, put_numbers
from calib.formats.content.source import Source
from calib.formats.pose_format import FORMATS, find_pose_format, load_pose_format
from calib.formats.pose_reader import read_poses
from calib.formats.stated_poses import require_one_reading
from calib.geometry import se3, so3
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.write import poses_text
from calib.text import first_few, one_line

WIDE = (b"\xff\xfe", b"\xfe\xff")  # marks of UTF-16


@dataclass(frozen=True, eq=False)
class Targets(ABC):
    """n targets in the order of the file."""

    names: tuple[str, ...]
    """What messages call each."""
    poses: Array
    """(n, 4, 4) as the file has them; NaN where joint values are given instead."""
    joints: Array
    """(n, joints) rad or m; NaN where a pose is given alone."""
    by_joints: Mask
    """Which (n,) are given by joint values; those of the others only tell the branch."""
    format_name: str
    """Of the file."""

    @abstractmethod
    def file(self, poses: Array, joints: Array) -> str | bytes:
        """The file with others in their place: poses (n, 4, 4) and, where they are given, joints (n, joints)."""

    @property
    def near(self) -> Array:
        """(n, joints) values that tell the branch of each, its own or those moved to before; NaN where none do."""
        near = self.joints.copy()
        for i in range(1, len(near)):
            if np.isnan(near[i]).any() and self.by_joints[i - 1]:
                near[i] = near[i - 1]
        return near


@dataclass(frozen=True, eq=False)
class ProgramTargets(Targets):
    """Targets in a program."""

    text: str = ""
    """Its bytes, one letter each."""
    found: tuple[ProgramTarget, ...] = ()
    """Where they stand."""

    def file(self, poses: Array, joints: Array) -> bytes:
        """The program, byte for byte but for these numbers."""
        rows = []
        for target, pose, values in zip(self.found, poses, joints, strict=True):
            program = target.program
            if program.to_numbers is None:
                rows.append(values / program.joint_unit)
            else:
                rows.append(program.to_numbers(pose[None], np.array([target.numbers]))[0])
        return put_numbers(self.text, self.found, rows).encode("latin-1")


@dataclass(frozen=True, eq=False)
class TableTargets(Targets):
    """Targets in a table."""

    table: PoseTable | None = None
    """As it was read."""

    def file(self, poses: Array, joints: Array) -> str:
        """A table with the house's header; columns of other names are kept."""
        assert self.table is not None
        if self.by_joints.all():
            return poses_text(replace(self.table, joints=joints))
        own = joints[:, : self.table.joints.shape[1]]
        turned = so3.quaternion_xyzw(poses[:, :3, :3])
        return poses_text(
            replace(self.table, joints=own, position=poses[:, :3, 3], quaternion_xyzw=turned, angles=None)
        )


def read_targets(
    path: Path,
    joints: int,
    *,
    skip: Collection[str] = (),
    columns: Mapping[str, str] | None = None,
    euler: str | None = None,
    format_name: str | None = None,
) -> Targets:
    """The targets of a program or a table for an arm of so many joints.

    skip: names of targets, or their lines, that are left as they are. columns, euler, format_name: as of `read_poses`.
    Raises the errors of `read_poses`; UsageError `target-unknown`; InputError `targets-missing`, `targets-encoding`.
    """
    if columns is None:
        source = Source(path)
        name = format_name or _program_format(source)
        if name is not None and load_pose_format(name).programs:
            return _of_program(source, name, joints, skip)
    table = read_poses(path, joints=joints, joints_needed=False, euler=euler, columns=columns, format_name=format_name)
    return _of_table(require_one_reading(table), joints, skip)


def _program_format(source: Source) -> str | None:
    """The format of a program, also of one that holds joint values alone; None for what is none."""
    name = find_pose_format(source)
    if name is not None and load_pose_format(name).programs:
        return name
    forms = ((each, load_pose_format(each)) for each in plugins.discover(FORMATS))
    likely = (
        each for each, form in forms if source.suffix in form.suffixes and find_targets(source.text, form.programs)
    )
    return next(likely, None)


def _of_program(source: Source, name: str, joints: int, skip: Collection[str]) -> ProgramTargets:
    if source.content[:2] in WIDE:
        advice = "save it as UTF-8 or Latin-1"
        raise InputError("the text is UTF-16", code="targets-encoding", where=source.where, advice=advice)
    text = source.content.decode("latin-1")  # every byte a letter, so that all come back
    every = find_targets(text, load_pose_format(name).programs)
    found = [each for each in every if not {each.name, str(each.line)} & set(skip)]
    known = {each.name for each in every} | {str(each.line) for each in every}
    if unknown := sorted(set(skip) - known):
        names = first_few([_title(each) for each in every], 20)
        what = f"no target {unknown[0]!r}"
        raise UsageError(what, code="target-unknown", where="--skip", advice=f"the file has {names}")
    if not found:
        advice = "give a program or a table with poses or joint values"
        raise InputError("holds no targets", code="targets-missing", where=source.where, advice=advice)
    poses, values = np.full((len(found), 4, 4), np.nan), np.full((len(found), joints), np.nan)
    by_joints = np.array([each.program.to_poses is None for each in found])
    for i, each in enumerate(found):
        numbers = np.array(each.numbers)
        if each.program.to_poses is not None:
            poses[i] = each.program.to_poses(numbers[None])[0]
        elif len(numbers) == joints:
            values[i] = numbers * each.program.joint_unit
        else:
            what = f"{_title(each)} has {len(numbers)} joint values, the arm {joints}"
            raise InputError(what, code="joint-count", where=source.where, advice="name it with --skip")
    return ProgramTargets(tuple(map(_title, found)), poses, values, by_joints, name, text, tuple(found))


def _title(target: ProgramTarget) -> str:
    return one_line(f"{target.name} (line {target.line})" if target.name else f"line {target.line}")


def _of_table(table: PoseTable, joints: int, skip: Collection[str]) -> TableTargets:
    if skip:
        advice = "remove the rows from the table instead"
        raise UsageError("rows of a table cannot be skipped", code="target-unknown", where="--skip", advice=advice)
    n = len(table.lines)
    given = table.joints.shape[1] == joints
    if table.rotation is not None and table.position is not None:
        poses = se3.compose(table.rotation, table.position)
    elif given:
        poses = np.full((n, 4, 4), np.nan)
    else:
        advice = f"give x_m,y_m,z_m,qx,qy,qz,qw, or {joints} joint values"
        raise InputError("holds no targets", code="targets-missing", where=table.name, advice=advice)
    values = table.joints if given else np.full((n, joints), np.nan)
    names = tuple(f"line {line}" for line in table.lines.tolist())
    by_joints = np.full(n, table.rotation is None or table.position is None)
    return TableTargets(names, poses, values, by_joints, "table", table)
