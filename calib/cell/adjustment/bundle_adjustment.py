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

from calib.arrays import Array, Index
from calib.camera.adjustment.bundle_adjustment import solve_bundle
from calib.camera.adjustment.reprojection import POSE_BLOCK
from calib.cell.adjustment.state import (
    BOARD_BLOCK,
    BOARD_LABELS,
    CAMERA_BLOCK,
    CAMERA_LABELS,
    OFFSET_BLOCK,
    OFFSET_LABEL,
    SIZE_BLOCK,
    SIZE_LABEL,
    State,
)
from calib.cell.adjustment.tie import add_tie, tie_block
from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise
from calib.cell.frame_loop import by_time, loop_error
from calib.engine import ParameterBlock, Problem, ResidualBlock, Solution, prior
from calib.geometry import se3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.cell.adjustment.by_corners import CornersSight
    from calib.cell.adjustment.by_poses import PosesSight
    from calib.cell.adjustment.position_hold import PositionHold
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.clock_offset import Clock
    from calib.engine import OnIteration
    from calib.engine.problem import Rows, Values


@dataclass(frozen=True, eq=False)
class Scene:
    """What all images tell of the board, and where the robot reports its flange in each."""

    setup: Setup
    sight: CornersSight | PosesSight
    """What tells where the board is in every image."""

    images: tuple[str, ...]
    base_from_flange: Array
    """(n, 4, 4) as reported, of images in a stream at the offset of `clock`."""

    clock: Clock | None = None
    """Of images in a stream of poses; None where every image has a pose of its own."""

    size_sigma: float = 0.0
    """Standard deviation to which the board's size is known beforehand, a share of it; 0: held, infinite: unknown."""

    hold: PositionHold | None = None
    """Of the camera's position."""

    motions: bool = False
    """Whether motions are given in place of poses, so that the board's pose is the camera's."""

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
    reported = scene.reported_poses(state.offset_s)
    x, y = state.mount_from_camera, state.fixture_from_board
    off = loop_error(scene.setup, reported, x, y, state.camera_from_board, state.log_size)
    reduced, factor = scene.sight.eliminate(state, off, noise_px)
    by, shared, gradient = reduced.by, reduced.information, reduced.gradient
    if scene.hold is not None:
        scene.hold.add_to(shared, gradient, x)
    if scene.motions:
        add_tie(shared, gradient, x, y)
    if scene.sized:
        by = np.concatenate([by, off.by_log_size[:, :, None]], axis=2)
        shared, gradient = np.pad(shared, (0, 1)), np.pad(gradient, (0, 1))  # which the corners do not depend on
        shared[-1, -1], gradient[-1] = scene.size_sigma**-2, state.log_size * scene.size_sigma**-2
    if scene.timed:
        assert scene.clock is not None
        by = np.concatenate([by, by_time(reported, scene.clock.twist, off.residuals)[:, :, None]], axis=2)
        shared, gradient = np.pad(shared, (0, 1)), np.pad(gradient, (0, 1))
    return replace(reduced, by=by, information=shared, gradient=gradient), factor


def _pose_problem(scene: Scene, state: State, noise_px: float, noise: RobotNoise) -> Problem:
    parameters, residuals = scene.sight.blocks(state, noise_px)
    camera = ParameterBlock(CAMERA_BLOCK, state.mount_from_camera[None], CAMERA_LABELS, retract=se3.retract)
    board = ParameterBlock(BOARD_BLOCK, state.fixture_from_board[None], BOARD_LABELS, retract=se3.retract)
    size = ParameterBlock(SIZE_BLOCK, np.array([[state.log_size]]), (SIZE_LABEL,))
    clock = ParameterBlock(OFFSET_BLOCK, np.array([[state.offset_s]]), (OFFSET_LABEL,))
    further = (*((size,) if scene.sized else ()), *((clock,) if scene.timed else ()))
    priors = (prior(size, {SIZE_LABEL: 0.0}, {SIZE_LABEL: scene.size_sigma}),) if 0 < scene.size_sigma < np.inf else ()
    held = [] if scene.hold is None else [scene.hold.block(CAMERA_BLOCK)]
    held += [tie_block()] if scene.motions else []
    robot = _robot_block(scene, state, noise)
    return Problem((*parameters, camera, board, *further), (*residuals, *priors, *held, robot))


def _robot_block(scene: Scene, state: State, noise: RobotNoise) -> ResidualBlock:
    """The robot's correction in every image, (n, 6): metres, then radians; of given poses whitened as a whole."""
    count, posed = len(scene.images), scene.sight.own_poses
    blocks: dict[str, Index | None] = {CAMERA_BLOCK: None, BOARD_BLOCK: None}
    blocks |= {POSE_BLOCK: np.arange(count)} if posed else {}
    blocks |= {SIZE_BLOCK: None} if scene.sized else {}
    blocks |= {OFFSET_BLOCK: None} if scene.timed else {}
    x, y = state.mount_from_camera, state.fixture_from_board
    start = loop_error(scene.setup, scene.base_from_flange, x, y, state.camera_from_board, state.log_size)
    whitening = scene.sight.whitening(start, noise)
    sigma = np.tile(noise.whitening, (count, 1)) if whitening is None else 1.0

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        reported = scene.base_from_flange[rows]
        if scene.timed:
            reported = scene.reported_poses(float(values[OFFSET_BLOCK][0, 0]))[rows]
        x, y = values[CAMERA_BLOCK][0], values[BOARD_BLOCK][0]
        c = values[POSE_BLOCK][rows] if posed else state.camera_from_board[rows]
        log_size = float(values[SIZE_BLOCK][0, 0]) if scene.sized else 0.0
        off = loop_error(scene.setup, reported, x, y, c, log_size)
        jacobians = [off.by_camera, off.by_board, *((off.by_view,) if posed else ())]
        if scene.sized:
            jacobians.append(off.by_log_size[:, :, None])
        if scene.timed:
            assert scene.clock is not None
            jacobians.append(by_time(reported, scene.clock.twist[rows], off.residuals)[:, :, None])
        if whitening is None:
            return off.residuals, jacobians
        own = whitening[rows]
        return np.einsum("nij,nj->ni", own, off.residuals), [own @ each for each in jacobians]

    return ResidualBlock("robot", count, 6, blocks, evaluate, sigma=sigma, row_names=scene.images)
