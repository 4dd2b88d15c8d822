"""An identification in at most 25 lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calib.text import cut, first_few, with_sigma

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calib.engine.label import Label
    from calib.robot.evaluation.accuracy import Accuracy
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.evaluation.evaluate import Outlier

MOST_CHANGES = 6  # parameters shown
MOST_NOTES = 3
MOST_PLACES = 2  # the base, and the first target
IN_UNITS = {"m": (1000.0, "mm"), "rad": (math.degrees(1.0), "deg")}


def summarise(calibration: ArmCalibration) -> str:
    """What was used, errors before and after, the largest changes, what is not observable, the verdict."""
    table, heldout = calibration.table, calibration.evaluation.heldout
    lines = [
        f"{len(table.joints)} rows ({calibration.measurement.name}), {int(calibration.fit.used.sum())} fitted, "
        f"{len(heldout.table.joints) if heldout else 0} held out; arm {calibration.nominal.name}, "
        f"model {calibration.request.model}"
    ]
    lines += [cut(note, 2) for note in calibration.notes[:MOST_NOTES]]
    lines += _rejections(calibration)
    lines += ["", *_errors(calibration), "", *_changes(calibration)]
    lines += [cut(f"effect {trial}") for trial in calibration.trials if trial.added][:3]
    if calibration.compensation is not None:
        lines.append(cut(f"compensation {calibration.compensation.reason}", 2))
    lines += [str(place) for place in calibration.places[:MOST_PLACES]]
    lines += [cut(_rank(calibration), 2), _uncertainty(calibration)]
    verdict = calibration.verdict
    lines += [cut(line, 2) for line in verdict.lines()]
    return "\n".join(lines)


def _rejections(calibration: ArmCalibration) -> list[str]:
    """Rows that took no part, and why."""
    lines = []
    if excluded := calibration.table.excluded:
        texts = [f"line {each.line} ({each.reason})" for each in excluded]
        lines.append(cut(f"{len(excluded)} rows not read: {first_few(texts)}"))
    if calibration.outliers:
        texts = _outliers(calibration.outliers)
        lines.append(cut(f"{len(texts)} rows rejected as outliers: {first_few(texts)}"))
    return lines


def _outliers(outliers: Iterable[Outlier]) -> list[str]:
    """The worst first."""
    return [
        f"line {each.line}{f' (pose {each.pose})' if each.pose else ''} {each.position_mm:.3g} mm"
        for each in sorted(outliers, key=lambda outlier: -outlier.position_mm)
    ]


def _errors(calibration: ArmCalibration) -> list[str]:
    """A table of errors, one line per set of rows and state of the arm."""
    evaluation = calibration.evaluation
    heads = "".join(f"{name:>8}" for name in ("mean", "rms", "median", "95th pc", "max"))
    lines = [f"  {'position error, mm':<34}{heads}   orientation, mean"]
    sets = {
        "fitted": evaluation.fitted,
        "held out": evaluation.heldout,
        "other table": evaluation.validation,
        "other table, frames held": evaluation.validation_frames_held,
    }
    for name, comparison in sets.items():
        if comparison is not None:
            lines.append(_error_line(f"{name}, nominal arm", comparison.before))
            lines.append(_error_line(f"{name}, identified arm", comparison.after))
    return lines


def _error_line(name: str, accuracy: Accuracy) -> str:
    s = accuracy.position_mm
    numbers = "".join(f"{value:8.3f}" for value in (s.mean, s.rms, s.median, s.p95, s.max))
    angle = f"   {accuracy.orientation_deg.mean:.3f} deg" if accuracy.orientation_deg else ""
    return f"  {name:<34}{numbers}{angle}"


def _changes(calibration: ArmCalibration) -> list[str]:
    """The parameters of the arm that changed most, a milliradian counted as a millimetre."""
    geometry = calibration.nominal.geometry
    nominal = dict(zip(geometry.labels, geometry.parameters.tolist(), strict=True))
    estimates = calibration.parameters
    free = [label for label in geometry.labels if not estimates[label].held]
    largest = sorted(free, key=lambda label: -abs(estimates[label].value - nominal[label]))[:MOST_CHANGES]
    cells = [_change(label, estimates[label].value - nominal[label], estimates[label].sigma) for label in largest]
    return [f"{a:<44}{b}".rstrip() for a, b in zip(cells[::2], [*cells[1::2], ""], strict=False)]


def _change(label: Label, change: float, sigma: float) -> str:
    factor, unit = IN_UNITS[label.unit]
    sign = "-" if change < 0 else "+"
    return f"  {label.quantity:<8}{sign + with_sigma(abs(factor * change), factor * sigma):>18} {unit}"


def _rank(calibration: ArmCalibration) -> str:
    found = calibration.identifiability
    expected = f" of {found.expected_rank} expected" if found.lost else ""
    redundant = _redundant(calibration)
    held = f"; held at nominal: {redundant}" if redundant else ""
    return f"{found.rank} parameters determined{expected}{held}"


def _redundant(calibration: ArmCalibration) -> str:
    """Redundant parameters, together where they are not separable from the same."""
    groups: dict[tuple[str, ...], list[str]] = {}
    arm = set(calibration.labels)
    for each in calibration.identifiability.redundant:
        if each.label not in arm:
            continue  # of a frame that is open, which a remark names
        partners = tuple(dict.fromkeys(label.owner or label.quantity for label in each.trades_with[:2]))
        groups.setdefault(partners, []).append(each.label.quantity)
    reasons = {partners: f"not separable from {' and '.join(partners)}" for partners in groups if partners}
    return "; ".join(
        f"{', '.join(names)} ({reasons.get(partners, 'no effect on what was measured')})"
        for partners, names in groups.items()
    )


def _uncertainty(calibration: ArmCalibration) -> str:
    median, p95 = calibration.uncertainty.position_95_mm
    where = "the range of motion" if calibration.fit.model.open is None else "the poses measured"
    anywhere = calibration.uncertainty.anywhere_95_mm[0]
    return (
        f"95 % position uncertainty: {median:.3g} mm median, {p95:.3g} mm at the 95th percentile of {where}; "
        f"{anywhere:.3g} mm over the arm's whole range"
    )
