"""The result of a camera's calibration: the camera with its evidence, worked out on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.adjustment.board_shape import LABELS
from calib.camera.adjustment.reprojection import POSE_BLOCK
from calib.camera.calibration import documents, plots
from calib.camera.calibration.board_bend import BoardBend, bend_of, height_of
from calib.camera.calibration.capability import capability_of
from calib.camera.calibration.projection_quality import ProjectionQuality, projection_quality
from calib.camera.calibration.report import report
from calib.camera.calibration.summary import summary
from calib.camera.calibration.verdict import shows_another_lens, verdict_of
from calib.camera.calibration.wider_lens import difference, fit_wider
from calib.camera.camera import Camera
from calib.camera.diagnosis.diagnose import find_causes, with_causes
from calib.camera.lens import load_lens
from calib.engine import Label
from calib.errors import CalibError
from calib.estimate import Estimate, drift_remarks
from calib.exports import ExportPart
from calib.geometry import se3
from calib.result import Result
from calib.uncertainty import uncertainty_of

if TYPE_CHECKING:
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.diagnosis.evidence import Finding, MisfitEvidence
    from calib.camera.lens_choice.choose_lens import LensChoice
    from calib.camera.observations import Excluded, Observations, View
    from calib.engine import Solution, Uncertainty
    from calib.need import Capability
    from calib.report.page import Report
    from calib.verdict import Verdict


@dataclass(frozen=True, eq=False, repr=False)
class ViewFit:
    """One view after the solve."""

    view: View
    """What was seen."""
    camera_from_board: Array
    """(4, 4) the board's pose, metres (or squares, if the scale is unknown)."""
    pose_sigma: Array
    """(6,) standard deviations of the pose's tangent, metres and radians; infinite where unobservable."""
    residuals_px: Array
    """(n, 2) projected less seen, of every corner."""
    used: Mask
    """(n,) whether the corner took part."""

    @cached_property
    def rms_px(self) -> float:
        """Root mean square of the reprojection errors of the corners that took part."""
        return float(np.sqrt(np.mean(np.sum(self.residuals_px[self.used] ** 2, axis=1))))

    def __repr__(self) -> str:
        return f"ViewFit({self.view.image!r}, {int(self.used.sum())} corners, rms {self.rms_px:.3f} px)"


@dataclass(frozen=True, eq=False, repr=False)
class CameraCalibration(Result):
    """A calibrated camera with its evidence."""

    fit: Adjustment
    """The lens and the poses, adjusted to the corners."""
    pivot: Array
    """(3,) the point of the board that the poses of the fit place."""
    excluded: tuple[Excluded, ...]
    """Images that took no part, and why."""
    observations: Observations
    """The observations given."""
    evidence: MisfitEvidence
    """What causes of misfit are looked for in."""
    compare_lenses: Callable[[], LensChoice]
    """Chooses the lens that the views support."""
    chosen: LensChoice | None = None
    """How the lens was chosen; None where it was named."""

    @cached_property
    def choice(self) -> LensChoice | None:
        """The lens that the views support and what it was compared with: the one used, unless another was named. None
        where a lens was named and describes the images."""
        if self.chosen is not None or not shows_another_lens(self):
            return self.chosen
        try:
            return self.compare_lenses()
        except CalibError:  # the lens that was named is obeyed, whether there is a better one or not
            return None

    @property
    def solution(self) -> Solution:
        """Of the least-squares problem."""
        return self.fit.solution

    @cached_property
    def camera(self) -> Camera:
        """The lens with its parameters and their covariance."""
        lens, held = self.fit.lens, self.held
        free, measured = [label for label in lens.labels if label not in held], self.uncertainty
        known = uncertainty_of(free, measured.covariance(free), measured.degrees_of_freedom(free))
        return Camera(lens, self.fit.parameters, self.observations.image_size_px, known)

    @cached_property
    def projection(self) -> ProjectionQuality:
        """How well the camera projects, where boards were seen and in the rest of the image."""
        return projection_quality(self)

    @cached_property
    def held_out_px(self) -> float:
        """rms reprojection error of every view with the lens that the other views determine, its own pose refitted."""
        clusters = self.solution.clusters
        return float(np.sqrt(clusters.held_out_squares().sum() / self.corners)) if clusters else float("inf")

    @cached_property
    def finding(self) -> Verdict:
        """Whether the camera is good enough for most uses, and what to do next."""
        return with_causes(verdict_of(self), self.causes)

    @cached_property
    def capability(self) -> Capability:
        """What the camera is good for where boards were seen."""
        return capability_of(self)

    @cached_property
    def causes(self) -> Mapping[str, Finding]:
        """What went wrong when the images were taken or the corners written down, by name, the strongest first."""
        return find_causes(self.evidence)

    @cached_property
    def parameters(self) -> Mapping[str, Estimate]:
        """The lens' parameters by label."""
        lens, held, sigma = self.fit.lens, self.fit.held, self.sigma
        freedom = self.uncertainty.degrees_of_freedom(lens.labels).tolist()
        values = zip(lens.labels, self.fit.parameters.tolist(), freedom, strict=True)
        return {label: Estimate(label, value, sigma[label], label in held, known) for label, value, known in values}

    @property
    def held(self) -> frozenset[str]:
        """Labels that were not estimated."""
        return self.fit.held

    @property
    def expected(self) -> frozenset[str]:
        """Labels that the views do not support: estimated under a prior of the size that lenses of the kind have."""
        return frozenset(self.fit.lens.weak) - frozenset(load_lens(self.fit.lens.name).weak)

    @property
    def noise_px(self) -> float:
        """Standard deviation of a corner's coordinate, from the residuals."""
        return float(np.sqrt(self.solution.variance_factor))

    @property
    def dispersion(self) -> float:
        """By how much the scatter between views exceeds that of independent corners, as a ratio of variances; 1 or
        more."""
        scatter = self.uncertainty.scatter
        return 1.0 if scatter is None else max(1.0, scatter.dispersion)

    @cached_property
    def sigma(self) -> dict[str, float]:
        """Standard deviation per label, 0 if held, infinite if unobservable."""
        return {label: self.uncertainty.sigma(label) for label in self.fit.lens.labels}

    @cached_property
    def covariance(self) -> Array:
        """(p, p) over `lens.labels`."""
        return self.uncertainty.covariance(self.fit.lens.labels)

    @cached_property
    def wider_fit(self) -> Adjustment:
        """The fit that the uncertainty is of: where a smaller lens was chosen, of the one that it is nested in."""
        return (
            self.fit if self.chosen is None else fit_wider(self.fit, self.chosen.model, self.observations.image_size_px)
        )

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """Of the parameters: the scatter between views, what the board's shape can do, and what is left out of the lens
        because no view shows it."""
        measured = self.wider_fit.solution.measured_uncertainty
        if self.board_bend is not None:
            measured = self.board_bend.left_out.widen(measured)
        return measured if self.wider_fit is self.fit else measured.widen(difference(self.fit, self.wider_fit))

    @property
    def drift(self) -> tuple[str, ...]:
        """That errors drift, in words, if they do and no cause that was found explains it."""
        return () if self.causes else drift_remarks(self.uncertainty, "views")

    @cached_property
    def board_bend(self) -> BoardBend | None:
        """What the corners show of the board's shape beyond a plane; None where they show nothing of it."""
        return bend_of(self.wider_fit, self.observations.image_size_px)

    @cached_property
    def projecting(self) -> tuple[Camera, Array]:
        """What is projected with, and the covariance (p, p) of its lens' parameters: of the wider fit."""
        wider = self.wider_fit
        camera = Camera(wider.lens, wider.parameters, self.observations.image_size_px)
        return camera, self.uncertainty.covariance(wider.lens.labels)

    @cached_property
    def board_height(self) -> Estimate | None:
        """From the lowest to the highest corner of a board whose shape was estimated with the lens, over the plane
        nearest to them, in m, or squares if the scale is unknown; None of one that is taken as flat."""
        fit = self.fit
        if fit.shape is None:
            return None
        covariance = self.uncertainty.covariance(LABELS)
        height, sigma = height_of(fit.shape, covariance, fit.corners_used.in_board)
        freedom = float(self.uncertainty.degrees_of_freedom(LABELS).min())
        return Estimate(Label("board_height", "m"), height, sigma, False, freedom)

    @property
    def unobservable(self) -> tuple[str, ...]:
        """What the views do not determine, in words."""
        return tuple(str(direction) for direction in self.solution.uncertainty.unobservable)

    @cached_property
    def views(self) -> tuple[ViewFit, ...]:
        """The views that took part."""
        fit = self.fit
        back = se3.compose(np.eye(3), -self.pivot)  # the solve's board points are relative to it
        (spread, unseen), lever = self._pose_covariance, se3.adjoint(se3.inverse(back))
        sigma = np.sqrt(np.einsum("nij,ij->ni", lever @ spread, lever))
        sigma[unseen] = np.inf
        begin = fit.corners.starts
        ends, poses = begin + fit.corners.counts, fit.camera_from_board @ back
        return tuple(
            ViewFit(view, pose, own, self._residuals_px[a:b], fit.used[a:b])
            for view, pose, own, a, b in zip(fit.views, poses, sigma, begin, ends, strict=True)
        )

    @property
    def _pose_covariance(self) -> tuple[Array, Mask]:
        """(views, 6, 6) of the poses of the fit, and which of them (views,) are not observable."""
        known = self.uncertainty
        if POSE_BLOCK in known.private:
            return known.private_covariance[POSE_BLOCK], np.asarray(np.isinf(known.private[POSE_BLOCK]).any(axis=1))
        pose = self.solution.problem.by_name[POSE_BLOCK]  # of a single view, which nothing is eliminated from
        covariance = known.covariance([pose.full_label(0, i) for i in range(pose.tangent)])
        unseen = np.isinf(np.diagonal(covariance)).any()
        return np.where(np.isfinite(covariance), covariance, 0.0)[None], np.array([unseen])

    @property
    def rms_px(self) -> float:
        """sqrt(sum of squared reprojection errors / corners), over the corners used (Zhang's, OpenCV's, ROS')."""
        residuals, used = self._residuals_px, self.fit.used
        return float(np.sqrt(np.einsum("nd,nd,n->", residuals, residuals, used) / np.count_nonzero(used)))

    @property
    def corners(self) -> int:
        """Corners used."""
        return int(self.fit.used.sum())

    @cached_property
    def _residuals_px(self) -> Array:
        return self.fit.residuals_px()

    def summary(self) -> str:
        """The terminal's lines: what was used, the parameters, the verdict, what to do next."""
        return summary(self)

    def document(self) -> dict[str, Any]:
        """The result as plain data; an infinite standard deviation is null."""
        return documents.as_document(self)

    def files(self) -> Mapping[str, str | bytes]:
        """`camera.yaml`, which `load_camera` reads."""
        return documents.files(self)

    def export_parts(self) -> tuple[ExportPart, ...]:
        """The camera."""
        return (ExportPart("cameras", self.camera),)

    def report(self) -> Report:
        """What `report.html` shows: errors, coverage, what they mean in the image, lenses, parameters."""
        return report(self)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per image: name, whether it was used and why not, corners, rms, indices of rejected corners."""
        return documents.rows(self)

    def plot_residuals(self, axes: Any = None) -> Any:
        """Reprojection errors as arrows over the image, on matplotlib's axes (of a new figure if none are given)."""
        return plots.plot_residuals(self, axes)

    def plot_coverage(self, axes: Any = None) -> Any:
        """Where in the image corners were used."""
        return plots.plot_coverage(self, axes)

    def plot_projection_sigma(self, axes: Any = None) -> Any:
        """Standard deviation over the image of where a far point appears."""
        return plots.plot_projection_sigma(self, axes)
