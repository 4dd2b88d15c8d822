"""A checkerboard's grid in an image: the largest full rectangle of corners, checked, and turned to the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Grey
from calib.camera.detection.growth import grow, middle
from calib.camera.detection.linking import components, link
from calib.camera.detection.saddles import Peaks, Saddles, find_peaks, ring_test

_MAX_STRETCH = 1.7  # neighbouring squares differ no more than this, even at the rim of a fisheye; AprilGrids do (3.3)
_COMPONENTS = 5  # groups of linked corners that are looked at, the largest first
_STRONGEST = 300  # peaks that are looked at first; a board's are among the strongest of most images
_PLAIN = 20  # corners of a grid so large that it can only be a board
_WEAKEST = 0.01  # of the strength of a board's corners: a third of the contrast, and twice the blur
_NOTHING = "no checkerboard was found"


@dataclass(frozen=True)
class Grid:
    """A grid of corners."""

    corners_px: Array
    """(rows, columns, 2), NaN where one was not seen. Columns run to the right and rows down, or rotated from that by
    any angle, never mirrored."""
    dark_first: bool
    """Whether the square outside the first corner (up and left) is dark."""

    @property
    def columns(self) -> int:
        return int(self.corners_px.shape[1])

    @property
    def rows(self) -> int:
        return int(self.corners_px.shape[0])

    @property
    def count(self) -> int:
        """How many corners were seen."""
        return int(np.isfinite(self.corners_px[..., 0]).sum())

    def turn(self) -> Grid:
        """The same grid read from a quarter turn on."""
        turned = np.ascontiguousarray(np.rot90(self.corners_px))
        dark = self.dark_first ^ bool(self.columns % 2)  # the square at the other end of the first row of squares
        return Grid(turned, dark)


def full_rectangle(grid: Array) -> Array:
    """The largest part of a grid (rows, columns, 2) without a gap, by its number of corners."""
    full = np.isfinite(grid[..., 0])
    rows, columns = np.flatnonzero(full.any(axis=1)), np.flatnonzero(full.any(axis=0))
    if not len(rows):
        return grid[:0, :0]
    grid = grid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    full = full[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if full.all():
        return grid
    best, box, heights = 0, (0, 0, 0, 0), [0] * full.shape[1]
    for below, row in enumerate(full.tolist(), start=1):
        heights = [height + 1 if here else 0 for height, here in zip(heights, row, strict=True)]
        open_: list[tuple[int, int]] = []  # rectangles that end in this row, by left side, each higher than the last
        for right, height in enumerate((*heights, 0)):
            left = right
            while open_ and open_[-1][1] >= height:
                left, high = open_.pop()
                if high * (right - left) > best:
                    best, box = high * (right - left), (below - high, below, left, right)
            open_.append((left, height))
    return grid[box[0] : box[1], box[2] : box[3]]


def fault(corners: Array) -> str:
    """Why a grid (rows, columns, 2), NaN where no corner was seen, cannot be a view of a checkerboard; empty when it
    can.

    Every cell must keep its orientation (no fold, no mirror) and no square may differ from the next along a line by
    more than perspective and a lens can make it.
    """
    right = np.diff(corners, axis=1)
    down = np.diff(corners, axis=0)
    turn = right[:-1, :, 0] * down[:, :-1, 1] - right[:-1, :, 1] * down[:, :-1, 0]
    turn_far = right[1:, :, 0] * down[:, 1:, 1] - right[1:, :, 1] * down[:, 1:, 0]
    if (turn <= 0).any() or (turn_far <= 0).any():
        return "the corners found do not form a grid (folded or mirrored)"
    for sides, axis in ((right, 1), (down, 0)):
        length = np.hypot(sides[..., 0], sides[..., 1])
        first = length[:, :-1] if axis else length[:-1]
        second = length[:, 1:] if axis else length[1:]
        if first.size and (np.maximum(first / second, second / first) > _MAX_STRETCH).any():
            return "the corners found are not evenly spaced, as a checkerboard's are"
    return ""


@dataclass(frozen=True, eq=False)
class Grown:
    """A grid as its corners were linked and grown."""

    corners_px: Array
    """(rows, columns, 2), NaN where no corner was seen."""
    full: Array
    """(rows, columns, 2) the largest part of it without a gap."""


def best_grid(image: NDArray[np.float32]) -> tuple[Grown | None, str]:
    """The largest grid of corners in a smoothed image, and what stood against a better one.

    The strongest corners come first: a board is most often made of them, and the others need not be looked at.
    """
    peaks = find_peaks(image)
    best, why = None, _NOTHING
    for count in (_STRONGEST, len(peaks)):
        best, why = _largest(ring_test(image, peaks.select(slice(count))), peaks.select(slice(count, None)), image)
        if count >= len(peaks) or (best is not None and best.full.size >= 2 * _PLAIN):
            break
    return best, why


def _largest(saddles: Saddles, weaker: Peaks, image: NDArray[np.float32]) -> tuple[Grown | None, str]:
    """The grid with the largest full part among linked saddles, grown with weaker ones.

    Of grids with equally many corners the larger in the image counts: a board may be mirrored in a screen.
    """
    best, best_rank, why = None, (0, 0.0), _NOTHING
    for cells in components(*link(saddles, image))[:_COMPONENTS]:
        if len(cells) < max(4, best_rank[0]):
            break
        about = _about(weaker, saddles, list(cells.values()))
        grown = grow(cells, saddles, about, image)
        corners = full_rectangle(grown)
        if min(corners.shape[:2]) < 3:
            continue
        problem = fault(corners)
        spread = np.ptp(corners.reshape(-1, 2), axis=0)
        rank = (corners.shape[0] * corners.shape[1], float(spread[0] * spread[1]))
        if not problem and rank > best_rank:
            best, best_rank, why = Grown(grown, corners), rank, ""
        elif best is None:
            why = problem
    return best, why


def _about(peaks: Peaks, saddles: Saddles, linked: list[int]) -> Peaks:
    """Those of the peaks that may belong to the same board as some linked saddles."""
    position = saddles.position_px[linked]
    low, high = position.min(axis=0), position.max(axis=0)
    reach = (high - low).max()
    strong = peaks.select(peaks.strength > _WEAKEST * middle(saddles.strength[linked]))
    return strong.select(((strong.pixel > low - reach) & (strong.pixel < high + reach)).all(axis=1))


def with_colours(corners: Array, image: Grey) -> Grid:
    """A grid (rows, columns, 2), NaN where no corner was seen, with its colours read from the image."""
    centre = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
    row, column = np.nonzero(np.isfinite(centre[..., 0]))
    x, y = np.rint(centre[row, column]).astype(int).T
    value = image[np.clip(y, 0, image.shape[0] - 1), np.clip(x, 0, image.shape[1] - 1)]
    odd = (row + column) % 2 == 1
    return Grid(corners, bool(odd.any() and not odd.all() and value[~odd].mean() < value[odd].mean()))


def orient(grid: Grid, columns: int, rows: int) -> Grid | None:
    """The grid turned to columns x rows, None if it has another size.

    Where the colours distinguish the board's two ends, the square outside the first corner is dark; where they do not,
    the first row runs as nearly to the right as it can: no image distinguishes these alternatives.
    """
    turns = [grid]
    for _ in range(3):
        turns.append(turns[-1].turn())
    fits = [turn for turn in turns if (turn.columns, turn.rows) == (columns, rows)]
    fits = [turn for turn in fits if turn.dark_first] or fits
    return most_upright(fits) if fits else None


def most_upright(grids: Sequence[Grid]) -> Grid:
    """The grid whose rows run most nearly to the right."""
    upright = []
    for one in grids:
        steps = np.diff(one.corners_px, axis=1)
        along = steps[np.isfinite(steps[..., 0])].sum(axis=0)
        upright.append(float(along[0] / np.hypot(*along)))
    return grids[int(np.argmax(upright))]
