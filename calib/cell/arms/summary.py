"""A cell of several arms in a screenful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.text import wrap

if TYPE_CHECKING:
    from calib.cell.arms.cell_calibration import CellCalibration


def summary(cell: CellCalibration) -> str:
    """Every arm with its errors and its base, every hand-over, the verdicts."""
    lines = [f"{len(cell.arms)} arms in one world ({cell.world}); errors on poses not fitted"]
    for name, found in cell.arms.items():
        judged, x = found.evaluation.decisive or found.evaluation.fitted, cell.world_from_base(name)[:3, 3]
        what = f"{found.nominal.geometry.name}, {len(found.table.joints)} rows, rank {found.identifiability.rank}"
        metres, radians = cell.base_sigma(name)
        sigma = f"± {1000 * metres:.3f} mm, {np.degrees(radians):.4f} deg per axis"
        lines.append(f"  {name}: {what}: {judged.before} -> {judged.after}")
        lines.append(f"    base at {x[0]:.5f} {x[1]:.5f} {x[2]:.5f} m, {sigma}")
    lines.append("")
    for over in cell.hand_overs:
        before, after = (
            f"{each.mean:.3f} mm mean (95th percentile {each.p95:.3f})" for each in (over.before, over.after)
        )
        lines.append(f"{over.giver} hands a point to {over.taker}: off by {before} before, {after} after")
    lines += map(wrap, cell.verdict.lines(0))
    for name, found in cell.arms.items():
        lines.append(f"  {name}: {found.finding}")
        lines += [f"    next: {text}" for text in found.finding.advice[:2]]
    return "\n".join(lines)
