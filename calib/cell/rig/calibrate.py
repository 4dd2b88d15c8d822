"""Hand-eye calibration of several cameras by one robot and one board: each alone first, then all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import t as student

from calib.arrays import Array
from calib.camera.calibration.reprojection import reproject
from calib.cell.hand_eye.bundle_adjustment import CAMERA_BLOCK
from calib.cell.hand_eye.calibrate import CONFIDENCE, HandEye, ImageFit, calibrate_hand_eye
from calib.cell.hand_eye.frame_loop import MOUNT, REST, Setup, missed, predicted, sizes
from calib.cell.hand_eye.outliers import distances_of
from calib.cell.hand_eye.variance_components import Reduced, RobotNoise
from calib.cell.rig.bundle_adjustment import Rig, RigSolved, RigState, Seeing, solve_rig
from calib.errors import CalibError, InputError, UsageError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.engine import Solution
    from calib.robot.table.read import PoseTable


LEAST_PX = 1e-3  # no image tells a corner better; weights beyond that of exact data drown the robot's in rounding
SAME_POSE = 1e-9  # m and rad; what rounding leaves of one row of a table read twice


@dataclass(frozen=True, eq=False)
class Between:
    """One camera in another. a_from_b: (4, 4). interval_m, interval_rad: (3,) half widths of 95 % intervals along and
    about the axes of a."""

    a: str
    b: str
    a_from_b: Array
    interval_m: Array
    interval_rad: Array


@dataclass(frozen=True, eq=False)
class Cameras:
    """Several cameras with one board and one robot between them.

    names: of the cameras. together: what all images say of each camera; alone: what its own say. between: every camera
    in the first. poses: how many of the robot's were used; shared: how many of them more than one camera saw.
    """

    setup: Setup
    names: tuple[str, ...]
    together: tuple[HandEye, ...]
    alone: tuple[HandEye, ...]
    between: tuple[Between, ...]
    noise: RobotNoise
    poses: int
    shared: int
    solution: Solution

    @property
    def mount(self) -> str:
        """What carries the cameras: flange or base."""
        return MOUNT[self.setup]

    @property
    def rest(self) -> str:
        """What carries the board: base or flange."""
        return REST[self.setup]


def calibrate_cameras(
    observations: Sequence[Observations],
    table: PoseTable,
    names: Sequence[str],
    *,
    cameras: Sequence[Camera] | None = None,
    refine: Sequence[str] = (),
    robot_noise: tuple[float, float] | None = None,
    **options: Any,
) -> Cameras:
    """Several cameras in one base (or on one flange) from images of one board.

    observations: of each camera, paired with the poses of one table each on its own. names: of the cameras. cameras:
    their lenses; None: each is calibrated from its own images. Other options as `calibrate_hand_eye`. Every camera is
    calibrated alone, which decides what its images are worth: one that is wrongly paired costs that camera that
    image. Then all are adjusted together, with one place of the board and one correction per pose of the robot.

    Raises as `calibrate_hand_eye`, naming the camera; UsageError `option-conflict`; InputError `setup-mixed`,
    `conventions-mixed`.
    """
    if "board" in refine:
        raise UsageError(
            "the board's shape is not estimated with several cameras",
            code="option-conflict",
            where="--refine",
            advice="estimate it with one camera, and give the flat board's corners that follow to all",
        )
    alone = []
    for k, (name, own) in enumerate(zip(names, observations, strict=True)):
        camera = None if cameras is None else cameras[k]
        try:
            alone.append(
                calibrate_hand_eye(own, table, camera=camera, refine=refine, robot_noise=robot_noise, **options)
            )
        except CalibError as error:
            error.where = f"{name}: {error.where}" if error.where else name
            raise
        if alone[-1].time_offset is not None:
            raise UsageError(
                "several cameras are not calibrated in a stream of poses",
                code="option-conflict",
                where=name,
                why="each has a clock of its own, and no two of them take images in one pose of a moving robot",
                advice="calibrate them one by one, or let the robot stand and give one pose per image",
            )
    rig, start = _rig(alone, names, table.name)
    fixed = None if robot_noise is None else RobotNoise(*robot_noise, estimated=False)
    best = min(alone, key=lambda h: float(h.interval_m.max()))
    return _result(rig, solve_rig(rig, start, best.noise, fixed), alone)


def _rig(alone: Sequence[HandEye], names: Sequence[str], where: str) -> tuple[Rig, RigState]:
    """The images that took part in each calibration as one problem, and where it starts."""
    if len({h.setup for h in alone}) > 1:
        raise InputError(
            "some cameras are on the hand and some fixed",
            code="setup-mixed",
            why=", ".join(f"{name}: {h.setup}" for name, h in zip(names, alone, strict=True)),
            advice="they cannot all see one board at rest: calibrate them in two runs",
        )
    lines = [np.array([fit.line for fit in h.used], dtype=np.intp) for h in alone]
    every, first = np.unique(np.concatenate(lines), return_index=True)
    said = np.concatenate([h.base_from_flange for h in alone])[first]
    poses = [np.searchsorted(every, own) for own in lines]
    for name, h, pose in zip(names, alone, poses, strict=True):
        if np.abs(said[pose] - h.base_from_flange).max() > SAME_POSE:
            raise InputError(
                "the cameras ask for different readings of the poses",
                code="conventions-mixed",
                where=where,
                why=f"{name} read them differently: {'; '.join(map(str, h.findings)) or 'as given'}",
                advice="mend the table, or calibrate the cameras one by one",
            )
    seeing = tuple(
        Seeing(name, h.camera.lens, h.scene.held, h.scene.corners, max(h.noise_px, LEAST_PX), pose)
        for name, h, pose in zip(names, alone, poses, strict=True)
    )
    rig = Rig(alone[0].setup, seeing, said, tuple(f"line {line}" for line in every))
    board = min(alone, key=lambda h: float(h.interval_m.max())).rest_from_board
    places = np.stack([h.mount_from_camera for h in alone])
    return rig, RigState(tuple(h.camera.parameters for h in alone), places, board, said)


def _result(rig: Rig, solved: RigSolved, alone: Sequence[HandEye]) -> Cameras:
    labels = tuple(f"{CAMERA_BLOCK}[{name}].{label}" for name in rig.names for label in se3.TANGENT)
    covariance = solved.solution.uncertainty.covariance(labels)
    freedom = 6 * len(rig.poses) - 12  # the robot says where base and flange are; corners know the rest far better
    seen_by = sum(np.bincount(np.unique(camera.pose), minlength=len(rig.poses)) for camera in rig.cameras)
    together = tuple(_together(rig, solved, k, own, covariance, freedom) for k, own in enumerate(alone))
    between = tuple(_between(rig, solved.state, k, covariance, freedom) for k in range(1, len(alone)))
    shared = int(np.sum(np.asarray(seen_by) > 1))
    return Cameras(
        rig.setup,
        rig.names,
        together,
        tuple(alone),
        between,
        solved.noise,
        len(rig.poses),
        shared,
        solved.solution,
    )


def _together(rig: Rig, solved: RigSolved, k: int, own: HandEye, covariance: Array, freedom: int) -> HandEye:
    """One camera by what all images say."""
    state, tangent = solved.state, slice(6 * k, 6 * k + 6)
    along_mount = np.kron(np.eye(2), state.x[k, :3, :3])  # the tangent is along the camera's axes
    count = solved.reduced.by.shape[2]
    first = [*range(6 * k, 6 * k + 6), *range(6 * len(rig.cameras), 6 * len(rig.cameras) + 6)]
    return replace(
        own,
        mount_from_camera=state.x[k],
        rest_from_board=state.y,
        covariance=along_mount @ covariance[tangent, tangent] @ along_mount.T,
        freedom=freedom,
        camera=replace(own.camera, parameters=state.parameters[k]),
        noise=solved.noise,
        images=_image_fits(rig, solved, k, own),
        camera_from_board=state.camera_from_board(rig, k),
        reduced=_reordered(solved.reduced, [*first, *(i for i in range(count) if i not in first)]),
        solution=solved.solution,
    )


def _reordered(reduced: Reduced, order: list[int]) -> Reduced:
    """The common unknowns in another order."""
    return replace(
        reduced,
        by=reduced.by[:, :, order],
        information=reduced.information[np.ix_(order, order)],
        gradient=reduced.gradient[order],
    )


def _image_fits(rig: Rig, solved: RigSolved, k: int, own: HandEye) -> tuple[ImageFit, ...]:
    """Every image of a camera: those that took part by what all say, the others as they were."""
    camera, state = rig.cameras[k], solved.state
    rms = []
    for flange in (state.base_from_flange, rig.said):
        poses = predicted(rig.setup, flange[camera.pose], state.x[k], state.y)
        left = reproject(camera.lens, state.parameters[k], poses, camera.corners) - camera.corners.px
        squares = np.bincount(camera.corners.view, np.sum(left**2, axis=0))
        rms.append(np.sqrt(squares / camera.corners.counts))
    lengths, angles = (each[camera.pose] for each in sizes(missed(rig.said, state.base_from_flange)[0]))
    every = np.ones(len(rig.poses), bool)
    sigmas = distances_of(solved.reduced, every, solved.noise)[1][camera.pose]
    columns = zip(*(each.tolist() for each in (*rms, lengths, angles, sigmas)), strict=True)
    fits = {fit.image: ImageFit(fit.image, fit.line, *values) for fit, values in zip(own.used, columns, strict=True)}
    return tuple(fits.get(fit.image, fit) for fit in own.images)


def _between(rig: Rig, state: RigState, k: int, covariance: Array, freedom: int) -> Between:
    """A camera in the first, by inverse(X_0) X_k: its right tangent is that of X_k less what X_0's becomes there."""
    a_from_b = np.asarray(se3.inverse(state.x[0]) @ state.x[k])
    own, index = np.eye(6), np.r_[0:6, 6 * k : 6 * k + 6]
    by = np.kron(np.eye(2), a_from_b[:3, :3]) @ np.hstack([-se3.adjoint(se3.inverse(a_from_b)), own])
    spread = np.sqrt(np.diagonal(by @ covariance[np.ix_(index, index)] @ by.T))
    half = float(student.ppf(0.5 + CONFIDENCE / 2, max(freedom, 1))) * spread
    return Between(rig.names[0], rig.names[k], a_from_b, half[:3], half[3:])
