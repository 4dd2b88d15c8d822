"""A checkerboard's grid in an image: the largest full rectangle of corners, checked, and turned to the board."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.camera.detection.growth import grow
from calib.camera.detection.linking import components, link
from calib.camera.detection.saddles import Saddles, sample

_MAX_STRETCH = 1.7  # neighbouring squares differ no more than this, even at the rim of a fisheye; AprilGrids do (3.3)
_NEXT = 0.7  # of the distance between the last two lines: how near the next may be
_COMPONENTS = 5  # groups of linked corners that are looked at, the largest first
_MIN_LINKED = 0.5  # a group of fewer corners, against the best grid so far, is not looked at


@dataclass(frozen=True)
class Grid:
    """A full grid of corners."""

    corners_px: Array
    """(rows, columns, 2). Columns run to the right and rows down, or rotated from that by any angle, never mirrored."""
    dark_first: bool
    """Whether the square outside the first corner (up and left) is dark."""

    @property
    def columns(self) -> int:
        return int(self.corners_px.shape[1])

    @property
    def rows(self) -> int:
        return int(self.corners_px.shape[0])

    def turn(self) -> Grid:
        """The same grid read from a quarter turn on."""
        turned = np.ascontiguousarray(np.rot90(self.corners_px))
        dark = self.dark_first ^ bool(self.columns % 2)  # the square at the other end of the first row of squares
        return Grid(turned, dark)


def full_rectangle(grid: Array) -> Array:
    """The largest part of a grid (rows, columns, 2) without a gap, by its number of corners."""
    full = np.isfinite(grid[..., 0])
    best, box = 0, (0, 0, 0, 0)
    for top in range(full.shape[0]):
        height_full = np.logical_and.accumulate(full[top:], axis=0)
        for below, row in enumerate(height_full, start=1):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
            for left, right in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                if below * (right - left) > best:
                    best, box = below * (right - left), (top, top + below, left, right)
    return grid[box[0] : box[1], box[2] : box[3]]


def cut_off(corners: Array, columns: int, rows: int, image_size_px: tuple[int, int]) -> bool:
    """Whether a full grid (rows, columns, 2) may be the visible part of a board of `columns` x `rows`: put on one side
    of it, the missing lines reach beyond the image."""
    limit = np.array(image_size_px) - 1.0
    for turned in (corners, np.swapaxes(corners, 0, 1)):
        missing = rows - turned.shape[0], columns - turned.shape[1]
        if min(missing) < 0 or max(missing) == 0:
            continue
        for lines, count in ((turned, missing[0]), (np.swapaxes(turned, 0, 1), missing[1])):
            whole = [_extend(lines, count), _extend(lines[::-1], count)] if count else []
            if any(((one < 0) | (one > limit)).any() for one in whole):
                return True
    return False


def _extend(corners: Array, count: int) -> Array:
    """The lines after the grid's last one, closer than its own: perspective may bring them that near."""
    steps = _NEXT * np.arange(1, count + 1)[:, None, None]
    extended: Array = corners[-1:] + steps * (corners[-1] - corners[-2])
    return extended


def fault(corners: Array) -> str:
    """Why a full grid (rows, columns, 2) cannot be a view of a checkerboard; empty when it can.

    Every cell must keep its orientation (no fold, no mirror) and no square may differ from the next along a line by
    more than perspective and a lens can make it.
    """
    right = np.diff(corners, axis=1)
    down = np.diff(corners, axis=0)
    turn = right[:-1, :, 0] * down[:, :-1, 1] - right[:-1, :, 1] * down[:, :-1, 0]
    turn_far = right[1:, :, 0] * down[:, 1:, 1] - right[1:, :, 1] * down[:, 1:, 0]
    if not ((turn > 0).all() and (turn_far > 0).all()):
        return "the corners found do not form a grid (folded or mirrored)"
    for sides, axis in ((right, 1), (down, 0)):
        length = np.hypot(sides[..., 0], sides[..., 1])
        first = length[:, :-1] if axis else length[:-1]
        second = length[:, 1:] if axis else length[1:]
        if first.size and (np.maximum(first / second, second / first) > _MAX_STRETCH).any():
            return "the corners found are not evenly spaced, as a checkerboard's are"
    return ""


def best_grid(saddles: Saddles, image: NDArray[np.float32]) -> tuple[Array | None, str]:
    """The largest full grid (rows, columns, 2) among the saddles of an image, and what stood against a better one.

    Of grids with equally many corners the larger in the image counts: a board may be mirrored in a screen.
    """
    neighbour, back = link(saddles, image)
    best, best_rank, why = None, (0, 0.0), "no checkerboard was found"
    for cells in components(neighbour, back)[:_COMPONENTS]:
        if len(cells) < max(4, _MIN_LINKED * best_rank[0]):
            break
        corners = full_rectangle(grow(cells, saddles, image))
        if min(corners.shape[:2]) < 3:
            continue
        problem = fault(corners)
        spread = np.ptp(corners.reshape(-1, 2), axis=0)
        rank = (corners.shape[0] * corners.shape[1], float(spread[0] * spread[1]))
        if not problem and rank > best_rank:
            best, best_rank, why = corners, rank, ""
        elif best is None:
            why = problem
    return best, why


def with_colours(corners: Array, image: NDArray[np.float32]) -> Grid:
    """A full grid (rows, columns, 2) with its colours read from the image, at the corners' scale."""
    centre = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
    value = sample(image, centre[..., 0], centre[..., 1])
    row, column = np.indices(value.shape)
    odd = (row + column) % 2 == 1
    return Grid(corners, bool(value[~odd].mean() < value[odd].mean()))


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
    if not fits:
        return None
    along = [turn.corners_px[0, -1] - turn.corners_px[0, 0] for turn in fits]
    upright = [float(side[0] / np.hypot(*side)) for side in along]
    return fits[int(np.argmax(upright))]
