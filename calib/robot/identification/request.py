"""The options of an identification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calib.arrays import Array


@dataclass(frozen=True, eq=False)
class Request:
    """What is estimated, and how."""

    model: str = "geometry"
    """offsets (joint offsets), geometry (all of DH), full (and every effect), auto (and the effects that reduce the
    error on poses that were not fitted)."""
    fix: tuple[str, ...] = ()
    """Labels to hold at nominal."""
    free: tuple[str, ...] = ()
    """Labels to estimate beyond the model's."""
    tolerance: tuple[float, float] | None = None
    """Standard deviations of a prior on the arm's parameters about nominal, in m and rad."""
    compensate: str | None = None
    """The compensation that learns what the model leaves, kept only if it reduces the error on unseen rows."""
    robust: bool = True
    """Reject outlier rows; False: least squares on all rows that are plausible at all."""
    frames: Mapping[str, Array] = field(default_factory=dict)
    """Frames that are known and held, by what they are: `base` in the world, `tool` on the flange; (4, 4)."""
    seed: int = 0
    """Of everything random: the split, closed-form starts, folds, training."""
