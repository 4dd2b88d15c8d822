"""Whether residuals hold a pattern that repeats in the image: the sign of a lens model that does not fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array


@dataclass(frozen=True)
class Pattern:
    """What of the residuals repeats."""

    ratio: float
    """Root mean square of what repeats, over that of noise in its place: 1 is noise alone."""
    size: float
    """Its root mean square, that of noise taken out."""


def image_pattern(residuals_px: Array, px: Array) -> Pattern:
    """What of the residuals (n, 2) repeats at the same place px (n, 2) in the image: much more than 1 is a poor lens
    model. Its size is in pixels. A one-way analysis of variance; 1 and 0 without enough data."""
    low, high = px.min(axis=0), px.max(axis=0)
    cells = np.clip(((px - low) / np.maximum(high - low, 1e-9) * 10).astype(int), 0, 9)
    group = cells[:, 0] * 10 + cells[:, 1]
    counts = np.bincount(group).astype(float)
    groups = int(np.count_nonzero(counts))
    if groups < 2 or len(residuals_px) < 3 * groups:
        return Pattern(1.0, 0.0)
    sums = np.stack([np.bincount(group, residuals_px[:, i]) for i in range(2)], axis=1)
    between = float(np.sum(sums[counts > 0] ** 2 / counts[counts > 0, None]))
    within = max(float(np.sum(residuals_px**2)) - between, 1e-300) / (len(residuals_px) - groups)
    size = np.sqrt(max(between - groups * within, 0.0) / len(residuals_px))
    return Pattern(float(np.sqrt(between / groups / within)), float(size))
