"""The robot's noise from the data themselves: variance components of its positions and orientations.

With every camera_from_board eliminated, image i leaves six residuals y_i + A_i d of the robot's pose, with covariance
V_i = (that of the camera's pose by the corners) + diag(sigma_m^2, sigma_rad^2), and d the common unknowns. The two
sigmas maximise the restricted likelihood (H. D. Patterson, R. Thompson, Biometrika 58, 1971).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, minimize

from calib.arrays import Array, Index

# What is believed of a robot: from better than any is made to worse than any that is worth calibrating.
BOUNDS_M, BOUNDS_RAD = (1e-6, 0.02), (1e-6, np.deg2rad(2.0))
PARTS = (slice(0, 3), slice(3, 6))


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

    def select(self, index: Index) -> ReducedProblem:
        """Some of the images."""
        residuals, by, by_corners = self.residuals[index], self.by[index], self.by_corners[index]
        return replace(self, residuals=residuals, by=by, by_corners=by_corners, excess=self.excess[index])


@dataclass(frozen=True)
class RobotNoise:
    """Standard deviations per coordinate of the flange's position and turn."""

    sigma_m: float
    sigma_rad: float
    estimated: bool = True

    @classmethod
    def from_sigmas(cls, sigmas: tuple[float, float] | None) -> RobotNoise | None:
        """Noise that is not estimated, m and rad; None if none is stated."""
        return None if sigmas is None else cls(*sigmas, estimated=False)

    def change(self, before: RobotNoise) -> float:
        """The larger relative change of the two since before."""
        return float(np.abs(np.log([self.sigma_m / before.sigma_m, self.sigma_rad / before.sigma_rad])).max())

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
    inverse = np.linalg.inv(reduced.by_corners + np.diag(noise.whitening**2))
    weighted = inverse @ reduced.by
    normal = reduced.information + np.einsum("nik,nil->kl", reduced.by, weighted)
    right = reduced.gradient + np.einsum("nik,ni->k", weighted, reduced.residuals)
    scale = 1 / np.sqrt(np.maximum(np.diagonal(normal), 1e-300))
    covariance = scale[:, None] * np.linalg.pinv(normal * scale * scale[:, None], hermitian=True) * scale
    step = -covariance @ right
    return ReducedSolution(step, covariance, reduced.residuals + reduced.by @ step, np.asarray(inverse, dtype=float))


def estimate_noise(reduced: ReducedProblem, start: RobotNoise) -> RobotNoise:
    """The sigmas of greatest restricted likelihood within BOUNDS_M and BOUNDS_RAD."""
    logs = np.log([BOUNDS_M, BOUNDS_RAD])
    first = np.clip(np.log([start.sigma_m, start.sigma_rad]), logs[:, 0], logs[:, 1])
    limits = Bounds(logs[:, 0], logs[:, 1])
    found = minimize(
        restricted_deviance, first, (reduced,), "L-BFGS-B", jac=True, bounds=limits, options={"maxiter": 60}
    )
    sigma_m, sigma_rad = np.exp(found.x).tolist()
    return RobotNoise(sigma_m, sigma_rad)


def restricted_deviance(logs: Array, reduced: ReducedProblem) -> tuple[float, Array]:
    """-2 log restricted likelihood, and its derivatives by the logarithms of the two sigmas."""
    sigma_m, sigma_rad = np.exp(logs).tolist()
    solved = solve_reduced(reduced, RobotNoise(sigma_m, sigma_rad))
    inverse, covariance = solved.inverse, solved.covariance
    weighted = inverse @ solved.residuals[..., None]
    spread = np.linalg.eigvalsh(covariance * _outer(1 / np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))))
    value = -float(np.sum(np.linalg.slogdet(inverse)[1])) - float(np.sum(np.log(np.maximum(spread, 1e-300))))
    value -= float(np.sum(np.log(np.maximum(np.diagonal(covariance), 1e-300))))
    step = solved.step
    value += float(np.einsum("ni,nij,nj->", solved.residuals, inverse, solved.residuals))
    value += float(step @ reduced.information @ step + 2 * reduced.gradient @ step)
    gain = inverse @ reduced.by
    slopes = []
    for part, sigma in zip(PARTS, (sigma_m, sigma_rad), strict=True):
        trace = float(np.einsum("nii->", inverse[:, part, part]))
        trace -= float(np.einsum("kl,nil,nik->", covariance, gain[:, part], gain[:, part]))
        slopes.append(2 * sigma**2 * (trace - float(np.sum(weighted[:, part] ** 2))))
    return value, np.array(slopes)


def _outer(v: Array) -> Array:
    return np.asarray(v[:, None] * v)
