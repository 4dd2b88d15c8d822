"""Whether views support a board that is not flat: by views that its surface was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.adjustment.board_shape import LABELS
from calib.camera.adjustment.reprojection import POSE_BLOCK
from calib.engine.clusters import cluster_systems
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of

if TYPE_CHECKING:
    from calib.engine import Problem

PARTS = 10  # into which the views are divided
FEWEST_VIEWS = 6  # below which a part or two decide
SIGMAS = 2.0  # of its own scatter over the parts, that the gain must exceed


@dataclass(frozen=True, eq=False)
class _Corners:
    """What the corners say of lens and surface, every board pose being fitted to its own view."""

    information: Array
    """(n, K, K) of each view."""

    slope: Array
    """(n, K), gradients of half the squared residuals."""

    prior: Array
    """(K, K), what is known of the lens beforehand."""

    prior_slope: Array
    """(K,)."""

    flat: Index
    """The columns of the lens."""


def shape_gains(problem: Problem) -> bool:
    """Whether lens and surface together predict views that took no part better than a lens with a flat board.

    problem: of lens, poses and shape, about a solution with a flat board and taken as linear there. The gain in squared
    residuals of each part of the views is by what the others determine.
    """
    found = _corners(problem) if problem.by_name[POSE_BLOCK].count >= FEWEST_VIEWS else None
    if found is None:
        return False
    everything = np.arange(found.slope.shape[1])
    gains = []
    for k in range(min(PARTS, len(found.slope))):
        part = np.arange(k, len(found.slope), PARTS)
        own, slope = found.information[part].sum(axis=0), found.slope[part].sum(axis=0)
        others = found.prior + found.information.sum(axis=0) - own
        by_others = found.prior_slope + found.slope.sum(axis=0) - slope
        cost = []
        for columns in (found.flat, everything):
            step = np.zeros(len(everything))
            step[columns] = _minimum(others[np.ix_(columns, columns)], by_others[columns])
            cost.append(float(2 * slope @ step + step @ own @ step))
        gains.append(cost[0] - cost[1])
    scatter = float(np.std(gains, ddof=1)) / np.sqrt(len(gains))
    return bool(np.mean(gains) > SIGMAS * scatter)


def _corners(problem: Problem) -> _Corners | None:
    """About the problem's start; None for too few views."""
    layout = layout_of(problem)
    normal = assemble(layout, problem.start)
    systems = cluster_systems(layout, problem.start, normal)
    if systems is None:
        return None
    own = normal.private[POSE_BLOCK]
    explained = np.einsum("nik,ni->k", own[:, :, 6:-1], np.linalg.solve(own[:, :, :6], own[:, :, -1:])[:, :, 0])
    labels = layout.shared_labels()
    flat = np.array([i for i, label in enumerate(labels) if label not in LABELS], dtype=np.intp)
    prior_slope = normal.gradient - explained - systems.score.sum(axis=0)
    return _Corners(systems.information, systems.score, systems.prior, prior_slope, flat)


def _minimum(information: Array, slope: Array) -> Array:
    """Where the quadratic has its minimum; nothing along what is not determined."""
    scale = 1 / np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    inverse = np.linalg.pinv(information * scale * scale[:, None], hermitian=True, rcond=1e-10)
    return np.asarray(-scale * (inverse @ (scale * slope)))
