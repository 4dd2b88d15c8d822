"""Does the board's size fit the robot's? The ratio that the robot's own lengths ask of the board."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.cell.hand_eye.frame_loop import discrepancy
from calib.cell.hand_eye.variance_components import Reduced, RobotNoise, solve_reduced

if TYPE_CHECKING:
    from calib.cell.hand_eye.bundle_adjustment import Scene, State


@dataclass(frozen=True)
class Scale:
    """ratio: the board's size by the robot over the size given. sigma: its standard deviation."""

    ratio: float
    sigma: float

    @property
    def deviates(self) -> bool:
        """Whether the two sizes differ beyond doubt (five standard deviations) and by more than a printer's 0.5 %."""
        return abs(self.ratio - 1) > max(5 * self.sigma, 0.005)


def board_scale(scene: Scene, state: State, reduced: Reduced, noise: RobotNoise) -> Scale:
    """The ratio by generalised least squares about a solution, with all other unknowns free."""
    column = by_log_scale(scene.setup, scene.base_from_flange, state.x, state.y, state.camera_from_board)
    size = reduced.by.shape[2] + 1
    information, gradient = np.zeros((size, size)), np.zeros(size)
    information[:-1, :-1], gradient[:-1] = reduced.information, reduced.gradient
    by = np.concatenate([reduced.by, column[:, :, None]], axis=2)
    solved = solve_reduced(replace(reduced, by=by, information=information, gradient=gradient), noise)
    return Scale(float(np.exp(solved.step[-1])), float(np.sqrt(solved.covariance[-1, -1])))


def by_log_scale(setup: Any, base_from_flange: Array, x: Array, y: Array, camera_from_board: Array) -> Array:
    """(n, 6) derivatives of the discrepancy by the logarithm of the board's size: every board is farther away."""
    c = camera_from_board
    tangent = np.zeros((len(c), 6))
    tangent[:, :3] = np.einsum("nji,nj->ni", c[:, :3, :3], c[:, :3, 3])
    by_view = discrepancy(setup, base_from_flange, x, y, c).by_view
    return np.asarray(np.einsum("nij,nj->ni", by_view, tangent))
