"""How far a lens reaches: where its image folds over, and which pixels no light can reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask

if TYPE_CHECKING:
    from calib.camera.lens import Lens

ANGLES, DIRECTIONS = 90, 8  # sampled off the axis and around it
SIDE = np.radians(90.0)


@dataclass(frozen=True, eq=False)
class Field:
    """The part of the image that a lens fills, as a radius about the principal point in every direction."""

    centre_px: Array
    """(2,) the principal point."""
    reach_px: Array
    """(directions,) to where the image grows with the angle off the axis; beyond, it would fold over."""
    reach_rad: float
    """The angle off the axis at which that ends, in the direction where it ends first."""

    @classmethod
    def of(cls, lens: Lens, parameters: Array) -> Field:
        """Of a lens with parameters (p,)."""
        around = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
        angles = np.linspace(0.0, np.radians(lens.widest_deg), ANGLES + 1)[1:]
        rays = np.empty((3, ANGLES, DIRECTIONS))
        rays[0], rays[1] = np.outer(np.sin(angles), np.cos(around)), np.outer(np.sin(angles), np.sin(around))
        rays[2] = np.cos(angles)[:, None]
        with np.errstate(all="ignore"):  # a denominator of the lens may vanish: its image ends there
            px = lens.project(parameters, rays.reshape(3, -1).T).reshape(ANGLES, DIRECTIONS, 2)
            centre = parameters[[lens.labels.index("cx_px"), lens.labels.index("cy_px")]]
            radius = np.hypot(*(px - centre).transpose(2, 0, 1))
            grows = np.logical_and.accumulate(np.diff(radius, axis=0, prepend=0.0) > 0, axis=0)
        last = np.maximum(grows.sum(axis=0) - 1, 0)
        reach = np.where(grows[0], radius[last, np.arange(DIRECTIONS)], 0.0)
        return cls(centre, reach, float(np.min(np.where(grows[0], angles[last], 0.0))))

    def contains(self, px: Array) -> Mask:
        """Whether pixels (..., 2) can be traced back to a ray."""
        offset = np.asarray(px) - self.centre_px
        turn = np.arctan2(offset[..., 1], offset[..., 0]) % (2 * np.pi) * (DIRECTIONS / (2 * np.pi))
        reach = np.interp(turn, np.arange(DIRECTIONS + 1), np.append(self.reach_px, self.reach_px[0]))
        return np.asarray(np.hypot(offset[..., 0], offset[..., 1]) < reach)

    def lit(self, px: Array) -> Mask:
        """Whether light can reach pixels (..., 2). A lens that takes in half of space and more leaves the rest dark; of
        one whose model ends before, nothing is known there."""
        return self.contains(px) if self.reach_rad >= SIDE else np.ones(np.shape(px)[:-1], bool)


def image_share(lens: Lens, parameters: Array, image_size_px: tuple[int, int]) -> float:
    """Share of the lit image that the lens can trace back to rays."""
    cells, size = np.array([32, 24]), np.array(image_size_px, dtype=np.float64)
    grid = (np.stack(np.meshgrid(*map(np.arange, cells)), axis=2) + 0.5) * size / cells - 0.5
    field = Field.of(lens, parameters)
    lit = field.lit(grid)
    return float(np.mean(field.contains(grid)[lit])) if lit.any() else 0.0
