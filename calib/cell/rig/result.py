"""The result of a calibration of several cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.cell.pose_estimates import pose_estimates
from calib.cell.rig import documents
from calib.cell.rig.report import report
from calib.cell.rig.summary import summary
from calib.estimate import Estimate, quantile_975
from calib.exports import ExportPart
from calib.result import Result
from calib.verdict import worst

if TYPE_CHECKING:
    from calib.cell.adjustment.variance_components import RobotNoise
    from calib.cell.frame_loop import Setup
    from calib.cell.hand_eye.result import HandEyeCalibration
    from calib.engine import Solution
    from calib.need import Capability
    from calib.report.page import Report
    from calib.verdict import Verdict


@dataclass(frozen=True, eq=False, repr=False)
class RelativePose:
    """One camera in another."""

    a: str
    """Name of the camera in whose frame the other is."""

    b: str
    """Name of the other."""

    a_from_b: Array
    """(4, 4)."""

    covariance: Array
    """(6, 6), metres along the axes of a, then radians about them."""

    freedom: float
    """Degrees of freedom that the covariance was measured with."""

    @property
    def half_width_95_m(self) -> Array:
        """(3,) half widths of 95 % intervals along the axes of a."""
        return np.asarray(quantile_975(self.freedom) * np.sqrt(np.diagonal(self.covariance)[:3]))

    @property
    def half_width_95_rad(self) -> Array:
        """(3,) half widths of 95 % intervals about the axes of a."""
        return np.asarray(quantile_975(self.freedom) * np.sqrt(np.diagonal(self.covariance)[3:]))

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """The pose by label, such as `left_from_right.x_m`."""
        return pose_estimates(f"{self.a}_from_{self.b}", self.a_from_b, self.covariance, self.freedom)

    def __repr__(self) -> str:
        x, y, z = 1000 * self.a_from_b[:3, 3]
        return f"RelativePose({self.a}_from_{self.b} x {x:.3f} y {y:.3f} z {z:.3f} mm)"


@dataclass(frozen=True, eq=False, repr=False)
class CamerasCalibration(Result):
    """Several cameras with one board and one robot between them."""

    setup: Setup

    together: tuple[HandEyeCalibration, ...]
    """Each camera by the images of all."""

    alone: tuple[HandEyeCalibration, ...]
    """Each camera by its own images."""

    relative: tuple[RelativePose, ...]
    """Every further camera in the first."""

    noise: RobotNoise

    poses: int
    """How many of the robot's poses were used."""

    shared: int
    """In how many of them several cameras took an image."""

    solution: Solution

    @property
    def names(self) -> tuple[str, ...]:
        """Of the cameras."""
        return tuple(h.place.camera for h in self.together)

    @property
    def weakest(self) -> HandEyeCalibration:
        """The camera with the worst verdict, which is that on all."""
        grade = worst(h.finding.grade for h in self.together)
        return next(h for h in self.together if h.finding.grade == grade)

    @property
    def finding(self) -> Verdict:
        """That on the weakest camera, by name."""
        h = self.weakest
        return replace(h.finding, reason=f"{h.place.camera}: {h.finding.reason}")

    @property
    def capability(self) -> Capability:
        """That of the camera whose position is least certain."""
        return max((h.capability for h in self.together), key=lambda able: able.sizes["mm"])

    @cached_property
    def parameters(self) -> Mapping[str, Estimate]:
        """Every camera's pose, such as `base_from_camera[left].x_m`, the board's, lenses, and camera in camera."""
        cameras = [{**h.place.camera_estimates, **h.adjustment.lens_estimates} for h in self.together]
        parts = [*cameras, self.together[0].place.board_estimates, *(pair.estimates for pair in self.relative)]
        return {label: estimate for part in parts for label, estimate in part.items()}

    def summary(self) -> str:
        """The terminal's lines: every camera's pose, camera in camera, the robot's noise, the verdict."""
        return summary(self)

    def document(self) -> dict[str, Any]:
        """The result as plain data."""
        return documents.as_document(self)

    def files(self) -> Mapping[str, str | bytes]:
        """`cameras.yaml` and, in a folder per camera, what a hand-eye calibration writes."""
        return documents.files(self)

    def export_parts(self) -> tuple[ExportPart, ...]:
        """The frames of all cameras."""
        return (ExportPart("mounts", tuple(h.place.frame for h in self.together)),)

    def report(self) -> Report:
        """What `report.html` shows."""
        return report(self)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per image of each camera: as `HandEyeCalibration.rows`, with the camera's name."""
        return documents.rows(self)
