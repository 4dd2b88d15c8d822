"""Board points that are no rectangular grid: X and Y computed from the wrong index."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.adjustment.reprojection import corners_of
from calib.camera.diagnosis.board_grid import Lattice
from calib.camera.diagnosis.evidence import Cause, Finding, rms_px

if TYPE_CHECKING:
    from calib.camera.diagnosis.evidence import MisfitEvidence
    from calib.camera.views.usable_views import UsableViews

# Of checkerboards, circles and their staggered rows; of hexagonal grids. A printed board is true to a tenth of that.
ANGLES_DEG, WITHIN_DEG = (90.0, 60.0), 1.0
NO_WORSE = 1.05  # times the rms of the points as given that those of a square grid may leave


def _find(evidence: MisfitEvidence) -> Finding | None:
    """The corners of the board form a lattice whose steps are not at right angles, and fit as squares."""
    points = np.concatenate([view.corners_in_board for view in evidence.views])
    lattice = None if points[:, 2].any() else Lattice.of(points[:, :2])
    if lattice is None or min(abs(lattice.angle_deg - angle) for angle in ANGLES_DEG) < WITHIN_DEG:
        return None
    fit = evidence.try_fit(_with_squares(evidence.usable, lattice))
    if fit is None or (evidence.fit is not None and rms_px(fit) > NO_WORSE * rms_px(evidence.fit)):
        return None
    (ax, ay), (bx, by) = lattice.steps
    return Finding(
        sentence=f"X_m,Y_m are no rectangular grid: steps ({ax:.3g}, {ay:.3g}) and ({bx:.3g}, {by:.3g}), at "
        f"{lattice.angle_deg:.0f} deg; as squares rms {rms_px(fit):.3g} px",
        advice="compute X_m from the column and Y_m from the row of a corner, each times the size of a square",
        strength=1.0,
        best_grade="do not use",
    )


def _with_squares(usable: UsableViews, lattice: Lattice) -> UsableViews:
    """The views with the corners of a grid of squares, one unit of length each."""
    origin = usable.views[0].corners_in_board[0]
    views = []
    for view in usable.views:
        index = np.round((view.corners_in_board - origin)[:, :2] @ np.linalg.inv(lattice.steps))
        views.append(replace(view, corners_in_board=np.column_stack([index, np.zeros(len(index))]), radius=None))
    return replace(usable, views=tuple(views), corners=corners_of(views), pivot=np.zeros(3))


CAUSE = Cause(looks_for="board points that are no rectangular grid", level="board", find=_find)
