"""Hand-eye calibration: where the camera stands on the hand or beside the robot, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from calib.arrays import Array
from calib.camera.calibration.board_shape import SHAPE_BLOCK, bow_m
from calib.camera.calibration.reprojection import corners_of
from calib.camera.camera import Camera
from calib.cell.hand_eye.board_scale import Scale, board_scale
from calib.cell.hand_eye.bundle_adjustment import CAMERA_LABELS, OFFSET_LABEL, Scene, State, reprojection_errors
from calib.cell.hand_eye.diagnose import Finding, understood
from calib.cell.hand_eye.frame_loop import MOUNT, REST, Setup, discrepancy, predicted, sizes
from calib.cell.hand_eye.motion import Turns, require_motion
from calib.cell.hand_eye.outliers import Screened, agreeing, screened
from calib.cell.hand_eye.paired_views import Data, gathered
from calib.cell.hand_eye.solve import Judged, Solved, judge_images, posed_problem, solve_scene
from calib.cell.hand_eye.start import Start
from calib.cell.hand_eye.variance_components import PARTS, Reduced, RobotNoise
from calib.cell.pairing.by_time import MOST_OFFSET_S
from calib.engine import Solution
from calib.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from calib.camera.observations import Excluded, Observations
    from calib.cell.pairing.timestamps import Stamps
    from calib.robot.table.read import PoseTable


REFINABLE = ("lens", "board")
SCREENINGS = 4  # of solving and asking again who agrees, for a lens that changes changes the images' opinion
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class ImageFit:
    """One image after the solve.

    rms_px: of its corners, with the robot's pose corrected; robot_rms_px: with the robot's pose as it was read.
    off_m, off_rad: the robot's correction. sigmas: its size in units of what the noise allows. reason: why the image
    took no part; empty if it did.
    """

    image: str
    line: int
    rms_px: float
    robot_rms_px: float
    off_m: float
    off_rad: float
    sigmas: float
    reason: str = ""


@dataclass(frozen=True, eq=False)
class TimeOffset:
    """What is added to an image's time to give the time by the robot's clock. value_s, sigma_s: with its standard
    deviation; interval_s: half width of its 95 % interval; both infinite where it is held. held: why it is, in words.
    speed_m_s, speed_rad_s: rms of the flange in the images."""

    value_s: float
    sigma_s: float
    interval_s: float
    held: str
    speed_m_s: float
    speed_rad_s: float


@dataclass(frozen=True, eq=False)
class HandEye:
    """The camera's place with its evidence.

    mount_from_camera, rest_from_board: (4, 4), see `frame_loop`. covariance: (6, 6) of the camera's place, metres along
    the mount's axes, then radians about them. freedom: degrees of freedom of the robot's noise. reduced: what
    every image says, about the solution. start: the closed form; other_start: that of the other set-up, if both were
    tried. findings: readings that were applied. bow_m: height of the board's surface, where it was estimated.
    board_size: by which the board was taken larger than given. scene: what was seen in the images that took part.
    time_offset: of images in a stream of poses.
    """

    setup: Setup
    mount_from_camera: Array
    rest_from_board: Array
    covariance: Array
    freedom: int
    camera: Camera
    lens_estimated: bool
    noise: RobotNoise
    noise_px: float
    images: tuple[ImageFit, ...]
    turns: Turns
    scale: Scale
    start: Start
    other_start: Start | None
    findings: tuple[Finding, ...]
    set_aside: tuple[Excluded, ...]
    notes: tuple[str, ...]
    bow_m: float | None
    board_size: float
    camera_from_board: Array
    base_from_flange: Array
    reduced: Reduced
    solution: Solution
    observations: Observations
    scene: Scene
    time_offset: TimeOffset | None = None

    @property
    def mount(self) -> str:
        """What carries the camera: flange or base."""
        return MOUNT[self.setup]

    @property
    def rest(self) -> str:
        """What carries the board: base or flange."""
        return REST[self.setup]

    @property
    def used(self) -> tuple[ImageFit, ...]:
        """The images that took part."""
        return tuple(fit for fit in self.images if not fit.reason)

    @property
    def interval_m(self) -> Array:
        """(3,) half widths of 95 % intervals of the camera's position along the mount's axes."""
        return np.asarray(self._quantile * np.sqrt(np.diagonal(self.covariance)[:3]))

    @property
    def interval_rad(self) -> Array:
        """(3,) half widths of 95 % intervals of the camera's turn about the mount's axes."""
        return np.asarray(self._quantile * np.sqrt(np.diagonal(self.covariance)[3:]))

    @property
    def rms_px(self) -> float:
        """sqrt(mean squared reprojection error) over images, with the robot's poses corrected."""
        return float(np.sqrt(np.mean([fit.rms_px**2 for fit in self.used])))

    @property
    def robot_rms_px(self) -> float:
        """The same with the robot's poses as they were read."""
        return float(np.sqrt(np.mean([fit.robot_rms_px**2 for fit in self.used])))

    @property
    def _quantile(self) -> float:
        return _quantile(self.freedom)


def calibrate_hand_eye(
    observations: Observations,
    table: PoseTable,
    *,
    camera: Camera | None = None,
    lens: str = "brown_conrady",
    setup: Setup | None = None,
    method: str | None = None,
    refine: Sequence[str] = (),
    robot_noise: tuple[float, float] | None = None,
    fix_conventions: bool = False,
    robust: bool = True,
    image_times: Stamps | None = None,
    max_offset_s: float = MOST_OFFSET_S,
) -> HandEye:
    """Camera on the flange (eye-in-hand) or in the base (eye-to-hand) from images of a board and flange poses.

    observations: the corners. table: poses of the flange in the base, of all images. camera: None: one of kind `lens`
    is calibrated from the same images, and stays unknown in the solve. setup: None: both are tried. method: a closed
    form to start from; None: the best. refine: `lens`, `board` (its shape). robot_noise: standard deviations in m and
    rad; None: estimated. fix_conventions: read the data in the way that fits. image_times: when each image was taken;
    the table is then a stream of poses with times, and the offset of the two clocks, at most `max_offset_s`, an
    unknown.

    Raises UsageError for unknown names; InputError `pairing-...`, `conventions`, `hand-eye-does-not-fit`, `time-...`;
    DegenerateError for poses that do not turn enough; ConvergenceError `hand-eye-not-converged`.
    """
    check_refinable(refine)
    data = gathered(observations, table, camera, lens, robust, image_times, max_offset_s)
    data, setup, start, other, findings = understood(data, setup, method, fix_conventions)
    if data.clock is not None:
        data.clock.require_known(table.name)
    turned = require_motion(data.mount_from_rest(setup), setup)
    fixed = None if robot_noise is None else RobotNoise(*robot_noise, estimated=False)
    kept = screened(setup, data, start, robust)
    for _ in range(SCREENINGS):
        data = data.at(kept.offset_s)
        scene, state = posed_problem(setup, data, kept, refine)
        solved = solve_scene(scene, state, data.seen.noise_px, kept.noise, fixed)
        data = data.at(solved.state.offset_s)
        judged = judge_images(data, solved, kept.used)
        agree = agreeing(judged.distances, kept.used) if robust else kept.used
        if np.array_equal(agree, kept.used):
            break
        kept = Screened(agree, judged.distances, solved.noise, solved.state.x, solved.state.y, data.offset_s)
    return _result(data, solved, kept, judged, turned, start, other, findings)


def check_refinable(refine: Sequence[str]) -> Sequence[str]:
    """The names, if each can be refined. Raises UsageError `unknown-refine`."""
    for name in refine:
        if name not in REFINABLE:
            raise UsageError(f"{name!r} cannot be refined", code="unknown-refine", advice=did_you_mean(name, REFINABLE))
    return refine


def _result(
    data: Data,
    solved: Solved,
    kept: Screened,
    judged: Judged,
    turned: Turns,
    start: Start,
    other: Start | None,
    findings: tuple[Finding, ...],
) -> HandEye:
    scene, state, solution = solved.scene, solved.state, solved.solution
    freedom = 6 * len(scene.images) - 12 - scene.timed
    along_mount = np.kron(np.eye(2), state.x[:3, :3])  # the tangent is along the camera's axes
    covariance = along_mount @ solution.uncertainty.covariance(CAMERA_LABELS) @ along_mount.T
    return HandEye(
        setup=scene.setup,
        mount_from_camera=state.x,
        rest_from_board=state.y,
        covariance=covariance,
        freedom=freedom,
        camera=replace(data.seen.camera, parameters=state.parameters),
        lens_estimated=bool(frozenset(scene.lens.labels) - scene.held),
        noise=solved.noise,
        noise_px=solved.noise_px,
        images=_image_fits(data, scene, state, judged, kept.used),
        turns=turned,
        scale=board_scale(scene, state, solved.reduced, solved.noise),
        start=start,
        other_start=other,
        findings=findings,
        set_aside=data.seen.excluded,
        notes=(*data.notes, *data.observations.notes),
        bow_m=bow_m(solution.values[SHAPE_BLOCK][0], scene.corners.in_board) if scene.shaped else None,
        board_size=data.board_size,
        camera_from_board=state.camera_from_board,
        base_from_flange=scene.base_from_flange,
        reduced=solved.reduced,
        solution=solution,
        observations=data.observations,
        scene=scene,
        time_offset=_time_offset(solved, freedom),
    )


def _time_offset(solved: Solved, freedom: int) -> TimeOffset | None:
    """The offset of the clocks with its uncertainty; None without clocks."""
    clock = solved.scene.clock
    if clock is None:
        return None
    sigma = np.inf if clock.held else solved.solution.uncertainty.sigma(OFFSET_LABEL)
    speed = [float(np.sqrt(np.mean(np.sum(clock.twist[:, part] ** 2, axis=1)))) for part in PARTS]
    return TimeOffset(clock.offset_s, sigma, _quantile(freedom) * sigma, clock.held, *speed)


def _quantile(freedom: int) -> float:
    """Half width of a 95 % interval in standard deviations."""
    return float(student.ppf(0.5 + CONFIDENCE / 2, max(freedom, 1)))


def _image_fits(
    data: Data, scene: Scene, state: State, judged: Judged, used: NDArray[np.bool_]
) -> tuple[ImageFit, ...]:
    """Every image with a pose, in order: those that took part and those that do not fit."""
    everything = replace(scene, corners=corners_of(data.seen.views), base_from_flange=data.base_from_flange)
    poses = judged.camera_from_board
    chain = predicted(scene.setup, data.base_from_flange, state.x, state.y)
    rms = [_rms(reprojection_errors(everything, state, at), everything) for at in (poses, chain)]
    lengths, angles = sizes(discrepancy(scene.setup, data.base_from_flange, state.x, state.y, poses).residuals)
    fits = []
    for i, view in enumerate(data.seen.views):
        off = f"{1000 * lengths[i]:.3g} mm and {np.degrees(angles[i]):.3g} deg off"
        reason = "" if used[i] else f"its pose of the robot does not fit: {off}"
        a, b, c, d, e = (float(each[i]) for each in (*rms, lengths, angles, judged.distances))
        fits.append(ImageFit(view.image, int(data.table.lines[data.rows[i]]), a, b, c, d, e, reason))
    return tuple(fits)


def _rms(errors: Array, scene: Scene) -> Array:
    """Per image, of errors (rows, 2)."""
    squares = np.einsum("nd,nd->n", errors, errors)
    return np.asarray(np.sqrt(np.bincount(scene.corners.view, squares) / scene.corners.counts))
