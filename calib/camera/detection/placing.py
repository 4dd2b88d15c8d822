"""A part of a checkerboard placed on the whole: which of its corners are seen, where nothing else is possible.

A side of the part is an end of the board where the next line would be in the image and is not; beyond a side the
frame cuts off, lines may be missing; and the colours of the squares exclude every second place.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array, Grey
from calib.camera.detection.grid import Grid, fault, most_upright, with_colours
from calib.camera.detection.growth import complete, prune

_MIN_CORNERS = 12  # of a part: a 4 x 3 board; less is matched by ordinary texture
_EVEN = 0.9  # of the corners found lie where those around them predict: a grid that took a wrong turn has fewer
_MIN_SHARE = 0.3  # of the board's corners
_MIN_LINE = 0.5  # of a line at the rim is seen; fewer corners may be anything
_NEAR_BORDER = 0.6  # of a square: corners nearer to the frame than that cannot be told from an edge
_VISIBLE = 0.6  # of a missing line's places inside the frame: had it been there, some of it would have been seen


def place_part(grown: Array, size: tuple[int, int], image: Grey) -> tuple[Grid | None, str]:
    """A grid (rows, columns, 2), NaN where no corner was seen, as the board of `size` (columns, rows) with the corners
    that are seen; None and the reason where it is not a part of it, or of several."""
    part = _trim(prune(grown), max(size))
    seen = np.isfinite(part[..., 0])
    if seen.sum() < _EVEN * np.isfinite(grown[..., 0]).sum():
        return None, "the corners found are not evenly spaced, as a checkerboard's are"
    text = f"{part.shape[1]}x{part.shape[0]} of the board's {size[0]}x{size[1]} corners are seen"
    if seen.sum() < max(_MIN_CORNERS, _MIN_SHARE * size[0] * size[1]) or min(part.shape[:2]) < 3:
        return None, f"only {text}"
    if problem := fault(complete(part)):  # beyond a gap a grid may have slipped by a line
        return None, problem
    turned = [with_colours(part, image)]
    for _ in range(3):
        turned.append(turned[-1].turn())
    placed = [board for turn in turned for board in _placements(turn, size, image.shape)]
    if size[0] % 2 != size[1] % 2:  # the colours tell the two ends apart
        placed = [board for board in placed if board.dark_first]
    elif sorted(part.shape[:2]) != sorted(size):  # nothing would tell a line that is there and was not seen
        return None, f"only {text}: the colours of its two ends are alike, so that a line may be missing on either side"
    sets = {np.isfinite(board.corners_px[..., 0]).tobytes() for board in placed}
    mirrored = {np.isfinite(board.corners_px[::-1, ::-1, 0]).tobytes() for board in placed}
    if not placed:
        return None, f"only {text}: the rest is hidden, and not known which"
    if len(placed) == 1 or (size[0] % 2 == size[1] % 2 and len(placed) == 2 and sets == mirrored):
        return most_upright(placed), ""
    return None, f"only {text}, and not known which: the rest is outside the image on more than one side"


def _trim(grown: Array, longest: int) -> Array:
    """Without lines at the rim of hardly a corner, and without any that make it longer than the board."""
    part = grown
    for axis in (0, 1):
        part = np.moveaxis(part, axis, 0)
        counts = np.isfinite(part[..., 0]).sum(axis=1)
        first, last, least = 0, len(part), _MIN_LINE * counts.max()
        while last > first and (counts[first] < least or counts[last - 1] < least or last - first > longest):
            if counts[first] <= counts[last - 1]:
                first += 1
            else:
                last -= 1
        part = np.moveaxis(part[first:last], 0, axis)
    return part


def _placements(part: Grid, size: tuple[int, int], shape: tuple[int, ...]) -> list[Grid]:
    """The board with the part at each place that the image's frame allows."""
    columns, rows = size
    down, right = rows - part.rows, columns - part.columns
    if min(down, right) < 0:
        return []
    whole = complete(part.corners_px)
    hidden = [
        _hidden_beyond(side, shape)
        for side in (whole, whole[::-1], whole.swapaxes(0, 1), whole[:, ::-1].swapaxes(0, 1))
    ]
    found = []
    for top in range(down + 1):
        for left in range(right + 1):
            missing = (down - top, top, right - left, left)
            if all(is_hidden or not count for is_hidden, count in zip(hidden, missing, strict=True)):
                corners = np.full((rows, columns, 2), np.nan)
                corners[top : top + part.rows, left : left + part.columns] = part.corners_px
                found.append(Grid(corners, part.dark_first ^ bool((top + left) % 2)))
    return found


def _hidden_beyond(corners: Array, shape: tuple[int, ...]) -> bool:
    """Whether a line after the last one of a full grid would be outside the image."""
    step = corners[-1] - corners[-2]
    following = corners[-1] + step
    margin = _NEAR_BORDER * np.hypot(step[:, 0], step[:, 1])
    low = following - margin[:, None]
    high = following + margin[:, None] - (np.array([shape[1], shape[0]]) - 1.0)
    return bool(((low > 0) & (high < 0)).all(axis=1).mean() < _VISIBLE)
