"""Whether a camera file belongs to images: of their size, or by how its lens fits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.adjustment.bundle_adjustment import adjust
from calib.camera.resampling import OPTION, Resampling
from calib.camera.start.zhang import start_at
from calib.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.camera import Camera
    from calib.camera.views.usable_views import UsableViews

# Images are binned or scaled so, where their size is not known.
USUAL_SCALES = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 4 / 3, 3 / 2, 2.0, 3.0, 4.0)
# Residuals of a lens that is not these images', and what another scale must leave of them: a lens of the right size
# that has aged leaves as much at any other scale.
SUSPECT_RMS_PX, CLEARLY = 0.5, 1 / 3


def require_same_images(
    camera: Camera, usable: UsableViews, image_size_px: tuple[int, int] | None, rms_px: float
) -> None:
    """Raise UsageError `camera-image-size` for a camera of images of another size, with what to type.

    By the sizes where both are known; else, where the camera leaves an rms that is suspect, by whether it fits far
    better at another scale.
    """
    theirs = camera.image_size_px
    if theirs is not None and image_size_px is not None:
        if theirs == image_size_px:
            return
        best, _ = _best(camera, usable, _between(theirs, image_size_px))
        raise UsageError(
            f"the camera is of images of {theirs[0]} x {theirs[1]} px, these are {image_size_px[0]} x "
            f"{image_size_px[1]} px",
            code="camera-image-size",
            where="--camera",
            why="focal lengths and principal point are in pixels of the images that they were calibrated with",
            advice=f"add {OPTION} {best}, or calibrate the camera at this size",
        )
    if not rms_px > SUSPECT_RMS_PX:
        return
    best, rms = _best(camera, usable, [Resampling(scale) for scale in USUAL_SCALES])
    if rms < CLEARLY * rms_px:
        of = f" of {theirs[0]} x {theirs[1]} px" if theirs else ""
        raise UsageError(
            f"the camera is of images of another size{of}: scaled by {best} it fits the corners",
            code="camera-image-size",
            where="--camera",
            why=f"rms {rms_px:.3g} px as it is, {rms:.3g} px scaled",
            advice=f"add {OPTION} {best}, or calibrate the camera at this size",
        )


def _between(old: tuple[int, int], new: tuple[int, int]) -> list[Resampling]:
    """How images of one size may have become those of another: scaled, scaled and cropped, cropped in the middle."""
    ratios = new[0] / old[0], new[1] / old[1]
    if abs(ratios[0] * old[1] - new[1]) < 1:
        return [Resampling(ratios[0])]
    found = []
    for scale in (max(ratios), 1.0):
        left, top = (round((scale * a - b) / 2) for a, b in zip(old, new, strict=True))
        found.append(Resampling(scale, float(left), float(top)))
    return found


def _best(camera: Camera, usable: UsableViews, trials: Sequence[Resampling]) -> tuple[Resampling, float]:
    """The one with which the camera fits the views best, and the rms that it leaves."""
    scored = [(_rms(trial.apply(camera), usable), i) for i, trial in enumerate(trials)]
    rms, best = min(scored)
    return trials[best], rms


def _rms(camera: Camera, usable: UsableViews) -> float:
    """Of the corners, with the lens held: as the poses' start has it, and adjusted; infinite if that fails."""
    held = frozenset(camera.lens.labels)
    with np.errstate(all="ignore"):
        median, start = start_at(camera.lens, usable.corners, camera.parameters)
        if not np.isfinite(median):
            return float("inf")
        fit = adjust(camera.lens, held, usable.views, usable.corners, start)
    residuals = fit.residuals_px()
    return float(np.sqrt(np.mean(np.sum(residuals**2, axis=1)))) if np.isfinite(residuals).all() else float("inf")
