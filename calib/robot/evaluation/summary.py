"""An identification in at most 25 lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calib.robot.evaluation.verdict import tool_position_mm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calib.robot.calibration import ArmCalibration
    from calib.robot.evaluation.accuracy import Accuracy, Statistics
    from calib.robot.evaluation.evaluate import Outlier
    from calib.robot.evaluation.verdict import Verdict

MOST_NAMED = 4  # outliers named before "and n more"
MOST_CHANGES = 6  # parameters shown
WIDTH = 118


def summary(calibration: ArmCalibration, verdict: Verdict, output: str) -> str:
    """The terminal summary: what was used, errors before and after, the largest changes, a verdict, what to do next."""
    table, found = calibration.table, calibration.identifiability
    held = len(calibration.heldout.table.joints) if calibration.heldout else 0
    lines = [
        f"{len(table.joints)} rows ({calibration.measurement.name}), {int(calibration.fit.used.sum())} fitted, {held} "
        f"held out; arm {calibration.nominal.arm.name}, model {calibration.model}"
    ]
    lines += [_cut(note) for note in calibration.notes[:3]]
    if table.set_aside:
        aside = [f"line {a.line} ({a.reason})" for a in table.set_aside]
        lines.append(f"{len(aside)} rows set aside: " + _named(aside))
    if calibration.outliers:
        lines.append(f"{len(calibration.outliers)} rows do not fit: " + _named(_outliers(calibration.outliers)))
    lines.append("")
    lines += _errors(calibration)
    lines.append("")
    lines += _changes(calibration)
    effects = [str(trial) for trial in calibration.trials if trial.added]
    lines += [_cut(f"effect {text}") for text in effects[:3]]
    if calibration.compensated is not None:
        lines.append(_cut(f"compensation {calibration.compensated.reason}", 2))
    expected = "" if calibration.expected_rank in (None, found.rank) else f" of {calibration.expected_rank} expected"
    lines.append(_cut(f"rank {found.rank}{expected}; held at nominal: {_traded(calibration)}", 2))
    median, p95 = tool_position_mm(calibration)
    lines.append(f"position over the range of motion known to {median:.3f} mm (95 %), in the corners to {p95:.3f} mm")
    lines.append(f"written: {output}")
    lines.append(_cut(f"verdict: {verdict.grade}: {verdict.reason}", 2))
    lines += [_cut(f"next: {text}") for text in verdict.advice[:3]]
    return "\n".join(lines)


def _errors(calibration: ArmCalibration) -> list[str]:
    """A table of errors, one line per set of rows and state of the arm."""
    lines = [f"  {'':<34}{'mean':>8}{'rms':>8}{'median':>8}{'95 %':>8}{'max':>8}   orientation, mean"]
    sets = [("fitted", calibration.fitted), ("held out", calibration.heldout)]
    sets += [("other table", calibration.validation), ("other table, frames as they were", calibration.as_is)]
    for name, judged in sets:
        if judged is not None:
            lines.append(_line(f"{name}, nominal arm", judged.before))
            lines.append(_line(f"{name}, identified arm", judged.after))
    return lines


def _line(name: str, accuracy: Accuracy) -> str:
    s: Statistics = accuracy.position_mm
    numbers = "".join(f"{value:8.3f}" for value in (s.mean, s.rms, s.median, s.p95, s.max))
    angle = f"   {accuracy.orientation_deg.mean:.3f} deg" if accuracy.orientation_deg else ""
    return f"  {name:<34}{numbers} mm{angle}"


def _changes(calibration: ArmCalibration) -> list[str]:
    """The parameters that changed most, in units of what they weigh: a milliradian as a millimetre."""
    arm = calibration.nominal.arm
    nominal = dict(zip(arm.labels, arm.parameters.tolist(), strict=True))
    moved = [label for label in arm.labels if label not in calibration.fit.model.held]
    moved.sort(key=lambda label: -abs(calibration.values[label] - nominal[label]))
    cells = []
    for label in moved[:MOST_CHANGES]:
        factor, unit = (1000.0, "mm") if label.endswith("_m") else (math.degrees(1.0), "deg")
        change = factor * (calibration.values[label] - nominal[label])
        cells.append(f"  {label.rpartition('_')[0]:<8}{change:+9.4f} ± {factor * calibration.sigma[label]:.4f} {unit}")
    return [f"{a:<44}{b}".rstrip() for a, b in zip(cells[::2], [*cells[1::2], ""], strict=False)]


def _traded(calibration: ArmCalibration) -> str:
    """Redundant parameters, together where they trade with the same."""
    groups: dict[str, list[str]] = {}
    for each in calibration.identifiability.redundant:
        with_what = " and ".join(name.partition("[")[0] for name in each.trades_with[:2])
        groups.setdefault(with_what, []).append(each.label.rpartition("_")[0])
    return "; ".join(
        f"{', '.join(labels)} ({f'trade with {with_what}' if with_what else 'change nothing'})"
        for with_what, labels in groups.items()
    )


def _outliers(outliers: Iterable[Outlier]) -> list[str]:
    worst = sorted(outliers, key=lambda outlier: -outlier.position_mm)
    return [
        f"line {each.line}{f' (pose {each.pose})' if each.pose else ''} {each.position_mm:.3g} mm"
        + (", lost" if each.lost else "")
        for each in worst
    ]


def _named(items: list[str]) -> str:
    rest = f", and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
    return _cut(", ".join(items[:MOST_NAMED]) + rest)


def _cut(text: str, lines: int = 1) -> str:
    width = WIDTH * lines
    return text if len(text) <= width else text[: width - 3] + "..."
