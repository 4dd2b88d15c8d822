"""An identification as the JSON document that scripts read, as rows, and as the files of its folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.documents import finite
from calib.robot.arm_file import arm_files

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.robot.evaluation.accuracy import Accuracy
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.evaluation.evaluate import Comparison

IN_INPUTS = ("name", "line", "part", "used", "reason")  # of what `as_rows` has of a row


def as_document(calibration: ArmCalibration) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it. An infinite standard deviation is null: JSON has none.

    before: the nominal arm with its frames fitted; after: the identified arm.
    """
    found, evaluation = calibration.identifiability, calibration.evaluation
    median_mm, p95_mm = calibration.uncertainty.position_95_mm
    anywhere_mm, anywhere_p95_mm = calibration.uncertainty.anywhere_95_mm
    heldout = evaluation.heldout
    head = calibration.document_head(
        "arm", unobservable=found.redundant, notes=calibration.notes, solver=calibration.fit.solution.sentence()
    )
    return {
        **head,
        "arm": calibration.nominal.name,
        "measurement": calibration.measurement.name,
        "model": calibration.request.model,
        "inputs": [{key: row[key] for key in IN_INPUTS} for row in head["inputs"]],
        "rows": len(calibration.table.joints),
        "rows_fitted": int(calibration.fit.used.sum()),
        "rows_heldout": len(heldout.table.joints) if heldout else 0,
        "errors": {
            "fitted": _comparison(evaluation.fitted),
            "heldout": _comparison(heldout),
            "validation": _comparison(evaluation.validation),
            "validation_frames_held": _comparison(evaluation.validation_frames_held),
        },
        "outliers": [{**asdict(outlier), "reason": outlier.reason} for outlier in calibration.outliers],
        "parameters": _parameters(calibration),
        "redundant": [{"label": each.label, "partners": list(each.partners)} for each in found.redundant],
        "rank": found.rank,
        "expected_rank": found.expected_rank,
        "observability": found.observability,
        "effects": [{**asdict(trial), "reason": str(trial)} for trial in calibration.trials],
        "compensation": _compensation(calibration),
        "frames": {name: _frame(values) for name, values in calibration.frames.items()},
        "places": {place.name: place.as_document() for place in calibration.places},
        "length_scale": _length_scale(calibration),
        "noise": _noise(calibration),
        "targets": list(evaluation.fitted.table.target_names),
        "covariance": _covariance(calibration),
        "variance_factor": finite(calibration.fit.variance_factor),
        "position_radius_95_mm": {"median": median_mm, "p95": p95_mm},
        "position_radius_95_anywhere_mm": {"median": anywhere_mm, "p95": anywhere_p95_mm},
        "joint_error_deg": math.degrees(calibration.uncertainty.joint_error_rad),
    }


def as_files(calibration: ArmCalibration) -> Mapping[str, str | bytes]:
    """Content by file name: the arm, which `calib.robot.load_arm` reads, with its large arrays."""
    return arm_files(calibration.arm, verdict=calibration.verdict.grade)


def as_rows(calibration: ArmCalibration) -> list[dict[str, Any]]:
    """One dict for each row of the table, in the order of lines; rows that could not be read have no errors.

    name, line, pose, target; part: fitted, held out or unread; used: whether it took part; reason: why not;
    position_before_mm, position_after_mm, orientation_before_deg, orientation_after_deg: of nominal and identified arm.
    """
    evaluation = calibration.evaluation
    rows = [_unread(each.line, each.reason) for each in calibration.table.excluded]
    rows += _comparison_rows(evaluation.fitted, "fitted")
    rows += _comparison_rows(evaluation.heldout, "held out") if evaluation.heldout else []
    return sorted(rows, key=lambda row: int(row["line"]))


def _unread(line: int, reason: str) -> dict[str, Any]:
    errors = dict.fromkeys(
        ("position_before_mm", "position_after_mm", "orientation_before_deg", "orientation_after_deg")
    )
    whose = {"name": f"line {line}", "line": line, "pose": "", "target": ""}
    return {**whose, "part": "unread", "used": False, "reason": reason, **errors}


def _comparison_rows(comparison: Comparison, part: str) -> list[dict[str, Any]]:
    table = comparison.table
    reasons = {outlier.line: outlier.reason for outlier in comparison.outliers}
    columns = {
        "position_before_mm": _column(comparison.before_sizes, 0, 1000.0),
        "position_after_mm": _column(comparison.sizes, 0, 1000.0),
        "orientation_before_deg": _column(comparison.before_sizes, 1, math.degrees(1.0)),
        "orientation_after_deg": _column(comparison.sizes, 1, math.degrees(1.0)),
    }
    return [
        {
            "name": f"line {line}",
            "line": line,
            "pose": table.pose_names[table.pose[i]] if table.pose_names else "",
            "target": table.target_names[table.target[i]] if table.target_names else "",
            "part": part,
            "used": line not in reasons,
            "reason": reasons.get(line, ""),
            **{name: None if column is None else float(column[i]) for name, column in columns.items()},
        }
        for i, line in enumerate(table.lines.tolist())
    ]


def _column(sizes: Mapping[str, Array], component: int, factor: float) -> Array | None:
    """Errors (n,) of the first or second component, where it is measured."""
    every = list(sizes.values())
    return factor * every[component] if component < len(every) else None


def _compensation(calibration: ArmCalibration) -> dict[str, Any] | None:
    outcome = calibration.compensation
    if outcome is None:
        return None
    before = outcome.before.unfitted
    return {
        "kept": outcome.correction is not None,
        "reason": outcome.reason,
        "heldout_before": _accuracy(before.after) if before else None,
    }


def _accuracy(accuracy: Accuracy | None) -> dict[str, Any] | None:
    return None if accuracy is None else asdict(accuracy)


def _comparison(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "before": _accuracy(comparison.before),
        "after": _accuracy(comparison.after),
        "after_without_outliers": _accuracy(comparison.without_outliers),
        "worse_than_nominal": comparison.worse,
        "change": comparison.change and {**asdict(comparison.change), "reason": str(comparison.change)},
    }


def _parameters(calibration: ArmCalibration) -> dict[str, dict[str, Any]]:
    """Of arm and effects, with their nominal values."""
    geometry = calibration.nominal.geometry
    nominal: dict[str, float] = dict(zip(geometry.labels, geometry.parameters.tolist(), strict=True))
    for parameters in calibration.nominal.effects.values():
        nominal |= parameters
    return {
        label: {**estimate.as_document(), "nominal": nominal.get(label, 0.0)}
        for label, estimate in calibration.parameters.items()
    }


def _length_scale(calibration: ArmCalibration) -> dict[str, Any] | None:
    """Identified over nominal lengths."""
    scale = calibration.length_scale
    if scale is None:
        return None
    low, high = scale.interval_95
    return {"factor": scale.factor, "sigma": scale.sigma, "interval_95": [low, high], "decisive": scale.decisive}


def _covariance(calibration: ArmCalibration) -> dict[str, Any]:
    """Of all that was estimated and is observable, frames in their tangents."""
    known = calibration.fit.uncertainty
    seen = [i for i, variance in enumerate(np.diagonal(known.shared)) if np.isfinite(variance)]
    return {"labels": [str(known.labels[i]) for i in seen], "matrix": known.shared[np.ix_(seen, seen)].tolist()}


def _noise(calibration: ArmCalibration) -> dict[str, float]:
    """Standard deviation of a coordinate, per component."""
    components = calibration.measurement.components
    return {f"{each.name}_{each.unit}": calibration.noise[each.name] for each in components}


def _frame(values: Array) -> Any:
    """Transforms as matrices, points and planes as they are."""
    return np.asarray(values)[0].tolist()
