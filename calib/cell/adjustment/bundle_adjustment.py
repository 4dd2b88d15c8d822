"""The bundle adjustment of a hand-eye: corners and robot poses, each by its noise, in one problem.

The pose of the board in every image is private to it; the robot's correction is the loop error of that pose with
mount_from_camera and fixture_from_board, weighted by the robot's noise. The engine eliminates one pose per image. Where
images are located in a stream of poses, the offset of the two clocks is one more unknown, about which the flange moves
along its screw in every image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.board_shape import SHAPE_BLOCK, Surface, shape_block, shaped_reprojection
from calib.camera.adjustment.bundle_adjustment import solve_bundle
from calib.camera.adjustment.reprojection import (
    LENS_BLOCK,
    POSE_BLOCK,
    Corners,
    lens_block,
    pose_block,
    reproject,
    reprojection,
    weak_priors,
)
from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise
from calib.cell.frame_loop import at_size, by_time, loop_error
from calib.engine import ParameterBlock, Problem, ResidualBlock, Solution, prior
from calib.engine.label import Label
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.geometry import se3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.lens import Lens
    from calib.cell.adjustment.position_hold import PositionHold
    from calib.cell.frame_loop import Setup
    from calib.cell.known_lens import KnownLens
    from calib.cell.pairing.clock_offset import Clock
    from calib.engine import OnIteration
    from calib.engine.problem import Rows, Values


CAMERA_BLOCK, BOARD_BLOCK = "mount_from_camera", "fixture_from_board"
_TANGENT = tuple(Label(f"v{axis}", "m") for axis in "xyz") + tuple(Label(f"w{axis}", "rad") for axis in "xyz")
CAMERA_LABELS = tuple(label.of(CAMERA_BLOCK) for label in _TANGENT)
BOARD_LABELS = tuple(label.of(BOARD_BLOCK) for label in _TANGENT)
OFFSET_BLOCK, OFFSET_LABEL = "clock", Label("time_offset", "s")
SIZE_BLOCK, SIZE_LABEL = "board_size", Label("log_size", owner="board")


@dataclass(frozen=True, eq=False)
class Scene:
    """Corners of all images, and where the robot reports its flange in each."""

    setup: Setup
    lens: Lens
    held: frozenset[str]
    """Lens labels that are not estimated."""

    bent_board: bool
    """Whether the board's height is estimated."""

    images: tuple[str, ...]
    corners: Corners
    base_from_flange: Array
    """(n, 4, 4) as reported, of images in a stream at the offset of `clock`."""

    clock: Clock | None = None
    """Of images in a stream of poses; None where every image has a pose of its own."""

    known_lens: KnownLens | None = None
    """What is known of the lens' parameters beforehand."""

    size_sigma: float = 0.0
    """Standard deviation to which the board's size is known beforehand, a share of it; 0: held, infinite: unknown."""

    hold: PositionHold | None = None
    """Of the camera's position."""

    @property
    def sized(self) -> bool:
        """Whether the board's size is estimated."""
        return self.size_sigma > 0

    @property
    def timed(self) -> bool:
        """Whether the offset of the clocks is estimated."""
        return self.clock is not None and not self.clock.held

    def at(self, offset_s: float) -> Scene:
        """The scene about another offset of the clocks, with poses interpolated anew; without clocks as it is."""
        if self.clock is None:
            return self
        clock = self.clock.at(offset_s)
        return replace(self, clock=clock, base_from_flange=clock.base_from_flange)

    def reported_poses(self, offset_s: float) -> Array:
        """The robot's poses (n, 4, 4) at an offset near that of the scene, each moved along its screw.

        A stream's own noise makes its interpolation rough in time; this is smooth, and `at` follows between solves.
        """
        if self.clock is None or offset_s == self.clock.offset_s:
            return self.base_from_flange
        return se3.retract(self.base_from_flange, (offset_s - self.clock.offset_s) * self.clock.twist)


@dataclass(frozen=True, eq=False)
class State:
    """Values of the unknowns."""

    parameters: Array
    """Of the lens."""

    shape: Array
    """(7,) m, of the board's surface."""

    mount_from_camera: Array
    """(4, 4)."""

    fixture_from_board: Array
    """(4, 4)."""

    camera_from_board: Array
    """(n, 4, 4)."""

    offset_s: float = 0.0
    """By which the robot's clock is ahead of the images'."""

    log_size: float = 0.0
    """Logarithm of the board's size over the size given."""

    @classmethod
    def of(cls, values: Values, before: State) -> State:
        """The unknowns of a solution; shape, offset and size as before where they were not among them."""
        shape = values[SHAPE_BLOCK][0] if SHAPE_BLOCK in values else before.shape
        offset_s = float(values[OFFSET_BLOCK][0, 0]) if OFFSET_BLOCK in values else before.offset_s
        log_size = float(values[SIZE_BLOCK][0, 0]) if SIZE_BLOCK in values else before.log_size
        places = values[CAMERA_BLOCK][0], values[BOARD_BLOCK][0], values[POSE_BLOCK]
        return cls(values[LENS_BLOCK][0], shape, *places, offset_s, log_size)

    @property
    def sized_camera_from_board(self) -> Array:
        """(n, 4, 4) of the board as large as it is found to be."""
        return at_size(self.camera_from_board, self.log_size)


def adjust(
    scene: Scene, state: State, noise_px: float, noise: RobotNoise, on_iteration: OnIteration | None = None
) -> Solution:
    """Least squares from a state."""
    return solve_bundle(_pose_problem(scene, state, noise_px, noise), on_iteration)


def reduce(scene: Scene, state: State, noise_px: float) -> tuple[ReducedProblem, float]:
    """The problem about a state with every camera_from_board eliminated, and the variance factor of the corners.

    The common unknowns are the tangents of mount_from_camera and fixture_from_board, then the free lens parameters, the
    board's shape, the logarithm of its size and the offset of the clocks.
    """
    corners = Problem(*camera_blocks(scene, state, noise_px))
    normal = assemble(layout_of(corners), corners.start)
    own = normal.private[POSE_BLOCK]
    information, coupling, slope = own[:, :, :6], own[:, :, 6:-1], own[:, :, -1]
    covariance = np.linalg.inv(information)
    through = covariance @ coupling  # (n, 6, k)
    reported = scene.reported_poses(state.offset_s)
    x, y = state.mount_from_camera, state.fixture_from_board
    off = loop_error(scene.setup, reported, x, y, state.camera_from_board, state.log_size)
    best = -np.einsum("nij,nj->ni", covariance, slope)  # the step of each pose to what its own corners fit best
    residuals = off.residuals + np.einsum("nij,nj->ni", off.by_view, best)
    by = np.concatenate([off.by_camera, off.by_board, -off.by_view @ through], axis=2)
    common = normal.shared.shape[0]
    shared, gradient = np.zeros((12 + common, 12 + common)), np.zeros(12 + common)
    shared[12:, 12:] = normal.shared - np.einsum("nik,nil->kl", coupling, through)
    gradient[12:] = normal.gradient - np.einsum("nik,ni->k", through, slope)
    by_corners = off.by_view @ covariance @ np.swapaxes(off.by_view, 1, 2)
    squares = normal.squares + float(np.einsum("ni,ni->", slope, best))
    if common:
        squares -= float(gradient[12:] @ np.linalg.lstsq(shared[12:, 12:], gradient[12:], rcond=None)[0])
    freedom = normal.residuals - 6 * len(own) - common
    if scene.hold is not None:
        scene.hold.add_to(shared, gradient, x)
    if scene.sized:
        by = np.concatenate([by, off.by_log_size[:, :, None]], axis=2)
        shared, gradient = np.pad(shared, (0, 1)), np.pad(gradient, (0, 1))  # which the corners do not depend on
        shared[-1, -1], gradient[-1] = scene.size_sigma**-2, state.log_size * scene.size_sigma**-2
    if scene.timed:
        assert scene.clock is not None
        by = np.concatenate([by, by_time(reported, scene.clock.twist, off.residuals)[:, :, None]], axis=2)
        shared, gradient = np.pad(shared, (0, 1)), np.pad(gradient, (0, 1))
    excess = _excess(scene, state, noise_px)
    return ReducedProblem(residuals, by, by_corners, shared, gradient, excess), max(squares, 0.0) / max(freedom, 1)


def _excess(scene: Scene, state: State, noise_px: float) -> Array:
    """Variance (n,) of each image's own corners about its own pose over that given, at least 1."""
    corners = scene.corners
    errors = reprojection_errors(scene, state) / (np.reshape(corners.sigma_px, (-1, 1)) * noise_px)
    squares = np.bincount(corners.view, np.einsum("nd,nd->n", errors, errors), len(corners.counts))
    return np.asarray(np.maximum(squares / np.maximum(2 * corners.counts - 6, 1), 1.0))


def reprojection_errors(scene: Scene, state: State, camera_from_board: Array | None = None) -> Array:
    """Projected less seen (rows, 2) in pixels, at the state's poses or others."""
    corners = scene.corners
    if scene.bent_board:
        bent = Surface.over(corners.in_board).bend(state.shape, corners.in_board)
        corners = replace(corners, in_board=bent)
    poses = state.camera_from_board if camera_from_board is None else camera_from_board
    return np.asarray((reproject(scene.lens, state.parameters, poses, corners) - corners.px).T)


def camera_blocks(
    scene: Scene, state: State, noise_px: float
) -> tuple[tuple[ParameterBlock, ...], tuple[ResidualBlock, ...]]:
    lens = lens_block(scene.lens, state.parameters, scene.held)
    poses = pose_block(state.camera_from_board, scene.images)
    if scene.known_lens is None:
        priors = weak_priors(scene.lens, lens, noise_px)
    else:
        priors = () if scene.held.issuperset(scene.lens.labels) else (scene.known_lens.prior(lens),)
    if not scene.bent_board:
        return (lens, poses), (reprojection(scene.lens, scene.corners, noise_px), *priors)
    seen = shaped_reprojection(scene.lens, scene.corners, noise_px)
    return (lens, poses, shape_block(state.shape)), (seen, *priors)


def _pose_problem(scene: Scene, state: State, noise_px: float, noise: RobotNoise) -> Problem:
    parameters, residuals = camera_blocks(scene, state, noise_px)
    camera = ParameterBlock(CAMERA_BLOCK, state.mount_from_camera[None], CAMERA_LABELS, retract=se3.retract)
    board = ParameterBlock(BOARD_BLOCK, state.fixture_from_board[None], BOARD_LABELS, retract=se3.retract)
    size = ParameterBlock(SIZE_BLOCK, np.array([[state.log_size]]), (SIZE_LABEL,))
    clock = ParameterBlock(OFFSET_BLOCK, np.array([[state.offset_s]]), (OFFSET_LABEL,))
    further = (*((size,) if scene.sized else ()), *((clock,) if scene.timed else ()))
    priors = (prior(size, {SIZE_LABEL: 0.0}, {SIZE_LABEL: scene.size_sigma}),) if 0 < scene.size_sigma < np.inf else ()
    held = () if scene.hold is None else (scene.hold.block(CAMERA_BLOCK),)
    return Problem((*parameters, camera, board, *further), (*residuals, *priors, *held, _robot_block(scene, noise)))


def _robot_block(scene: Scene, noise: RobotNoise) -> ResidualBlock:
    """The robot's correction in every image, (n, 6): metres, then radians."""
    count = len(scene.images)
    blocks = {CAMERA_BLOCK: None, BOARD_BLOCK: None, POSE_BLOCK: np.arange(count)}
    blocks |= {SIZE_BLOCK: None} if scene.sized else {}
    blocks |= {OFFSET_BLOCK: None} if scene.timed else {}

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        reported = scene.base_from_flange[rows]
        if scene.timed:
            reported = scene.reported_poses(float(values[OFFSET_BLOCK][0, 0]))[rows]
        x, y, c = values[CAMERA_BLOCK][0], values[BOARD_BLOCK][0], values[POSE_BLOCK][rows]
        log_size = float(values[SIZE_BLOCK][0, 0]) if scene.sized else 0.0
        off = loop_error(scene.setup, reported, x, y, c, log_size)
        jacobians = [off.by_camera, off.by_board, off.by_view]
        if scene.sized:
            jacobians.append(off.by_log_size[:, :, None])
        if scene.timed:
            assert scene.clock is not None
            jacobians.append(by_time(reported, scene.clock.twist[rows], off.residuals)[:, :, None])
        return off.residuals, jacobians

    sigma = np.tile(noise.whitening, (count, 1))
    return ResidualBlock("robot", count, 6, blocks, evaluate, sigma=sigma, row_names=scene.images)
