"""A calibrated arm: a geometry, the effects that bend it, and what was learned beyond; it tells where its flange is,
is stored and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array
from calib.errors import UsageError, did_you_mean
from calib.files import write_text
from calib.geometry import se3
from calib.robot.arm import kinematics
from calib.robot.arm.read import load_arm, parse_arm
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.write import arm_as_yaml, block_lines
from calib.robot.compensation import Correction, correction_document, read_correction
from calib.robot.effect import Conditions, read_effect, shipped_effects

EFFECTS_KEY = "effects"
COMPENSATION_KEY = "compensation"


@dataclass(frozen=True, eq=False)
class CalibratedArm:
    """An arm with effects.

    arm: its geometry. effects: parameters by effect and label. shape: the arm on which the effects are seen, whose
    labels they bear; the arm before calibration. reference_degc: temperature at which the geometry holds, if known.
    correction: of the joints, learned from what all of these leave.
    """

    arm: SerialArm
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    shape: SerialArm | None = None
    reference_degc: float | None = None
    correction: Correction | None = None

    @property
    def joints(self) -> int:
        """How many joints the arm has."""
        return self.arm.joints

    @property
    def bends(self) -> bool:
        """Whether anything but the geometry moves the flange."""
        return bool(self.effects) or self.correction is not None

    def base_from_flange(
        self, command: Array, *, temperature_degc: Array | None = None, payload_kg: Array | None = None
    ) -> Array:
        """Flange poses (..., 4, 4) of commanded joint values (..., joints), rad or m.

        temperature_degc, payload_kg: (...), where known; else the reference temperature and no payload.
        Raises InputError `joint-count`.
        """
        poses = kinematics.base_from_flange(self.arm, command)
        if not self.bends:
            return poses
        shape = self.shape or self.arm
        rows = np.asarray(command, float).reshape(-1, self.joints)
        conditions = self._conditions(temperature_degc, payload_kg, len(rows))
        total = np.zeros((len(rows), 6))
        for name, parameters in self.effects.items():
            basis = read_effect(name).tangent(shape, rows, conditions)
            total += basis @ np.array(list(parameters.values()))
        if self.correction is not None:
            total += self.correction.effect.tangent(shape, rows, conditions)[:, :, 0]
        return np.asarray(poses @ se3.exp(total).reshape(poses.shape))

    def _conditions(self, temperature_degc: Array | None, payload_kg: Array | None, rows: int) -> Conditions:
        def each(column: Array | None) -> Array | None:
            return None if column is None else np.broadcast_to(np.asarray(column, float).reshape(-1), (rows,))

        warm, load = each(temperature_degc), each(payload_kg)
        return Conditions(None if warm is None or self.reference_degc is None else warm - self.reference_degc, load)


def calibrated_arm_as_yaml(calibrated: CalibratedArm) -> str:
    """The text of an `arm.yaml` that `load_calibrated_arm` reads; where it has nothing but its geometry, `load_arm`
    reads it too."""
    text = arm_as_yaml(replace(calibrated.arm, checks=()))
    if not calibrated.bends:
        return text
    lines = ["effects:  # small motions of the flange beyond the geometry; seen on the arm as it was before"]
    if calibrated.reference_degc is not None:
        lines.append(f"  reference_degc: {calibrated.reference_degc!r}")
    lines.append("  parameters:" if calibrated.effects else "  parameters: {}")
    for name, parameters in calibrated.effects.items():
        lines.append(f"    {name}:")
        lines += [f"      {label}: {float(value)!r}" for label, value in parameters.items()]
    lines.append("  shape:")
    lines += [
        f"    {line}" for line in arm_as_yaml(replace(calibrated.shape or calibrated.arm, checks=())).splitlines()
    ]
    if calibrated.correction is not None:
        lines.append(f"{COMPENSATION_KEY}:  # corrections of the joints, learned from what all of the above leaves")
        lines += block_lines(correction_document(calibrated.correction), "  ")
    return text + "\n".join(lines) + "\n"


def save_calibrated_arm(calibrated: CalibratedArm, path: Path, *, overwrite: bool = False) -> None:
    """Write the arm as YAML that loads again, bit for bit.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`.
    """
    write_text(calibrated_arm_as_yaml(calibrated), path, overwrite=overwrite)


def load_calibrated_arm(text_or_path: str | Path) -> CalibratedArm:
    """The arm of a shipped name or a URDF file, or of a YAML file with or without effects and compensation.

    Raises the errors of `calib.robot.arm.read.load_arm`, UsageError `arm-value` for effects or a compensation that
    do not belong to it, and the errors of `calib.robot.compensation.read_correction`.
    """
    text = str(text_or_path)
    if Path(text).suffix.lower() not in (".yaml", ".yml"):
        return CalibratedArm(load_arm(text_or_path))
    document = config.read_yaml(Path(text))
    beyond = {EFFECTS_KEY, COMPENSATION_KEY}
    if not isinstance(document, dict) or not beyond & document.keys():
        return CalibratedArm(load_arm(text_or_path))
    arm = parse_arm({key: value for key, value in document.items() if key not in beyond}, text)
    where = f"{text}: {EFFECTS_KEY}"
    written = config.build(_Effects, document.get(EFFECTS_KEY), where)
    shape = parse_arm(written.shape, f"{where}: shape")
    for name, parameters in written.parameters.items():
        if name not in shipped_effects():
            advice = did_you_mean(name, shipped_effects())
            raise UsageError(f"unknown effect {name!r}", code="unknown-effect", where=where, advice=advice)
        labels = read_effect(name).labels(shape)
        if tuple(parameters) != labels:
            what = f"the parameters of {name} are not those of this arm"
            raise UsageError(what, code="arm-value", where=where, advice=f"expected {', '.join(labels)}")
    correction = None
    if COMPENSATION_KEY in document:
        where = f"{text}: {COMPENSATION_KEY}"
        learned = config.build(_Compensation, document[COMPENSATION_KEY], where)
        correction = read_correction(learned.kind, learned.learned, arm.joints, f"{where}: learned")
    return CalibratedArm(arm, written.parameters, shape, written.reference_degc, correction)


@dataclass(frozen=True)
class _Compensation:
    """A correction, as written."""

    kind: str
    learned: Any


@dataclass(frozen=True)
class _Effects:
    """Effects, as written."""

    parameters: dict[str, dict[str, float]]
    shape: Any
    reference_degc: float | None = None
