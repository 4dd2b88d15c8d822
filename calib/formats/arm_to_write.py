"""The arm that is to be written, together with the URDF that it belongs to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from calib.robot.arm.read import URDF_SUFFIXES, load_geometry
from calib.robot.arm_file import load_arm
from calib.robot.arm_model import Arm

URDF_IN_RESULT = "arm.urdf"


def arm_to_write(path: str | Path, urdf: str | Path | None = None, tip: str | None = None) -> Arm:
    """An arm, or that of a result; its geometry knows the URDF that is given, or that lies in the result's folder.

    urdf: the arm's URDF. tip: the link of it that is the flange. Raises the errors of `calib.robot.load_arm`.
    """
    if Path(path).suffix.lower() in URDF_SUFFIXES:
        return load_arm(path, tip=tip)
    arm = load_arm(path)
    beside = Path(path) / URDF_IN_RESULT
    found = urdf if urdf is not None else beside if beside.is_file() else None
    if found is None:
        return arm if tip is None else load_arm(path, tip=tip)
    return replace(arm, geometry=replace(arm.geometry, urdf=load_geometry(found, tip=tip).urdf))
