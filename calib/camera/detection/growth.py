"""Linked corners grown into a grid: wrong ones pruned, missing ones looked for where their neighbours predict them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Index, Mask
from calib.camera.detection.linking import MIN_EDGE, STEPS, edge_strength
from calib.camera.detection.saddles import Peaks, Saddles, ring_test
from calib.camera.images import opencv

_MAX_MISS = 0.3  # of a square: how far from its predicted place a corner may be
_MAX_SWEEPS = 80  # two add a line to the grid's rim
_REACH = 3  # cells from which a place is predicted
_AROUND = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)


def grow(cells: dict[tuple[int, int], int], saddles: Saddles, weaker: Peaks, image: NDArray[np.float32]) -> Array:
    """The component as positions (rows, columns, 2), NaN where no corner was seen: pruned, then grown past gaps.

    An empty cell takes the saddle where the corners around predict one, or, amid three or four corners (a highlight, a
    scratch), the predicted place itself, if edges of the right colours lead there from all of them. weaker: peaks
    that were not tested for being saddles: those are that are predicted.
    """
    column, row = np.array(list(cells)).T
    index = np.full((np.ptp(row) + 1, np.ptp(column) + 1), -1, dtype=np.intp)
    index[row - row.min(), column - column.min()] = list(cells.values())
    contrast = middle(saddles.contrast[index[index >= 0]])
    place = np.where((index >= 0)[..., None], saddles.position_px[index], np.nan)
    place = prune(place)
    if not np.isfinite(place).any():
        return place
    free = saddles.position_px[saddles.contrast > MIN_EDGE * contrast]
    taken = place[np.isfinite(place[..., 0])]
    free = free[~(free[:, None] == taken[None]).all(axis=2).any(axis=1)]
    # The colour is the grid's own, whatever margin a sweep adds; so is the sign of the edges.
    idle, parity = 0, _parity(place, image)
    for sweep in range(_MAX_SWEEPS):
        place, added = _with_margin(place)
        parity += added
        # Cells of one colour at a time: no two of them are neighbours, so each is checked against all around it.
        cells_left = _Cells.of(place, parity, sweep % 2)
        tested, weaker = cells_left.test(weaker, image)
        free, grown = cells_left.fill(place, np.concatenate((free, tested)), image, MIN_EDGE * contrast)
        idle = 0 if grown else idle + 1
        if idle == 2:
            break
    return place


def complete(place: Array) -> Array:
    """A grid (rows, columns, 2) with every gap filled as the corners around it predict."""
    place = place.copy()
    while (gaps := ~np.isfinite(place[..., 0])).any():
        guess, _, _ = _predict(place)
        place[gaps] = guess[gaps]
        if (gaps == ~np.isfinite(place[..., 0])).all():
            break
    return place


def middle(values: Array) -> float:
    """The upper median; numpy's own takes 20 ms to load."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def _mean_known(guesses: Array) -> Array:
    """The mean over the first axis of what is not NaN; NaN where nothing is."""
    known = np.isfinite(guesses)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, guesses, 0.0).sum(axis=0) / known.sum(axis=0))


def _predict(place: Array) -> tuple[Array, Array, Array]:
    """Where the corners around each cell put its corner (halfway between two, else in line with two or three), the size
    of a square there, and the four corners beside it (4, rows, columns, 2)."""
    rows, columns = place.shape[:2]
    padded = np.full((rows + 2 * _REACH, columns + 2 * _REACH, 2), np.nan)
    padded[_REACH:-_REACH, _REACH:-_REACH] = place

    def neighbours(steps: int) -> Array:
        """The corner `steps` cells off in each of the four grid directions, (4, rows, columns, 2)."""
        starts = [(_REACH + steps * dr, _REACH + steps * dc) for dc, dr in STEPS]
        return np.stack([padded[top : top + rows, left : left + columns] for top, left in starts])

    one, two, three = neighbours(1), neighbours(2), neighbours(3)
    between = _mean_known((one[:2] + one[2:]) / 2)
    straight, curved = 2 * one - two, 3 * one - 3 * two + three
    beyond = _mean_known(np.where(np.isfinite(curved), curved, straight))
    guess = np.where(np.isfinite(between), between, beyond)
    distance = np.hypot(one[..., 0] - guess[..., 0], one[..., 1] - guess[..., 1])
    spacing = np.where(np.isfinite(distance), distance, np.inf).min(axis=0)
    return guess, spacing, one


def prune(place: Array) -> Array:
    """Without the corners that hang on a chain, of no whole square, and, worst first, without those far from where
    their neighbours predict them. What is dropped may be found again when the culprit is gone."""
    cv2 = opencv.load()
    place = place.copy()
    full = np.zeros((place.shape[0] + 2, place.shape[1] + 2), bool)
    while True:
        full[1:-1, 1:-1] = np.isfinite(place[..., 0])
        square = full[:-1, :-1] & full[1:, :-1] & full[:-1, 1:] & full[1:, 1:]
        place[~(square[:-1, :-1] | square[1:, :-1] | square[:-1, 1:] | square[1:, 1:])] = np.nan
        guess, spacing, _ = _predict(place)
        miss = np.hypot(place[..., 0] - guess[..., 0], place[..., 1] - guess[..., 1]) / spacing
        miss = np.where(np.isfinite(miss), miss, 0.0)
        worst = (miss > _MAX_MISS) & (miss >= cv2.dilate(miss, _AROUND))
        if not worst.any():
            return place
        place[worst] = np.nan


def _with_margin(place: Array) -> tuple[Array, int]:
    """The grid with an empty line beyond each side that holds a corner, and how many were added above and left."""
    filled = np.isfinite(place[..., 0])
    above, below, left, right = (int(side.any()) for side in (filled[0], filled[-1], filled[:, 0], filled[:, -1]))
    rows, columns = filled.shape
    wider = np.full((rows + above + below, columns + left + right, 2), np.nan)
    wider[above : above + rows, left : left + columns] = place
    return wider, above + left


@dataclass(frozen=True, eq=False)
class _Cells:
    """The empty cells of one colour whose corners are predicted."""

    row: Index
    """(n,)"""
    column: Index
    """(n,)"""
    guess: Array
    """(n, 2) where their corners should be."""
    reach: Array
    """(n,) how far from there they may be, pixels."""
    beside: Array
    """(4, n, 2) the corners beside them, NaN where there is none."""
    rising: Array
    """(4, n) the sign of the edges that lead to those, as `edge_strength` returns it."""

    @classmethod
    def of(cls, place: Array, parity: int, colour: int) -> _Cells:
        """Of a grid (rows, columns, 2) with a parity, as `_parity` returns it."""
        guess, spacing, beside = _predict(place)
        row, column = np.arange(place.shape[0])[:, None], np.arange(place.shape[1])
        own = (row + column + parity) % 2 == colour
        row, column = np.nonzero(own & np.isfinite(guess[..., 0]) & ~np.isfinite(place[..., 0]))
        rising = np.where((np.arange(4)[:, None] + colour) % 2, -1.0, 1.0)
        return cls(row, column, guess[row, column], _MAX_MISS * spacing[row, column], beside[:, row, column], rising)

    def test(self, peaks: Peaks, image: NDArray[np.float32]) -> tuple[Array, Peaks]:
        """The saddles (m, 2) among the peaks near these cells, and the peaks that are near none."""
        x, y = (peaks.pixel[:, k, None] - self.guess[:, k] for k in (0, 1))
        near: Mask = np.asarray((x * x + y * y < self.reach**2).any(axis=1))
        return ring_test(image, peaks.select(near)).position_px, peaks.select(~near)

    def fill(self, place: Array, free: Array, image: NDArray[np.float32], least: float) -> tuple[Array, bool]:
        """Fill the cells of `place` that saddles (m, 2), or the corners on three sides, determine: the saddles still
        free, and whether any cell was filled. least: strength of an edge, grey levels."""
        position, good = self.guess.copy(), np.zeros(len(self.row), bool)
        amid = np.flatnonzero(np.isfinite(self.beside[..., 0]).sum(axis=0) >= 3)
        good[amid] = self._leads(position[amid], amid, image, least)
        if len(free) and len(position):
            distance = np.hypot(free[:, :1] - position[:, 0], free[:, 1:] - position[:, 1])
            nearest, miss = distance.argmin(axis=0), distance.min(axis=0)
            # Of two cells that claim a saddle, the nearer takes it.
            near = np.flatnonzero((miss < self.reach) & (miss <= distance[nearest].min(axis=1)))
            near = near[self._leads(free[nearest[near]], near, image, least)]
            position[near] = free[nearest[near]]
            good[near] = True
            free = np.delete(free, nearest[near], axis=0)
        place[self.row[good], self.column[good]] = position[good]
        return free, bool(good.any())

    def _leads(self, position: Array, which: Index, image: NDArray[np.float32], least: float) -> Mask:
        """Whether edges lead from positions (n, 2), in some of the cells, to all corners beside them."""
        around = self.beside[:, which]
        known = np.isfinite(around[..., 0])
        strength = np.zeros(known.shape)
        strength[known] = edge_strength(image, np.broadcast_to(position, around.shape)[known], around[known])
        return np.asarray(((strength * self.rising > least) | ~known).all(axis=0))


def _parity(place: Array, image: NDArray[np.float32]) -> int:
    """0 if the edge to the right of the grid's even cells is light on its side of growing angle, else 1."""
    start, stop = place[:, :-1], place[:, 1:]
    known = np.isfinite(start[..., 0]) & np.isfinite(stop[..., 0])
    row, column = np.nonzero(known)
    votes = np.sign(edge_strength(image, start[known], stop[known])) * np.where((row + column) % 2, -1.0, 1.0)
    return 0 if votes.sum() >= 0 else 1
