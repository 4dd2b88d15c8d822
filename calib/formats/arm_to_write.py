"""The arm that is to be written, together with the URDF that it belongs to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np

from calib.errors import CalibError, UsageError
from calib.formats.arm_reader import load_any_arm
from calib.formats.chains.urdf_origins import SAME_PLACE
from calib.robot.arm.read import URDF_SUFFIXES, load_geometry
from calib.robot.arm.serial_arm import SerialArm, UrdfText
from calib.robot.arm.urdf import arm_of_text
from calib.robot.arm_model import Arm

URDF_IN_RESULT = "arm.urdf"


def arm_to_write(path: str | Path, urdf: str | Path | None = None, tip: str | None = None) -> Arm:
    """An arm, or that of a result; its geometry knows the URDF that is given, or that lies in the result's folder.

    urdf: the arm's URDF. tip: the link of it that is the flange; None: the last one or, of several, where the arm's
    flange is. Raises the errors of `load_any_arm`.
    """
    if Path(path).suffix.lower() in URDF_SUFFIXES:
        return load_any_arm(path, tip=tip)
    arm = load_any_arm(path)
    beside = Path(path) / URDF_IN_RESULT
    found = urdf if urdf is not None else beside if beside.is_file() else None
    if found is None:
        return arm if tip is None else load_any_arm(path, tip=tip)
    return replace(arm, geometry=replace(arm.geometry, urdf=_text(Path(found), arm.geometry, tip)))


def _text(file: Path, arm: SerialArm, tip: str | None) -> UrdfText | None:
    try:
        return load_geometry(file, tip=tip).urdf
    except UsageError as error:
        content = file.read_bytes() if error.code == "urdf-tip" and tip is None else b""
        links = [element.get("name", "") for element in fromstring(content).findall("link")] if content else []
        fitting = (text for text in (UrdfText(content, link) for link in links) if _ends_at_flange(text, arm))
        found = next(fitting, None)
        if found is None:
            raise
        return found


def _ends_at_flange(text: UrdfText, arm: SerialArm) -> bool:
    """Whether the arm from the root to a link has these joints, and its flange where the arm has it."""
    try:
        found = arm_of_text(text)
    except CalibError:
        return False
    return found.joint_names == arm.joint_names and float(np.abs(found.tool - arm.tool).max()) < SAME_PLACE
