"""The bundle adjustment of several cameras that one robot shows one board, or carries past one.

Unknown are mount_from_camera X_k of every camera, fixture_from_board Y that all share, and the true base_from_flange
F_i in every pose of the robot, one for all cameras that took an image there:

    camera_k_from_board = inverse(X_k) mount_from_fixture(F_i) Y

Corners and the pose that the robot reports constrain F_i, each by its noise. The engine eliminates one flange pose per
pose of the robot. The board's size, which is known as printers leave it, and its surface, where images bear it out, are
common to all cameras.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.adjustment.board_shape import LABELS as SHAPE_LABELS
from calib.camera.adjustment.board_shape import SHAPE_BLOCK, Surface, shape_block, with_shape
from calib.camera.adjustment.bundle_adjustment import solve_bundle
from calib.camera.adjustment.reprojection import LENS_BLOCK, POSE_BLOCK, Corners, reproject, reprojection
from calib.cell.adjustment.state import BOARD_BLOCK, BOARD_LABELS, CAMERA_BLOCK, SIZE_BLOCK, SIZE_LABEL
from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise
from calib.cell.frame_loop import at_size, pose_error, predict_views
from calib.engine import ParameterBlock, Problem, ResidualBlock, Solution, prior
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.geometry import se3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.lens import Lens
    from calib.cell.frame_loop import Setup
    from calib.cell.known_lens import KnownLens
    from calib.engine import OnIteration
    from calib.engine.label import Label
    from calib.engine.problem import Rows, Values


FLANGE_BLOCK = "base_from_flange"
FLAT = np.zeros(len(SHAPE_LABELS))


@dataclass(frozen=True, eq=False)
class RigCamera:
    """One camera of several, with its images."""

    name: str

    lens: Lens

    held: frozenset[str]
    """Lens labels that are not estimated."""

    corners: Corners
    """Of all its images."""

    noise_px: float
    """Standard deviation of a corner's coordinate."""

    pose: Index
    """(n,) which of the robot's poses each image was taken in."""

    known_lens: KnownLens | None = None
    """What is known of the lens' parameters beforehand."""

    @property
    def block(self) -> str:
        """The name of its lens among the unknowns."""
        return f"{LENS_BLOCK} of {self.name}"

    def label(self, of_lens: str) -> Label:
        """A lens label as that of this camera."""
        return self.lens.labels[self.lens.labels.index(of_lens)].of(self.name)


@dataclass(frozen=True, eq=False)
class Rig:
    """Several cameras, one board, and the poses of the robot between them."""

    setup: Setup

    cameras: tuple[RigCamera, ...]

    reported_poses: Array
    """(m, 4, 4) base_from_flange as the robot reported them."""

    poses: tuple[str, ...]
    """Their names."""

    size_sigma: float = 0.0
    """Standard deviation to which the board's size is known beforehand, a share of it; 0: held, infinite: unknown."""

    bent_board: bool = False
    """Whether the board's height is estimated."""

    @property
    def sized(self) -> bool:
        """Whether the board's size is estimated."""
        return self.size_sigma > 0

    @cached_property
    def surface(self) -> Surface:
        """Over the corners that any camera sees."""
        return Surface.over(np.concatenate([camera.corners.in_board for camera in self.cameras], axis=1))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the cameras."""
        return tuple(camera.name for camera in self.cameras)


@dataclass(frozen=True, eq=False)
class RigState:
    """Values of the unknowns."""

    parameters: tuple[Array, ...]
    """Of the lens of each camera."""

    mount_from_camera: Array
    """(cameras, 4, 4)."""

    fixture_from_board: Array
    """(4, 4)."""

    base_from_flange: Array
    """(m, 4, 4)."""

    log_size: float = 0.0
    """Logarithm of the board's size over the size given."""

    shape: Array = field(default_factory=lambda: FLAT)
    """(7,) m, of the board's surface."""

    @classmethod
    def of(cls, values: Values, rig: Rig) -> RigState:
        """The unknowns of a solution."""
        parameters = tuple(values[camera.block][0] for camera in rig.cameras)
        places = values[CAMERA_BLOCK], values[BOARD_BLOCK][0], values[FLANGE_BLOCK]
        log_size = float(values[SIZE_BLOCK][0, 0]) if rig.sized else 0.0
        return cls(parameters, *places, log_size, values[SHAPE_BLOCK][0] if rig.bent_board else FLAT)

    def camera_from_board(self, rig: Rig, k: int) -> Array:
        """(n, 4, 4) for each image of a camera."""
        flange = self.base_from_flange[rig.cameras[k].pose]
        return predict_views(rig.setup, flange, self.mount_from_camera[k], self.fixture_from_board)


def adjust(rig: Rig, state: RigState, noise: RobotNoise, on_iteration: OnIteration | None = None) -> Solution:
    """Least squares from a state."""
    parameters, residuals = _camera_blocks(rig, state)
    return solve_bundle(Problem(parameters, (*residuals, _robot_block(rig, noise))), on_iteration)


def reduce(rig: Rig, state: RigState) -> ReducedProblem:
    """The problem about a state with every flange pose eliminated, a row for each.

    The common unknowns are the tangents of mount_from_camera camera by camera, of fixture_from_board, then the free
    lens parameters, the board's shape, and the logarithm of its size.
    """
    corners = Problem(*_camera_blocks(rig, state))
    normal = assemble(layout_of(corners), corners.start)
    own = normal.private[FLANGE_BLOCK]
    information, coupling, slope = own[:, :, :6], own[:, :, 6:-1], own[:, :, -1]
    covariance = np.linalg.inv(information)
    through = covariance @ coupling
    errors, by_flange = pose_error(rig.reported_poses, state.base_from_flange)
    # of the flange poses that the corners fit best
    residuals = errors - np.einsum("nij,njk,nk->ni", by_flange, covariance, slope)
    return ReducedProblem(
        residuals=residuals,
        by=-by_flange @ through,
        by_corners=by_flange @ covariance @ np.swapaxes(by_flange, 1, 2),
        information=normal.shared - np.einsum("nik,nil->kl", coupling, through),
        gradient=normal.gradient - np.einsum("nik,ni->k", through, slope),
        excess=np.ones(len(own)),  # the outliers of each camera were rejected by its own images
    )


def _camera_blocks(rig: Rig, state: RigState) -> tuple[tuple[ParameterBlock, ...], tuple[ResidualBlock, ...]]:
    places = ParameterBlock(CAMERA_BLOCK, state.mount_from_camera, se3.TANGENT, retract=se3.retract, members=rig.names)
    board = ParameterBlock(BOARD_BLOCK, state.fixture_from_board[None], BOARD_LABELS, retract=se3.retract)
    flange = ParameterBlock(FLANGE_BLOCK, state.base_from_flange, se3.TANGENT, retract=se3.retract, members=rig.poses)
    lenses = tuple(
        ParameterBlock(
            camera.block,
            values[None],
            tuple(camera.label(label) for label in camera.lens.labels),
            frozenset(camera.label(label) for label in camera.held),
        )
        for camera, values in zip(rig.cameras, state.parameters, strict=True)
    )
    board_itself, known = _board_blocks(rig, state)
    priors = [each for camera, lens in zip(rig.cameras, lenses, strict=True) for each in _priors(camera, lens)]
    seen = tuple(_reprojection(rig, k) for k in range(len(rig.cameras)))
    return (places, board, *lenses, *board_itself, flange), (*seen, *priors, *known)


def _board_blocks(rig: Rig, state: RigState) -> tuple[tuple[ParameterBlock, ...], tuple[ResidualBlock, ...]]:
    """Shape and size of the board, where they are estimated, and what is known of the size."""
    shape = (shape_block(state.shape),) if rig.bent_board else ()
    if not rig.sized:
        return shape, ()
    size = ParameterBlock(SIZE_BLOCK, np.array([[state.log_size]]), (SIZE_LABEL,))
    known = (prior(size, {SIZE_LABEL: 0.0}, {SIZE_LABEL: rig.size_sigma}),) if np.isfinite(rig.size_sigma) else ()
    return (*shape, size), known


def errors_px(rig: Rig, state: RigState, k: int, base_from_flange: Array) -> Array:
    """Projected less seen (2, rows) in a camera's images, with the flange at poses (n, 4, 4) in them."""
    camera = rig.cameras[k]
    corners = camera.corners
    if rig.bent_board:
        corners = replace(corners, in_board=rig.surface.bend(state.shape, corners.in_board))
    poses = predict_views(rig.setup, base_from_flange, state.mount_from_camera[k], state.fixture_from_board)
    return reproject(camera.lens, state.parameters[k], at_size(poses, -state.log_size), corners) - corners.px


def _priors(camera: RigCamera, block: ParameterBlock) -> tuple[ResidualBlock, ...]:
    """What is known of a lens, else `calib.camera.adjustment.reprojection.weak_priors`, of one camera of several."""
    if camera.known_lens is not None:
        return (camera.known_lens.prior(block),)
    weak = camera.lens.weak.items()
    sigma: dict[str, float]
    sigma = {camera.label(label): camera.noise_px * value for label, value in weak if label not in camera.held}
    return (prior(block, dict.fromkeys(sigma, 0.0), sigma),) if sigma else ()


def _reprojection(rig: Rig, k: int) -> ResidualBlock:
    """Projected less seen, of one camera: `reprojection` through the chain of poses."""
    camera = rig.cameras[k]
    alone = reprojection(camera.lens, camera.corners, camera.noise_px)
    if rig.bent_board:
        alone = with_shape(alone, camera.lens, camera.corners, rig.surface)
    shared = ([SHAPE_BLOCK] if rig.bent_board else []) + ([SIZE_BLOCK] if rig.sized else [])

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        flange, y = values[FLANGE_BLOCK][camera.pose], values[BOARD_BLOCK][0]
        log_size = float(values[SIZE_BLOCK][0, 0]) if rig.sized else 0.0
        c = predict_views(rig.setup, flange, values[CAMERA_BLOCK][k], y)
        seen = at_size(c, -log_size)  # where a board of the size given would look the same
        own = {**values, LENS_BLOCK: values[camera.block], POSE_BLOCK: seen}
        residuals, (by_lens, by_c, *by_board_itself) = alone.evaluate(own, rows)
        view = camera.corners.view[rows]
        if rig.sized:
            nearer = -np.einsum("nji,nj->ni", seen[:, :3, :3], seen[:, :3, 3])
            by_board_itself.append(by_c[:, :, :3] @ nearer[view][:, :, None])
            by_c = by_c * np.repeat([np.exp(-log_size), 1.0], 3)
        # exp(-d) in front of C is exp(-Ad(inverse(C)) d) behind it, and so on along the chain
        by_camera = by_c @ -se3.adjoint(se3.inverse(c))[view]
        if rig.setup == "eye-in-hand":
            by_flange = by_c @ -se3.adjoint(se3.inverse(y) @ flange)[view]
        else:
            by_flange = by_c @ se3.adjoint(se3.inverse(y))
        return residuals, (by_lens, by_camera, by_c, by_flange, *by_board_itself)

    rows = len(camera.corners.view)
    blocks = {
        camera.block: None,
        CAMERA_BLOCK: np.full(rows, k),
        BOARD_BLOCK: None,
        FLANGE_BLOCK: camera.pose[camera.corners.view],
        **dict.fromkeys(shared),
    }
    return ResidualBlock(f"reprojection in {camera.name}", rows, 2, blocks, evaluate, sigma=alone.sigma)


def _robot_block(rig: Rig, noise: RobotNoise) -> ResidualBlock:
    """The robot's correction of every pose, (m, 6): metres, then radians."""
    count = len(rig.poses)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        residuals, by_flange = pose_error(rig.reported_poses[rows], values[FLANGE_BLOCK][rows])
        return residuals, (by_flange,)

    sigma = np.tile(noise.whitening, (count, 1))
    blocks = {FLANGE_BLOCK: np.arange(count)}
    return ResidualBlock("robot", count, 6, blocks, evaluate, sigma=sigma, row_names=rig.poses)
