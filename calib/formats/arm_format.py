"""What a format of arms is: one file in `arms/`, written from an arm's geometry, or read as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib import plugins
from calib.errors import UsageError
from calib.robot.arm.workspace import random_commands

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.formats.content.source import Source
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.arm_model import Arm

FORMATS = "calib.formats.arms"
POSES = 500  # over the joint range, to measure what a format leaves out


@dataclass(frozen=True)
class ArmFormat:
    """A format of arms."""

    tool: str
    """What reads and writes it."""
    meaning: str
    """Unit, convention and frames."""
    example: str
    """Such a file, or the part of it that counts."""
    file_name: str
    """Of the file that is written, where none is asked for."""
    write: Callable[[SerialArm], str | bytes] | None = None
    """The file of an arm's geometry; None for a format that is only read. Raises UsageError `arm-not-held`."""
    loses: str = ""
    """What a file so written cannot hold."""
    recognise: Callable[[Source], bool] | None = None
    """Whether a file is of this format; None for one only written, or read by the robot's own reader (URDF)."""
    read: Callable[[Source], SerialArm] | None = None
    """The geometry in a file. Raises InputError `arm-value`, `arm-several`; UsageError `arm-convention`."""
    remark: Callable[[SerialArm], str] | None = None
    """What is to be known of the file of a certain arm; may be empty."""
    unasked: Callable[[SerialArm], bool] = lambda arm: False
    """Whether the folder of a result holds such a file of its arm."""

    def unasked_files(self, arm: SerialArm) -> dict[str, str | bytes]:
        """What the folder of a result holds of its arm. Raises UsageError `arm-not-held`, `urdf-other-arm`."""
        return {self.file_name: self.write(arm)} if self.write is not None and self.unasked(arm) else {}


def load_arm_format(name: str) -> ArmFormat:
    """The format of that name. Raises UsageError `unknown-format`."""
    found: ArmFormat = plugins.pick(FORMATS, "FORMAT", name)
    return found


def find_arm_format(source: Source) -> str | None:
    """The name of the format that a file is of, by its content; None if it is of none."""
    known = {name: load_arm_format(name) for name in plugins.discover(FORMATS)}
    return next((name for name, form in known.items() if form.recognise is not None and form.recognise(source)), None)


def require_arm_writer(name: str) -> Callable[[SerialArm], str | bytes]:
    """What writes arms in a format. Raises UsageError `unknown-format`, `format-not-written`."""
    write = load_arm_format(name).write
    if write is None:
        able = [each for each in plugins.discover(FORMATS) if load_arm_format(each).write is not None]
        raise UsageError(
            f"arms are read from the format {name}, and not written",
            code="format-not-written",
            where="--to",
            advice=f"one of: {', '.join(able)}",
        )
    return write


def beyond_geometry(arm: Arm) -> str:
    """What of an arm no table of its geometry holds, and by how much that moves the flange; empty if nothing.

    Over the joint range, without payload and at the temperature of the calibration.
    """
    if not arm.bends:
        return ""
    commands = random_commands(arm.geometry, POSES, np.random.default_rng(0))
    off = arm.base_from_flange(commands) - arm.geometry.base_from_flange(commands)
    size_mm = 1000 * np.linalg.norm(off[:, :3, 3], axis=1)
    names = [*arm.effects, *(["compensation"] if arm.correction is not None else [])]
    rms, most = float(np.sqrt(np.mean(size_mm**2))), float(size_mm.max())
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{listed} ({rms:.3f} mm rms at the flange over the joint range, {most:.3f} mm at most)"


def require_signs(arm: SerialArm, name: str) -> Array:
    """The direction (joints,) of every joint, 1 or -1. Raises UsageError `arm-not-held` where joints are coupled."""
    motion = arm.motion_from_command
    signs = np.diag(motion)
    if np.any(motion != np.diag(signs)):
        joint, other = (int(index) + 1 for index in np.argwhere(motion != np.diag(signs))[0])
        raise not_held(f"joint {joint} also moves with joint {other}", name)
    return np.asarray(signs)


def not_held(what: str, name: str) -> UsageError:
    """The error `arm-not-held`."""
    return UsageError(
        f"the format {name} does not hold this arm: {what}",
        code="arm-not-held",
        where="--to",
        advice="write another format (`calib list formats`); arm.yaml holds everything",
    )
