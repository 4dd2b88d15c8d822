"""Where base, targets and anchors were found to be, each coordinate with its standard deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.documents import finite
from calib.geometry import so3
from calib.text import with_sigma

if TYPE_CHECKING:
    from calib.engine import ParameterBlock
    from calib.robot.identification.robust_fit import Fit

FRAME, POINT = 6, 3  # tangent coordinates of a frame, coordinates of a point
SIGMAS_95 = 1.96


@dataclass(frozen=True, eq=False)
class Place:
    """A frame or a point."""

    name: str
    """Of its block, with its member where there are several."""
    values: Array
    """(6,) x, y, z in m and a rotation vector in rad, or (3,); in the frame that its name begins with, or ends with."""
    sigma: Array
    """The same shape; 0 where held, infinite where not determined."""
    held: bool
    """Whether it was known."""

    def __str__(self) -> str:
        scale = np.array([1000.0] * 3 + [math.degrees(1.0)] * 3)[: len(self.values)]
        texts = [
            with_sigma(*pair)
            for pair in zip((scale * self.values).tolist(), (scale * self.sigma).tolist(), strict=True)
        ]
        turn = f"; rotation vector {', '.join(texts[3:])} deg" if len(texts) > POINT else ""
        return f"{self.name}: {', '.join(texts[:3])} mm{turn}{', held' if self.held else ''}"

    def as_document(self) -> dict[str, Any]:
        """As plain data."""
        low, high = self.values - SIGMAS_95 * self.sigma, self.values + SIGMAS_95 * self.sigma
        names = ("x_m", "y_m", "z_m", "rx_rad", "ry_rad", "rz_rad")
        coordinates = {
            name: {"value": value, "sigma": finite(sigma), "interval_95": [finite(a), finite(b)]}
            for name, value, sigma, a, b in zip(
                names, self.values.tolist(), self.sigma.tolist(), low.tolist(), high.tolist(), strict=False
            )
        }
        return {"held": self.held, **coordinates}


def places_of(blocks: tuple[ParameterBlock, ...], fitted: Fit) -> tuple[Place, ...]:
    """All frames and points of blocks, at the values of a fit."""
    found = []
    for block in blocks:
        values, transforms = fitted.values[block.name], block.values.ndim > 2
        if values.shape[-2:] != (4, 4) if transforms else len(block.labels) % POINT:
            continue  # planes and lengths, which are no place
        size = FRAME if transforms else POINT
        members = values.reshape((-1, 4, 4) if transforms else (-1, 3))
        for i, member in enumerate(members):
            labels = block.labels[size * i : size * (i + 1)]
            held = all(label in fitted.model.held for label in labels)
            covariance = fitted.uncertainty.covariance(labels)
            name = block.name + (f" {labels[0].member}" if labels[0].member else "")
            found.append(
                Place(name, *(_of_frame(member, covariance) if transforms else _of_point(member, covariance)), held)
            )
    return tuple(found)


def _of_point(point: Array, covariance: Array) -> tuple[Array, Array]:
    return point, np.sqrt(np.diagonal(covariance))


def _of_frame(frame: Array, covariance: Array) -> tuple[Array, Array]:
    """Origin and rotation vector; tangents are along the frame's own axes, these along its parent's."""
    turn = so3.log(frame[:3, :3])
    outward = np.zeros((6, 6))
    outward[:3, :3] = frame[:3, :3]
    outward[3:, 3:] = so3.left_jacobian_inverse(turn).T  # the right one's
    with np.errstate(invalid="ignore"):
        variance = np.einsum("ij,jk,ik->i", outward, covariance, outward)
    sigma = np.sqrt(np.where(np.isfinite(variance), np.maximum(variance, 0.0), np.inf))
    return np.concatenate([frame[:3, 3], turn]), sigma
