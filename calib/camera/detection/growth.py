"""Linked corners grown into a grid: wrong ones pruned, missing ones looked for where their neighbours predict them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Index
from calib.camera.detection.linking import MIN_EDGE, STEPS, edge_strength
from calib.camera.detection.saddles import Saddles

_MAX_MISS = 0.3  # of a square: how far from its predicted place a corner may be
_MAX_SWEEPS = 80  # two add a line to the grid's rim


def grow(cells: dict[tuple[int, int], int], saddles: Saddles, image: NDArray[np.float32]) -> Array:
    """The component as positions (rows, columns, 2), NaN where no corner was seen: pruned, then grown past gaps.

    An empty cell takes the saddle where the corners around predict one, or, amid three or four corners (a highlight, a
    scratch), the predicted place itself, if edges of the right colours lead there from all of them.
    """
    column, row = np.array(list(cells)).T
    index = np.full((np.ptp(row) + 1, np.ptp(column) + 1), -1, dtype=np.intp)
    index[row - row.min(), column - column.min()] = list(cells.values())
    contrast = float(np.median(saddles.contrast[index[index >= 0]]))
    place = np.where((index >= 0)[..., None], saddles.position_px[index], np.nan)
    place = _prune(place)
    if not np.isfinite(place).any():
        return place
    free = saddles.position_px[saddles.contrast > MIN_EDGE * contrast]
    taken = place[np.isfinite(place[..., 0])]
    free = free[~(free[:, None] == taken[None]).all(axis=2).any(axis=1)]
    idle = 0
    for sweep in range(_MAX_SWEEPS):
        # Cells of one colour at a time: no two of them are neighbours, so each is checked against all around it.
        place, free, grown = _swept(place, free, image, contrast, sweep % 2)
        idle = 0 if grown else idle + 1
        if idle == 2:
            break
    return place


def _shift(place: Array, steps: int) -> Array:
    """The corner `steps` cells off in each of the four grid directions, (4, rows, columns, 2)."""
    padded = np.pad(place, ((steps, steps), (steps, steps), (0, 0)), constant_values=np.nan)
    rows, columns = place.shape[:2]
    return np.stack(
        [
            padded[steps * (1 + dr) : steps * (1 + dr) + rows, steps * (1 + dc) : steps * (1 + dc) + columns]
            for dc, dr in STEPS
        ]
    )


def _mean_known(guesses: Array) -> Array:
    """The mean over the first axis of what is not NaN; NaN where nothing is."""
    known = np.isfinite(guesses)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, guesses, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _predict(place: Array) -> tuple[Array, Array, Array]:
    """Where the corners around each cell put its corner (halfway between two, else in line with two or three), the size
    of a square there, and the four corners beside it (4, rows, columns, 2)."""
    one, two, three = (_shift(place, steps) for steps in (1, 2, 3))
    between = _mean_known((one[:2] + one[2:]) / 2)
    straight, curved = 2 * one - two, 3 * one - 3 * two + three
    beyond = _mean_known(np.where(np.isfinite(curved), curved, straight))
    guess = np.where(np.isfinite(between), between, beyond)
    distance = np.hypot(*np.moveaxis(one - guess, -1, 0))
    spacing = np.where(np.isfinite(distance), distance, np.inf).min(axis=0)
    return guess, spacing, one


def _prune(place: Array) -> Array:
    """Without the corners that hang on a chain, of no whole square, and, worst first, without those far from where
    their neighbours predict them. What is dropped may be found again when the culprit is gone."""
    place = place.copy()
    while True:
        full = np.pad(np.isfinite(place[..., 0]), 1)
        square = full[:-1, :-1] & full[1:, :-1] & full[:-1, 1:] & full[1:, 1:]
        place[~(square[:-1, :-1] | square[1:, :-1] | square[:-1, 1:] | square[1:, 1:])] = np.nan
        guess, spacing, _ = _predict(place)
        miss = np.hypot(*np.moveaxis(place - guess, -1, 0)) / spacing
        miss = np.where(np.isfinite(miss), miss, 0.0)
        around = np.lib.stride_tricks.sliding_window_view(np.pad(miss, 3), (7, 7)).max(axis=(2, 3))
        worst = (miss > _MAX_MISS) & (miss >= around)
        if not worst.any():
            return place
        place[worst] = np.nan


def _swept(
    place: Array, free: Array, image: NDArray[np.float32], contrast: float, colour: int
) -> tuple[Array, Array, bool]:
    """One sweep of growth over the empty cells of a colour. The array grows with the grid, the free saddles shrink.

    Returns both, and whether any cell was filled.
    """
    filled = np.isfinite(place[..., 0])
    margins = [(int(filled[0].any()), int(filled[-1].any())), (int(filled[:, 0].any()), int(filled[:, -1].any()))]
    place = np.pad(place, (*margins, (0, 0)), constant_values=np.nan)
    guess, spacing, beside = _predict(place)
    row, column = np.arange(place.shape[0])[:, None], np.arange(place.shape[1])
    # The colour is the grid's own, whatever margin this sweep added; so is the sign of the edges.
    parity: Index = (row + column + _parity(place, image)) % 2
    cell_row, cell_column = cell = np.nonzero(
        ~np.isfinite(place[..., 0]) & np.isfinite(guess[..., 0]) & (parity == colour)
    )
    if not len(cell_row):
        return place, free, False
    rising = np.where((np.arange(4)[:, None] + parity[cell]) % 2, -1.0, 1.0)
    around = beside[:, cell_row, cell_column]
    known = np.isfinite(around[..., 0])

    def leads(position: Array) -> NDArray[np.bool_]:
        start = np.broadcast_to(position, around.shape)
        strength = np.zeros(known.shape)
        strength[known] = edge_strength(image, start[known], around[known])
        seen = (strength * rising > MIN_EDGE * contrast) | ~known
        return np.asarray(np.all(seen, axis=0), dtype=np.bool_)

    position = guess[cell]
    good = (known.sum(axis=0) >= 3) & leads(position)
    if len(free):
        distance = np.hypot(*(free[:, None] - position[None]).transpose(2, 0, 1))
        nearest, miss = distance.argmin(axis=0), distance.min(axis=0)
        near = miss < _MAX_MISS * spacing[cell]
        near &= miss <= distance[nearest].min(axis=1)  # of two cells that claim a saddle, the nearer
        near &= leads(free[nearest])
        position = np.where(near[:, None], free[nearest], position)
        good |= near
        free = np.delete(free, nearest[near], axis=0)
    place[cell_row[good], cell_column[good]] = position[good]
    return place, free, bool(good.any())


def _parity(place: Array, image: NDArray[np.float32]) -> int:
    """0 if the edge to the right of the grid's even cells is light on its side of growing angle, else 1."""
    start, stop = place[:, :-1], place[:, 1:]
    known = np.isfinite(start[..., 0]) & np.isfinite(stop[..., 0])
    row, column = np.nonzero(known)
    votes = np.sign(edge_strength(image, start[known], stop[known])) * np.where((row + column) % 2, -1.0, 1.0)
    return 0 if votes.sum() >= 0 else 1
