"""The ratio of the board's size by the robot's lengths to the size given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise, solve_reduced
from calib.cell.frame_loop import loop_error

if TYPE_CHECKING:
    from calib.cell.hand_eye.solve import HandEyeProblem


SIZE_SIGMA = 0.003  # of a printed square: printers feed paper to 0.1 to 0.5 %
DOUBT = 4.0  # standard deviations, beyond which the size given and the robot's contradict each other
LEAST_DEVIATION = 0.005


@dataclass(frozen=True)
class BoardScale:
    """The board's size by the robot's lengths alone over the size given."""

    ratio: float

    sigma: float
    """Its standard deviation."""

    size_sigma: float
    """That of the size given, as a share of it."""

    estimated: float
    """The ratio by both, by which everything else was found."""

    @property
    def deviates(self) -> bool:
        """Whether the two sizes differ beyond doubt, and by more than an exact one could be mistaken."""
        doubt = DOUBT * float(np.hypot(self.sigma, self.size_sigma))
        return abs(self.ratio - 1) > max(doubt, LEAST_DEVIATION)

    @property
    def unseen(self) -> bool:
        """Whether the poses tell less of the size than is known beforehand."""
        return self.sigma > self.size_sigma > 0


def board_scale(problem: HandEyeProblem, reduced: ReducedProblem, size_sigma: float) -> BoardScale:
    """The ratio by generalised least squares about a solution, with all other unknowns free.

    size_sigma: to which the size given is known, as a share of it.
    """
    scene, log_size = problem.scene, problem.state.log_size
    if scene.sized:
        column = reduced.by.shape[2] - 1 - scene.timed
        free = without_prior(reduced, column, log_size, scene.size_sigma)
    else:
        free, column = _with_size(problem, reduced), reduced.by.shape[2]
    return scale_in_column(free, problem.noise, column, log_size, size_sigma)


def without_prior(reduced: ReducedProblem, column: int, log_size: float, known_sigma: float) -> ReducedProblem:
    """The same without what is known beforehand of the size, to a standard deviation that may be infinite.

    column: of the logarithm of the size, among the unknowns.
    """
    information, gradient = reduced.information.copy(), reduced.gradient.copy()
    information[column, column] -= known_sigma**-2
    gradient[column] -= log_size * known_sigma**-2
    return replace(reduced, information=information, gradient=gradient)


def scale_in_column(
    reduced: ReducedProblem, noise: RobotNoise, column: int, log_size: float, size_sigma: float
) -> BoardScale:
    """The ratio where the logarithm of the size is one of the unknowns, of which nothing is known beforehand."""
    solved = solve_reduced(reduced, noise)
    log_ratio, sigma = log_size + solved.step[column], np.sqrt(solved.covariance[column, column])
    return BoardScale(float(np.exp(log_ratio)), float(sigma), size_sigma, float(np.exp(log_size)))


def _with_size(problem: HandEyeProblem, reduced: ReducedProblem) -> ReducedProblem:
    """A reduced problem with the logarithm of the board's size as the last unknown."""
    scene, state = problem.scene, problem.state
    x, y = state.mount_from_camera, state.fixture_from_board
    off = loop_error(scene.setup, scene.base_from_flange, x, y, state.camera_from_board)
    return replace(
        reduced,
        by=np.concatenate([reduced.by, off.by_log_size[:, :, None]], axis=2),
        information=np.pad(reduced.information, (0, 1)),
        gradient=np.pad(reduced.gradient, (0, 1)),
    )
