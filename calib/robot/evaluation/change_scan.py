"""Is there a moment before and after which rows fit apart: a step, or a drift, of something that was taken as constant?

Residuals r and their derivatives A by all that was estimated are known. For every candidate with derivatives B, and
every moment, the least-squares gain of r = A x + B y [late] follows from sums over the rows before and after: one pass
over the rows tries all moments (D. W. K. Andrews, "Tests for Parameter Instability and Structural Change With Unknown
Change Point", Econometrica 61, 1993). Rows that fit neither part lose their weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from calib.arrays import Array, Index, Mask
from calib.robot.identification.noise import LEAST_SIGMA, OUTLIER_SIGMAS, chi_median

MOST_MOMENTS = 64  # tried at first; those between the best and its neighbours next
LEAST_SHARE = 0.1  # of the rows on either side: fewer are outliers, and named as such
FEWEST_ROWS = 5  # on either side
FALLS_BELOW = 0.5  # the variance of what is left, as a share: less is no matter beside everything else
BY_CHANCE = 1e-4  # probability, over all candidates and moments, of as much by chance
ROUNDS, WEIGHINGS = 3, 6
HUBER = 2.0  # of a row's length
RANK = 1e-6  # relative: directions of a candidate that what was estimated takes up anyway


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows in the order in which they were measured."""

    residuals: Array
    """(n, d)."""
    by_estimated: Array
    """(n, d, p) derivatives by what was estimated."""
    parts: Sequence[slice]
    """Of d: the components, each with a noise of its own."""
    moment: Index
    """(n,) ascending, from 0: rows of one moment stay together."""

    @property
    def numbers(self) -> int:
        """How many residuals."""
        return self.residuals.size


@dataclass(frozen=True, eq=False)
class Change:
    """What changed, and when."""

    name: str
    """Of the candidate."""
    gradual: bool
    """Whether over all of the session, not from one moment on."""
    first: int
    """The first row of the later part; of a gradual change 0."""
    share: Array
    """(n,) of the change, row by row: 0 and 1, or from -1/2 to 1/2."""
    size: Array
    """(m,) of the candidate."""
    estimated: Array
    """(p,) by how much everything else is off because of it."""
    fits: Mask
    """(n,) the rows that fit one of the parts."""
    variance: float
    """Of what is left, as a share of what was."""


def find_change(rows: Rows, candidates: Mapping[str, Array]) -> Change | None:
    """The one change of a candidate that explains what is left of the rows; None where none does beyond chance.

    candidates: per name, derivatives (n, d, m). Of several, that of the least Bayesian information criterion.
    """
    tried = 0
    found: tuple[float, Change] | None = None
    starts = (np.ones(len(rows.residuals)), _weights(rows, rows.residuals, _noise(rows, rows.residuals, 0))[0])
    for weights in starts:
        moments = _moments(rows, None)
        for _ in range(ROUNDS):
            gains = list(_gains(rows, candidates, weights, moments))
            if not gains:
                return None
            tried = max(tried, len(gains))
            _, name, first = min(gains, key=lambda each: each[0])
            left, change, weights = _settle(rows, candidates[name], name, first, weights)
            if found is None or left < found[0]:
                found = left, change
            moments = _moments(rows, first)
    assert found is not None
    return found[1] if _beyond_chance(rows, found[1], tried) else None


def _moments(rows: Rows, about: int | None) -> Index:
    """First rows of later parts: some over all of the session, or all near one; and 0 for a gradual change."""
    count = len(rows.moment)
    least = max(FEWEST_ROWS, int(np.ceil(LEAST_SHARE * count)))
    edges = np.flatnonzero(np.diff(rows.moment)) + 1
    edges = edges[(edges >= least) & (edges <= count - least)]
    if about and len(edges):
        at = int(np.searchsorted(edges, about))
        reach = len(edges) // MOST_MOMENTS + 1
        edges = edges[max(at - reach, 0) : at + reach + 1]
    elif len(edges) > MOST_MOMENTS:
        edges = edges[np.linspace(0, len(edges) - 1, MOST_MOMENTS).round().astype(np.intp)]
    return np.concatenate([[0], edges]).astype(np.intp)


def _gains(
    rows: Rows, candidates: Mapping[str, Array], weights: Array, moments: Index
) -> Iterator[tuple[float, str, int]]:
    """For every candidate and moment the information criterion, by weighted least squares."""
    root = np.sqrt(weights)[:, None] / _noise(rows, rows.residuals, rows.by_estimated.shape[2])
    a, r = rows.by_estimated * root[..., None], rows.residuals * root
    flat = a.reshape(-1, a.shape[2])
    back = _inverse(flat.T @ flat)
    right = flat.T @ r.ravel()
    total = float(np.sum(r * r) - right @ back @ right)
    steps, slope = moments[moments > 0], _share(rows, 0)
    for name, candidate in candidates.items():
        b = candidate * root[..., None]
        sums = [np.einsum("ndp,ndm->npm", a, b), np.einsum("ndp,ndm->npm", b, b), np.einsum("nd,ndm->nm", r, b)]
        late = [np.cumsum(each[::-1], axis=0)[::-1][steps] for each in sums]
        ramp = [np.einsum("n,n...->...", slope**k, each)[None] for each, k in zip(sums, (1, 2, 1), strict=True)]
        ab, bb, br = (np.concatenate(pair) for pair in zip(ramp, late, strict=True))
        own = bb - np.einsum("kpm,pq,kqn->kmn", ab, back, ab)
        along = br - np.einsum("kpm,pq,q->km", ab, back, right)
        scale = 1 / np.sqrt(np.maximum(np.einsum("kmm->km", bb), 1e-300))
        values, vectors = np.linalg.eigh(own * scale[:, :, None] * scale[:, None, :])
        turned = np.einsum("kmn,km->kn", vectors, along * scale)
        gain = np.sum(np.where(values > RANK, turned**2 / np.maximum(values, RANK), 0.0), axis=1)
        left = np.maximum(total - gain, 1e-12 * total + 1e-300)
        criterion = rows.numbers * np.log(left) + (b.shape[2] + 1) * np.log(rows.numbers)
        yield from ((float(c), name, int(k)) for c, k in zip(criterion, (0, *steps), strict=True))


def _settle(rows: Rows, candidate: Array, name: str, first: int, weights: Array) -> tuple[float, Change, Array]:
    """The change with the rows that fit it: its information criterion, itself, and their weights."""
    share = _share(rows, first)
    both = np.concatenate([rows.by_estimated, candidate * share[:, None, None]], axis=2)
    found, noise, weights, fits = _robust(rows, both, weights)
    left = rows.residuals - both @ found
    alone, *_ = _robust(rows, rows.by_estimated, weights)
    without = (rows.residuals, rows.residuals - rows.by_estimated @ alone)
    limited = [np.minimum(_sizes(rows, each, noise), OUTLIER_SIGMAS) ** 2 for each in (left, *without)]
    gone = np.all([(each == OUTLIER_SIGMAS**2).any(axis=1) for each in limited], axis=0)  # wrong in any case
    after, *befores = (float(np.sum(each[~gone])) for each in limited)
    before = min(befores)
    known = rows.by_estimated.shape[2]
    free = [max(rows.numbers - count, 1) for count in (both.shape[2], known)]
    variance = (after / free[0]) / max(before / free[1], 1e-300)
    criterion = rows.numbers * np.log(max(variance, 1e-300)) + candidate.shape[2] * np.log(rows.numbers)
    change = Change(name, first == 0, first, share, found[known:], found[:known], fits, variance)
    return float(criterion), change, weights


def _robust(rows: Rows, design: Array, weights: Array) -> tuple[Array, Array, Array, Mask]:
    """Coefficients (q,) of a design (n, d, q), the noise (d,), weights (n,), and which rows fit."""
    noise = _noise(rows, rows.residuals, design.shape[2])
    found, fits = np.zeros(design.shape[2]), np.ones(len(weights), bool)
    for _ in range(WEIGHINGS):
        root = np.sqrt(weights)[:, None] / noise
        flat = (design * root[..., None]).reshape(-1, design.shape[2])
        found = _inverse(flat.T @ flat) @ (flat.T @ (rows.residuals * root).ravel())
        left = rows.residuals - design @ found
        noise = _noise(rows, left, design.shape[2])
        weights, fits = _weights(rows, left, noise)
    return found, noise, weights, fits


def _noise(rows: Rows, left: Array, parameters: int) -> Array:
    """The standard deviation (d,) of every residual, from medians of rows."""
    shrunk = np.sqrt(max(1 - parameters / left.size, 0.05))
    noise = np.empty(left.shape[1])
    for part in rows.parts:
        length = np.median(np.linalg.norm(left[:, part], axis=1)) / chi_median(part.stop - part.start)
        noise[part] = max(float(length / shrunk), LEAST_SIGMA)
    return noise


def _sizes(rows: Rows, left: Array, noise: Array) -> Array:
    """The length of every component of a row, (n, components), in standard deviations."""
    return np.stack([np.linalg.norm(left[:, part] / noise[part], axis=1) for part in rows.parts], axis=1)


def _weights(rows: Rows, left: Array, noise: Array) -> tuple[Array, Mask]:
    """Huber's weights (n,), none for outliers; and which rows are none."""
    worst = _sizes(rows, left, noise).max(axis=1)
    fits = worst <= OUTLIER_SIGMAS
    return np.where(fits, np.minimum(1.0, HUBER / np.maximum(worst, HUBER)), 0.0), fits


def _share(rows: Rows, first: int) -> Array:
    """(n,) of a step at a row, or of a slope over the session."""
    if first:
        return (np.arange(len(rows.moment)) >= first).astype(float)
    return rows.moment / max(int(rows.moment[-1]), 1) - 0.5


def _inverse(normal: Array) -> Array:
    """The pseudo-inverse of a normal matrix, its columns scaled alike."""
    scale = 1 / np.sqrt(np.maximum(np.diagonal(normal), 1e-300))
    return np.asarray(scale * scale[:, None] * np.linalg.pinv(normal * scale * scale[:, None], 1e-11, hermitian=True))


def _beyond_chance(rows: Rows, change: Change, tried: int) -> bool:
    """Whether what is left falls by so much, and by more than the best of so many trials does by chance."""
    unknown = len(change.size) + 1  # and the moment
    outliers = rows.residuals.shape[1] * int(np.sum(~change.fits))
    free = rows.numbers - outliers - len(change.estimated) - unknown
    if free < FEWEST_ROWS or change.variance > FALLS_BELOW:
        return False
    ratio = (1 / change.variance - 1) * free / unknown
    return bool(tried * fdtrc(unknown, free, ratio) < BY_CHANCE)
