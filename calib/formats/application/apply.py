"""From the targets of a program or a table to what is to be commanded so that the real arm reaches them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.errors import InputError
from calib.files import write_files
from calib.formats.application.result_arms import arms_of_result
from calib.formats.application.targets import Targets, read_targets
from calib.formats.pose_format import NamedPoses, load_pose_format, require_writer
from calib.geometry import se3
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm_model import Arm
from calib.robot.corrected_targets import Circumstances, CorrectedTargets, correct_joints, correct_poses
from calib.robot.known_frame import known_frame
from calib.text import first_few

AXES_OF_A_POSE = 6
MOST_NAMED = 10  # targets in an error


@dataclass(frozen=True, eq=False)
class Reference:
    """What the poses of a file are of."""

    flange_from_tool: Array = field(default_factory=lambda: np.eye(4))
    """(4, 4) of the tool that the program uses."""
    base_from_frame: Array = field(default_factory=lambda: np.eye(4))
    """(4, 4) of the frame in which its poses are given: work object, user frame."""

    def flange(self, poses: Array) -> Array:
        """base_from_flange (n, 4, 4) of the file's poses."""
        return self.base_from_frame @ poses @ se3.inverse(self.flange_from_tool)

    def poses(self, base_from_flange: Array) -> Array:
        """The file's poses (n, 4, 4) of base_from_flange."""
        return se3.inverse(self.base_from_frame) @ base_from_flange @ self.flange_from_tool


def reference_of(tool: str | None, frame: str | None) -> Reference:
    """What options state. Raises UsageError `frame-value`."""
    known = (
        np.eye(4) if text is None else known_frame(text, name) for text, name in ((tool, "--tool"), (frame, "--frame"))
    )
    return Reference(*known)


@dataclass(frozen=True, eq=False)
class Applied:
    """Targets that were corrected and written."""

    targets: Targets
    """As they were read."""
    corrected: CorrectedTargets
    """What is to be commanded."""
    arm: SerialArm
    """The identified one."""
    file: Path
    """What was written."""
    format_name: str
    """Its format."""
    expected: Mapping[str, float]
    """Mean errors of the identified arm on rows that were not fitted, mm and deg, as far as the result has them."""

    def document(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "file": str(self.file),
            "format": self.format_name,
            "expected_error": dict(self.expected),
            "targets": [self._row(i) for i in range(len(self.targets.names))],
        }

    def _row(self, i: int) -> dict[str, Any]:
        found = self.corrected
        return {
            "name": self.targets.names[i],
            "moved_mm": 1000 * float(found.moved_m[i]),
            "turned_deg": math.degrees(found.turned_rad[i]),
            "nominal_joints": found.nominal_commands[i].tolist(),
            "joints": found.commands[i].tolist(),
            "near_singular": bool(found.singular[i]),
        }

    def __str__(self) -> str:
        found = self.corrected
        moved, turned = 1000 * found.moved_m, np.degrees(found.turned_rad)
        lines = [
            f"{len(moved)} targets corrected by {np.median(moved):.3f} mm and {np.median(turned):.4f} deg (median), "
            f"at most {moved.max():.3f} mm and {turned.max():.4f} deg"
        ]
        if self.expected:
            error = ", ".join(f"{value:.3f} {unit}" for unit, value in self.expected.items())
            lines.append(f"expected error at the arm: {error} (mean), that of rows that were not fitted")
            if "deg" not in self.expected:
                lines.append("orientations were not measured: theirs are only as good as the model")
        singular = [self._singular(i) for i in np.flatnonzero(found.singular).tolist()]
        if singular:
            lines.append(f"near-singular, large joint motions for small corrections: {first_few(singular, 6)}")
        if not self.targets.by_joints.all():
            first = int(np.flatnonzero(~self.targets.by_joints)[0])
            values = joint_words(self.arm, found.commands[first])
            lines.append(f"branch: {self.targets.names[first]} at joints {values}; another one: --near")
            if self.arm.joints > AXES_OF_A_POSE:
                lines.append("a pose leaves a joint of this arm open: the correction is for the joints in --json alone")
        return "\n".join([*lines, f"written: {self.file} ({self.format_name})"])

    def _singular(self, i: int) -> str:
        change = np.degrees(np.abs(self.corrected.commands[i] - self.corrected.nominal_commands[i]))
        joint = int(np.argmax(change))
        return f"{self.targets.names[i]} moves joint {joint + 1} by {change[joint]:.2f} deg"


def joint_words(arm: SerialArm, values: Array) -> str:
    """Joint values in the units of options."""
    units = [(1000.0, "mm") if slides else (math.degrees(1), "deg") for slides in arm.prismatic]
    return ",".join(f"{factor * value:.1f}{unit}" for (factor, unit), value in zip(units, values, strict=True))


def apply_result(
    result: str | Path,
    targets: str | Path,
    output: str | Path | None = None,
    *,
    to: str | None = None,
    nominal: str | None = None,
    reference: Reference | None = None,
    near: Sequence[float] | None = None,
    circumstances: Circumstances | None = None,
    **reading: Any,
) -> Applied:
    """Write the targets of a program or a table so that the real arm reaches them.

    A program keeps every byte but the numbers of its targets. result: folder of `calib robot`, or an arm. output: the
    file to write; None: NAME_corrected. to: another format of poses. nominal: the arm by which the controller goes;
    None: that from which the calibration began. near: joint values near the first target, rad or m. reading: see
    `read_targets`.

    Raises the errors of `arms_of_result` and `read_targets`; InputError `targets-not-reached`, naming each.
    """
    path, frames = Path(targets), reference or Reference()
    identified, before, document = arms_of_result(Path(result), nominal)
    read = read_targets(path, identified.joints, **reading)
    start = None if near is None else np.asarray(near, dtype=float)
    corrected = _correct(before, identified, read, frames, start, circumstances)
    _require_reached(identified, read, corrected, str(path))
    poses, joints = frames.poses(corrected.commanded), corrected.commands
    if to is None or to == read.format_name:
        form, content = read.format_name, read.file(poses, joints)
        suffix = path.suffix
    else:
        form, content = to, require_writer(to)(NamedPoses(poses))
        suffix = next(iter(load_pose_format(to).suffixes), ".txt")
    file = Path(output) if output is not None else Path(f"{path.stem}_corrected{suffix}")
    write_files({file.name: content}, file.parent)
    return Applied(read, corrected, identified.geometry, file, form, _expected_errors(document))


def _correct(
    nominal: Arm,
    identified: Arm,
    read: Targets,
    frames: Reference,
    near: Array | None,
    circumstances: Circumstances | None,
) -> CorrectedTargets:
    """All targets: those given by joint values mean the poses to which the nominal arm would go."""
    targets = frames.flange(read.poses)
    by_joints = read.by_joints
    targets[by_joints] = nominal.base_from_flange(np.where(by_joints[:, None], read.joints, 0.0))[by_joints]
    if by_joints.all():
        return correct_joints(nominal, identified, read.joints, circumstances)
    each = read.near
    first = int(np.flatnonzero(~by_joints)[0])
    if near is not None:
        each[first] = near
    each[by_joints] = read.joints[by_joints]
    return correct_poses(nominal, identified, targets, each, circumstances)


def _require_reached(arm: Arm, read: Targets, found: CorrectedTargets, where: str) -> None:
    """Raise InputError `targets-not-reached` with every target that is not, and why."""
    bad = np.flatnonzero(~found.usable)
    if not len(bad):
        return
    raise InputError(
        f"{len(bad)} of {len(read.names)} targets are not reached",
        code="targets-not-reached",
        where=where,
        why="; ".join([f"{read.names[i]}: {_reason(arm.geometry, found, i)}" for i in bad[:MOST_NAMED].tolist()])
        + (f"; and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""),
        advice="check --tool and --frame, state joint values near the first target (--near), "
        "or leave targets as they are (--skip)",
    )


def _reason(arm: SerialArm, found: CorrectedTargets, i: int) -> str:
    if np.isnan(found.commands[i]).any():
        return "out of reach within the joint limits"
    if not found.reached[i]:
        singular = ", at a singularity" if found.singular[i] else ""
        return f"{1000 * found.off_m[i]:.3g} mm and {math.degrees(found.off_rad[i]):.3g} deg remain{singular}"
    joint = int(np.flatnonzero(found.outside[i])[0])
    low, high = arm.limits[joint].tolist()
    factor, unit = (1000.0, "mm") if arm.prismatic[joint] else (math.degrees(1), "deg")
    limit = low if found.commands[i, joint] < low else high
    return f"joint {joint + 1} at {factor * found.commands[i, joint]:.2f} {unit}, its limit is {factor * limit:.2f}"


def _expected_errors(document: Mapping[str, Any]) -> dict[str, float]:
    """Mean errors on rows that were not fitted, of the document of an arm: mm and deg."""
    found: Any = document
    for key in ("errors", "heldout", "after"):
        found = found.get(key) if isinstance(found, Mapping) else None
    units = {"mm": "position_mm", "deg": "orientation_deg"}
    each = {unit: found.get(name) if isinstance(found, Mapping) else None for unit, name in units.items()}
    return {
        unit: float(value["mean"]) for unit, value in each.items() if isinstance(value, Mapping) and "mean" in value
    }
