"""The two arms of a result: the one that was identified, and the nominal one, by which the controller goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calib.errors import UsageError
from calib.robot.arm_file import load_arm
from calib.robot.arm_model import Arm
from calib.storage.result_folder import RESULT_FILE, read_result


def arms_of_result(result: Path, nominal: str | None = None) -> tuple[Arm, Arm, Mapping[str, Any]]:
    """The identified and the nominal arm, and the document of the result (empty for an arm's file alone).

    nominal: the arm by which the controller goes; None: that from which the calibration began, as the document has it.
    Raises the errors of `load_arm` and `read_result`; UsageError `nominal-needed`, `nominal-joints`.
    """
    identified = load_arm(result)
    folder = result if result.is_dir() else result.parent
    document: Mapping[str, Any] = read_result(folder) if (folder / RESULT_FILE).is_file() else {}
    before = load_arm(nominal) if nominal is not None else _before(identified, document, str(result))
    if before.joints != identified.joints:
        what = f"it has {before.joints} joints, the identified arm {identified.joints}"
        raise UsageError(what, code="nominal-joints", where="--nominal", advice="name the arm that was calibrated")
    return identified, Arm(before.geometry), document


def _before(identified: Arm, document: Mapping[str, Any], where: str) -> Arm:
    """The arm with the nominal values that the document has."""
    written = document.get("parameters")
    parameters: Mapping[str, Any] = written if isinstance(written, dict) else {}
    values = [
        each.get("nominal") if isinstance(each, dict) else None for each in map(parameters.get, _labels(identified))
    ]
    if not all(isinstance(value, float | int) for value in values):
        raise UsageError(
            "the arm by which the controller goes is not known",
            code="nominal-needed",
            where=where,
            why=f"there is no {RESULT_FILE} of its calibration beside it",
            advice="name it: --nominal ur10e, or its YAML or URDF file; or give the folder that `calib robot` wrote",
        )
    return Arm(identified.geometry.with_parameters(np.array(values, dtype=float)))


def _labels(arm: Arm) -> list[str]:
    return [str(label) for label in arm.geometry.labels]
