"""Whether 95 % intervals are as wide as the errors they speak of: neither narrower nor much wider."""

from __future__ import annotations

from typing import Any

import numpy as np

from calib.geometry import so3

INNER, SHARE_INNER = 0.1, 0.155  # of a 95 % interval about its middle, and the share of normal errors there


def share_within(ratios: Any) -> float:
    """Of errors over half widths, the share within the intervals."""
    return float(np.mean(np.concatenate([np.ravel(each) for each in ratios]) <= 1))


def are_tight(ratios: Any, independent: int) -> bool:
    """Whether no more errors than chance allows, to three sigma, lie in the inner tenth of their intervals.

    Of intervals ten times too wide it holds 95 % of the errors. independent: how many errors the ratios are worth.
    """
    inner = float(np.mean(np.concatenate([np.ravel(each) for each in ratios]) <= INNER))
    return inner < SHARE_INNER + 3 * np.sqrt(SHARE_INNER * (1 - SHARE_INNER) / independent)


def pose_ratios(found: Any, truth: Any, place: Any) -> Any:
    """(6,) errors of a pose along and about its parent's axes, over the half widths of a place or a pair."""
    turn = np.abs(so3.log(found[:3, :3] @ truth[:3, :3].T))
    return np.concatenate([np.abs(found[:3, 3] - truth[:3, 3]) / place.half_width_95_m, turn / place.half_width_95_rad])
