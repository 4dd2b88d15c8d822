"""A calibrated arm: a geometry, and the effects that bend it; it tells where its flange is, is stored and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from calib import config
from calib.errors import UsageError, did_you_mean
from calib.geometry import se3
from calib.robot import kinematics
from calib.robot.arm import Array, SerialArm
from calib.robot.arm_file import load_arm, parse_arm
from calib.robot.arm_writer import arm_as_yaml, write_text
from calib.robot.effect import Conditions, read_effect, shipped_effects

EFFECTS_KEY = "effects"


@dataclass(frozen=True, eq=False)
class CalibratedArm:
    """An arm with effects.

    arm: its geometry. effects: parameters by effect and label. shape: the arm on which the effects are seen, whose
    labels they bear; the arm before calibration. reference_degc: temperature at which the geometry holds, if known.
    """

    arm: SerialArm
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    shape: SerialArm | None = None
    reference_degc: float | None = None

    @property
    def joints(self) -> int:
        """How many joints the arm has."""
        return self.arm.joints

    def base_from_flange(
        self, command: Array, *, temperature_degc: Array | None = None, payload_kg: Array | None = None
    ) -> Array:
        """Flange poses (..., 4, 4) of commanded joint values (..., joints), rad or m.

        temperature_degc, payload_kg: (...), where known; else the reference temperature and no payload.
        Raises InputError `joint-count`.
        """
        poses = kinematics.base_from_flange(self.arm, command)
        if not self.effects:
            return poses
        rows = np.asarray(command, float).reshape(-1, self.joints)
        conditions = self._conditions(temperature_degc, payload_kg, len(rows))
        total = np.zeros((len(rows), 6))
        for name, parameters in self.effects.items():
            basis = read_effect(name).tangent(self.shape or self.arm, rows, conditions)
            total += basis @ np.array(list(parameters.values()))
        return np.asarray(poses @ se3.exp(total).reshape(poses.shape))

    def _conditions(self, temperature_degc: Array | None, payload_kg: Array | None, rows: int) -> Conditions:
        def each(column: Array | None) -> Array | None:
            return None if column is None else np.broadcast_to(np.asarray(column, float).reshape(-1), (rows,))

        warm, load = each(temperature_degc), each(payload_kg)
        return Conditions(None if warm is None or self.reference_degc is None else warm - self.reference_degc, load)


def calibrated_arm_as_yaml(calibrated: CalibratedArm) -> str:
    """The text of an `arm.yaml` that `load_calibrated_arm` reads; without effects `load_arm` reads it too."""
    text = arm_as_yaml(replace(calibrated.arm, checks=()))
    if not calibrated.effects:
        return text
    lines = ["effects:  # small motions of the flange beyond the geometry; seen on the arm as it was before"]
    if calibrated.reference_degc is not None:
        lines.append(f"  reference_degc: {calibrated.reference_degc!r}")
    lines.append("  parameters:")
    for name, parameters in calibrated.effects.items():
        lines.append(f"    {name}:")
        lines += [f"      {label}: {float(value)!r}" for label, value in parameters.items()]
    lines.append("  shape:")
    lines += [
        f"    {line}" for line in arm_as_yaml(replace(calibrated.shape or calibrated.arm, checks=())).splitlines()
    ]
    return text + "\n".join(lines) + "\n"


def save_calibrated_arm(calibrated: CalibratedArm, path: Path, *, overwrite: bool = False) -> None:
    """Write the arm as YAML that loads again, bit for bit.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`.
    """
    write_text(calibrated_arm_as_yaml(calibrated), path, overwrite=overwrite)


def load_calibrated_arm(text_or_path: str | Path) -> CalibratedArm:
    """The arm of a shipped name or a URDF file, or of a YAML file with or without effects.

    Raises the errors of `calib.robot.arm_file.load_arm`, UsageError `arm-value` for effects that do not belong to it.
    """
    text = str(text_or_path)
    if Path(text).suffix.lower() not in (".yaml", ".yml"):
        return CalibratedArm(load_arm(text_or_path))
    document = config.read_yaml(Path(text))
    if not isinstance(document, dict) or EFFECTS_KEY not in document:
        return CalibratedArm(load_arm(text_or_path))
    arm = parse_arm({key: value for key, value in document.items() if key != EFFECTS_KEY}, text)
    where = f"{text}: {EFFECTS_KEY}"
    written = config.build(_Effects, document[EFFECTS_KEY], where)
    shape = parse_arm(written.shape, f"{where}: shape")
    for name, parameters in written.parameters.items():
        if name not in shipped_effects():
            advice = did_you_mean(name, shipped_effects())
            raise UsageError(f"unknown effect {name!r}", code="unknown-effect", where=where, advice=advice)
        labels = read_effect(name).labels(shape)
        if tuple(parameters) != labels:
            what = f"the parameters of {name} are not those of this arm"
            raise UsageError(what, code="arm-value", where=where, advice=f"expected {', '.join(labels)}")
    return CalibratedArm(arm, written.parameters, shape, written.reference_degc)


@dataclass(frozen=True)
class _Effects:
    """Effects, as written."""

    parameters: dict[str, dict[str, float]]
    shape: Any
    reference_degc: float | None = None
