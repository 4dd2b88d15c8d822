"""The result of a hand-eye calibration: the camera's pose with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.cell.adjustment.state import OFFSET_LABEL
from calib.cell.hand_eye import documents
from calib.cell.hand_eye.capability import capability_of
from calib.cell.hand_eye.next_poses import NextPose, next_poses
from calib.cell.hand_eye.report import report
from calib.cell.hand_eye.summary import summary
from calib.cell.hand_eye.verdict import judge
from calib.estimate import Estimate
from calib.exports import ExportPart
from calib.result import Result

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Excluded, Observations
    from calib.cell.adjustment.bundle_adjustment import Scene
    from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise
    from calib.cell.conventions.diagnose import Alternative
    from calib.cell.hand_eye.board_scale import BoardScale
    from calib.cell.hand_eye.place import CameraPlace
    from calib.cell.start.motion import Turns
    from calib.cell.start.setup import ClosedFormStart
    from calib.engine import Solution
    from calib.need import Capability
    from calib.report.page import Report
    from calib.verdict import Verdict


@dataclass(frozen=True)
class ImageFit:
    """One image after the solve."""

    image: str

    line: int
    """Of the table of poses."""

    rms_px: float
    """Of its corners, with the robot's pose corrected; NaN where board poses are given."""

    uncorrected_rms_px: float
    """Of its corners, with the robot's pose as it was read; NaN where board poses are given."""

    correction_m: float
    """Length of the correction of the robot's pose; of given board poses, of both ends together."""

    correction_rad: float
    """Angle of the correction."""

    distance: float
    """Mahalanobis distance of the correction, in standard deviations of what the noise allows."""

    reason: str = ""
    """Why the image was rejected; empty if it took part."""


@dataclass(frozen=True)
class TimeOffset:
    """What is added to an image's time to give the time by the robot's clock."""

    estimate: Estimate
    """In s; held where the data do not determine it."""

    held: str
    """Why it is held, in words; empty if it is estimated."""

    speed_m_s: float
    """rms of the flange in the images."""

    speed_rad_s: float
    """The same of its turn."""


@dataclass(frozen=True)
class HandEyeNoise:
    """Standard deviations by which corners and robot poses were weighted."""

    robot: RobotNoise

    corner_px: float | None
    """Of a corner's coordinate; None where board poses are given."""


@dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """What supports a hand-eye calibration besides its residuals."""

    turns: Turns
    """How the flange turns."""

    start: ClosedFormStart
    """The closed form."""

    other_start: ClosedFormStart | None
    """That of the other set-up, if both were tried."""

    conventions_applied: tuple[Alternative, ...]
    """Interpretations applied to the data as given."""

    board_scale: BoardScale
    """The board's size by the robot."""

    board_size: float
    """Ratio of the board's size assumed to the one given."""

    board_height_m: float | None
    """Height of the board's surface above its plane; None where it was not estimated."""


@dataclass(frozen=True, eq=False, repr=False)
class HandEyeAdjustment:
    """The bundle adjustment behind a result."""

    scene: Scene
    """The images that took part."""

    solution: Solution

    reduced: ReducedProblem
    """About the solution; the camera's tangent, then the board's come first among its unknowns."""

    camera_from_board: Array
    """(n, 4, 4) for each image that took part."""

    lens_estimates: Mapping[str, Estimate]
    """The lens' parameters by label."""


@dataclass(frozen=True, eq=False, repr=False)
class HandEyeCalibration(Result):
    """The pose of a camera on the flange or in the base, with its evidence."""

    place: CameraPlace
    """The camera's pose and the board's, with covariances."""

    camera: Camera | None
    """The lens after the solve; None where board poses are given."""

    noise: HandEyeNoise

    images: tuple[ImageFit, ...]
    """Every image with a pose of the robot, in order."""

    excluded: tuple[Excluded, ...]
    """Images that show no usable view or have no pose, and why."""

    evidence: Evidence

    time_offset: TimeOffset | None
    """Of images in a stream of poses."""

    adjustment: HandEyeAdjustment

    observations: Observations
    """As given."""

    notes: tuple[str, ...]
    """Remarks on how the input was read."""

    @property
    def setup(self) -> str:
        """eye-in-hand or eye-to-hand."""
        return self.place.setup

    @property
    def mount_from_camera(self) -> Array:
        """(4, 4) flange_from_camera (eye-in-hand) or base_from_camera (eye-to-hand)."""
        return self.place.mount_from_camera

    @property
    def fixture_from_board(self) -> Array:
        """(4, 4) base_from_board (eye-in-hand) or flange_from_board (eye-to-hand)."""
        return self.place.fixture_from_board

    @property
    def motions(self) -> bool:
        """Whether motions were given in place of poses, A X = X B: the board's pose is then the camera's."""
        return self.adjustment.scene.motions

    @property
    def used(self) -> tuple[ImageFit, ...]:
        """The images that took part."""
        return tuple(fit for fit in self.images if not fit.reason)

    @property
    def lens_estimated(self) -> bool:
        """Whether the lens was estimated as well, from the images alone."""
        sight = self.adjustment.scene.sight
        return sight.known_lens is None and bool(frozenset(sight.labels) - sight.held)

    @property
    def poses_given(self) -> bool:
        """Whether board poses were given in place of images."""
        return not self.adjustment.scene.sight.own_poses

    @property
    def open_position(self) -> str:
        """Which part of the camera's position neither the poses nor the user determine, in words; empty if none."""
        hold = self.adjustment.scene.hold
        return "" if hold is None else hold.in_words(self.place.mount)

    @property
    def rms_px(self) -> float:
        """sqrt(mean squared reprojection error) over images, with the robot's poses corrected; NaN without corners."""
        return float(np.sqrt(np.mean([fit.rms_px**2 for fit in self.used])))

    @property
    def uncorrected_rms_px(self) -> float:
        """The same with the robot's poses as they were read."""
        return float(np.sqrt(np.mean([fit.uncorrected_rms_px**2 for fit in self.used])))

    @cached_property
    def capability(self) -> Capability:
        """What the camera's pose is good for."""
        return capability_of(self.place)

    @cached_property
    def finding(self) -> Verdict:
        """Whether the camera's pose is known well enough, and what to do next."""
        return judge(self)

    @cached_property
    def parameters(self) -> Mapping[str, Estimate]:
        """The camera's pose and the board's, such as `flange_from_camera.x_m`, the lens and the time offset."""
        found = {**self.place.camera_estimates, **self.place.board_estimates, **self.adjustment.lens_estimates}
        if self.time_offset is not None:
            found[OFFSET_LABEL] = self.time_offset.estimate
        return found

    @cached_property
    def next_poses(self) -> tuple[NextPose, ...]:
        """The three further poses that would reduce the camera's uncertainty most."""
        return next_poses(self)

    def summary(self) -> str:
        """The terminal's lines: images used, the camera's pose, residuals, the verdict, what to do next."""
        return summary(self)

    def document(self) -> dict[str, Any]:
        """The result as plain data."""
        return documents.as_document(self)

    def files(self) -> Mapping[str, str | bytes]:
        """`hand_eye.yaml`, the matrix as text, and `camera.yaml`, which `load_camera` reads."""
        return documents.files(self)

    def export_parts(self) -> tuple[ExportPart, ...]:
        """The camera's frame."""
        return (ExportPart("mounts", (self.place.frame,)),)

    def report(self) -> Report:
        """What `report.html` shows."""
        return report(self)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per image: name, whether it was used and why not, residuals, correction of the robot's pose."""
        return documents.rows(self)

    def plot_residuals(self, axes: Any = None) -> Any:
        """Reprojection error and correction of the robot's pose in every image, on two of matplotlib's axes (of a new
        figure if none are given)."""
        from calib.cell.hand_eye.plots import plot_residuals

        return plot_residuals(self, axes)

    def plot_poses(self, axes: Any = None) -> Any:
        """Where the camera was in every image, about the board, on matplotlib's 3-D axes (of a new figure if none are
        given)."""
        from calib.cell.hand_eye.plots import plot_poses

        return plot_poses(self, axes)
