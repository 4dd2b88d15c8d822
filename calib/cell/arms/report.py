"""A cell as a page: the bases in one world, how well one arm hands a point to another, and every arm's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.report.page import Figure, Report, Section, Table
from calib.report.parameters import parameter_table
from calib.report.scene import Path3, axes_of, draw_scene, upright

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.cell.arms.cell_calibration import CellCalibration
    from calib.robot.evaluation.accuracy import Statistics

MOST_PLACES = 400  # of every flange, in the picture in space
CLASSES = ("dots", "other-dots", "faint")  # of the arms in turn


def report(cell: CellCalibration) -> Report:
    """The page's content."""
    facts = [("arms", ", ".join(cell.arms)), ("measured in", cell.world)]
    facts += [(f"hand-over {each.giver} to {each.taker}", _change(each.before, each.after)) for each in cell.hand_overs]
    return Report(
        f"Cell of {len(cell.arms)} arms",
        facts,
        [
            Section("Hand-overs", [_hand_overs(cell), _arms(cell)]),
            Section("The bases", [_scene(cell), parameter_table("Bases in the world", cell.parameters.values())]),
        ],
    )


def _change(before: Statistics, after: Statistics) -> str:
    return f"{before.mean:.3f} -> {after.mean:.3f} mm"


def _hand_overs(cell: CellCalibration) -> Table:
    rows = [
        (f"{each.giver} to {each.taker}", *(f"{value:.3f}" for value in (s.mean, s.p95, s.max)), arm)
        for each in cell.hand_overs
        for arm, s in (("nominal arms", each.before), ("identified arms", each.after))
    ]
    caption = "How far apart two arms are that are sent to one point, over pairs of poses that were held out."
    return Table("Hand-overs", ("from and to", "mean (mm)", "95th percentile", "largest", "with"), rows, caption)


def _arms(cell: CellCalibration) -> Table:
    rows = []
    for name, arm in cell.arms.items():
        compared = arm.evaluation.decisive or arm.evaluation.fitted
        rows.append((name, arm.nominal.name, str(compared.before), str(compared.after), str(arm.verdict)))
    return Table("Arms", ("name", "arm", "nominal", "identified", "verdict"), rows)


def _scene(cell: CellCalibration) -> Figure:
    paths: list[Path3] = []
    for k, (name, arm) in enumerate(cell.arms.items()):
        base, table = cell.world_from_base(name), arm.table
        few = table.joints[:: 1 + len(table.joints) // MOST_PLACES]
        flange = base @ arm.arm.geometry.base_from_flange(few)
        paths += axes_of(base, 0.25 * _reach(flange[:, :3, 3] - base[:3, 3]), name)
        paths += [Path3(np.stack([place, place]), CLASSES[k % len(CLASSES)], name) for place in flange[:, :3, 3]]
    drawn = draw_scene(
        upright(paths), "The cell", f"The bases of {', '.join(cell.arms)} and the places of their flanges."
    )
    caption = "Axes: the bases, x red, y green, z blue. Dots: the places of the flanges. Drag to turn."
    return Figure("The cell in space.", drawn, caption)


def _reach(offsets: Array) -> float:
    return float(np.linalg.norm(offsets, axis=1).max())
