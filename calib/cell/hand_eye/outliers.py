"""Images whose robot pose does not fit the others: told by the noise of the rest, named, and left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2
from scipy.stats import f as fisher

from calib.arrays import Array, Mask
from calib.camera.calibration.reprojection import corners_of
from calib.cell.hand_eye.bundle_adjustment import Scene, State, reduce
from calib.cell.hand_eye.variance_components import Reduced, RobotNoise, estimate_noise, solve_reduced
from calib.errors import DegenerateError
from calib.geometry import se3
from calib.robot.identification.noise import OUTLIER_SIGMAS

if TYPE_CHECKING:
    from calib.cell.hand_eye.frame_loop import Setup
    from calib.cell.hand_eye.paired_views import Data
    from calib.cell.hand_eye.start import Start


RARE = float(chi2.sf(OUTLIER_SIGMAS**2, 6))
ROUNDS = 20  # of noise, solve and judging; three or four settle it
FEWEST_AGREEING = 3


@dataclass(frozen=True, eq=False)
class Screened:
    """used: (n,) images that agree. distances: (n,) of every image from them, in standard deviations. noise of the
    robot, X, Y and the offset of the clocks of those used."""

    used: Mask
    distances: Array
    noise: RobotNoise
    x: Array
    y: Array
    offset_s: float = 0.0


def screened(setup: Setup, data: Data, start: Start, robust: bool) -> Screened:
    """Who agrees, beginning with those that agree on the closed form; with the camera's lens held.

    Judged by the noise that the data show, also where the robot's is said to be less. Raises DegenerateError
    `no-agreement`.
    """
    seen = data.seen
    images = tuple(view.image for view in seen.views)
    held = frozenset(seen.camera.lens.labels)
    corners = corners_of(seen.views)
    scene = Scene(setup, seen.camera.lens, held, False, images, corners, data.base_from_flange, data.clock)
    offset_s = data.offset_s
    used = start.agree.copy() if robust else np.ones(len(images), bool)
    x, y = start.x, start.y
    noise = RobotNoise(max(start.median_m, 1e-5), max(start.median_rad, 1e-5))
    for _ in range(ROUNDS):
        state = State(seen.camera.parameters, np.zeros(7), x, y, seen.camera_from_board, offset_s)
        everything, _ = reduce(scene, state, seen.noise_px)
        noise = estimate_noise(everything.chosen(np.flatnonzero(used)), noise)
        step, distances = distances_of(everything, used, noise)
        x, y = se3.retract(x, step[:6]), se3.retract(y, step[6:12])
        if scene.timed:
            offset_s += float(step[-1])
            scene = scene.at(offset_s)
        agree = agreeing(distances, used) if robust else used
        if agree.sum() < FEWEST_AGREEING:
            raise DegenerateError(
                "no three images agree on where the camera is",
                code="no-agreement",
                why=f"closed form: {start} at the median",
                advice="check that every image has the pose the robot stood in when it was taken",
            )
        if np.array_equal(agree, used) and np.linalg.norm(step[:12]) < 1e-7:
            break
        used = agree
    return Screened(used, distances, noise, x, y, offset_s)


def distances_of(everything: Reduced, used: Mask, noise: RobotNoise) -> tuple[Array, Array]:
    """The step (k,) to what the images used say, and the distance (n,) of every image from it, in standard deviations.

    Of an image that had no say, the uncertainty of what the others say is added.
    """
    solved = solve_reduced(everything.chosen(np.flatnonzero(used)), noise)
    left = everything.y + everything.by @ solved.step
    spread = everything.seen + np.diag(noise.whitening**2)
    spread[~used] += everything.by[~used] @ solved.covariance @ np.swapaxes(everything.by[~used], 1, 2)
    return solved.step, np.sqrt(np.einsum("ni,ni->n", left, np.linalg.solve(spread, left[:, :, None])[:, :, 0]))


def agreeing(distances: Array, used: Mask) -> Mask:
    """Which images (n,) are as near as noise leaves them, once in RARE; the noise itself is known from those used."""
    freedom = max(6 * int(used.sum()) - 12, 1)
    return np.asarray(distances**2 / 6 <= fisher.isf(RARE, 6, freedom))
