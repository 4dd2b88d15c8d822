"""Arms in files: a shipped name, a YAML file with or without effects and compensation, or a URDF become an `Arm`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calib import config
from calib.errors import UsageError, did_you_mean
from calib.files import write_files
from calib.robot.arm.read import YAML_SUFFIXES, file_of_arm, load_geometry, parse_geometry
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.write import block_lines, geometry_as_yaml
from calib.robot.arm_model import Arm
from calib.robot.compensation import Correction, correction_document, read_correction
from calib.robot.effect import load_effect, shipped_effects
from calib.storage.stored import ARRAYS_KEY, lay_out, read_document, require_readable
from calib.uncertainty import ParameterUncertainty, read_uncertainty
from calib.verdict import Grade

EFFECTS_KEY = "effects"
COMPENSATION_KEY = "compensation"
UNCERTAINTY_KEY = "uncertainty"

REMARKS = {
    COMPENSATION_KEY: "corrections of the joints, learned from the residuals of all of the above",
    UNCERTAINTY_KEY: "of geometry and effects; parameters without a label here were held",
    ARRAYS_KEY: "the file beside this one that holds the large arrays",
}


@dataclass(frozen=True)
class _Effects:
    """Effects, as written."""

    parameters: dict[str, dict[str, float]]
    reference_arm: Any
    reference_degc: float | None = None


@dataclass(frozen=True)
class _Compensation:
    """A correction, as written."""

    kind: str
    learned: Any


def load_arm(text_or_path: str | Path, *, tip: str | None = None) -> Arm:
    """The arm of a shipped name or a URDF file (as far as the link `tip`), or of a YAML file, or of the result folder
    that holds it, with or without effects, compensation and uncertainty.

    Raises the errors of `calib.robot.arm.read.load_geometry`, UsageError `arm-value` for effects or a compensation that
    do not belong to it, and the errors of `calib.robot.compensation.read_correction`.
    """
    text = file_of_arm(text_or_path)
    if Path(text).suffix.lower() not in YAML_SUFFIXES or tip is not None:
        return Arm(load_geometry(text, tip=tip))
    document = read_document(text)
    beyond = {EFFECTS_KEY, COMPENSATION_KEY}
    if not isinstance(document, dict) or not beyond & document.keys():
        geometry = load_geometry(text)
        return Arm(geometry, uncertainty=_read_uncertainty(document, geometry.labels, text))
    geometry = parse_geometry({key: value for key, value in document.items() if key not in beyond}, text)
    written = config.build(_Effects, document.get(EFFECTS_KEY), f"{text}: {EFFECTS_KEY}")
    reference = parse_geometry(written.reference_arm, f"{text}: {EFFECTS_KEY}: reference_arm")
    _check_effects(written, reference, f"{text}: {EFFECTS_KEY}")
    correction = None
    if COMPENSATION_KEY in document:
        correction = _read_compensation(document[COMPENSATION_KEY], geometry.joints, f"{text}: {COMPENSATION_KEY}")
    labels = (*geometry.labels, *(label for parameters in written.parameters.values() for label in parameters))
    uncertainty = _read_uncertainty(document, labels, text)
    return Arm(geometry, written.parameters, reference, written.reference_degc, correction, uncertainty)


def save_arm(arm: Arm | SerialArm, path: str | Path, *, overwrite: bool = False) -> None:
    """Write the arm as YAML that loads again, bit for bit, and an .npz beside it if it has large arrays.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`, `document-too-large`, `arrays-too-large`.
    """
    path = Path(path)
    files = arm_files(arm, path.name) if isinstance(arm, Arm) else {path.name: geometry_as_yaml(arm)}
    write_files(files, path.parent, overwrite=overwrite)


def arm_files(arm: Arm, name: str = "arm.yaml", verdict: Grade | None = None) -> dict[str, str | bytes]:
    """Content by file name: the YAML called `name` that `load_arm` reads, and the .npz of large arrays, if it has any.

    verdict: of the calibration that estimated the arm, if it was one.
    Raises UsageError `document-too-large`, `arrays-too-large`.
    """
    document: dict[str, Any] = {}
    if arm.correction is not None:
        document[COMPENSATION_KEY] = correction_document(arm.correction)
    if arm.uncertainty is not None:
        document[UNCERTAINTY_KEY] = arm.uncertainty.document(verdict)
    plain, beside = lay_out(document, name)
    text = geometry_as_yaml(replace(arm.geometry, checks=()))
    if arm.bends:
        text += "\n".join(_effect_lines(arm)) + "\n"
    for key, remark in REMARKS.items():
        if key in plain:
            text += "\n".join((f"{key}:  # {remark}", *block_lines(plain[key], "  "))) + "\n"
    return {**beside, name: require_readable(text)}


def _effect_lines(arm: Arm) -> list[str]:
    lines = [f"{EFFECTS_KEY}:  # small motions of the flange beyond the geometry, evaluated at the reference arm"]
    if arm.reference_degc is not None:
        lines.append(f"  reference_degc: {arm.reference_degc!r}")
    lines.append("  parameters:" if arm.effects else "  parameters: {}")
    for name, parameters in arm.effects.items():
        lines.append(f"    {name}:")
        lines += [f"      {label}: {float(value)!r}" for label, value in parameters.items()]
    lines.append("  reference_arm:")
    lines += [f"    {line}" for line in geometry_as_yaml(replace(arm.reference_arm, checks=())).splitlines()]
    return lines


def _check_effects(written: _Effects, reference: SerialArm, where: str) -> None:
    """Refuse effects that are unknown, or whose labels are not those of the reference arm."""
    for name, parameters in written.parameters.items():
        if name not in shipped_effects():
            advice = did_you_mean(name, shipped_effects())
            raise UsageError(f"unknown effect {name!r}", code="unknown-effect", where=where, advice=advice)
        labels = load_effect(name).labels(reference)
        if tuple(parameters) != labels:
            what = f"the parameters of {name} are not those of this arm"
            raise UsageError(what, code="arm-value", where=where, advice=f"expected {', '.join(labels)}")


def _read_uncertainty(document: Any, labels: Sequence[str], text: str) -> ParameterUncertainty | None:
    return read_uncertainty(document.get(UNCERTAINTY_KEY), labels, f"{text}: {UNCERTAINTY_KEY}")


def _read_compensation(document: Any, joints: int, where: str) -> Correction:
    written = config.build(_Compensation, document, where)
    return read_correction(written.kind, written.learned, joints, f"{where}: learned")
