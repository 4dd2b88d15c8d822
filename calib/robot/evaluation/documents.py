"""An identification as the JSON document that scripts read."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.robot.evaluation.verdict import tool_position_mm

if TYPE_CHECKING:
    from calib.robot.calibration import ArmCalibration
    from calib.robot.evaluation.accuracy import Accuracy
    from calib.robot.evaluation.evaluate import Judged
    from calib.robot.evaluation.verdict import Verdict


def as_document(calibration: ArmCalibration, verdict: Verdict, seconds: float) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it. An infinite standard deviation is null: JSON has none.

    before: the nominal arm with its frames fitted; after: the identified arm; on the rows fitted, and under `heldout`
    on those kept aside, or on the other table given.
    """
    table, fitted, found = calibration.table, calibration.fitted, calibration.identifiability
    median_mm, p95_mm = tool_position_mm(calibration)
    judged = calibration.judged
    return {
        "status": "ok",
        "verdict": verdict.grade,
        "reason": verdict.reason,
        "advice": list(verdict.advice),
        "rows": len(table.joints),
        "rows_fitted": int(calibration.fit.used.sum()),
        "rows_heldout": len(calibration.heldout.table.joints) if calibration.heldout else 0,
        "set_aside": [asdict(aside) for aside in table.set_aside],
        "before": _accuracy(fitted.before),
        "after": _accuracy(fitted.after),
        "heldout": _judged(judged),
        "validation": {"frames_refitted": _judged(calibration.validation), "frames_as_is": _judged(calibration.as_is)},
        "parameters": _parameters(calibration),
        "unobservable": [str(redundant) for redundant in found.redundant],
        "redundant": [{"label": each.label, "trades_with": list(each.trades_with)} for each in found.redundant],
        "rank": found.rank,
        "expected_rank": calibration.expected_rank,
        "observability": found.observability,
        "outliers": [asdict(outlier) for outlier in calibration.outliers],
        "model": calibration.model,
        "effects": [{**asdict(trial), "text": str(trial)} for trial in calibration.trials],
        "compensation": _compensation(calibration),
        "arm": calibration.nominal.arm.name,
        "measurement": calibration.measurement.name,
        "frames": {name: _frame(values) for name, values in calibration.frames.items()},
        "noise": {f"{name}_{unit}": value for name, unit, value in _noise(calibration)},
        "variance_factor": _finite(calibration.fit.variance_factor),
        "tool_position_95_mm": {"median": median_mm, "p95": p95_mm},
        "joint_error_deg": math.degrees(calibration.joint_error_rad),
        "solver": calibration.fit.solution.sentence(),
        "notes": list(calibration.notes),
        "seconds": seconds,
    }


def _compensation(calibration: ArmCalibration) -> dict[str, Any] | None:
    found = calibration.compensated
    if found is None:
        return None
    before = found.before.new
    return {
        "kept": found.correction is not None,
        "reason": found.reason,
        "heldout_before": _accuracy(before.after) if before else None,
    }


def _accuracy(accuracy: Accuracy | None) -> dict[str, Any] | None:
    return None if accuracy is None else asdict(accuracy)


def _judged(judged: Judged | None) -> dict[str, Any] | None:
    if judged is None:
        return None
    return {
        "before": _accuracy(judged.before),
        "after": _accuracy(judged.after),
        "after_without_outliers": _accuracy(judged.without_outliers),
        "worse_than_nominal": judged.worse,
    }


def _parameters(calibration: ArmCalibration) -> dict[str, dict[str, Any]]:
    """Of arm and effects. interval: 95 %, null where there is none."""
    nominal = dict(zip(calibration.nominal.arm.labels, calibration.nominal.arm.parameters.tolist(), strict=True))
    for parameters in calibration.nominal.effects.values():
        nominal |= parameters
    out = {}
    for label in calibration.labels:
        value, sigma = calibration.values[label], calibration.sigma[label]
        free = label not in calibration.fit.model.held
        half = 1.96 * sigma
        out[label] = {
            "nominal": nominal.get(label, 0.0),
            "value": value,
            "sigma": _finite(sigma),
            "interval": [value - half, value + half] if free and math.isfinite(sigma) else None,
            "held": not free,
        }
    return out


def _noise(calibration: ArmCalibration) -> list[tuple[str, str, float]]:
    return [(each.name, each.unit, calibration.noise[each.name]) for each in calibration.measurement.components]


def _frame(values: Any) -> Any:
    """Transforms as matrices, points and planes as they are."""
    return np.asarray(values)[0].tolist()


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
