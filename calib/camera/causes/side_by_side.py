"""Frames of a stereo camera that hold the images of both cameras, side by side or one above the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.grouping import FEWEST, Groups, solve_apart

if TYPE_CHECKING:
    from calib.camera.diagnosis.evidence import MisfitEvidence

HALVES = (("the left half", "the right half"), ("the upper half", "the lower half"))
LEAST_GAIN = 0.75  # share of the squared residuals that two lenses explain; one lens for both halves is far off


def _find(evidence: MisfitEvidence) -> Finding | None:
    """Every board lies in one half or the other, and the halves fit apart far better than together."""
    if evidence.image_size_px is None:
        return None
    for axis, names in enumerate(HALVES):
        middle = (evidence.image_size_px[axis] - 1) / 2
        beyond = [view.corners_px[:, axis] > middle for view in evidence.views]
        group = np.array([each.all() for each in beyond]).astype(np.intp)
        if any(each.any() != each.all() for each in beyond) or min(group.sum(), (1 - group).sum()) < FEWEST:
            continue
        apart = solve_apart(evidence, Groups(group, names, 2 * LEAST_GAIN))
        if apart is None:
            continue
        width, height = evidence.image_size_px
        half = (width // 2, height) if axis == 0 else (width, height // 2)
        return Finding(
            sentence=f"two cameras in one image: {' and '.join(names)}; {apart}",
            advice="cut the images into halves of {} x {} px and calibrate each camera by itself".format(*half),
            strength=1.0,
            best_grade="do not use",
        )
    return None


CAUSE = Cause(looks_for="the images of two cameras in one frame", level="cameras", find=_find)
