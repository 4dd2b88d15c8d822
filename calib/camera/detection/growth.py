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
_MAX_SWEEPS = 40  # each adds a line to the grid's rim
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
    parity = _parity(place, image)
    for _ in range(_MAX_SWEEPS):
        place, added = _with_margin(place)
        parity += added
        empty = _Cells.of(place, parity)
        tested, weaker = empty.test(weaker, image)
        free, grown = empty.fill(place, np.concatenate((free, tested)), image, MIN_EDGE * contrast)
        if not grown:
            break
    return place


def complete(place: Array) -> Array:
    """A grid (rows, columns, 2) with every gap filled as the corners around it predict."""
    place = place.copy()
    while (gaps := ~np.isfinite(place[..., 0])).any():
        place[gaps] = _Predicted.of(place).guess[gaps]
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


@dataclass(frozen=True, eq=False)
class _Predicted:
    """What the corners around each cell of a grid tell of its own."""

    guess: Array
    """(rows, columns, 2) its place: halfway between two, else in line with two or three; NaN where it is not told."""
    spacing: Array
    """(rows, columns) the size of a square there."""
    beside: Array
    """(4, rows, columns, 2) the corners beside it."""

    @classmethod
    def of(cls, place: Array) -> _Predicted:
        """Of a grid (rows, columns, 2)."""
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
        return cls(guess, spacing, one)


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
        told = _Predicted.of(place)
        miss = np.hypot(place[..., 0] - told.guess[..., 0], place[..., 1] - told.guess[..., 1]) / told.spacing
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
    """The empty cells whose corners are predicted."""

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
    odd: Mask
    """(n,) their colour."""

    @classmethod
    def of(cls, place: Array, parity: int) -> _Cells:
        """Of a grid (rows, columns, 2) with a parity, as `_parity` returns it."""
        told = _Predicted.of(place)
        row, column = np.nonzero(np.isfinite(told.guess[..., 0]) & ~np.isfinite(place[..., 0]))
        reach, beside = _MAX_MISS * told.spacing[row, column], told.beside[:, row, column]
        return cls(row, column, told.guess[row, column], reach, beside, (row + column + parity) % 2 == 1)

    def test(self, peaks: Peaks, image: NDArray[np.float32]) -> tuple[Array, Peaks]:
        """The saddles (m, 2) among the peaks near these cells, and the peaks that are near none."""
        guess, reach = self.guess, self.reach
        if not len(guess) or not len(peaks):
            return np.zeros((0, 2)), peaks
        low, high = (guess - reach[:, None]).min(axis=0), (guess + reach[:, None]).max(axis=0)
        among = np.flatnonzero(((peaks.pixel > low) & (peaks.pixel < high)).all(axis=1))
        x, y = (peaks.pixel[among, k, None] - guess[:, k] for k in (0, 1))
        near = np.zeros(len(peaks), bool)
        near[among] = (x * x + y * y < reach**2).any(axis=1)
        return ring_test(image, peaks.select(near)).position_px, peaks.select(~near)

    def fill(self, place: Array, free: Array, image: NDArray[np.float32], least: float) -> tuple[Array, bool]:
        """Fill the cells of `place` that saddles (m, 2), or the corners on three sides, determine: the saddles still
        free, and whether any cell was filled. least: strength of an edge, grey levels."""
        amid = np.flatnonzero(np.isfinite(self.beside[..., 0]).sum(axis=0) >= 3)
        near, saddle = self._claims(free)
        which, position = np.concatenate((amid, near)), np.concatenate((self.guess[amid], free[saddle]))
        led = _leads(position, self.beside[:, which], self.odd[which], image, least)
        # Of a cell's two places the saddle's comes last, and stays.
        where = np.full(place.shape[:2], -1)
        where[self.row[which[led]], self.column[which[led]]] = np.flatnonzero(led)
        self._part(where, which, position, image, least)
        row, column = np.nonzero(where >= 0)
        chosen = where[row, column]
        place[row, column] = position[chosen]
        return np.delete(free, saddle[chosen[chosen >= len(amid)] - len(amid)], axis=0), bool(len(chosen))

    def _part(self, where: Index, which: Index, position: Array, image: NDArray[np.float32], least: float) -> None:
        """Empty those odd cells of `where` (rows, columns), the numbers of new corners or -1, from which no edge leads
        to the new corner beside them."""
        for direction, (right, down) in enumerate(STEPS[:2]):
            one, other = where[: len(where) - down, : where.shape[1] - right], where[down:, right:]
            both = (one >= 0) & (other >= 0)
            start, stop = one[both], other[both]
            apart = ~_leads(position[start], position[None, stop], self.odd[which[start]], image, least, direction)
            dropped = np.where(self.odd[which[start]], start, stop)[apart]
            where[np.isin(where, dropped)] = -1

    def _claims(self, free: Array) -> tuple[Index, Index]:
        """The cells near which there is a saddle, and the saddle: of two cells that claim one, the nearer takes it."""
        if not len(free) or not len(self.row):
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        distance = np.hypot(free[:, :1] - self.guess[:, 0], free[:, 1:] - self.guess[:, 1])
        nearest, miss = distance.argmin(axis=0), distance.min(axis=0)
        near = np.flatnonzero((miss < self.reach) & (miss <= distance[nearest].min(axis=1)))
        return near, nearest[near]


def _leads(position: Array, beside: Array, odd: Mask, image: NDArray[np.float32], least: float, first: int = 0) -> Mask:
    """Whether edges of the right sign lead from positions (n, 2) to all corners beside them: (d, n, 2) by direction
    from the `first` on, NaN where there is none."""
    if not len(position):
        return np.zeros(0, bool)
    known = np.isfinite(beside[..., 0])
    strength = np.zeros(known.shape)
    strength[known] = edge_strength(image, np.broadcast_to(position, beside.shape)[known], beside[known])
    rising = np.where((np.arange(first, first + len(beside))[:, None] + odd) % 2, -1.0, 1.0)
    return np.asarray(((strength * rising > least) | ~known).all(axis=0))


def _parity(place: Array, image: NDArray[np.float32]) -> int:
    """0 if the edge to the right of the grid's even cells is light on its side of growing angle, else 1."""
    start, stop = place[:, :-1], place[:, 1:]
    known = np.isfinite(start[..., 0]) & np.isfinite(stop[..., 0])
    row, column = np.nonzero(known)
    votes = np.sign(edge_strength(image, start[known], stop[known])) * np.where((row + column) % 2, -1.0, 1.0)
    return 0 if votes.sum() >= 0 else 1
