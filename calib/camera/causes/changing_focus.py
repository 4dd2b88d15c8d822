"""An autofocus: the focal length differs from image to image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.view_effects import lead
from calib.camera.lens import CENTRE

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.adjustment.view_systems import LinearViews
    from calib.camera.diagnosis.evidence import MisfitEvidence

EFFECT = "scaled image"
MOST_LEFT, LEAST_LEAD = 0.85, 0.15
# Poses take up most of it, so that little may show, and yet of nothing else: in real sets free of it a motion, which
# has more unknowns, always explains as much.
CLEAR_LEAD = 0.3


def _scale(linear: LinearViews, fit: Adjustment) -> Array:
    """(m, 2, 1) columns of an image that is scaled about its principal point, in per cent."""
    centre = [fit.parameters[fit.lens.labels.index(label)] for label in CENTRE]
    sigma = np.broadcast_to(linear.corners.sigma_px, (len(linear.residuals),))
    return np.asarray(((linear.projected_px - centre) / sigma[:, None])[:, :, None] / 100.0)


def _find(evidence: MisfitEvidence) -> Finding | None:
    """A focal length of its own for every view explains the residuals, and nothing else as well."""
    found = evidence.effects.get(EFFECT)
    if found is None:
        return None
    ahead = lead(evidence.effects, EFFECT)
    if ahead < LEAST_LEAD or (found.left > MOST_LEFT and ahead < CLEAR_LEAD):
        return None
    return Finding(
        sentence=f"the focal length differs by {found.spread:.2g} % from image to image: "
        f"{100 * (1 - found.left):.0f} % of the squared residuals",
        advice="switch autofocus and zoom off, fix the focus at the working distance, and take the images anew",
        strength=1 - found.left,
    )


CAUSE = Cause(
    looks_for="a focal length that differs from image to image", level="views", find=_find, effects={EFFECT: _scale}
)
