"""Solving a hand-eye problem: noise and adjustment in turn, and who agrees with the outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.camera.calibration.board_shape import LABELS as SHAPE_LABELS
from calib.camera.calibration.bundle_adjustment import adjust as adjust_camera
from calib.camera.calibration.reprojection import PosedLens, corners_of
from calib.cell.hand_eye.bundle_adjustment import OFFSET_LABEL, Scene, State, adjust, reduce
from calib.cell.hand_eye.outliers import distances_of
from calib.cell.hand_eye.variance_components import Reduced, RobotNoise, estimate_noise
from calib.errors import ConvergenceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.cell.hand_eye.frame_loop import Setup
    from calib.cell.hand_eye.outliers import Screened
    from calib.cell.hand_eye.paired_views import Data
    from calib.engine import Solution


ROUNDS = 12  # of noise and solve in turn; two or three settle it, a bent board with an unknown lens takes more
SETTLED = 0.02  # relative change of the noise that no interval shows


@dataclass(frozen=True, eq=False)
class Solved:
    """A solution with the noise that goes with it, and the problem reduced about it. scene: at its time offset."""

    scene: Scene
    solution: Solution
    state: State
    noise: RobotNoise
    noise_px: float
    reduced: Reduced


@dataclass(frozen=True, eq=False)
class Judged:
    """Every image about a solution: camera_from_board (n, 4, 4) and distance (n,) in standard deviations."""

    camera_from_board: Array
    distances: Array


def posed_problem(setup: Setup, data: Data, kept: Screened, refine: Sequence[str]) -> tuple[Scene, State]:
    """The problem of the images that agree, and where it starts."""
    index = np.flatnonzero(kept.used)
    seen, camera = data.seen.chosen(index), data.seen.camera
    lens_free = data.seen.own_lens or "lens" in refine
    scene = Scene(
        setup,
        camera.lens,
        camera.lens.held if lens_free else frozenset(camera.lens.labels),
        "board" in refine,
        tuple(view.image for view in seen.views),
        corners_of(seen.views),
        data.base_from_flange[index],
        None if data.clock is None else data.clock.chosen(index),
    )
    flat = np.zeros(len(SHAPE_LABELS))
    return scene, State(camera.parameters, flat, kept.x, kept.y, seen.camera_from_board, data.offset_s)


def solve_scene(scene: Scene, state: State, noise_px: float, noise: RobotNoise, fixed: RobotNoise | None) -> Solved:
    """Noise and solve in turn, until the noise stays, and the time offset about which the robot's poses are taken."""
    noise = fixed or noise
    for _ in range(ROUNDS):
        solution = adjust(scene, state, noise_px, noise)
        if not solution.status.converged:
            raise ConvergenceError(
                "the hand-eye calibration did not converge",
                code="hand-eye-not-converged",
                why=solution.sentence(),
                advice="look at the images set aside, or give the camera with --camera",
            )
        before, state = state.offset_s, State.of(solution.values, state)
        scene = scene.at(state.offset_s)
        reduced, factor = reduce(scene, state, noise_px)
        after = fixed or estimate_noise(reduced, noise)
        px = noise_px * max(float(np.sqrt(factor)), 1e-6)
        changes = np.log([after.sigma_m / noise.sigma_m, after.sigma_rad / noise.sigma_rad, px / noise_px])
        if scene.timed:
            changes = np.append(changes, (state.offset_s - before) / solution.uncertainty.sigma(OFFSET_LABEL))
        noise, noise_px = after, px
        if np.abs(changes).max() < SETTLED:
            break
    return Solved(scene, solution, state, noise, noise_px, reduced)


def judge_images(data: Data, solved: Solved, used: NDArray[np.bool_]) -> Judged:
    """Every image about a solution; the board's pose in those that took no part anew, for the lens has changed."""
    scene = solved.scene
    camera, views, state = data.seen.camera, data.seen.views, solved.state
    held = frozenset(camera.lens.labels)
    poses = data.seen.camera_from_board.copy()
    poses[used] = state.camera_from_board
    if (others := np.flatnonzero(~used)).size:
        corners = corners_of([views[i] for i in others])
        unused = [views[i] for i in others]
        start = PosedLens(state.parameters, poses[others])
        poses[others] = adjust_camera(camera.lens, held, unused, corners, start).camera_from_board
    names = tuple(view.image for view in views)
    whole = replace(
        scene,
        held=held,
        images=names,
        corners=corners_of(views),
        base_from_flange=data.base_from_flange,
        clock=data.clock,
    )
    everything, _ = reduce(whole, replace(state, camera_from_board=poses), solved.noise_px)
    noise = (
        solved.noise
        if solved.noise.estimated
        else estimate_noise(everything.chosen(np.flatnonzero(used)), solved.noise)
    )
    return Judged(poses, distances_of(everything, used, noise)[1])
