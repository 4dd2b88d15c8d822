"""An arm and the lens that saw it, identified together.

The measurement of `arm_in_images` is linear in the lens about the one by which the board poses were found.
Where the lens is estimated as well, the board poses are found anew by what comes out, until the lens stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.reprojection import LENS_BLOCK
from calib.camera.calibration.locate_boards import relocate_boards
from calib.cell.arms.image_measurement import as_seen, lens_label
from calib.cell.lens_estimates import camera_document, camera_file, lens_estimates, lens_uncertainty
from calib.errors import ConvergenceError
from calib.estimate import Estimate
from calib.exports import ExportPart
from calib.report.page import Section
from calib.report.parameters import parameter_table
from calib.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calib.camera.camera import Camera
    from calib.cell.arms.image_measurement import ArmViews
    from calib.cell.frame_loop import Setup
    from calib.engine.label import Label
    from calib.need import Capability
    from calib.report.page import Report
    from calib.robot.arm_model import Arm
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.measurement import Measurement
    from calib.robot.table.pose_table import PoseTable
    from calib.verdict import Verdict


ROUNDS = 8  # two or three settle a lens: Gauss-Newton squares the error that is left
SETTLED = 0.01  # of a standard deviation, which no interval shows
ROUNDING = 1e-9  # of a value, which camera files do not show
UNSEEN_PX = 1e-5  # of the corners, by parameters that make up for one another in data without noise


class Identified(Protocol):
    """Identifies an arm from a table and what it holds, as `calib.robot.identify` does with all else settled."""

    def __call__(self, table: PoseTable, *, measurement: Measurement) -> ArmCalibration: ...


@dataclass(frozen=True, eq=False, repr=False)
class LensOfArm:
    """A lens that was estimated along with an arm."""

    camera: Camera
    """With the lens estimated."""

    before: Camera
    """The one given, or calibrated from the images alone."""

    covariance: Array
    """(p, p) over `lens.labels`; zero where held, infinite on the diagonal where the parameter is not observable."""

    held: frozenset[str]
    """Labels not estimated."""

    moved_px: float
    """rms distance by which the estimate moves the corners."""

    def __repr__(self) -> str:
        return f"LensOfArm({self.camera.lens.name}, corners moved by {self.moved_px:.3f} px)"

    @property
    def sigma(self) -> dict[Label, float]:
        """Standard deviation per label."""
        return dict(zip(self.camera.lens.labels, np.sqrt(np.diagonal(self.covariance)).tolist(), strict=True))

    @property
    def estimates(self) -> dict[str, Estimate]:
        """The parameters by label."""
        return lens_estimates(self.camera, self.sigma, self.held)

    def __str__(self) -> str:
        focal = list(self.estimates.values())[:2]
        fx, fy = (f"{each.label.name} {each.value:.2f} ± {each.sigma:.2f}" for each in focal)
        return f"lens estimated jointly with the arm: {fx}, {fy} px; it moves corners by {self.moved_px:.2f} px rms"

    def document(self) -> dict[str, Any]:
        """The lens as plain data, for the result's document."""
        values = self.before.parameters.tolist()
        before = dict(zip(self.before.lens.labels, values, strict=True))
        return {
            **camera_document(self.camera, self.estimates),
            "estimated": "jointly",
            "moved_px": self.moved_px,
            "before": before,
        }


@dataclass(frozen=True, eq=False, repr=False)
class ArmFromImages(Result):
    """An arm identified from images, with the lens if it was estimated as well."""

    calibration: ArmCalibration
    """The arm with its evidence."""

    setup: Setup
    """eye-in-hand or eye-to-hand."""

    views: ArmViews
    """The images, with the board poses by the lens."""

    lens: LensOfArm | None
    """The lens; None where it was held."""

    @property
    def arm(self) -> Arm:
        """The arm identified."""
        return self.calibration.arm

    @property
    def camera(self) -> Camera:
        """The camera with the lens that was estimated, or held."""
        return self.views.seen.camera if self.lens is None else self.lens.camera

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on what was assumed, interpreted, or is weakly determined."""
        return self.calibration.notes

    @cached_property
    def judged(self) -> ArmCalibration:
        """The arm with its evidence, judged by the need stated."""
        return self.calibration.for_need(self.need)

    @property
    def finding(self) -> Verdict:
        """Whether the arm is accurate enough, and what to do next."""
        return self.calibration.finding

    @property
    def capability(self) -> Capability:
        """What the arm is good for."""
        return self.calibration.capability

    @property
    def parameters(self) -> Mapping[str, Estimate]:
        """The arm's parameters by label, and the lens' where it was estimated."""
        found = dict(self.calibration.parameters)
        return found if self.lens is None else {**found, **self.lens.estimates}

    def summary(self) -> str:
        """The terminal's lines: the arm's, with a note on the lens."""
        return self.judged.summary()

    def document(self) -> dict[str, Any]:
        """The arm's document, and the lens under `camera` where it was estimated."""
        document = self.judged.document()
        return document if self.lens is None else {**document, "camera": self.lens.document()}

    def files(self) -> Mapping[str, str | bytes]:
        """`arm.yaml` and, where the lens was estimated, `camera.yaml`."""
        files = dict(self.judged.files())
        if self.lens is not None:
            title = "The camera, its lens estimated jointly with the arm."
            files |= camera_file(self.lens.camera, self.lens.estimates, self.verdict.grade, title)
        return files

    @property
    def random_seed(self) -> int | None:
        """Of the split, as the arm's."""
        return self.calibration.random_seed

    def export_parts(self) -> tuple[ExportPart, ...]:
        """The arm, and the camera whose lens was estimated."""
        camera = () if self.lens is None else (ExportPart("cameras", self.lens.camera),)
        return (*self.calibration.export_parts(), *camera)

    def report(self) -> Report:
        """What `report.html` shows: the arm's page, and the lens where it was estimated."""
        of_arm = self.calibration.report()
        if self.lens is None:
            return of_arm
        lens = parameter_table("Parameters of the lens", self.lens.estimates.values())
        return replace(of_arm, sections=[*of_arm.sections, Section("The lens", [lens])])

    def rows(self) -> list[dict[str, Any]]:
        """One dict per row of the table that has an image."""
        return self.calibration.rows()


def identify_in_view(views: ArmViews, setup: Setup, table: PoseTable, identified: Identified) -> ArmFromImages:
    """Identify an arm from images, and the lens with it if the views name parameters of it.

    table: `views.table(setup)`, or the same with its joint values read differently. Raises what `identified`
    raises; ConvergenceError `lens-not-settled`, `board-poses`.
    """
    before = views.seen.camera
    if not views.lens:
        calibration = identified(table, measurement=views.measurement(setup))
        return ArmFromImages(calibration, setup, views, None)
    for _ in range(ROUNDS):
        calibration = identified(as_seen(table, views.seen, setup), measurement=views.measurement(setup))
        stood, lens = views.seen.camera, _lens(calibration, views, before)
        views = replace(views, seen=relocate_boards(views.seen, lens.camera))
        enough = SETTLED * np.sqrt(np.diagonal(lens.covariance)) + ROUNDING * np.abs(stood.parameters)
        settled = bool((np.abs(lens.camera.parameters - stood.parameters) <= enough).all())
        if settled or _moved_px(views, lens.camera, stood) < UNSEEN_PX:
            remarked = replace(calibration, notes=(str(lens), *calibration.notes))
            return ArmFromImages(remarked, setup, views, lens)
    raise ConvergenceError(
        f"the lens does not settle in {ROUNDS} rounds",
        code="lens-not-settled",
        why="every identification moves it by more than a hundredth of its standard deviation",
        advice="take more images from all distances and tilts, or give the camera with --camera",
    )


def _lens(calibration: ArmCalibration, views: ArmViews, before: Camera) -> LensOfArm:
    """The lens that came out with an arm."""
    fit, stood = calibration.fit, views.seen.camera
    labels = stood.lens.labels
    free = [labels.index(label) for label in views.lens]
    own = tuple(map(lens_label, views.lens))
    covariance = np.zeros((len(labels), len(labels)))
    covariance[np.ix_(free, free)] = fit.uncertainty.covariance(own)
    unseen = [i for i, label in zip(free, own, strict=True) if label in fit.model.held]
    covariance[unseen, unseen] = np.inf
    parameters = stood.parameters.copy()
    parameters[free] = fit.values[LENS_BLOCK][0]
    held = frozenset(labels) - frozenset(views.lens)
    freedom = np.full(len(labels), np.inf)
    freedom[free] = fit.uncertainty.degrees_of_freedom(own)
    known = lens_uncertainty(stood, covariance, freedom, held)
    camera = replace(stood, parameters=parameters, uncertainty=known)
    return LensOfArm(camera, before, covariance, held, _moved_px(views, camera, before))


def _moved_px(views: ArmViews, camera: Camera, before: Camera) -> float:
    """rms distance between the corners and where a camera sees what the one before saw in them."""
    corners = np.concatenate([view.corners_px for view in views.seen.views])
    off = camera.project(before.unproject(corners)) - corners
    return float(np.sqrt(np.nanmean(np.sum(off**2, axis=1))))
