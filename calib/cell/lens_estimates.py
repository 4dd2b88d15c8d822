"""A lens as estimates, and as the content of a camera.yaml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.estimate import Estimate
from calib.storage.stored import stored_files
from calib.uncertainty import ParameterUncertainty, uncertainty_of

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.camera import Camera
    from calib.engine.label import Label
    from calib.verdict import Grade


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


def lens_uncertainty(
    camera: Camera, covariance: Array, freedom: Array, held: Collection[str]
) -> ParameterUncertainty | None:
    """The uncertainty of a lens after a solve: that of the camera given if all of it was held, else of what was not.

    covariance: (p, p) over the lens' labels, infinite on the diagonal where a parameter is not observable. freedom:
    (p,) degrees of freedom that the variances were measured with.
    """
    labels = camera.lens.labels
    free = [i for i, label in enumerate(labels) if label not in held]
    if not free:
        return camera.uncertainty
    return uncertainty_of([labels[i] for i in free], np.asarray(covariance[np.ix_(free, free)]), freedom[free])


def camera_document(camera: Camera, estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    """A camera as plain data. estimates: of the lens' parameters, in their order."""
    size = camera.image_size_px
    values = zip(camera.lens.labels, estimates.values(), strict=True)
    return {
        "lens": camera.lens.name,
        "image_size_px": list(size) if size else None,
        "parameters": {str(label): estimate.as_document() for label, estimate in values},
    }


def camera_file(
    camera: Camera, estimates: Mapping[str, Estimate], verdict: Grade, title: str
) -> dict[str, str | bytes]:
    """`camera.yaml`, which `calib.camera.load_camera` reads, by its name.

    verdict: of the calibration that estimated the lens, unless the camera was given with one.
    """
    known = camera.uncertainty
    stored = None if known is None else known.document(verdict)
    return stored_files("camera.yaml", {**camera_document(camera, estimates), "uncertainty": stored}, title)
