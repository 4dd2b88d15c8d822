"""A rolling shutter while camera or board moved: the rows of an image were not taken at the same time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.view_effects import lead

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.adjustment.view_systems import LinearViews
    from calib.camera.diagnosis.evidence import MisfitEvidence

# A motion has six unknowns a view and explains a part of any error that a view has for itself: all but .5 in real sets
# of cameras that stood still, and along rows about as well as along columns.
MOST_LEFT, LEAST_LEAD = 0.4, 0.05
# A motion along the image alone is told along rows as well as along columns. It leaves next to nothing, and far less
# than what is no motion does. So does a lens of the wrong kind: one that was chosen is not. Of real sets those of two
# cameras come near, which are told before.
LITTLE_LEFT, LEAST_LEAD_OF_OTHERS = 0.25, 0.3
MOST_MOTION_PX = 30.0  # over the height of the corners; beyond, an image would be blurred beyond use


def _shutter(linear: LinearViews, fit: Adjustment, axis: int) -> Array:
    """(m, 2, 6) columns of a steady motion while rows (axis 1) or columns (0) were exposed one after another.

    A row that is exposed later sees the board where it has moved on to. In px over the height that corners fill.
    """
    along = linear.projected_px[:, axis]
    time = (along - (along.min() + along.max()) / 2) / max(float(np.ptp(along)), 1e-300)
    motion = linear.by_pose / np.sqrt(np.mean(linear.by_pose**2, axis=(0, 1)))
    return np.asarray(motion * time[:, None, None])


EFFECTS = {"rolling shutter": partial(_shutter, axis=1), "rolling shutter of a turned image": partial(_shutter, axis=0)}


def _find(evidence: MisfitEvidence) -> Finding | None:
    """A steady motion in every view, of which later rows show more, explains most of the residuals."""
    for name in EFFECTS:
        found = evidence.effects.get(name)
        if found is None or found.left > MOST_LEFT or found.spread > MOST_MOTION_PX:
            continue
        ahead = lead(evidence.effects, name, EFFECTS) > LEAST_LEAD_OF_OTHERS
        plain = evidence.lens_chosen and ahead and found.left < LITTLE_LEFT
        if plain or lead(evidence.effects, name) > LEAST_LEAD:
            return Finding(
                sentence=f"rolling shutter: a motion of {found.spread:.2g} px while each image is read makes "
                f"{100 * (1 - found.left):.0f} % of the squared residuals",
                advice="keep camera and board still while an image is taken, or use a global shutter",
                strength=1 - found.left,
            )
    return None


CAUSE = Cause(looks_for="a rolling shutter while camera or board moved", level="views", find=_find, effects=EFFECTS)
