"""The geometry of arms as YAML: a shipped name, a file of one's own, or a URDF become a `SerialArm`.

name: ur10e
source: where the numbers come from  # may be left out
convention: standard_dh            # or modified_dh; see calib.robot.arm.serial_arm
joints:                            # one row per joint; every number names its unit, _m or _mm, _rad or _deg
  - {theta_deg: 0, d_m: 0.1807, a_m: 0, alpha_deg: 90, limits_deg: [-360, 360]}
  - {type: prismatic, theta_deg: 0, d_mm: 0, a_mm: 0, alpha_deg: 0, sign: -1, limits_mm: [0, 210]}
couplings:                         # joint 3 moves by q3 + 1.0 q2
  - {joint: 3, adds: 2, ratio: 1.0}
tool: {position_m: [0, 0, 0.1], rotation_vector_deg: [0, 0, 180]}
checks:                            # known poses; loading refuses an arm that does not reproduce them
  - joints_deg: [0, -90, 0, 0, 0, 0]
    position_m: [0, 0.2907, 1.4852]
    quaternion_xyzw: [0.7071067811865476, 0, 0, 0.7071067811865476]
    source: maker's table
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from calib import config
from calib.arrays import Array
from calib.errors import InputError, UsageError, did_you_mean
from calib.geometry import se3, so3
from calib.robot.arm.dh_row import COLUMNS, UNITS, Convention
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.serial_arm import Check, SerialArm, require_few_joints
from calib.robot.arm.transform import WrittenTransform, in_si, transform_of, wrong_value
from calib.robot.arm.urdf import arm_of_urdf
from calib.storage.result_folder import file_in
from calib.storage.stored import read_document
from calib.text import one_line

URDF_SUFFIXES = (".urdf", ".xml", ".xacro")
YAML_SUFFIXES = (".yaml", ".yml")
_Pair = tuple[float, float]


@dataclass(frozen=True)
class _Row:
    """One joint, as written; numbers in either unit."""

    type: Literal["revolute", "prismatic"] = "revolute"
    name: str = ""
    theta_rad: float | None = None
    theta_deg: float | None = None
    d_m: float | None = None
    d_mm: float | None = None
    a_m: float | None = None
    a_mm: float | None = None
    alpha_rad: float | None = None
    alpha_deg: float | None = None
    beta_rad: float | None = None
    beta_deg: float | None = None
    sign: Literal[1, -1] = 1
    limits_rad: _Pair | None = None
    limits_deg: _Pair | None = None
    limits_m: _Pair | None = None
    limits_mm: _Pair | None = None


@dataclass(frozen=True)
class _Check(WrittenTransform):
    """A flange pose in the base frame, as written. joints_rad_m: rad where a joint turns, m where it slides."""

    source: str = ""
    joints_deg: tuple[float, ...] | None = None
    joints_rad: tuple[float, ...] | None = None
    joints_rad_m: tuple[float, ...] | None = None
    within_mm: float = 0.001  # a micrometre: what rounding to six decimals of a metre leaves
    within_deg: float = 0.0001


@dataclass(frozen=True)
class _Coupling:
    """Joint `joint` also moves by ratio times the commanded value of joint `adds` (both counted from 1)."""

    joint: int
    adds: int
    ratio: float


@dataclass(frozen=True)
class _ArmFile:
    """An arm, as written."""

    name: str
    convention: Convention
    joints: tuple[_Row, ...]
    source: str = ""
    title: str = ""
    couplings: tuple[_Coupling, ...] = ()
    base: WrittenTransform | None = None
    tool: WrittenTransform | None = None
    checks: tuple[_Check, ...] = ()
    uncertainty: Any = None  # of a calibrated arm; `calib.robot.arm_file` reads it


def shipped_arms() -> tuple[str, ...]:
    """Names of the arms that come with the package."""
    files = config.shipped_folder("configs/arms").iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def file_of_arm(text_or_path: str | Path) -> str:
    """What names an arm, with the `arm.yaml` in it in place of a result folder; a shipped name goes before a folder's.

    Raises UsageError `not-in-folder`.
    """
    text = str(text_or_path)
    return text if text in shipped_arms() else str(file_in(Path(text), "arm.yaml", "--arm"))


def arm_beside(folder: Path, named: str) -> str:
    """An arm that a file in `folder` names: its file or result folder is looked for there, a shipped name stays."""
    if named in shipped_arms():
        return named
    path = folder / named
    return str(path) if path.suffix.lower() in URDF_SUFFIXES + YAML_SUFFIXES or path.exists() else named


def load_geometry(text_or_path: str | Path, *, tip: str | None = None) -> SerialArm:
    """The arm of a shipped name, of a `.yaml` file or a result folder, or of a `.urdf` file (as far as the link `tip`).

    Raises UsageError `unknown-arm` naming the nearest shipped one, `arm-value` or the codes of `calib.config` for a
    wrong file, `not-in-folder`, `tip-unused` for a tip of what is no URDF, InputError `arm-check-failed` if a check
    pose is not reproduced, and the errors of `calib.robot.arm.urdf`.
    """
    text = file_of_arm(text_or_path)
    suffix = Path(text).suffix.lower()
    if suffix in URDF_SUFFIXES:
        return arm_of_urdf(Path(text), tip=tip)
    if tip is not None:
        what = "a tip is a link of a URDF, and this arm is none"
        raise UsageError(what, code="tip-unused", where=text, advice="leave --tip (or `tip:`) out")
    if suffix in YAML_SUFFIXES:
        document = read_document(text)
        if isinstance(document, dict) and "effects" in document:
            raise UsageError(
                "the arm has effects beyond its geometry",
                code="arm-effects",
                where=text,
                advice="give the nominal arm, without effects",
            )
        return _verify(parse_geometry(document, text), text)
    if text not in shipped_arms():
        advice = did_you_mean(text, shipped_arms()) + "; or give a .yaml or .urdf file"
        raise UsageError(f"unknown arm {text!r}", code="unknown-arm", advice=advice)
    file = config.shipped_folder("configs/arms").joinpath(f"{text}.yaml")
    where = f"shipped arm {text}"
    return _verify(parse_geometry(config.parse_yaml(file.read_text(encoding="utf-8"), where), where), where)


def parse_geometry(document: Any, where: str) -> SerialArm:
    """The arm of a parsed YAML document; `where` names it in errors. Check poses are read, not yet tried."""
    written = config.build(_ArmFile, document, where)
    if not written.joints:
        raise wrong_value(
            "an arm needs at least one joint", f"{where}: joints", "list one DH row per joint, base first"
        )
    config.require_name(written.name, f"{where}: name")
    require_few_joints(len(written.joints), f"{where}: joints")
    rows = [(row, f"{where}: joints[{i}]") for i, row in enumerate(written.joints)]
    prismatic = tuple(row.type == "prismatic" for row in written.joints)
    return SerialArm(
        name=written.name,
        title=one_line(written.title or written.name),
        source=written.source,
        convention=written.convention,
        table=np.array([_table_row(row, place) for row, place in rows]),
        prismatic=prismatic,
        motion_from_command=_motion_from_command(written, where),
        limits=np.array([_limits(row, place) for row, place in rows]),
        base=transform_of(written.base, f"{where}: base"),
        tool=transform_of(written.tool, f"{where}: tool"),
        joint_names=tuple(one_line(row.name) or f"j{i + 1}" for i, row in enumerate(written.joints)),
        checks=tuple(_check(check, prismatic, f"{where}: checks[{i}]") for i, check in enumerate(written.checks)),
    )


def check_errors(arm: SerialArm) -> tuple[tuple[float, float], ...]:
    """Distance in m and angle in rad between the arm and each of its check poses."""
    errors = []
    for check in arm.checks:
        off = se3.inverse(check.base_from_flange) @ base_from_flange(arm, check.command)
        errors.append((float(np.linalg.norm(off[:3, 3])), float(np.linalg.norm(so3.log(off[:3, :3])))))
    return tuple(errors)


def _verify(arm: SerialArm, where: str) -> SerialArm:
    for i, (check, (distance, angle)) in enumerate(zip(arm.checks, check_errors(arm), strict=True)):
        if distance > check.within_m or angle > check.within_rad:
            raise InputError(
                "the DH table does not reproduce this check pose: "
                f"off by {distance * 1000:.3f} mm and {math.degrees(angle):.4f} deg",
                code="arm-check-failed",
                where=f"{where}: checks[{i}]",
                why=f"the pose is from: {check.source}",
                advice="check the table's numbers, signs and convention (standard_dh or modified_dh)",
            )
    return arm


def _table_row(row: _Row, where: str) -> list[float]:
    values = []
    for column, unit in zip(COLUMNS, UNITS, strict=True):
        units = ("m", "mm") if unit == "m" else ("rad", "deg")
        value = in_si(row, column, units, where)
        if value is None and column not in ("theta", "beta"):  # these two are zero in most tables
            what, advice = f"missing key '{column}_{units[0]}'", f"add {column}_{units[0]} or {column}_{units[1]}"
            raise UsageError(what, code="config-missing-key", where=where, advice=advice)
        values.append(0.0 if value is None else value)
    return values


def _limits(row: _Row, where: str) -> _Pair:
    units = ("m", "mm") if row.type == "prismatic" else ("rad", "deg")
    others = ("rad", "deg") if row.type == "prismatic" else ("m", "mm")
    if in_si(row, "limits", others, where) is not None:
        raise wrong_value(
            f"a {row.type} joint has limits_{units[0]} or limits_{units[1]}",
            where,
            f"rename it limits_{units[0]}, or change the joint's type",
        )
    limits: _Pair | None = in_si(row, "limits", units, where)
    if limits is None:
        return (-math.inf, math.inf)
    if limits[0] >= limits[1]:
        raise wrong_value("the lower limit is not below the upper", where, f"write limits_{units[0]}: [lower, upper]")
    return limits


def _motion_from_command(written: _ArmFile, where: str) -> Array:
    joints = len(written.joints)
    motion = np.eye(joints)
    for i, coupling in enumerate(written.couplings):
        place = f"{where}: couplings[{i}]"
        if not (1 <= coupling.joint <= joints and 1 <= coupling.adds <= joints):
            raise wrong_value(
                f"joints are counted from 1 to {joints}", place, f"write joint and adds as numbers from 1 to {joints}"
            )
        if coupling.joint == coupling.adds:
            raise wrong_value("a joint cannot be coupled to itself", place, "name two joints, or remove the coupling")
        motion[coupling.joint - 1, coupling.adds - 1] += coupling.ratio
    signs = np.array([row.sign for row in written.joints], dtype=float)
    return np.asarray(signs[:, None] * motion)


def _check(check: _Check, prismatic: tuple[bool, ...], where: str) -> Check:
    given = [value for value in (check.joints_deg, check.joints_rad, check.joints_rad_m) if value is not None]
    if len(given) != 1:
        raise wrong_value(
            "give the joints once, as joints_deg, joints_rad or joints_rad_m", where, "keep one of the three"
        )
    if len(given[0]) != len(prismatic):
        raise wrong_value(
            f"expected {len(prismatic)} joint values, found {len(given[0])}",
            where,
            "write one value per joint, base first",
        )
    if any(prismatic) and check.joints_rad_m is None:
        raise wrong_value(
            "an arm with sliding joints gives joints_rad_m, rad and metres",
            where,
            "rename it joints_rad_m and convert its values",
        )
    if not check.source.strip():
        raise wrong_value("a check needs its source", where, "write where the pose is from: `source: ...`")
    if check.matrix is None and check.position_m is None and check.position_mm is None:
        raise wrong_value(
            "a check needs the position of the flange", where, "add position_m, position_mm or the matrix"
        )
    command = np.radians(given[0]) if check.joints_deg is not None else np.array(given[0])
    within = check.within_mm / 1000, math.radians(check.within_deg)
    return Check(command, transform_of(check, where), check.source, *within)
