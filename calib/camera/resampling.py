"""A camera for images of another size: binned, scaled or cropped ones of the same lens."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calib.camera.camera import Camera
from calib.camera.lens import AFFINE, CENTRE
from calib.config import MAX_MAGNITUDE
from calib.errors import UsageError
from calib.uncertainty import ParameterUncertainty

OPTION = "--scale-camera"


@dataclass(frozen=True)
class Resampling:
    """Images scaled by a factor, then cropped."""

    scale: float
    """Pixels of the new image along a pixel of the old one: 0.5 where 2 x 2 pixels are binned."""
    left_px: float = 0.0
    """Columns cropped from the left of the scaled image."""
    top_px: float = 0.0
    """Rows cropped from its top."""

    def __str__(self) -> str:
        """As it is typed."""
        crop = f",{self.left_px:g},{self.top_px:g}" if self.left_px or self.top_px else ""
        return f"{self.scale:.6g}{crop}"

    @classmethod
    def from_text(cls, text: str) -> Resampling:
        """Of `FACTOR` or `FACTOR,LEFT,TOP`. Raises UsageError `camera-scale`."""
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 3) or not all(abs(each) < MAX_MAGNITUDE for each in numbers) or numbers[0] <= 0:
            raise UsageError(
                f"not a factor, or a factor and a corner: {text!r}",
                code="camera-scale",
                where=OPTION,
                advice="0.5 for images of half the size; 1,0,120 for a crop that begins in row 120",
            )
        return cls(*numbers)

    def apply(self, camera: Camera, image_size_px: tuple[int, int] | None = None) -> Camera:
        """The camera of the new images, its covariance with it. image_size_px: theirs, if known.

        The centre of the first pixel is (0, 0): u' + 1/2 = scale (u + 1/2) - left.
        """
        affine = [camera.lens.labels.index(label) for label in AFFINE]
        centre = [camera.lens.labels.index(label) for label in CENTRE]
        parameters = camera.parameters.copy()
        parameters[affine] *= self.scale
        parameters[centre] += (self.scale - 1) / 2 - np.array([self.left_px, self.top_px])
        known = camera.uncertainty
        if known is not None:
            factor = np.array([self.scale if label in AFFINE else 1.0 for label in known.labels])
            known = _scale(known, factor)
        return replace(camera, parameters=parameters, image_size_px=image_size_px, uncertainty=known)


def _scale(known: ParameterUncertainty, factor: np.ndarray) -> ParameterUncertainty:
    return replace(known, covariance=known.covariance * factor * factor[:, None])
