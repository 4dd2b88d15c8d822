"""The bundle adjustment of several cameras that one robot shows one board, or carries past one.

Unknown are every camera's place X_k, the board's place Y that all share, and the flange's true pose F_i wherever the
robot stood, one for all cameras that saw it there:

    camera_k_from_board = inverse(X_k) mount_from_rest(F_i) Y

Corners say where F_i is seen by the cameras, the robot where it believes it to be, each by its noise. The engine
eliminates one flange pose per pose of the robot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.camera.calibration.bundle_adjustment import PATIENT, QUICK
from calib.camera.calibration.reprojection import LENS_BLOCK, POSE_BLOCK, Corners, reprojection
from calib.cell.hand_eye.bundle_adjustment import BOARD_BLOCK, BOARD_LABELS, CAMERA_BLOCK
from calib.cell.hand_eye.frame_loop import missed, predicted
from calib.cell.hand_eye.solve import ROUNDS, SETTLED
from calib.cell.hand_eye.variance_components import Reduced, RobotNoise, estimate_noise
from calib.engine import ParameterBlock, Problem, ResidualBlock, Solution, Status, prior, solve
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.errors import ConvergenceError
from calib.geometry import se3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.lens import Lens
    from calib.cell.hand_eye.frame_loop import Setup
    from calib.engine.problem import Rows, Values


FLANGE_BLOCK = "base_from_flange"


@dataclass(frozen=True, eq=False)
class Seeing:
    """One camera. held: lens labels that are not estimated. corners: of all its images. noise_px: of a coordinate.
    pose: (n,) which of the robot's poses each image was taken in."""

    name: str
    lens: Lens
    held: frozenset[str]
    corners: Corners
    noise_px: float
    pose: NDArray[np.intp]

    @property
    def block(self) -> str:
        """The name of its lens among the unknowns."""
        return f"{LENS_BLOCK} of {self.name}"

    def label(self, of_lens: str) -> str:
        """A lens label, told from the same one of the other cameras."""
        return f"{self.name} {of_lens}"


@dataclass(frozen=True, eq=False)
class Rig:
    """Cameras, and the robot's poses (m, 4, 4) as it said them; poses: their names."""

    setup: Setup
    cameras: tuple[Seeing, ...]
    said: Array
    poses: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the cameras."""
        return tuple(camera.name for camera in self.cameras)


@dataclass(frozen=True, eq=False)
class RigState:
    """Where the unknowns stand: lens parameters per camera, X (k, 4, 4), Y (4, 4) and flange poses (m, 4, 4)."""

    parameters: tuple[Array, ...]
    x: Array
    y: Array
    base_from_flange: Array

    def camera_from_board(self, rig: Rig, k: int) -> Array:
        """(n, 4, 4) for each image of a camera."""
        return predicted(rig.setup, self.base_from_flange[rig.cameras[k].pose], self.x[k], self.y)


@dataclass(frozen=True, eq=False)
class RigSolved:
    """A solution with the robot's noise that goes with it, and the problem reduced about it."""

    solution: Solution
    state: RigState
    noise: RobotNoise
    reduced: Reduced


def solve_rig(rig: Rig, state: RigState, noise: RobotNoise, fixed: RobotNoise | None) -> RigSolved:
    """Robot's noise and solve in turn, until the noise stays. Raises ConvergenceError `hand-eye-not-converged`."""
    noise = fixed or noise
    for _ in range(ROUNDS):
        problem = _problem(rig, state, noise)
        solution = solve(problem, QUICK)
        if solution.status is Status.ITERATIONS:
            solution = solve(problem.with_values(solution.values), PATIENT)
        if not solution.status.converged:
            raise ConvergenceError(
                "the calibration of all cameras together did not converge",
                code="hand-eye-not-converged",
                why=solution.sentence(),
                advice="calibrate each alone and look at the images set aside",
            )
        values = solution.values
        parameters = tuple(values[camera.block][0] for camera in rig.cameras)
        state = RigState(parameters, values[CAMERA_BLOCK], values[BOARD_BLOCK][0], values[FLANGE_BLOCK])
        reduced = reduce(rig, state)
        after = fixed or estimate_noise(reduced, noise)
        changes = np.log([after.sigma_m / noise.sigma_m, after.sigma_rad / noise.sigma_rad])
        noise = after
        if np.abs(changes).max() < SETTLED:
            break
    return RigSolved(solution, state, noise, reduced)


def reduce(rig: Rig, state: RigState) -> Reduced:
    """The problem about a state with every flange pose eliminated, a row for each.

    The common unknowns are the tangents of X camera by camera, of Y, then the free lens parameters.
    """
    seen = Problem(*_seen_by_cameras(rig, state))
    normal = assemble(layout_of(seen), seen.start)
    own = normal.private[FLANGE_BLOCK]
    information, coupling, slope = own[:, :, :6], own[:, :, 6:-1], own[:, :, -1]
    spread = np.linalg.inv(information)
    through = spread @ coupling
    residuals, by_flange = missed(rig.said, state.base_from_flange)
    y = residuals - np.einsum("nij,njk,nk->ni", by_flange, spread, slope)  # where the corners would have the flange
    return Reduced(
        y,
        -by_flange @ through,
        by_flange @ spread @ np.swapaxes(by_flange, 1, 2),
        normal.shared - np.einsum("nik,nil->kl", coupling, through),
        normal.gradient - np.einsum("nik,ni->k", through, slope),
    )


def _problem(rig: Rig, state: RigState, noise: RobotNoise) -> Problem:
    parameters, residuals = _seen_by_cameras(rig, state)
    return Problem(parameters, (*residuals, _robot(rig, noise)))


def _seen_by_cameras(rig: Rig, state: RigState) -> tuple[tuple[ParameterBlock, ...], tuple[ResidualBlock, ...]]:
    places = ParameterBlock(CAMERA_BLOCK, state.x, se3.TANGENT, retract=se3.retract, members=rig.names)
    board = ParameterBlock(BOARD_BLOCK, state.y[None], BOARD_LABELS, retract=se3.retract)
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
    priors = [each for camera, lens in zip(rig.cameras, lenses, strict=True) for each in _weak_priors(camera, lens)]
    seen = tuple(_reprojection(rig, k) for k in range(len(rig.cameras)))
    return (places, board, *lenses, flange), (*seen, *priors)


def _weak_priors(camera: Seeing, block: ParameterBlock) -> tuple[ResidualBlock, ...]:
    """`calib.camera.calibration.reprojection.weak_priors` of one camera of several."""
    weak = camera.lens.weak.items()
    sigma = {camera.label(label): camera.noise_px * value for label, value in weak if label not in camera.held}
    return (prior(block, dict.fromkeys(sigma, 0.0), sigma),) if sigma else ()


def _reprojection(rig: Rig, k: int) -> ResidualBlock:
    """Projected less seen, of one camera: `reprojection` through the chain of poses."""
    camera = rig.cameras[k]
    alone = reprojection(camera.lens, camera.corners, camera.noise_px)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        flange, y = values[FLANGE_BLOCK][camera.pose], values[BOARD_BLOCK][0]
        c = predicted(rig.setup, flange, values[CAMERA_BLOCK][k], y)
        residuals, (by_lens, by_c) = alone.evaluate({LENS_BLOCK: values[camera.block], POSE_BLOCK: c}, rows)
        view = camera.corners.view[rows]
        # exp(-d) in front of C is exp(-Ad(inverse(C)) d) behind it, and so on along the chain
        by_camera = by_c @ -se3.adjoint(se3.inverse(c))[view]
        if rig.setup == "eye-in-hand":
            by_flange = by_c @ -se3.adjoint(se3.inverse(y) @ flange)[view]
        else:
            by_flange = by_c @ se3.adjoint(se3.inverse(y))
        return residuals, (by_lens, by_camera, by_c, by_flange)

    rows = len(camera.corners.view)
    blocks = {
        camera.block: None,
        CAMERA_BLOCK: np.full(rows, k),
        BOARD_BLOCK: None,
        FLANGE_BLOCK: camera.pose[camera.corners.view],
    }
    return ResidualBlock(f"reprojection in {camera.name}", rows, 2, blocks, evaluate, sigma=alone.sigma)


def _robot(rig: Rig, noise: RobotNoise) -> ResidualBlock:
    """The robot's correction of every pose, (m, 6): metres, then radians."""
    count = len(rig.poses)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        residuals, by_flange = missed(rig.said[rows], values[FLANGE_BLOCK][rows])
        return residuals, (by_flange,)

    sigma = np.tile(noise.whitening, (count, 1))
    blocks = {FLANGE_BLOCK: np.arange(count)}
    return ResidualBlock("robot", count, 6, blocks, evaluate, sigma=sigma, row_names=rig.poses)
