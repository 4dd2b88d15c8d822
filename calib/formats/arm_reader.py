"""Arms of every format: those of `calib.robot.load_arm` as ever, all others by what is in them."""

from __future__ import annotations

from pathlib import Path

from calib.formats.arm_format import find_arm_format, load_arm_format
from calib.formats.content.source import Source, split_part
from calib.robot.arm.read import URDF_SUFFIXES, shipped_arms
from calib.robot.arm_file import load_arm
from calib.robot.arm_model import Arm

OWN = {"convention", "joints"}  # keys of our own YAML


def load_any_arm(text_or_path: str | Path, *, tip: str | None = None) -> Arm:
    """An arm as of `calib.robot.load_arm`, or from a file of another tool (`calib list formats`).

    What a file leaves open is named after it: `dh.csv#modified_dh`, `calibration.conf#ur5e`.
    Raises the errors of `calib.robot.load_arm`; InputError `arm-value`, `arm-several`, UsageError `arm-convention`,
    `arm-nominal`.
    """
    text = str(text_or_path)
    file, part = split_part(Path(text))
    if tip is not None or text in shipped_arms() or file.suffix.lower() in URDF_SUFFIXES or not file.is_file():
        return load_arm(text_or_path, tip=tip)
    source = Source(file, part)
    name = None if source.mapping.keys() >= OWN else find_arm_format(source)
    read = None if name is None else load_arm_format(name).read
    return load_arm(text_or_path) if read is None else Arm(read(source))
