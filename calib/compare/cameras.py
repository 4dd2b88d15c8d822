"""How differently two cameras project, over the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.uncertainty import difference_map, image_grid, sigma_at
from calib.camera.camera import Camera
from calib.errors import UsageError

CELLS = (48, 33)


@dataclass(frozen=True, eq=False)
class ProjectionDifference:
    """Of a camera from a reference, over the reference's image; a rotation between them is taken out."""

    error_px: Array
    """(rows, columns, 2) where the camera sees a far point less where the reference does; NaN where one sees none."""
    expected_px: Array | None
    """(rows, columns) standard deviation of a coordinate by both uncertainties; None where a camera states none."""
    turn_deg: float
    """Angle of the rotation that was taken out."""

    @property
    def lengths_px(self) -> Array:
        """(n,) lengths of the differences that are known."""
        lengths = np.linalg.norm(self.error_px, axis=2)
        return np.asarray(lengths[np.isfinite(lengths)])

    @property
    def rms_px(self) -> float:
        """Root mean square length."""
        return float(np.sqrt(np.mean(self.lengths_px**2)))

    @property
    def ratio(self) -> float | None:
        """rms over the image of the difference in standard deviations, by what both uncertainties let expect: about 1
        for two calibrations of one camera. None where a camera states no uncertainty."""
        if self.expected_px is None:
            return None
        known = (self.expected_px > 0) & np.isfinite(self.error_px).all(axis=2)
        normalised = self.error_px[known] / self.expected_px[known][:, None]
        return float(np.sqrt(np.mean(normalised**2))) if known.any() else None


def compare_cameras(reference: Camera, camera: Camera) -> ProjectionDifference:
    """Of the second from the first. Raises UsageError `image-size-needed`, `image-size-differs`."""
    if reference.image_size_px != camera.image_size_px:
        sizes = ["{} x {}".format(*each.image_size_px) if each.image_size_px else "?" for each in (reference, camera)]
        raise UsageError(
            "the cameras' images are not of one size",
            code="image-size-differs",
            why=f"{sizes[0]} and {sizes[1]} px",
            advice="compare calibrations of the same camera at the same resolution",
        )
    error, rotation = difference_map(camera, reference, *CELLS)
    expected = None
    if camera.uncertainty is not None and reference.uncertainty is not None and reference.image_size_px is not None:
        px = image_grid(reference.image_size_px, *CELLS).reshape(-1, 2)
        known = ((camera, camera.uncertainty), (reference, reference.uncertainty))
        variances = [sigma_at(each, found.over(each.lens.labels), px) ** 2 for each, found in known]
        expected = np.sqrt(variances[0] + variances[1]).reshape(CELLS[1], CELLS[0])
    turn = float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))
    return ProjectionDifference(error, expected, turn)
