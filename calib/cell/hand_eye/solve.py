"""The solve of a hand-eye: noise and bundle adjustment in turn, outliers rejected anew until none is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.adjustment.bundle_adjustment import Scene, adjust, reduce
from calib.cell.adjustment.settle import require_converged, settle
from calib.cell.adjustment.state import OFFSET_LABEL, State
from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise, estimate_noise
from calib.cell.hand_eye.board_scale import board_scale
from calib.cell.hand_eye.outliers import Inliers, inlier_mask, mahalanobis_distances
from calib.cell.hand_eye.sights import sight_of_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.cell.hand_eye.options import HandEyeRequest
    from calib.cell.hand_eye.resolve import Resolved
    from calib.cell.pairing.paired_views import PairedViews
    from calib.engine import OnIteration, Solution
    from calib.engine.covariance import Uncertainty


REJECTIONS = 4  # a lens that changes changes which images agree; two settle it


@dataclass(frozen=True, eq=False)
class HandEyeProblem:
    """Images that agree, the values of the unknowns, and the noise by which corners and robot poses are weighted."""

    scene: Scene
    state: State
    noise_px: float
    noise: RobotNoise


@dataclass(frozen=True, eq=False)
class HandEyeSolution:
    """A solution with the noise that goes with it."""

    problem: HandEyeProblem
    """About the solution, at the time offset found."""

    solution: Solution

    reduced: ReducedProblem
    """The problem reduced about the solution."""

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """By the noise found, whose degrees of freedom are the robot's, and by what the corners of one image share."""
        return self.solution.uncertainty_for(1.0, 6 * len(self.problem.scene.images) - 12 - self.problem.scene.timed)


@dataclass(frozen=True, eq=False)
class ImageResiduals:
    """Every image about a solution, used or not."""

    camera_from_board: Array
    """(n, 4, 4)."""

    distances: Array
    """(n,) of the robot's poses, in standard deviations."""


@dataclass(frozen=True, eq=False)
class HandEyeOutcome:
    """What the solve of a hand-eye ends in."""

    pairs: PairedViews
    """All paired views, at the time offset found."""

    inliers: Inliers

    solved: HandEyeSolution

    residuals: ImageResiduals


def solve_hand_eye(resolved: Resolved, inliers: Inliers, request: HandEyeRequest) -> HandEyeOutcome:
    """Solve by the images that agree, and again by those that agree with the outcome, until they are the same.

    Raises ConvergenceError `hand-eye-not-converged`.
    """
    pairs = resolved.pairs
    solve = partial(solve_once, on_iteration=request.on_iteration)
    for _ in range(REJECTIONS):
        pairs = pairs.at(inliers.offset_s)
        solved = _solve_by_evidence(solve, pose_problem(resolved, pairs, inliers, request))
        found = solved.problem
        pairs = pairs.at(found.state.offset_s)
        residuals = image_residuals(pairs, solved, inliers.used)
        agree = inlier_mask(residuals.distances, inliers.used) if request.robust else inliers.used
        if np.array_equal(agree, inliers.used):
            break
        x, y = found.state.mount_from_camera, found.state.fixture_from_board
        inliers = Inliers(agree, found.noise, x, y, pairs.offset_s, found.state.log_size)
    return HandEyeOutcome(pairs, inliers, solved, residuals)


def _solve_by_evidence(
    solve: Callable[[HandEyeProblem], tuple[HandEyeSolution, HandEyeProblem, float]], problem: HandEyeProblem
) -> HandEyeSolution:
    """The solution with the board's surface where images support it, and by the robot's lengths alone where they
    contradict the size given: not both can be true, and it is the robot that the camera's position is used with."""
    solved = settle(solve, problem)
    found = solved.problem
    if found.scene.sight.bending_gains(found.state, found.noise_px):
        solved = settle(solve, replace(found, scene=replace(found.scene, sight=found.scene.sight.bend())))
    scene, scale = solved.problem.scene, board_scale(solved.problem, solved.reduced, problem.scene.size_sigma)
    if scene.sized and scale.deviates:
        solved = settle(solve, replace(solved.problem, scene=replace(scene, size_sigma=np.inf)))
    return solved


def pose_problem(resolved: Resolved, pairs: PairedViews, inliers: Inliers, request: HandEyeRequest) -> HandEyeProblem:
    """The problem of the images that agree, and where it starts."""
    used = pairs.select(np.flatnonzero(inliers.used))
    sight = sight_of_request(used.seen, request)
    scene = Scene(
        setup=resolved.setup,
        sight=sight,
        images=tuple(view.image for view in used.seen.views),
        base_from_flange=used.base_from_flange,
        clock=used.clock,
        size_sigma=request.square_sigma,
        hold=resolved.hold,
        motions=resolved.pairs.motions,
    )
    state = State(
        parameters=sight.parameters,
        shape=sight.flat_shape,
        mount_from_camera=inliers.mount_from_camera,
        fixture_from_board=inliers.fixture_from_board,
        camera_from_board=used.seen.camera_from_board,
        offset_s=pairs.offset_s,
        log_size=inliers.log_size,
    )
    stated = request.stated_noise
    return HandEyeProblem(scene, state, pairs.seen.noise_px, sight.begin(stated) if stated else inliers.noise)


def solve_once(
    problem: HandEyeProblem, on_iteration: OnIteration | None = None
) -> tuple[HandEyeSolution, HandEyeProblem, float]:
    """The solution, the problem about it with the noise by it, and by how much noise and time offset have changed.

    Raises ConvergenceError `hand-eye-not-converged`.
    """
    before = problem
    solution = adjust(before.scene, before.state, before.noise_px, before.noise, on_iteration)
    require_converged(solution, "the hand-eye calibration", "inspect the rejected images, or give --camera")
    state = State.of(solution.values, before.state)
    scene = before.scene.at(state.offset_s)
    reduced, factor = reduce(scene, state, before.noise_px)
    noise = estimate_noise(reduced, before.noise)
    noise_px = before.noise_px * max(float(np.sqrt(factor)), 1e-6)
    change = max(noise.change(before.noise), abs(float(np.log(noise_px / before.noise_px))))
    if scene.timed:
        moved_s = abs(state.offset_s - before.state.offset_s)
        change = max(change, moved_s / solution.uncertainty.sigma(OFFSET_LABEL))
    after = HandEyeProblem(scene, state, noise_px, noise)
    return HandEyeSolution(after, solution, reduced), after, change


def image_residuals(pairs: PairedViews, solved: HandEyeSolution, used: Mask) -> ImageResiduals:
    """Every image about a solution; the board's pose in those that took no part anew, for the lens has changed."""
    state, sight = solved.problem.state, solved.problem.scene.sight.hold_lens(pairs.seen.views)
    poses = sight.relocate(pairs.seen.camera_from_board, state, used)
    everyone = replace(
        solved.problem.scene,
        sight=sight,
        images=tuple(view.image for view in pairs.seen.views),
        base_from_flange=pairs.base_from_flange,
        clock=pairs.clock,
    )
    everything, _ = reduce(everyone, replace(state, camera_from_board=poses), solved.problem.noise_px)
    noise = solved.problem.noise
    if not noise.estimated:  # outliers are told by the noise that the data show
        free = replace(noise, estimated=True, of_board=())
        noise = estimate_noise(everything.select(np.flatnonzero(used)), free)
    return ImageResiduals(poses, mahalanobis_distances(everything, used, noise)[1])
