"""Corners that are listed in another order than their board points: rows and columns exchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.adjustment.reprojection import corners_of
from calib.camera.diagnosis.board_grid import listed_otherwise
from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.start.homography import homographies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.diagnosis.evidence import MisfitEvidence
    from calib.camera.observations import View

MISFIT = 0.05  # residual of a homography over the board's spread that no lens makes
TIMES = 5.0  # by which another order must fit better


def _find(evidence: MisfitEvidence) -> Finding | None:
    """No plane perspective explains the corners as listed, one explains them in another order."""
    views = evidence.views
    points = views[0].corners_in_board[:, :2]
    if any(len(view.corners_in_board) != len(points) for view in views):
        return None
    if any(not np.array_equal(view.corners_in_board[:, :2], points) for view in views):
        return None
    own = _misfit(views)
    if own < MISFIT:
        return None
    trials = [(_misfit(_with_points(views, other)), called, other) for called, other in listed_otherwise(points)]
    if not trials:
        return None
    misfit, called, _ = min(trials, key=lambda trial: trial[0])
    if misfit > own / TIMES:
        return None
    columns, rows = (len(np.unique(np.round(points[:, axis], 9))) for axis in (0, 1))
    return Finding(
        sentence=f"rows and columns are exchanged: X_m,Y_m state {rows} rows of {columns} corners, but {called} fit to "
        f"{100 * misfit:.1f} % of the board's size instead of {100 * own:.0f} %",
        advice=f"compute X_m,Y_m of each corner for {called}",
        strength=1.0,
        best_grade="do not use",
    )


def _misfit(views: Sequence[View]) -> float:
    """Median over the views of a homography's residual, as a share of the board's spread in the image."""
    found = homographies(corners_of(views))
    return float(np.median(found.rms / found.spread))


def _with_points(views: Sequence[View], points: np.ndarray) -> list[View]:
    flat = np.column_stack([points, np.zeros(len(points))])
    return [replace(view, corners_in_board=flat) for view in views]


CAUSE = Cause(looks_for="rows and columns of the board exchanged", level="board", find=_find)
