"""A calibrated camera: a lens with its parameters, able to project, to unproject, and to be stored and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array
from calib.camera.lens import CENTRE, FOCAL, SKEW, Lens, load_lens
from calib.errors import UsageError
from calib.storage.result_folder import file_in
from calib.storage.stored import read_document
from calib.uncertainty import ParameterUncertainty, read_uncertainty


@dataclass(frozen=True, eq=False, repr=False)
class Camera:
    """A lens with its parameters."""

    lens: Lens
    """The model."""
    parameters: Array
    """(p,) in the order of `lens.labels`."""
    image_size_px: tuple[int, int] | None = None
    """(width, height), if known."""
    uncertainty: ParameterUncertainty | None = None
    """Of the parameters, as the calibration estimated them; None where it is not known."""

    def __repr__(self) -> str:
        size = "{} x {} px, ".format(*self.image_size_px) if self.image_size_px else ""
        values = ", ".join(f"{label}={self.value(label):.6g}" for label in self.lens.labels)
        return f"Camera({self.lens.name}, {size}{values})"

    def project(self, points_in_camera: Array) -> Array:
        """Pixels (..., 2) of points (..., 3) in metres in the camera frame (x right, y down, z forward)."""
        return self.lens.project(self.parameters, points_in_camera)

    def unproject(self, pixels: Array) -> Array:
        """Unit rays (..., 3) in the camera frame of pixels (..., 2); NaN where the lens cannot be inverted."""
        return self.lens.unproject(self.parameters, pixels)

    @property
    def matrix(self) -> Array:
        """The pinhole matrix K (3, 3)."""
        (fx, fy), (cx, cy) = self.focal_px, self.centre_px
        return np.array([[fx, self.value(SKEW), cx], [0, fy, cy], [0, 0, 1.0]])

    @property
    def focal_px(self) -> Array:
        """(2,) focal lengths fx, fy."""
        return np.array([self.value(label) for label in FOCAL])

    @property
    def centre_px(self) -> Array:
        """(2,) the principal point cx, cy."""
        return np.array([self.value(label) for label in CENTRE])

    def value(self, label: str) -> float:
        """One parameter by its label."""
        return float(self.parameters[self.lens.labels.index(label)])


@dataclass(frozen=True)
class _Parameter:
    value: float
    sigma: float | None = None
    interval_95: Any = None
    degrees_of_freedom: float | None = None
    unit: str = ""
    held: bool = False


@dataclass(frozen=True)
class _CameraFile:
    lens: str
    parameters: dict[str, _Parameter]
    image_size_px: tuple[int, int] | None = None
    uncertainty: Any = None
    board: str | None = None
    rms_px: float | None = None
    poses: dict[str, Any] | None = None


def load_camera(path: str | Path) -> Camera:
    """Read a camera from the `camera.yaml` that a calibration wrote, or from the folder of that calibration.

    Raises UsageError: `not-in-folder`, `unknown-lens`, the codes of `calib.config` and of
    `calib.storage.stored.read_document`.
    """
    path = file_in(Path(path), "camera.yaml", "--camera")
    file = config.build(_CameraFile, read_document(path), str(path))
    lens = load_lens(file.lens)
    if set(file.parameters) != set(lens.labels):
        wrong = sorted(set(file.parameters) ^ set(lens.labels))
        raise UsageError(
            f"the parameters do not belong to the {lens.name} lens: {', '.join(wrong)}",
            code="config-value",
            where=f"{path}: parameters",
            advice=f"expected {', '.join(lens.labels)}",
        )
    values = np.array([file.parameters[label].value for label in lens.labels])
    sizes = [(f"parameters: {label}", file.parameters[label].value) for label in FOCAL]
    sizes += [("image_size_px", value) for value in file.image_size_px or ()]
    for key, value in sizes:
        if value <= 0:
            what, advice = f"{value:g} px: expected more than 0", "restore the file as calib wrote it"
            raise UsageError(what, code="config-value", where=f"{path}: {key}", advice=advice)
    uncertainty = read_uncertainty(file.uncertainty, lens.labels, f"{path}: uncertainty")
    return Camera(lens, values, file.image_size_px, uncertainty)
