"""A lens as estimates, and as the content of a camera.yaml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from calib.estimate import Estimate

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.engine.label import Label


def lens_estimates(
    camera: Camera, sigma: Mapping[Label, float], held: Collection[str], owner: str = ""
) -> dict[str, Estimate]:
    """The parameters by label. sigma: standard deviation per label of the lens. held: labels that were not estimated.

    owner: the camera's name among several, which the labels then begin with.
    """
    values = zip(camera.lens.labels, camera.parameters.tolist(), strict=True)
    estimates = (
        Estimate(label.of(owner), value, 0.0 if label in held else sigma[label], label in held)
        for label, value in values
    )
    return {estimate.label: estimate for estimate in estimates}


def camera_document(camera: Camera, estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    """The content of a `camera.yaml`. estimates: of the lens' parameters, in their order."""
    size = camera.image_size_px
    values = zip(camera.lens.labels, estimates.values(), strict=True)
    return {
        "lens": camera.lens.name,
        "image_size_px": list(size) if size else None,
        "parameters": {str(label): estimate.as_document() for label, estimate in values},
    }
