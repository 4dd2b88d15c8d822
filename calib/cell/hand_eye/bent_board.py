"""Whether the images support a board that is not flat: by images that its surface was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.adjustment.board_shape import LABELS
from calib.camera.adjustment.reprojection import POSE_BLOCK
from calib.cell.hand_eye.bundle_adjustment import camera_blocks
from calib.engine import Problem
from calib.engine.clusters import cluster_systems
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of

if TYPE_CHECKING:
    from calib.cell.hand_eye.solve import HandEyeProblem

PARTS = 10  # into which the images are divided
FEWEST_IMAGES = 6  # below which a part or two decide
SIGMAS = 2.0  # of its own scatter over the parts, that the gain must exceed


@dataclass(frozen=True, eq=False)
class _Corners:
    """What the corners say of lens and surface, every board pose being fitted to its own image."""

    information: Array
    """(n, K, K) of each image."""

    slope: Array
    """(n, K), gradients of half the squared residuals."""

    prior: Array
    """(K, K), what is known of the lens beforehand."""

    prior_slope: Array
    """(K,)."""

    flat: Index
    """The columns of the lens."""


def shape_gains(problem: HandEyeProblem) -> bool:
    """Whether lens and surface together predict images that took no part better than a lens with a flat board.

    Both follow from the corners alone, about a solution with a flat board and linear there. The gain in squared
    residuals of each part of the images is by what the others determine.
    """
    count = len(problem.scene.images)
    found = _corners(problem) if count >= FEWEST_IMAGES else None
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


def _corners(problem: HandEyeProblem) -> _Corners | None:
    """About a solution; None for too few images."""
    bent = replace(problem.scene, bent_board=True)
    posed = Problem(*camera_blocks(bent, problem.state, problem.noise_px))
    layout = layout_of(posed)
    normal = assemble(layout, posed.start)
    systems = cluster_systems(layout, posed.start, normal)
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
