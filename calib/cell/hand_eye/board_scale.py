"""The ratio of the board's size by the robot's lengths to the size given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.cell.hand_eye.frame_loop import Setup, loop_error
from calib.cell.hand_eye.variance_components import ReducedProblem, solve_reduced

if TYPE_CHECKING:
    from calib.cell.hand_eye.solve import HandEyeProblem


@dataclass(frozen=True)
class BoardScale:
    """The board's size by the robot over the size given."""

    ratio: float

    sigma: float
    """Its standard deviation."""

    @property
    def deviates(self) -> bool:
        """Whether the two sizes differ beyond doubt (five standard deviations) and by more than a printer's 0.5 %."""
        return abs(self.ratio - 1) > max(5 * self.sigma, 0.005)


def board_scale(problem: HandEyeProblem, reduced: ReducedProblem) -> BoardScale:
    """The ratio by generalised least squares about a solution, with all other unknowns free."""
    scene, state = problem.scene, problem.state
    x, y = state.mount_from_camera, state.fixture_from_board
    column = by_log_scale(scene.setup, scene.base_from_flange, x, y, state.camera_from_board)
    size = reduced.by.shape[2] + 1
    information, gradient = np.zeros((size, size)), np.zeros(size)
    information[:-1, :-1], gradient[:-1] = reduced.information, reduced.gradient
    by = np.concatenate([reduced.by, column[:, :, None]], axis=2)
    scaled = replace(reduced, by=by, information=information, gradient=gradient)
    solved = solve_reduced(scaled, problem.noise)
    return BoardScale(float(np.exp(solved.step[-1])), float(np.sqrt(solved.covariance[-1, -1])))


def by_log_scale(
    setup: Setup, base_from_flange: Array, mount_from_camera: Array, fixture_from_board: Array, camera_from_board: Array
) -> Array:
    """(n, 6) derivatives of the loop error by the logarithm of the board's size: every board is farther away."""
    c = camera_from_board
    tangent = np.zeros((len(c), 6))
    tangent[:, :3] = np.einsum("nji,nj->ni", c[:, :3, :3], c[:, :3, 3])
    by_view = loop_error(setup, base_from_flange, mount_from_camera, fixture_from_board, c).by_view
    return np.asarray(np.einsum("nij,nj->ni", by_view, tangent))
