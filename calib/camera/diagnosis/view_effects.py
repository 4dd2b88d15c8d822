"""Whether something distorts every image in its own way: a shutter, a stabiliser, an autofocus.

Each is a random effect: d = J e for a view, with J known and e of the view normal with a common standard deviation
that is estimated (by maximum likelihood, N. M. Laird, J. H. Ware, "Random-effects models for longitudinal data",
Biometrics 38, 1982). So effects with different numbers of unknowns are comparable, and one that would need implausible
values for some view loses to one that does not. What the whole set has in common is granted first: a lens, and a board
that is stretched, sheared and not flat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.board_shape import Surface
from calib.camera.adjustment.view_systems import least_squares

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calib.camera.adjustment.view_systems import LinearViews

SPREADS = 10.0 ** np.arange(-3.0, 5.1, 0.5)  # variances of the effect over that of a coordinate that are tried
FEWEST_VIEWS = 8
LEAST_GAIN = 30.0  # in log-likelihood, of an effect worth a word


@dataclass(frozen=True)
class Explained:
    """How well an effect explains the residuals."""

    gain: float
    """In log-likelihood."""
    spread: float
    """Standard deviation of the effect, in the unit that its columns are per."""
    left: float
    """Variance of the residuals with it over that without."""


def shared_columns(linear: LinearViews) -> Array:
    """(m, 2, c) derivatives by everything that all views have in common."""
    board = linear.corners.in_board
    heights = linear.by_pose[:, :, 2:3] * Surface.over(board).powers(board).T[:, None, :]
    return np.concatenate([linear.by_lens, print_columns(linear), heights], axis=2)


def print_columns(linear: LinearViews) -> Array:
    """(m, 2, 2) derivatives by a stretch of the board along x, and by a shear of it."""
    board = linear.corners.in_board
    return np.asarray(linear.by_pose[:, :, :1] * board[:2].T[:, None, :])


def explain_residuals(linear: LinearViews, shared: Array, effect: Array) -> Explained:
    """How well an effect (m, 2, e) of every view explains what shared columns (m, 2, c) leave."""
    triangles, e = linear.triangles(effect, shared), effect.shape[2]
    freedom = linear.freedom - (shared.shape[2] - len(linear.labels))
    base, before = _likelihood(triangles, e, 0.0, freedom)
    tried = [(*_likelihood(triangles, e, float(spread), freedom), float(spread)) for spread in SPREADS]
    best, after, spread = max(tried)
    return Explained(best - base, float(np.sqrt(spread * after)), after / max(before, 1e-300))


def lead(effects: Mapping[str, Explained], name: str, besides: Collection[str] = ()) -> float:
    """By what share of its gain an effect explains the residuals better than any other; 0 if it is not the best.

    besides: names of others that are no rivals.
    """
    gain = effects[name].gain
    rest = max((each.gain for other, each in effects.items() if other != name and other not in besides), default=0.0)
    return max(gain - rest, 0.0) / gain if gain > LEAST_GAIN else 0.0


def _likelihood(triangles: Array, e: int, spread: float, freedom: int) -> tuple[float, float]:
    """Logarithm of the likelihood, and the variance of a coordinate, with e effects of a relative variance."""
    views, width, _ = triangles.shape
    volume = 0.0
    if spread > 0:
        known = np.zeros((views, e, width))
        known[:, np.arange(e), np.arange(e)] = 1 / np.sqrt(spread)
        triangles = np.asarray(np.linalg.qr(np.concatenate([triangles, known], axis=1), mode="r"))
        diagonal = np.abs(np.einsum("vii->vi", triangles[:, :e, :e])) * np.sqrt(spread)
        volume, triangles = 2 * float(np.sum(np.log(diagonal))), triangles[:, e:]
    squares, _ = least_squares(triangles[:, :, e:].reshape(-1, width - e))
    return -0.5 * (freedom * np.log(max(squares, 1e-300)) + volume), squares / max(freedom, 1)
