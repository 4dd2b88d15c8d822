"""Images whose robot pose is an outlier by the noise of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtri  # the distributions alone: scipy.stats takes a second to import

from calib.arrays import Array, Mask
from calib.cell.adjustment.bundle_adjustment import Scene, reduce
from calib.cell.adjustment.state import State
from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise, estimate_noise, solve_reduced
from calib.cell.hand_eye.sights import sight_by
from calib.errors import DegenerateError
from calib.geometry import se3
from calib.robot.identification.noise import OUTLIER_SIGMAS

if TYPE_CHECKING:
    from calib.cell.hand_eye.resolve import Resolved


RARE = float(chdtrc(6, OUTLIER_SIGMAS**2))
ROUNDS = 20  # of noise, solve and rejection; three or four settle it
FEWEST_AGREEING = 3


@dataclass(frozen=True, eq=False)
class Inliers:
    """The images that agree, and the hand-eye by them."""

    used: Mask
    """(n,) images that agree."""

    noise: RobotNoise
    """By those used."""

    mount_from_camera: Array

    fixture_from_board: Array

    offset_s: float = 0.0
    """Of the clocks."""

    log_size: float = 0.0
    """Logarithm of the board's size over the size given."""


def reject_outliers(resolved: Resolved, *, robust: bool, size_sigma: float = 0.0) -> Inliers:
    """The images that agree, from those that agree on the closed form on, with the lens held; all unless robust.

    size_sigma: to which the board's size is known, as a share of it.

    Outliers are told by the noise that the data show, even where the robot's is stated to be less.
    Raises DegenerateError `no-agreement`.
    """
    pairs, start = resolved.pairs, resolved.start
    scene, seen = _scene_of_all(resolved, size_sigma), pairs.seen
    sight = scene.sight
    x, y, offset_s = start.mount_from_camera, start.fixture_from_board, pairs.offset_s
    log_size = 0.0
    used = start.inliers.copy() if robust else np.ones(len(scene.images), bool)
    noise = sight.begin(RobotNoise(max(start.median_m, 1e-5), max(start.median_rad, 1e-5)))
    for _ in range(ROUNDS):
        state = State(sight.parameters, sight.flat_shape, x, y, seen.camera_from_board, offset_s, log_size)
        everything, _ = reduce(scene, state, seen.noise_px)
        noise = estimate_noise(everything.select(np.flatnonzero(used)), noise)
        step, distances = mahalanobis_distances(everything, used, noise)
        x, y = se3.retract(x, step[:6]), se3.retract(y, step[6:12])
        if scene.timed:
            offset_s += float(step[-1])
            scene = scene.at(offset_s)
        if scene.sized:
            log_size += float(step[-1 - scene.timed])
        agree = inlier_mask(distances, used) if robust else used
        if agree.sum() < FEWEST_AGREEING:
            raise DegenerateError(
                "no three images agree on the camera's pose",
                code="no-agreement",
                why=f"closed form: off by {start} at the median",
                advice="check that every image has the pose in which it was taken",
            )
        if np.array_equal(agree, used) and np.linalg.norm(step[:12]) < 1e-7:
            break
        used = agree
    return Inliers(used, noise, x, y, offset_s, log_size)


def _scene_of_all(resolved: Resolved, size_sigma: float) -> Scene:
    """Every image, with the lens held."""
    pairs = resolved.pairs
    return Scene(
        setup=resolved.setup,
        sight=sight_by(pairs.seen),
        images=tuple(view.image for view in pairs.seen.views),
        base_from_flange=pairs.base_from_flange,
        clock=pairs.clock,
        size_sigma=size_sigma,
        hold=resolved.hold,
        motions=resolved.pairs.motions,
    )


def mahalanobis_distances(everything: ReducedProblem, used: Mask, noise: RobotNoise) -> tuple[Array, Array]:
    """The step (k,) to the solution of the images used, and the distance (n,) of every image from it, in standard
    deviations.

    To the covariance of an image that was not used, that of the solution is added. An image whose corners are noisier
    than the others' is measured by its own noise: the robot is not to blame for a blur.
    """
    solved = solve_reduced(everything.select(np.flatnonzero(used)), noise)
    left = everything.residuals + everything.by @ solved.step
    covariance = everything.covariance(noise, everything.by_corners * everything.excess[:, None, None])
    covariance[~used] += everything.by[~used] @ solved.covariance @ np.swapaxes(everything.by[~used], 1, 2)
    return solved.step, np.sqrt(np.einsum("ni,ni->n", left, np.linalg.solve(covariance, left[:, :, None])[:, :, 0]))


def inlier_mask(distances: Array, used: Mask) -> Mask:
    """Which images (n,) are as near as noise leaves them, once in RARE; the noise itself is known from those used."""
    freedom = max(6 * int(used.sum()) - 12, 1)
    return np.asarray(distances**2 / 6 <= fdtri(6, freedom, 1 - RARE))
