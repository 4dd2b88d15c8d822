"""Hand-eye calibration: the pose of a camera on the hand or beside the robot, and how far to trust it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from calib.cell.adjustment.position_hold import ALONG
from calib.cell.adjustment.state import BOARD_LABELS, CAMERA_LABELS, OFFSET_LABEL
from calib.cell.adjustment.variance_components import PARTS
from calib.cell.frame_loop import at_size, lengths_and_angles, loop_error, mount_from_fixture, predict_views
from calib.cell.given_boards import BoardPoses
from calib.cell.hand_eye.board_scale import board_scale
from calib.cell.hand_eye.options import HandEyeOptions, HandEyeRequest
from calib.cell.hand_eye.outliers import reject_outliers
from calib.cell.hand_eye.pair_board_poses import pair_board_poses, setup_of
from calib.cell.hand_eye.pair_views import pair_views
from calib.cell.hand_eye.place import CameraPlace, along_parent
from calib.cell.hand_eye.resolve import Resolved, resolve_conventions
from calib.cell.hand_eye.result import (
    Evidence,
    HandEyeAdjustment,
    HandEyeCalibration,
    HandEyeNoise,
    ImageFit,
    TimeOffset,
)
from calib.cell.hand_eye.solve import HandEyeOutcome, HandEyeSolution, solve_hand_eye
from calib.cell.lens_estimates import lens_estimates, lens_uncertainty
from calib.estimate import Estimate

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.robot.table.pose_table import PoseTable


def calibrate_hand_eye(
    observations: Observations | BoardPoses,
    table: PoseTable,
    camera: Camera | None = None,
    **options: Unpack[HandEyeOptions],
) -> HandEyeCalibration:
    """Pose of a camera on the flange (eye-in-hand) or in the base (eye-to-hand) from a board and poses of the flange.

    observations: the corners of a board in the images, or poses of the board in the camera that something else found.
    table: poses of the flange in the base, one per image or a stream with times. camera: its lens; None: one is
    calibrated from the same images, and stays unknown in the solve; poses of the board need none. options: see
    `HandEyeOptions`.

    Raises UsageError for unknown names, and for options of a lens where board poses are given; InputError
    `pairing-...`, `conventions`, `hand-eye-does-not-fit`, `time-...`; DegenerateError for poses that do not turn
    enough; ConvergenceError `hand-eye-not-converged`.
    """
    request = HandEyeRequest(**options)
    if isinstance(observations, BoardPoses):
        pairs = pair_board_poses(observations, table, camera, request)
        request = replace(request, setup=setup_of(pairs, request.setup))
    else:
        pairs = pair_views(observations, table, camera, request)
    resolved = resolve_conventions(pairs, request)
    inliers = reject_outliers(resolved, robust=request.robust, size_sigma=request.square_sigma)
    outcome = solve_hand_eye(resolved, inliers, request)
    return _result(resolved, outcome, request.square_sigma)


def _result(resolved: Resolved, outcome: HandEyeOutcome, square_sigma: float) -> HandEyeCalibration:
    pairs, solved = outcome.pairs, outcome.solved
    scene, state, noise = solved.problem.scene, solved.problem.state, solved.problem.noise
    camera, estimates = _lens(solved, pairs.seen.camera)
    return HandEyeCalibration(
        place=_place(solved),
        camera=camera,
        noise=HandEyeNoise(noise, None if camera is None else solved.problem.noise_px),
        images=_image_fits(outcome),
        excluded=pairs.seen.excluded,
        evidence=_evidence(resolved, outcome, square_sigma),
        time_offset=_time_offset(solved),
        adjustment=HandEyeAdjustment(
            scene=scene,
            solution=solved.solution,
            reduced=solved.reduced,
            camera_from_board=state.sized_camera_from_board,
            lens_estimates=estimates,
        ),
        observations=pairs.observations,
        notes=(*pairs.notes, *pairs.observations.notes),
    )


def _lens(solved: HandEyeSolution, camera: Camera | None) -> tuple[Camera | None, dict[str, Estimate]]:
    """The camera as it was given, with the lens by the solution; none where board poses were given."""
    if camera is None:
        return None, {}
    state, held, known = solved.problem.state, solved.problem.scene.sight.held, solved.uncertainty
    labels = camera.lens.labels
    of_lens = lens_uncertainty(camera, known.covariance(labels), known.degrees_of_freedom(labels), held)
    camera = replace(camera, parameters=state.parameters, uncertainty=of_lens)
    return camera, lens_estimates(camera, {label: known.sigma(label) for label in labels}, held)


def _place(solved: HandEyeSolution) -> CameraPlace:
    scene, state, known = solved.problem.scene, solved.problem.state, solved.uncertainty
    covariance = along_parent(known.covariance(CAMERA_LABELS), state.mount_from_camera)
    board = along_parent(known.covariance(BOARD_LABELS), state.fixture_from_board)
    if scene.hold is not None and len(scene.hold.open):
        to_fixture = mount_from_fixture(scene.base_from_flange[0], scene.setup)[:3, :3]
        for each, open_axes in ((covariance, scene.hold.open), (board, scene.hold.open @ to_fixture)):
            axes = np.flatnonzero((np.abs(open_axes) > ALONG).any(axis=0))
            each[axes, axes] = np.inf
    return CameraPlace(
        setup=scene.setup,
        mount_from_camera=state.mount_from_camera,
        fixture_from_board=state.fixture_from_board,
        covariance=covariance,
        board_covariance=board,
        freedom=_freedom(solved),
    )


def _freedom(solved: HandEyeSolution) -> float:
    """Degrees of freedom of the camera's least known coordinate: those of the robot's noise and, of the part of the
    variance that comes from a lens given, those of its calibration (F. E. Satterthwaite, Biometrics 2, 1946)."""
    scene, known = solved.problem.scene, solved.uncertainty
    own = known.degrees_of_freedom(CAMERA_LABELS)
    lens = scene.sight.known_lens
    if lens is None:
        return float(own.min())
    labels = lens.labels
    joint = known.covariance((*CAMERA_LABELS, *labels))
    across, of_lens = joint[:6, 6:], joint[6:, 6:]
    scale = 1 / np.sqrt(np.diagonal(of_lens))
    inverse = scale[:, None] * np.linalg.pinv(of_lens * scale * scale[:, None], hermitian=True) * scale
    share = np.einsum("il,lm,im->i", across, inverse, across) / np.diagonal(joint)[:6]
    return float(np.min(1 / ((1 - share) ** 2 / own + share**2 / lens.freedom)))


def _evidence(resolved: Resolved, outcome: HandEyeOutcome, square_sigma: float) -> Evidence:
    problem = outcome.solved.problem
    return Evidence(
        turns=resolved.turns,
        start=resolved.start,
        other_start=resolved.other_start,
        conventions_applied=resolved.applied,
        board_scale=board_scale(problem, outcome.solved.reduced, square_sigma),
        board_size=outcome.pairs.board_size,
        board_height_m=problem.scene.sight.height_m(problem.state),
    )


def _time_offset(solved: HandEyeSolution) -> TimeOffset | None:
    """The offset of the clocks with its uncertainty; None without clocks."""
    clock = solved.problem.scene.clock
    if clock is None:
        return None
    sigma = 0.0 if clock.held else solved.uncertainty.sigma(OFFSET_LABEL)
    freedom = float(solved.uncertainty.degrees_of_freedom([OFFSET_LABEL])[0])
    estimate = Estimate(OFFSET_LABEL, clock.offset_s, sigma, bool(clock.held), freedom)
    speed = [float(np.sqrt(np.mean(np.sum(clock.twist[:, part] ** 2, axis=1)))) for part in PARTS]
    return TimeOffset(estimate, clock.held, *speed)


def _image_fits(outcome: HandEyeOutcome) -> tuple[ImageFit, ...]:
    """Every image with a pose, in order, used or rejected."""
    pairs, problem, residuals = outcome.pairs, outcome.solved.problem, outcome.residuals
    scene, state, flange = problem.scene, problem.state, pairs.base_from_flange
    poses, sight = residuals.camera_from_board, scene.sight.hold_lens(pairs.seen.views)
    x, y = state.mount_from_camera, state.fixture_from_board
    by_robot = predict_views(scene.setup, flange, x, y)
    by_robot = at_size(by_robot, -state.log_size)  # corners are projected from a board of the size given
    rms = [sight.rms_px(state, at) for at in (poses, by_robot)]
    lengths, angles = lengths_and_angles(loop_error(scene.setup, flange, x, y, poses, state.log_size).residuals)
    fits = []
    for i, (view, used) in enumerate(zip(pairs.seen.views, outcome.inliers.used.tolist(), strict=True)):
        off = f"{1000 * lengths[i]:.3g} mm and {np.degrees(angles[i]):.3g} deg"
        fit = ImageFit(
            image=view.image,
            line=int(pairs.table.lines[pairs.rows[i]]),
            rms_px=float(rms[0][i]),
            uncorrected_rms_px=float(rms[1][i]),
            correction_m=float(lengths[i]),
            correction_rad=float(angles[i]),
            distance=float(residuals.distances[i]),
            reason="" if used else f"its robot pose is an outlier: {off} off",
        )
        fits.append(fit)
    return tuple(fits)
