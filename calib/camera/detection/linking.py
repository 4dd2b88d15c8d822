"""Which X-shaped corners are neighbours on a board: those an edge joins, dark on one side and light on the other."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Index
from calib.camera.detection.saddles import Saddles, sample

STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # grid directions in order of growing angle (x right, y down)
MIN_EDGE = 0.3  # of the corner's contrast: the light side of an edge against its dark side, all along

_MAX_TURN_RAD = np.radians(22.0)  # a neighbour is where the edge points, within a small ring's accuracy
_NEAREST = 4  # candidates along an edge; noise may put a false corner before the true one
_AROUND = 64  # of the corners near by, those that may be neighbours: amid texture not all of them are the board's
_MIN_SPACING_PX = 3.0  # squares smaller than this are indistinguishable from noise


def link(saddles: Saddles, image: NDArray[np.float32]) -> tuple[Index, Index]:
    """The neighbour of each corner along each of its four edges, and the neighbour's edge that leads back; -1: none.

    A link is mutual: each corner is the nearest in the other's edge direction, the colours on the two sides of the
    edge agree, and the edge is seen in the image all the way between them.
    """
    count = len(saddles)
    if count < 2:
        return np.full((count, 4), -1, dtype=np.intp), np.full((count, 4), -1, dtype=np.intp)
    parts = [_nearest(saddles, image, np.arange(at, min(at + 256, count))) for at in range(0, count, 256)]
    neighbour = np.concatenate([part[0] for part in parts])
    back = np.concatenate([part[1] for part in parts])
    corner, edge = np.nonzero(neighbour >= 0)
    other, other_edge = neighbour[corner, edge], back[corner, edge]
    mutual = (neighbour[other, other_edge] == corner) & (back[other, other_edge] == edge)
    neighbour[corner[~mutual], edge[~mutual]] = -1
    return neighbour, back


def _nearest(saddles: Saddles, image: NDArray[np.float32], rows: Index) -> tuple[Index, Index]:
    """For each of `rows` and each edge: the nearest corner that fits, and which of its edges leads back."""
    offset = saddles.position_px[None] - saddles.position_px[rows, None]
    distance: Array = np.hypot(offset[..., 0], offset[..., 1])
    distance[np.arange(len(rows)), rows] = np.inf
    if distance.shape[1] > _AROUND:
        near = np.sort(np.argpartition(distance, _AROUND, axis=1)[:, :_AROUND], axis=1)
    else:
        near = np.broadcast_to(np.arange(distance.shape[1]), distance.shape)
    distance = np.take_along_axis(distance, near, axis=1)
    offset = np.take_along_axis(offset, near[..., None], axis=1)
    bearing = np.arctan2(offset[..., 1], offset[..., 0])
    # The edge of the other corner that points back here, and how far off it points.
    back_turn = np.abs(_wrap(saddles.edges_rad[near] - bearing[..., None] - np.pi))
    back_edge = back_turn.argmin(axis=2)
    back_fits = (back_turn.min(axis=2) < _MAX_TURN_RAD) & np.isfinite(distance)
    back_rising = np.take_along_axis(saddles.rising[near], back_edge[..., None], axis=2)[..., 0]
    neighbour = np.full((len(rows), 4), -1, dtype=np.intp)
    back = np.full((len(rows), 4), -1, dtype=np.intp)
    for edge in range(4):
        turn = np.abs(_wrap(bearing - saddles.edges_rad[rows, edge, None]))
        fits: NDArray[np.bool_] = (
            back_fits & (turn < _MAX_TURN_RAD) & (back_rising == -saddles.rising[rows, edge, None])
        )
        cost = np.where(fits, distance * (1.0 + turn), np.inf)
        order = np.argsort(cost, axis=1, kind="stable")[:, :_NEAREST]
        here, place = np.nonzero(np.isfinite(np.take_along_axis(cost, order, axis=1)))
        there = near[here, order[here, place]]
        seen = np.zeros(order.shape, dtype=bool)
        strength = edge_strength(image, saddles.position_px[rows[here]], saddles.position_px[there])
        contrast = np.maximum(saddles.contrast[rows[here]], saddles.contrast[there])
        seen[here, place] = strength * saddles.rising[rows[here], edge] > MIN_EDGE * contrast
        hit = np.flatnonzero(seen.any(axis=1))
        chosen = order[hit, seen[hit].argmax(axis=1)]
        neighbour[hit, edge] = near[hit, chosen]
        back[hit, edge] = back_edge[hit, chosen]
    return neighbour, back


def _wrap(angle: Array) -> Array:
    wrapped: Array = (angle + np.pi) % (2 * np.pi) - np.pi
    return wrapped


def edge_strength(image: NDArray[np.float32], start: Array, stop: Array) -> Array:
    """The least step (n,) across the line from start to stop (n, 2), in grey levels, at five places along it.

    Positive where the side of growing angle is the light one all along; zero where the sides change or are too close.
    """
    along = stop - start
    length = np.hypot(along[:, 0], along[:, 1])
    across = np.column_stack((-along[:, 1], along[:, 0])) / np.maximum(length, 1e-9)[:, None]
    side = np.clip(0.25 * length, 1.0, 4.0)[:, None, None] * across[:, None, :]
    place = start[:, None, :] + along[:, None, :] * np.array([0.25, 0.4, 0.5, 0.6, 0.75])[:, None]
    light = sample(image, (place + side)[..., 0], (place + side)[..., 1])
    dark = sample(image, (place - side)[..., 0], (place - side)[..., 1])
    step = light - dark
    strength: Array = np.where(
        (step > 0).all(axis=1), step.min(axis=1), np.where((step < 0).all(axis=1), step.max(axis=1), 0)
    )
    return np.where(length > _MIN_SPACING_PX, strength, 0.0)


def components(neighbour: Index, back: Index) -> list[dict[tuple[int, int], int]]:
    """Connected corners as maps from grid cell (column, row) to corner, the largest first.

    neighbour, back: as `link` returns them. Walking breadth first, the first corner to claim a cell keeps it.
    """
    linked: NDArray[np.bool_] = neighbour >= 0
    seen = np.asarray(~linked.any(axis=1), dtype=np.bool_)
    found = []
    for seed in np.argsort(-linked.sum(axis=1), kind="stable").tolist():
        if seen[seed]:
            continue
        cells = {(0, 0): seed}
        place = {seed: (0, 0, 0)}  # column, row, quarter turns of its edge numbers against the grid
        queue = deque([seed])
        seen[seed] = True
        while queue:
            corner = queue.popleft()
            column, row, turn = place[corner]
            for edge in range(4):
                other = int(neighbour[corner, edge])
                direction = (edge + turn) % 4
                cell = (column + STEPS[direction][0], row + STEPS[direction][1])
                if other < 0 or seen[other] or cell in cells:
                    continue
                seen[other] = True
                cells[cell] = other
                place[other] = (*cell, (direction + 2 - int(back[corner, edge])) % 4)
                queue.append(other)
        found.append(cells)
    return sorted(found, key=len, reverse=True)
