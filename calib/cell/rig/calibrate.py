"""Hand-eye calibration of several cameras by one robot and one board: each alone first, then all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from calib.arrays import Array, Index
from calib.camera.adjustment.board_shape import bow_m
from calib.cell.adjustment.by_corners import CornersSight
from calib.cell.adjustment.state import BOARD_LABELS, CAMERA_BLOCK
from calib.cell.adjustment.variance_components import ReducedProblem
from calib.cell.frame_loop import lengths_and_angles, pose_error
from calib.cell.hand_eye.board_scale import scale_in_column, without_prior
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.options import HandEyeOptions, HandEyeRequest
from calib.cell.hand_eye.outliers import mahalanobis_distances
from calib.cell.hand_eye.place import CameraPlace, along_parent
from calib.cell.hand_eye.result import Evidence, HandEyeAdjustment, HandEyeCalibration, HandEyeNoise, ImageFit
from calib.cell.lens_estimates import lens_estimates, lens_uncertainty
from calib.cell.rig.bundle_adjustment import Rig, RigCamera, RigState, errors_px
from calib.cell.rig.result import CamerasCalibration, RelativePose
from calib.cell.rig.solve import RigProblem, RigSolution, solve_rig
from calib.errors import CalibError, InputError, UsageError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.robot.table.pose_table import PoseTable


LEAST_PX = 1e-3  # no corner is more precise; weights beyond that of exact data drown the robot's in rounding
SAME_POSE = 1e-9  # m and rad; what rounding leaves of one row of a table read twice


def calibrate_cameras(
    observations: Sequence[Observations],
    table: PoseTable,
    names: Sequence[str],
    cameras: Sequence[Camera] | None = None,
    **options: Unpack[HandEyeOptions],
) -> CamerasCalibration:
    """Poses of several cameras in one base (or on one flange) from images of one board.

    observations: of each camera, paired with the poses of one table each on its own. names: of the cameras. cameras:
    their lenses; None: each is calibrated from its own images. options: as of `calibrate_hand_eye`. Every camera is
    calibrated alone first, which rejects its outlier images: a wrong pairing costs one camera one image. Then all are
    adjusted together, with one pose of the board and one correction per pose of the robot.

    Raises as `calibrate_hand_eye`, naming the camera; UsageError `option-conflict`; InputError `setup-mixed`,
    `conventions-mixed`.
    """
    request = HandEyeRequest(**options)
    request.require_own_lens(cameras)
    alone = _calibrate_each(observations, table, names, cameras, options)
    _require_one_setup(alone)
    _require_turns(alone)
    problem = _pose_problem(alone, table.name, request)
    return _result(solve_rig(problem, request.on_iteration), alone)


def _calibrate_each(
    observations: Sequence[Observations],
    table: PoseTable,
    names: Sequence[str],
    cameras: Sequence[Camera] | None,
    options: HandEyeOptions,
) -> tuple[HandEyeCalibration, ...]:
    """Every camera by its own images; errors name the camera."""
    alone = []
    for k, (name, own) in enumerate(zip(names, observations, strict=True)):
        try:
            found = calibrate_hand_eye(own, table, None if cameras is None else cameras[k], **options)
        except CalibError as error:
            error.where = f"{name}: {error.where}" if error.where else name
            raise
        if found.time_offset is not None:
            raise UsageError(
                "several cameras are not calibrated in a stream of poses",
                code="option-conflict",
                where=name,
                why="each has a clock of its own, and no two of them take images in one pose of a moving robot",
                advice="calibrate them one by one, or let the robot stop and give one pose per image",
            )
        alone.append(replace(found, place=replace(found.place, camera=name)))
    return tuple(alone)


def _require_turns(alone: Sequence[HandEyeCalibration]) -> None:
    """Refuse robots of few axes: what is open of one camera trades with all others."""
    if any(h.adjustment.scene.hold is not None for h in alone):
        raise UsageError(
            "several cameras are not calibrated together on a robot that does not turn about two axes",
            code="option-conflict",
            where="--hold",
            why="the position of each trades with that of the board",
            advice="calibrate them one by one",
        )


def _require_one_setup(alone: Sequence[HandEyeCalibration]) -> None:
    if len({h.setup for h in alone}) > 1:
        raise InputError(
            "some cameras are on the hand and some fixed",
            code="setup-mixed",
            why=", ".join(f"{h.place.camera}: {h.setup}" for h in alone),
            advice="no board is fixed for all of them: calibrate them in two runs",
        )


def _pose_problem(alone: Sequence[HandEyeCalibration], where: str, request: HandEyeRequest) -> RigProblem:
    """The images that took part in each calibration as one problem, and where it starts."""
    lines = [np.array([fit.line for fit in h.used], dtype=np.intp) for h in alone]
    every, first = np.unique(np.concatenate(lines), return_index=True)
    own_poses = [h.adjustment.scene.base_from_flange for h in alone]
    reported = np.concatenate(own_poses)[first]
    poses = [np.searchsorted(every, own) for own in lines]
    for h, own, pose in zip(alone, own_poses, poses, strict=True):
        if np.abs(reported[pose] - own).max() > SAME_POSE:
            applied = "; ".join(map(str, h.evidence.conventions_applied)) or "as given"
            raise InputError(
                "the cameras require different interpretations of the poses",
                code="conventions-mixed",
                where=where,
                why=f"{h.place.camera} differs: {applied}",
                advice="fix the table, or calibrate the cameras one by one",
            )
    cameras = tuple(_rig_camera(h, pose) for h, pose in zip(alone, poses, strict=True))
    best = min(alone, key=lambda h: float(h.place.half_width_95_m.max()))
    # the robot's lengths alone where they contradict the size given, as of one camera
    contradicted = any(h.evidence.board_scale.deviates for h in alone) and request.square_sigma > 0
    size_sigma = np.inf if contradicted else request.square_sigma
    bent = any(h.adjustment.scene.sight.bent_board for h in alone)
    rig = Rig(alone[0].place.setup, cameras, reported, tuple(f"line {line}" for line in every), size_sigma, bent)
    state = RigState(
        parameters=tuple(h.camera.parameters for h in alone if h.camera is not None),
        mount_from_camera=np.stack([h.mount_from_camera for h in alone]),
        fixture_from_board=best.fixture_from_board,
        base_from_flange=reported,
        log_size=float(np.log(best.evidence.board_scale.estimated)),
    )
    return RigProblem(rig, state, request.stated_noise or best.noise.robot)


def _rig_camera(h: HandEyeCalibration, pose: Index) -> RigCamera:
    """A camera as its own calibration left it. pose: (n,) of the robot's, of each image used."""
    sight, noise_px = h.adjustment.scene.sight, h.noise.corner_px
    assert isinstance(sight, CornersSight)
    assert noise_px is not None
    return RigCamera(
        name=h.place.camera,
        lens=sight.camera.lens,
        held=sight.held,
        corners=sight.corners,
        noise_px=max(noise_px, LEAST_PX),
        pose=pose,
        known_lens=sight.known_lens,
    )


def _result(solved: RigSolution, alone: tuple[HandEyeCalibration, ...]) -> CamerasCalibration:
    rig = solved.problem.rig
    seen_by = sum(np.bincount(np.unique(camera.pose), minlength=len(rig.poses)) for camera in rig.cameras)
    labels = tuple(f"{CAMERA_BLOCK}[{name}].{label}" for name in rig.names for label in se3.TANGENT)
    covariance = solved.uncertainty.covariance(labels)
    freedom = float(solved.uncertainty.degrees_of_freedom(labels).min())
    return CamerasCalibration(
        setup=rig.setup,
        together=tuple(_camera(solved, k, own, covariance, freedom) for k, own in enumerate(alone)),
        alone=alone,
        relative=tuple(_relative_pose(solved, k, covariance, freedom) for k in range(1, len(alone))),
        noise=solved.problem.noise,
        poses=len(rig.poses),
        shared=int(np.sum(np.asarray(seen_by) > 1)),
        solution=solved.solution,
    )


def _camera(
    solved: RigSolution, k: int, own: HandEyeCalibration, covariance: Array, freedom: float
) -> HandEyeCalibration:
    """One camera by the images of all. covariance: of the tangents of all cameras."""
    rig, state, known = solved.problem.rig, solved.problem.state, solved.uncertainty
    tangent = slice(6 * k, 6 * k + 6)
    assert own.camera is not None
    seen, labels = rig.cameras[k], [rig.cameras[k].label(label) for label in own.camera.lens.labels]
    of_lens = lens_uncertainty(own.camera, known.covariance(labels), known.degrees_of_freedom(labels), seen.held)
    camera = replace(own.camera, parameters=state.parameters[k], uncertainty=of_lens)
    sigma = dict(zip(camera.lens.labels, map(known.sigma, labels), strict=True))
    return replace(
        own,
        place=CameraPlace(
            setup=rig.setup,
            mount_from_camera=state.mount_from_camera[k],
            fixture_from_board=state.fixture_from_board,
            covariance=along_parent(covariance[tangent, tangent], state.mount_from_camera[k]),
            board_covariance=along_parent(known.covariance(BOARD_LABELS), state.fixture_from_board),
            freedom=freedom,
            camera=own.place.camera,
        ),
        camera=camera,
        noise=HandEyeNoise(solved.problem.noise, own.noise.corner_px),
        images=_image_fits(solved, k, own),
        evidence=_evidence(solved, own),
        adjustment=HandEyeAdjustment(
            scene=replace(own.adjustment.scene, size_sigma=rig.size_sigma),
            solution=solved.solution,
            reduced=_camera_first(solved.reduced, k, len(rig.cameras)),
            camera_from_board=state.camera_from_board(rig, k),
            lens_estimates=lens_estimates(camera, sigma, seen.held, seen.name),
        ),
    )


def _evidence(solved: RigSolution, own: HandEyeCalibration) -> Evidence:
    """That of a camera, with size and height of the board by all of them."""
    rig, state, reduced = solved.problem.rig, solved.problem.state, solved.reduced
    evidence = own.evidence
    if rig.bent_board:
        corners = np.concatenate([camera.corners.in_board for camera in rig.cameras], axis=1)
        evidence = replace(evidence, board_height_m=bow_m(state.shape, corners))
    if not rig.sized:
        return evidence
    column, log_size = reduced.by.shape[2] - 1, state.log_size
    free = without_prior(reduced, column, log_size, rig.size_sigma)
    size_sigma = evidence.board_scale.size_sigma
    return replace(evidence, board_scale=scale_in_column(free, solved.problem.noise, column, log_size, size_sigma))


def _camera_first(reduced: ReducedProblem, k: int, cameras: int) -> ReducedProblem:
    """The common unknowns with one camera's tangent first, then the board's."""
    first = [*range(6 * k, 6 * k + 6), *range(6 * cameras, 6 * cameras + 6)]
    order = [*first, *(i for i in range(reduced.by.shape[2]) if i not in first)]
    return replace(
        reduced,
        by=reduced.by[:, :, order],
        information=reduced.information[np.ix_(order, order)],
        gradient=reduced.gradient[order],
    )


def _image_fits(solved: RigSolution, k: int, own: HandEyeCalibration) -> tuple[ImageFit, ...]:
    """Every image of a camera: those that took part by the solution of all, the others as they were."""
    rig, state = solved.problem.rig, solved.problem.state
    camera = rig.cameras[k]
    corrected, uncorrected = (
        _rms_by_image(solved, k, flange[camera.pose]) for flange in (state.base_from_flange, rig.reported_poses)
    )
    corrections = pose_error(rig.reported_poses, state.base_from_flange)[0]
    lengths, angles = (each[camera.pose] for each in lengths_and_angles(corrections))
    every = np.ones(len(rig.poses), bool)
    distances = mahalanobis_distances(solved.reduced, every, solved.problem.noise)[1][camera.pose]
    columns = zip(*(each.tolist() for each in (corrected, uncorrected, lengths, angles, distances)), strict=True)
    fits = {fit.image: ImageFit(fit.image, fit.line, *values) for fit, values in zip(own.used, columns, strict=True)}
    return tuple(fits.get(fit.image, fit) for fit in own.images)


def _rms_by_image(solved: RigSolution, k: int, flange: Array) -> Array:
    """rms reprojection errors (n,) in px of a camera's images at flange poses (n, 4, 4)."""
    rig, state = solved.problem.rig, solved.problem.state
    corners = rig.cameras[k].corners
    left = errors_px(rig, state, k, flange)
    return np.asarray(np.sqrt(np.bincount(corners.view, np.sum(left**2, axis=0)) / corners.counts))


def _relative_pose(solved: RigSolution, k: int, covariance: Array, freedom: float) -> RelativePose:
    """A camera in the first, by inverse(X_0) X_k: its right tangent is that of X_k less what X_0's becomes there."""
    rig, cameras = solved.problem.rig, solved.problem.state.mount_from_camera
    a_from_b = np.asarray(se3.inverse(cameras[0]) @ cameras[k])
    index = np.r_[0:6, 6 * k : 6 * k + 6]
    by = np.hstack([-se3.adjoint(se3.inverse(a_from_b)), np.eye(6)])
    own = along_parent(by @ covariance[np.ix_(index, index)] @ by.T, a_from_b)
    return RelativePose(rig.names[0], rig.names[k], a_from_b, own, freedom)
