"""Universal Robots' own files: the differences of calibration.conf to the nominal table, or a whole table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from calib.errors import UsageError
from calib.formats.arm_format import ArmFormat
from calib.formats.chains.arm_of_numbers import arm_of_rows, wrong_arm
from calib.formats.columns.pose_texts import NUMBER
from calib.robot.arm.dh_row import ALPHA, A, D
from calib.robot.arm.read import load_geometry, shipped_arms

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.formats.content.source import Source
    from calib.robot.arm.serial_arm import SerialArm

JOINTS = 6
ORDER = ("theta", "d", "a", "alpha")
_NUMBERS = r"[ \t]*=[ \t]*\[[ \t]*" + r"\s*,\s*".join([NUMBER] * JOINTS) + r"\s*\]"
_ROW = re.compile(rf"(?m)^[ \t]*(delta_)?(theta|d|a|alpha){_NUMBERS}")


def _columns(source: Source) -> dict[str, list[float]]:
    """Six numbers by name, the names of differences with delta_."""
    found = _ROW.finditer(source.text[:1_000_000])
    return {(match[1] or "") + match[2]: [float(text) for text in match.groups()[2:]] for match in found}


def recognise(source: Source) -> bool:
    """Whether six lengths and angles are there, or their differences."""
    names = _columns(source).keys()
    return names >= {f"delta_{name}" for name in ORDER} or names >= {"d", "a", "alpha"}


def read(source: Source) -> SerialArm:
    """The calibrated arm. Raises UsageError `arm-nominal` for differences without the arm that they belong to."""
    columns, where = _columns(source), source.where
    rows = np.zeros((JOINTS, len(ORDER)))
    if {"d", "a", "alpha"} <= columns.keys():
        rows += np.array([columns.get(name, [0.0] * JOINTS) for name in ORDER]).T
    else:
        rows += _nominal(source)
    if {f"delta_{name}" for name in ORDER} <= columns.keys():
        rows += np.array([columns[f"delta_{name}"] for name in ORDER]).T
    return arm_of_rows(source.path.stem, "standard_dh", rows, where)


def _nominal(source: Source) -> Array:
    """The table (6, 4) of the shipped arm named after the file."""
    arms = [name for name in shipped_arms() if name.startswith("ur")]
    if source.part not in arms:
        raise UsageError(
            "it holds differences to the nominal arm, and not which that is",
            code="arm-nominal",
            where=source.where,
            advice=f"name it after the file: --arm {source.path.name}#ur5e; one of {', '.join(arms)}",
        )
    arm = load_geometry(source.part)
    if arm.convention != "standard_dh" or arm.joints != JOINTS:
        raise wrong_arm(f"{source.part} is no table of six standard DH rows", source.where)
    return arm.table[:, [0, D, A, ALPHA]]


FORMAT = ArmFormat(
    tool="Universal Robots controllers: calibration.conf, urcontrol.conf",
    meaning="m, rad; standard DH; delta_theta, delta_d, delta_a, delta_alpha are added to the nominal arm, named after "
    "the file (calibration.conf#ur5e); d of up to 600 m between near-parallel axes becomes Hayati's beta, the same arm",
    example="[mounting]\ndelta_theta = [ 0.0001, 0.02, -0.03, 0.01, 0.0, 0.0]\n"
    "delta_a = [ 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\ndelta_d = [ 0.0, 12.0, -12.0, 0.001, 0.0, 0.0]\n"
    "delta_alpha = [ 0.0, 0.001, -0.001, 0.0, 0.0, 0.0]\n",
    file_name="calibration.conf",
    recognise=recognise,
    read=read,
)
