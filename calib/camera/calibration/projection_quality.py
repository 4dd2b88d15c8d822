"""How well a camera projects: where boards were seen, and in the rest of the image that light reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.adjustment.image_frame import ImageFrame
from calib.camera.calibration.uncertainty import sigma_at
from calib.camera.field import Field

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration

CELLS = (48, 36)
NEAR = 2  # cells around one with a corner that count as seen: what the corners determine reaches a little further
QUANTILE = 0.95
MOST_CORNERS = 2000  # that the figure inside is taken over


@dataclass(frozen=True)
class ProjectionQuality:
    """Standard deviations, per coordinate, of where a far point appears; a rotation of the camera is taken out."""

    inside_px: float
    """95th percentile over the corners used: where boards were seen."""
    outside_px: float | None
    """95th percentile of the rest; None where there is none, or where the size of the image is not known."""
    outside_share: float
    """Share of the image that this rest is."""
    blind_share: float
    """Share of the image, of what light can reach, that the lens model cannot trace back to rays."""
    weakest: str
    """Where outside it is least certain, in words; empty without an outside."""


def projection_quality(calibration: CameraCalibration) -> ProjectionQuality:
    """The figures of a calibration."""
    size = calibration.camera.image_size_px
    corners = np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views])
    frame = ImageFrame.of_image(size) if size else ImageFrame.of_corners(corners.T)
    low = frame.centre_px - frame.size_px / 2
    columns, rows = CELLS
    x, y = (low[i] + (np.arange(CELLS[i]) + 0.5) * frame.size_px[i] / CELLS[i] for i in (0, 1))
    px = np.stack(np.meshgrid(x, y), axis=2)
    near = _near(((corners - low) / frame.size_px * CELLS).astype(int))
    field = Field.of(calibration.camera.lens, calibration.camera.parameters)
    lit, inverted = field.lit(px), field.contains(px)
    few = corners[:: 1 + len(corners) // MOST_CORNERS]
    gauge = np.arange(len(few) + columns * rows) < len(few)
    at = np.concatenate([few, px.reshape(-1, 2)])
    inside, whole = np.split(sigma_at(*calibration.projecting, at, gauge), [len(few)])
    sigma = whole.reshape(rows, columns)
    known = lit & inverted & np.isfinite(sigma)
    outside = known & ~near & bool(size)
    return ProjectionQuality(
        inside_px=float(np.quantile(np.where(np.isfinite(inside), inside, np.inf), QUANTILE)),
        outside_px=float(np.quantile(sigma[outside], QUANTILE)) if outside.any() else None,
        outside_share=float(np.mean(outside)),
        blind_share=float(np.mean((lit & ~known)[lit])) if size else 0.0,
        weakest=_place(np.where(outside, sigma, -1.0)) if outside.any() else "",
    )


def _near(cells: Array) -> Mask:
    """Cells (rows, columns) with a corner (n, 2), column and row, in them or around."""
    columns, rows = CELLS
    held = np.zeros((rows + 2 * NEAR, columns + 2 * NEAR), bool)
    at = np.clip(cells, 0, np.array(CELLS) - 1) + NEAR
    for i in range(-NEAR, NEAR + 1):
        for j in range(-NEAR, NEAR + 1):
            held[at[:, 1] + i, at[:, 0] + j] = True
    return held[NEAR:-NEAR, NEAR:-NEAR]


def _place(sigma: Array) -> str:
    """The third of the image, in words, that holds the largest of sigma (rows, columns)."""
    row, column = np.unravel_index(int(np.argmax(sigma)), sigma.shape)
    down = ("upper", "middle", "lower")[3 * int(row) // sigma.shape[0]]
    across = ("left", "middle", "right")[3 * int(column) // sigma.shape[1]]
    return f"the {down} {across} of the image" if down != across else "the middle of the image"
