"""A cell of several arms: the terminal summary, and the documents that scripts and arms read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.cell.arms.calibrate_cell import Cell
    from calib.verdict import Verdict


def grade(verdicts: dict[str, Verdict]) -> str:
    """The worst of the arms' grades."""
    order = ("do not use", "usable", "good")
    return min((verdict.grade for verdict in verdicts.values()), key=order.index)


def summary(cell: Cell, verdicts: dict[str, Verdict], output: str) -> str:
    """Every arm with its errors and where it stands, every hand-over, a verdict."""
    lines = [f"{len(cell.arms)} arms in one world ({cell.world}); errors on poses not fitted"]
    for name, found in cell.arms.items():
        judged, x = found.evaluation.decisive or found.evaluation.fitted, cell.world_from_base(name)[:3, 3]
        what = f"{found.nominal.geometry.name}, {len(found.table.joints)} rows, rank {found.identifiability.rank}"
        lines.append(f"  {name}: {what}: {judged.before} -> {judged.after}")
        lines.append(f"    base at {x[0]:.5f} {x[1]:.5f} {x[2]:.5f} m, {_deviation(cell, name)}")
    lines.append("")
    for over in cell.hand_overs:
        before, after = (f"{each.mean:.3f} mm mean ({each.p95:.3f} at 95 %)" for each in (over.before, over.after))
        lines.append(f"{over.giver} hands a point to {over.taker}: off by {before} before, {after} after")
    lines.append(f"written: {output}")
    lines.append(f"verdict: {grade(verdicts)}")
    for name, verdict in verdicts.items():
        lines.append(f"  {name}: {verdict.grade}: {verdict.reason}")
        lines += [f"    next: {text}" for text in verdict.advice[:2]]
    return "\n".join(lines)


def as_document(cell: Cell, verdicts: dict[str, Verdict], seconds: float) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it; under `arms` as `calib robot --json` has each."""
    return {
        "status": "ok",
        "verdict": grade(verdicts),
        "world": cell.world,
        "hand_overs": [asdict(over) for over in cell.hand_overs],
        "arms": {name: found.document() for name, found in cell.arms.items()},
        "seconds": seconds,
    }


def as_cell_file(cell: Cell) -> dict[str, Any]:
    """The document of cell.yaml: where every arm stands, and its file."""
    return {
        "world": cell.world,
        "arms": {
            name: {
                "arm": f"{name}/arm.yaml",
                "world_from_base": np.round(cell.world_from_base(name), 12).tolist(),
                "position_m": np.round(cell.world_from_base(name)[:3, 3], 9).tolist(),
                "quaternion_xyzw": np.round(so3.quaternion_xyzw(cell.world_from_base(name)[:3, :3]), 9).tolist(),
                "sigma_m": _sigma(cell, name)[0],
                "sigma_rad": _sigma(cell, name)[1],
            }
            for name in cell.arms
        },
    }


def _sigma(cell: Cell, name: str) -> tuple[float, float]:
    """Standard deviations of a base's place and orientation: rms over the axes, m and rad."""
    fit = cell.arms[name].fit
    known = [fit.scale * fit.solution.uncertainty.sigma(f"world_from_base.{label}") for label in se3.TANGENT]
    return float(np.sqrt(np.mean(np.square(known[:3])))), float(np.sqrt(np.mean(np.square(known[3:]))))


def _deviation(cell: Cell, name: str) -> str:
    metres, radians = _sigma(cell, name)
    return f"± {1000 * metres:.3f} mm, {np.degrees(radians):.4f} deg per axis"
