"""A board's drawing looked at: its lightness averaged over the footprints of a camera's pixels."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array

_SAMPLES = 5  # per side of the box that is averaged over


def lightness(drawing: Array, place: tuple[Array, Array], width: tuple[Array, Array]) -> Array:
    """The mean of a drawing (rows, columns) over boxes about places (x, y) of given widths, all in its pixels, whose
    edges are whole numbers; beyond it, its rim."""
    total = np.zeros(np.broadcast_shapes(place[0].shape, width[0].shape))
    steps = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
    columns = [np.floor(place[0] + step * width[0]).astype(int) for step in steps]
    rows = [np.floor(place[1] + step * width[1]).astype(int) for step in steps]
    for column in columns:
        for row in rows:
            total += drawing[np.clip(row, 0, drawing.shape[0] - 1), np.clip(column, 0, drawing.shape[1] - 1)]
    return np.asarray(total / _SAMPLES**2)


def sheet_with_discs(
    place: tuple[Array, Array], width: tuple[Array, Array], off: Array, radius: float, bounds: tuple[Array, Array]
) -> Array:
    """Lightness (0 to 1) of dark discs on a light sheet, grey beyond, averaged over boxes about places (x, y).

    width: (x, y) of the boxes. off: (2, ...) of each place from the middle of the disc that is nearest to it, infinite
    where there is none. bounds: (2,) least x and y of the sheet, and (2,) greatest.
    """
    sheet = np.prod([_overlap(at, size, a, b) for at, size, a, b in zip(place, width, *bounds, strict=True)], axis=0)
    width_x, width_y = np.broadcast_arrays(*width)
    dark = disc_in_box(off[0], off[1], width_x, width_y, radius)
    return np.asarray(sheet - dark + 0.5 * (1.0 - sheet))


def _overlap(place: Array, width: Array, low: float, high: float) -> Array:
    """The share of intervals about places that lies between two bounds."""
    return np.asarray((np.clip(place + width / 2, low, high) - np.clip(place - width / 2, low, high)) / width)


def disc_in_box(x: Array, y: Array, width_x: Array, width_y: Array, radius: float) -> Array:
    """The share of boxes that a disc about the origin covers: heights of the disc over steps across the box."""
    total, x, y = np.zeros(x.shape), np.where(np.isfinite(x), x, 1e9), np.where(np.isfinite(y), y, 1e9)
    near = np.hypot(np.maximum(np.abs(x) - width_x / 2, 0), np.maximum(np.abs(y) - width_y / 2, 0)) < radius
    x, y, width_x, width_y = (each[near] for each in (x, y, width_x, width_y))
    covered = np.zeros(x.shape)
    for step in (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5:
        half = np.sqrt(np.maximum(radius**2 - (x + step * width_x) ** 2, 0.0))
        covered += (np.clip(y + width_y / 2, -half, half) - np.clip(y - width_y / 2, -half, half)) / width_y
    total[near] = covered / _SAMPLES
    return total
