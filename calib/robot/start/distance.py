"""A fixed anchor and target points from measured distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.geometry import se3
from calib.robot.start.closed_forms import anchor_of_distances, corrected_distance
from calib.robot.start.inliers import reach, require_turning, solve_on_inliers, target_index, within


@dataclass(frozen=True, eq=False)
class DistanceStart:
    """Anchor and targets, in closed form."""

    anchor_in_base: Array
    """(3,) m."""
    target_in_flange: Array
    """(targets, 3) m."""
    zero_m: float
    """From which distances are counted; 0 unless it is unknown."""
    residual_m: Array
    """(n,) modelled minus measured."""
    inlier: Mask
    """(n,) which rows agree with the others."""


def distance_start(
    base_from_flange: Array, distance: Array, target: Index | None = None, *, from_zero: bool = False
) -> DistanceStart:
    """A fixed anchor and target points from distances (n,) in m between them: d = |F x - a| for every row.

    target: (n,) index of the target of each row, all 0 if None. from_zero: whether they are counted from an unknown
    zero c, d = |F x - a| + c, which brings 2 d c to the right-hand side below.
    Squared, d^2 - |p|^2 = s + 2 x.(R'p) - 2 a.p - 2 sum R_jk a_j x_k with p, R of the flange and s = |a|^2 + |x|^2:
    linear in the 16 unknowns s, x, a and a x', solved in the least absolute residual (the measurement stands on one
    side only, so an outlier has bounded influence), then re-linearised in a and x alone.

    Raises DegenerateError as `pose_start`.
    """
    f, d = np.asarray(base_from_flange, dtype=float), np.asarray(distance, dtype=float)
    targets = target_index(target, len(f))
    require_turning(f, least=20)
    length = reach(f)
    anchors, points, zeros = [], [], []
    for k in range(targets.max() + 1):
        at = targets == k
        require_turning(f[at], least=20)
        anchor, point, zero = anchor_of_distances(f[at], d[at], length, from_zero=from_zero)
        anchors.append(anchor)
        points.append(point)
        zeros.append(zero)

    def residuals(estimate: tuple[Array, Array, float]) -> Array:
        anchor, of_target, zero = estimate
        return np.asarray(np.linalg.norm(se3.apply(f, of_target[targets]) - anchor, axis=1) + zero - d)

    def inliers(estimate: tuple[Array, Array, float]) -> Mask:
        return within(np.abs(residuals(estimate)), length)

    def solve(estimate: tuple[Array, Array, float], good: Mask) -> tuple[Array, Array, float]:
        return corrected_distance(f[good], d[good], targets[good], *estimate, from_zero=from_zero)

    begin = (np.median(anchors, axis=0), np.array(points), float(np.median(zeros)))
    found = solve_on_inliers(begin, inliers, solve, np.zeros(len(f), dtype=bool), once_more=True)
    off = residuals(found)
    return DistanceStart(*found, off, within(np.abs(off), length))
