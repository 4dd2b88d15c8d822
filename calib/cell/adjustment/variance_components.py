"""The robot's noise from the data themselves: variance components of its positions and orientations.

With every camera_from_board eliminated, image i leaves six residuals y_i + A_i d of the robot's pose, with covariance
V_i = (that of the camera's pose by the corners) + diag(sigma_m^2, sigma_rad^2), and d the common unknowns. The two
sigmas maximise the restricted likelihood (H. D. Patterson, R. Thompson, Biometrika 58, 1971).

Board poses that are given instead of corners have a noise of their own: that of their turns moves the flange along with
it, by the distance between them, and so is told from that of the robot's turns. Noise of their positions is not told
from that of the robot's: where neither is stated, both are in the robot's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, minimize

from calib.arrays import Array, Index

# What is believed of a robot, and of what locates a board: from better than any is made to worse than any that is worth
# calibrating.
BOUNDS_M, BOUNDS_RAD = (1e-6, 0.02), (1e-6, np.deg2rad(2.0))
PARTS = (slice(0, 3), slice(3, 6))
ROBOT, BOARD = ("sigma_m", "sigma_rad"), ("board_m", "board_rad")


@dataclass(frozen=True, eq=False)
class ReducedProblem:
    """The problem with each camera_from_board eliminated, about a point."""

    residuals: Array
    """(n, 6), metres and radians, of the robot's poses against those that the corners fit best."""

    by: Array
    """(n, 6, k) derivatives by the common unknowns."""

    by_corners: Array
    """(n, 6, 6) covariance that the noise of the corners leaves in the residuals."""

    information: Array
    """(k, k), of the common unknowns by the corners alone."""

    gradient: Array
    """(k,), of the common unknowns by the corners alone."""

    excess: Array
    """(n,) variance of each image's own corners over that of all, at least 1: what blur or a glare adds."""

    by_board: Array | None = None
    """(n, 6, 6) derivatives by the poses of the board, metres and radians, where these are given; None for corners."""

    def select(self, index: Index) -> ReducedProblem:
        """Some of the images."""
        residuals, by, by_corners = self.residuals[index], self.by[index], self.by_corners[index]
        by_board = None if self.by_board is None else self.by_board[index]
        return replace(
            self, residuals=residuals, by=by, by_corners=by_corners, excess=self.excess[index], by_board=by_board
        )

    def covariance(self, noise: RobotNoise, by_corners: Array | None = None) -> Array:
        """(n, 6, 6) of the residuals, with the part of the corners as it is or as given."""
        covariance = (self.by_corners if by_corners is None else by_corners) + np.diag(noise.whitening**2)
        if self.by_board is not None:
            moved = self.by_board * np.repeat([noise.board_m, noise.board_rad], 3)
            covariance = covariance + moved @ np.swapaxes(moved, 1, 2)
        return covariance

    def factor(self, name: str) -> Array:
        """(6, 3) or (n, 6, 3) by which three unit errors of one kind of noise move the residuals."""
        part = PARTS[name.endswith("_rad")]
        if name in ROBOT:
            return np.eye(6)[:, part]
        assert self.by_board is not None
        return self.by_board[:, :, part]


@dataclass(frozen=True)
class RobotNoise:
    """Standard deviations per coordinate of the flange's position and turn, and of the board's where it is given."""

    sigma_m: float
    sigma_rad: float
    estimated: bool = True
    """Whether the robot's are."""

    board_m: float = 0.0
    """Of board poses that are given; 0 where it is part of the robot's."""

    board_rad: float = 0.0

    of_board: tuple[str, ...] = ()
    """Which of the board's are estimated."""

    @classmethod
    def from_sigmas(cls, sigmas: tuple[float, float] | None) -> RobotNoise | None:
        """Noise that is not estimated, m and rad; None if none is stated."""
        return None if sigmas is None else cls(*sigmas, estimated=False)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of those that are estimated."""
        return (*(ROBOT if self.estimated else ()), *self.of_board)

    def values(self, names: tuple[str, ...]) -> Array:
        """Some of them by name."""
        return np.array([getattr(self, name) for name in names])

    def change(self, before: RobotNoise) -> float:
        """The largest relative change since before."""
        names = (*ROBOT, *self.of_board)
        return float(np.abs(np.log(self.values(names) / before.values(names))).max())

    @property
    def at_bound(self) -> bool:
        """Whether either is as large as is believed of a robot at most."""
        return self.estimated and (self.sigma_m >= 0.99 * BOUNDS_M[1] or self.sigma_rad >= 0.99 * BOUNDS_RAD[1])

    @property
    def whitening(self) -> Array:
        """Standard deviations (6,) of a residual."""
        return np.repeat([self.sigma_m, self.sigma_rad], 3)


@dataclass(frozen=True, eq=False)
class ReducedSolution:
    """The generalised least-squares solution of a reduced problem."""

    step: Array
    """(k,) of the common unknowns."""

    covariance: Array
    """(k, k)."""

    residuals: Array
    """(n, 6) after the step."""

    inverse: Array
    """(n, 6, 6) inverse covariance of the residuals."""


def solve_reduced(reduced: ReducedProblem, noise: RobotNoise) -> ReducedSolution:
    """Generalised least squares of the common unknowns."""
    inverse = np.linalg.inv(reduced.covariance(noise))
    weighted = inverse @ reduced.by
    normal = reduced.information + np.einsum("nik,nil->kl", reduced.by, weighted)
    right = reduced.gradient + np.einsum("nik,ni->k", weighted, reduced.residuals)
    scale = 1 / np.sqrt(np.maximum(np.diagonal(normal), 1e-300))
    covariance = scale[:, None] * np.linalg.pinv(normal * scale * scale[:, None], hermitian=True) * scale
    step = -covariance @ right
    return ReducedSolution(step, covariance, reduced.residuals + reduced.by @ step, np.asarray(inverse, dtype=float))


def estimate_noise(reduced: ReducedProblem, start: RobotNoise) -> RobotNoise:
    """The unknown sigmas of greatest restricted likelihood within BOUNDS_M and BOUNDS_RAD; as it is where none is."""
    names = start.unknown
    if not names:
        return start
    logs = np.log([BOUNDS_RAD if name.endswith("_rad") else BOUNDS_M for name in names])
    first = np.clip(np.log(start.values(names)), logs[:, 0], logs[:, 1])
    limits = Bounds(logs[:, 0], logs[:, 1])
    found = minimize(
        restricted_deviance, first, (reduced, start), "L-BFGS-B", jac=True, bounds=limits, options={"maxiter": 60}
    )
    return replace(start, **dict(zip(names, np.exp(found.x).tolist(), strict=True)))


def restricted_deviance(logs: Array, reduced: ReducedProblem, known: RobotNoise) -> tuple[float, Array]:
    """-2 log restricted likelihood, and its derivatives by the logarithms of the unknown sigmas."""
    sigmas = dict(zip(known.unknown, np.exp(logs).tolist(), strict=True))
    solved = solve_reduced(reduced, replace(known, **sigmas))
    inverse, covariance = solved.inverse, solved.covariance
    weighted = (inverse @ solved.residuals[..., None])[:, :, 0]
    spread = np.linalg.eigvalsh(covariance * _outer(1 / np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))))
    value = -float(np.sum(np.linalg.slogdet(inverse)[1])) - float(np.sum(np.log(np.maximum(spread, 1e-300))))
    value -= float(np.sum(np.log(np.maximum(np.diagonal(covariance), 1e-300))))
    step = solved.step
    value += float(np.einsum("ni,ni->", solved.residuals, weighted))
    value += float(step @ reduced.information @ step + 2 * reduced.gradient @ step)
    gain = inverse @ reduced.by
    slopes = []
    for name, sigma in sigmas.items():
        across = np.swapaxes(np.broadcast_to(reduced.factor(name), (len(gain), 6, 3)), 1, 2)  # (n, 3, 6)
        moved = across @ gain
        trace = float(np.sum((across @ inverse) * across)) - float(np.sum((moved @ covariance) * moved))
        slopes.append(2 * sigma**2 * (trace - float(np.sum((across @ weighted[..., None]) ** 2))))
    return value, np.array(slopes)


def _outer(v: Array) -> Array:
    return np.asarray(v[:, None] * v)
