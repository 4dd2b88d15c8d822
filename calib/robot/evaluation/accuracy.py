"""How far an arm is from what was measured: errors of rows, and their statistics in mm and degrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Mask


@dataclass(frozen=True)
class Statistics:
    """Statistics of the lengths of errors over rows."""

    mean: float
    """Of the lengths."""
    rms: float
    """Root mean square."""
    median: float
    """Of the lengths."""
    p95: float
    """95th percentile."""
    max: float
    """Of the lengths."""


@dataclass(frozen=True)
class Accuracy:
    """Errors over some rows."""

    position_mm: Statistics
    """Distance between predicted and measured, or error of a distance."""
    orientation_deg: Statistics | None
    """Angle between them; None where it is not measured."""
    rows: int
    """How many."""

    def __str__(self) -> str:
        angle = f", {self.orientation_deg.mean:.3f} deg" if self.orientation_deg else ""
        return f"{self.position_mm.mean:.3f} mm{angle}"


def accuracy(sizes: Mapping[str, Array], rows: Mask) -> Accuracy | None:
    """Statistics over the rows (n,) chosen; None without any. sizes: m or rad (n,) per component."""
    if not rows.any():
        return None
    angle = sizes.get("orientation")
    first = next(iter(sizes.values()))
    return Accuracy(
        statistics(1000 * first[rows]), None if angle is None else statistics(np.degrees(angle[rows])), int(rows.sum())
    )


def statistics(lengths: Array) -> Statistics:
    """Statistics of lengths (n,), n at least 1."""
    return Statistics(
        mean=float(np.mean(lengths)),
        rms=float(np.sqrt(np.mean(lengths**2))),
        median=float(np.median(lengths)),
        p95=float(np.quantile(lengths, 0.95)),
        max=float(np.max(lengths)),
    )
