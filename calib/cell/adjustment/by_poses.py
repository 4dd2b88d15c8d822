"""What board poses that something else found tell of the board in every image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.adjustment.variance_components import BOARD, ReducedProblem, RobotNoise

if TYPE_CHECKING:
    from calib.camera.observations import View
    from calib.cell.adjustment.state import State
    from calib.cell.frame_loop import LoopError
    from calib.cell.known_lens import KnownLens
    from calib.engine import ParameterBlock, ResidualBlock


@dataclass(frozen=True, eq=False)
class PosesSight:
    """Poses of the board by whatever found them, with their own noise, stated or not.

    There is no lens and nothing to eliminate: the errors of both ends are in the one residual of the loop.
    """

    noise: tuple[float, float] | None
    """Standard deviations per axis, m and rad, of the board's position and turn; None: estimated."""

    own_poses = False
    bent_board = False
    held: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    known_lens: KnownLens | None = None

    @property
    def parameters(self) -> Array:
        """Of no lens."""
        return np.zeros(0)

    @property
    def flat_shape(self) -> Array:
        """Of no surface."""
        return np.zeros(0)

    def begin(self, noise: RobotNoise) -> RobotNoise:
        """The noise of both ends from which an estimate starts. What of it the data cannot tell apart counts as the
        robot's, unless that is stated."""
        if self.noise is not None:
            return replace(noise, board_m=self.noise[0], board_rad=self.noise[1])
        if noise.estimated:
            return replace(noise, board_rad=noise.sigma_rad, of_board=BOARD[1:])
        return replace(noise, board_m=noise.sigma_m, board_rad=noise.sigma_rad, of_board=BOARD)

    def hold_lens(self, views: tuple[View, ...]) -> PosesSight:
        """The same: there is no lens."""
        return self

    def bend(self) -> PosesSight:
        """The same: there is no surface to estimate."""
        return self

    def bending_gains(self, state: State, noise_px: float) -> bool:
        """False."""
        return False

    def height_m(self, state: State) -> float | None:
        """None."""
        return None

    def blocks(self, state: State, noise_px: float) -> tuple[tuple[ParameterBlock, ...], tuple[ResidualBlock, ...]]:
        """None: the poses are no unknowns."""
        return (), ()

    def whitening(self, off: LoopError, noise: RobotNoise) -> Array:
        """(n, 6, 6) of the residuals of the loop: its square is the inverse covariance of both ends together."""
        covariance = self.eliminate_from(off).covariance(noise)
        return np.asarray(np.swapaxes(np.linalg.cholesky(np.linalg.inv(covariance)), 1, 2))

    def eliminate(self, state: State, off: LoopError, noise_px: float) -> tuple[ReducedProblem, float]:
        """The residuals of the loop by the tangents of mount_from_camera and fixture_from_board."""
        return self.eliminate_from(off), 1.0

    def eliminate_from(self, off: LoopError) -> ReducedProblem:
        """The same of loop errors alone."""
        count = len(off.residuals)
        by = np.concatenate([off.by_camera, off.by_board], axis=2)
        nothing = np.zeros((count, 6, 6))
        return ReducedProblem(off.residuals, by, nothing, np.zeros((12, 12)), np.zeros(12), np.ones(count), off.by_view)

    def rms_px(self, state: State, camera_from_board: Array) -> Array:
        """(n,) NaN: there are no corners."""
        return np.full(len(camera_from_board), np.nan)

    def relocate(self, camera_from_board: Array, state: State, used: Mask) -> Array:
        """The poses as they were given."""
        return camera_from_board
