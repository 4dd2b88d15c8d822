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
