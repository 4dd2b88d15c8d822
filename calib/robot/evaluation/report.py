"""An identified arm as a page: errors before and after, parameters, and what the measurements do not tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.report.axis import Axis
from calib.report.page import Figure, Report, Section, Table
from calib.report.parameters import IN_UNITS, parameter_table
from calib.report.scene import Path3, axes_of, draw_scene, upright
from calib.report.svg import Plot

if TYPE_CHECKING:
    from calib.estimate import Estimate
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.evaluation.evaluate import Comparison

BINS = 30
MOST_PLACES = 1000  # of the flange, in the picture in space
MOST_REJECTED = 200


def report(calibration: ArmCalibration) -> Report:
    """The page's content."""
    compared = calibration.evaluation.decisive or calibration.evaluation.fitted
    where = "rows fitted" if calibration.evaluation.decisive is None else "rows not fitted"
    before, after = compared.before.position_mm, compared.after.position_mm
    low, high = calibration.uncertainty.position_95_mm
    return Report(
        f"Identification of {calibration.nominal.name}",
        [
            ("rows fitted", str(int(calibration.fit.used.sum()))),
            (f"mean position error, nominal arm, {where}", f"{before.mean:.3f} mm"),
            (f"mean position error, identified arm, {where}", f"{after.mean:.3f} mm"),
            ("largest", f"{before.max:.3f} before, {after.max:.3f} mm after"),
            ("position known to (95 %), over the range of motion", f"{low:.2g} mm typically, {high:.2g} at worst"),
            ("parameters determined", str(calibration.identifiability.rank)),
        ],
        [
            Section(
                "Errors before and after",
                [_histogram(compared, where), _by_line(calibration), _statistics(calibration)],
            ),
            Section("Where it was measured", [_scene(calibration), *_by_joint(compared)]),
            Section("Parameters", [_parameters(calibration), *_not_separable(calibration)]),
            Section("What the measurements determine", [_singular(calibration), _observability(calibration)]),
            *_rejected_rows(calibration),
        ],
    )


def _histogram(compared: Comparison, where: str) -> Figure:
    before, after = (1000 * _position(sizes)[compared.plausible] for sizes in (compared.before_sizes, compared.sizes))
    low = max(float(min(before.min(), after.min())), 1e-3)
    edges = np.linspace(np.log10(low), np.log10(max(float(max(before.max(), after.max())), 2 * low)), BINS + 1)
    counts = [np.histogram(np.log10(np.maximum(errors, low)), edges)[0].astype(float) for errors in (before, after)]
    plot = Plot(
        Axis(float(edges[0]), float(edges[-1]), "position error, power of ten of mm"),
        Axis.around(np.concatenate(counts), "rows", zero=True),
        "Position errors before and after",
        f"{len(before)} rows: mean {before.mean():.3g} mm before, {after.mean():.3g} mm after.",
    )
    plot.bars(edges, counts[0], "bars-other")
    plot.bars(edges, counts[1])
    return Figure(
        "Position errors.", plot.text(), f"Orange: nominal arm. Blue: identified arm. Of {where}; -1 is 0.1 mm."
    )


def _by_line(calibration: ArmCalibration) -> Figure:
    evaluation = calibration.evaluation
    parts = [(evaluation.fitted, "faint"), (evaluation.heldout, "dots")]
    known = [(part, class_) for part, class_ in parts if part is not None]
    errors = [1000 * _position(part.sizes) for part, _ in known]
    lines = [part.table.lines.astype(float) for part, _ in known]
    plot = Plot(
        Axis.around(np.concatenate(lines), "line of the table"),
        Axis.around(np.concatenate(errors), "position error (mm)", zero=True),
        "Errors by line",
        "The identified arm, in the order of the table.",
    )
    for x, y, (_, class_) in zip(lines, errors, known, strict=True):
        plot.dots(x, y, class_)
    caption = "Identified arm; grey: fitted, blue: held out. A trend is drift, a step a target or base that moved."
    return Figure("Errors by line.", plot.text(), caption)


def _by_joint(compared: Comparison) -> list[Figure]:
    """What is left by the angle of each joint: a wave is a gear or an encoder."""
    joints, errors = np.degrees(compared.table.joints), 1000 * _position(compared.sizes)
    figures = []
    for k, angles in enumerate(joints.T, 1):
        plot = Plot(
            Axis.around(angles, f"joint {k} (deg)"),
            Axis.around(errors, "position error (mm)", zero=True),
            f"Errors by joint {k}",
            "The identified arm.",
            width=420,
            height=260,
        )
        plot.dots(angles, errors)
        figures.append(Figure(f"By joint {k}.", plot.text()))
    return figures


def _scene(calibration: ArmCalibration) -> Figure:
    """The flange's places about the base."""
    table = calibration.table
    few = table.joints[:: 1 + len(table.joints) // MOST_PLACES]
    places = calibration.arm.geometry.base_from_flange(few)[:, :3, 3]
    size = 0.2 * float(np.linalg.norm(places, axis=1).max())
    dots = [Path3(np.stack([place, place]), "dots") for place in places]
    drawn = draw_scene(
        upright([*axes_of(np.eye(4), size, "base"), *dots]),
        "Where it was measured",
        f"{len(places)} places of the flange.",
    )
    caption = "The flange's places about the base, whose x is red, y green, z blue. Drag to turn."
    return Figure("Where it was measured.", drawn, caption)


def _statistics(calibration: ArmCalibration) -> Table:
    evaluation = calibration.evaluation
    sets = {
        "fitted": evaluation.fitted,
        "held out": evaluation.heldout,
        "other table": evaluation.validation,
        "other table, frames held": evaluation.validation_frames_held,
    }
    rows = []
    for name, compared in sets.items():
        for arm, found in () if compared is None else (("nominal", compared.before), ("identified", compared.after)):
            s, angle = found.position_mm, found.orientation_deg
            numbers = [f"{each:.3f}" for each in (s.mean, s.rms, s.median, s.p95, s.max)]
            rows.append((f"{name}, {arm} arm", str(found.rows), *numbers, "" if angle is None else f"{angle.mean:.4f}"))
    header = ("rows", "number", "mean (mm)", "rms", "median", "95th percentile", "largest", "mean (deg)")
    return Table("Errors", header, rows)


def _parameters(calibration: ArmCalibration) -> Table:
    """Every parameter beside what it was."""
    geometry, estimates = calibration.nominal.geometry, calibration.parameters
    nominal = dict(zip(geometry.labels, geometry.parameters.tolist(), strict=True))
    found = parameter_table("Parameters of the arm and of effects", estimates.values())
    rows = [
        (*row, _change(each, nominal[each.label]) if each.label in nominal and not each.held else "")
        for row, each in zip(found.rows, estimates.values(), strict=True)
    ]
    return replace(found, header=(*found.header, "change from nominal"), rows=rows)


def _change(estimate: Estimate, before: float) -> str:
    factor, unit = IN_UNITS[estimate.label.unit]
    return f"{factor * (estimate.value - before):+.4g} {unit}"


def _not_separable(calibration: ArmCalibration) -> list[Table]:
    redundant = calibration.identifiability.redundant
    if not redundant:
        return []
    rows = [(str(each.label), ", ".join(each.partners) or "nothing measured depends on it") for each in redundant]
    caption = "Their sum is determined, each alone is not: held at nominal, and the arm is the same whichever is held."
    return [Table("Not separable", ("parameter", "from"), rows, caption)]


def _singular(calibration: ArmCalibration) -> Figure:
    values = calibration.identifiability.singular
    number, power = np.arange(1.0, len(values) + 1), np.log10(np.maximum(values, 1e-300))
    plot = Plot(
        Axis.around(number, "direction, best determined first"),
        Axis.around(power, "singular value, power of ten"),
        "Singular values",
        f"{len(values)} directions, from {values.max(initial=0):.3g} to {values.min(initial=np.inf):.3g}.",
    )
    plot.line(number, power)
    plot.dots(number, power)
    caption = "Of the Jacobian, a radian counted as a metre. A steep end is what more varied poses would determine."
    return Figure("Singular values.", plot.text(), caption)


def _observability(calibration: ArmCalibration) -> Table:
    rows = [(name, f"{value:.4g}") for name, value in calibration.identifiability.observability.items()]
    return Table("Observability indices", ("index", "value"), rows, "Larger is better; to compare sets of poses by.")


def _rejected_rows(calibration: ArmCalibration) -> list[Section]:
    """The rows that took no part."""
    unread = [(str(each.line), "", f"not read: {each.reason}") for each in calibration.table.excluded]
    outliers = [(str(each.line), f"{each.position_mm:.3g}", "outlier") for each in calibration.outliers]
    if not unread and not outliers:
        return []
    rows = [*outliers, *unread][:MOST_REJECTED]
    return [Section("Rejected rows", [Table("Rows", ("line", "position error (mm)", "reason"), rows)])]


def _position(sizes: Mapping[str, Array]) -> Array:
    """Errors (n,) of the first component, m."""
    return next(iter(sizes.values()))
