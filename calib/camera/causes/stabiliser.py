"""An image stabiliser: the principal point wanders from image to image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.view_effects import lead

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.adjustment.view_systems import LinearViews
    from calib.camera.diagnosis.evidence import MisfitEvidence

EFFECT = "shifted image"
MOST_LEFT, LEAST_LEAD = 0.8, 0.15
# Poses take up most of it, so that little may show, and yet of nothing else: in real sets free of it a motion, which
# has more unknowns, always explains as much.
CLEAR_LEAD = 0.3


def _shift(linear: LinearViews, fit: Adjustment) -> Array:
    """(m, 2, 2) columns of an image that is shifted as a whole, px."""
    sigma = np.broadcast_to(linear.corners.sigma_px, (len(linear.residuals),))
    return np.asarray(np.eye(2)[None] / sigma[:, None, None])


def _find(evidence: MisfitEvidence) -> Finding | None:
    """A principal point of its own for every view explains the residuals, and nothing else as well."""
    found = evidence.effects.get(EFFECT)
    if found is None:
        return None
    ahead = lead(evidence.effects, EFFECT)
    if ahead < LEAST_LEAD or (found.left > MOST_LEFT and ahead < CLEAR_LEAD):
        return None
    return Finding(
        sentence=f"the principal point wanders by {found.spread:.2g} px from image to image: "
        f"{100 * (1 - found.left):.0f} % of the squared residuals",
        advice="switch the stabiliser off, optical or electronic, and any cropping that follows it",
        strength=1 - found.left,
    )


CAUSE = Cause(
    looks_for="a principal point that wanders from image to image", level="views", find=_find, effects={EFFECT: _shift}
)
