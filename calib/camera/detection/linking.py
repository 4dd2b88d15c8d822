"""Which X-shaped corners are neighbours on a board: those an edge joins, dark on one side and light on the other."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Index
from calib.camera.detection.saddles import Saddles, sample

STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # grid directions in order of growing angle (x right, y down)
MIN_EDGE = 0.3  # of the corner's contrast: the light side of an edge against its dark side, all along

_COS_MAX_TURN = np.cos(np.radians(22.0))  # a neighbour is where the edge points, within a small ring's accuracy
_NEAREST = 4  # candidates along an edge; noise may put a false corner before the true one
_AROUND = 24  # of the corners near by, those that may be neighbours: amid texture not all of them are the board's
_MIN_SPACING_PX = 3.0  # squares smaller than this are indistinguishable from noise
_ROWS = 256  # corners whose distances to all are held at once
_ALONG = np.array([0.25, 0.4, 0.5, 0.6, 0.75], np.float32)  # where an edge is looked at, in parts of its length


def link(saddles: Saddles, image: NDArray[np.float32]) -> tuple[Index, Index]:
    """The neighbour of each corner along each of its four edges, and the neighbour's edge that leads back; -1: none.

    A link is mutual: each corner is the nearest in the other's edge direction, the colours on the two sides of the
    edge agree, and the edge is seen in the image all the way between them.
    """
    count = len(saddles)
    neighbour = np.full((count, 4), -1, dtype=np.intp)
    back = np.full((count, 4), -1, dtype=np.intp)
    if count < 2:
        return neighbour, back
    here, edge, there, there_edge = _candidates(saddles)
    strength = edge_strength(image, saddles.position_px[here], saddles.position_px[there])
    contrast = np.maximum(saddles.contrast[here], saddles.contrast[there])
    seen = strength * saddles.rising[here, edge] > MIN_EDGE * contrast
    here, edge, there, there_edge = here[seen], edge[seen], there[seen], there_edge[seen]
    # The nearest comes first, and is written last.
    neighbour[here[::-1], edge[::-1]], back[here[::-1], edge[::-1]] = there[::-1], there_edge[::-1]
    corner, edge = np.nonzero(neighbour >= 0)
    other, other_edge = neighbour[corner, edge], back[corner, edge]
    mutual = (neighbour[other, other_edge] == corner) & (back[other, other_edge] == edge)
    neighbour[corner[~mutual], edge[~mutual]] = -1
    return neighbour, back


def _candidates(saddles: Saddles) -> tuple[Index, Index, Index, Index]:
    """Corners and their edges, and the few nearest corners and edges that fit them, each edge's nearest first."""
    cosine, sine = np.cos(saddles.edges_rad).astype(np.float32), np.sin(saddles.edges_rad).astype(np.float32)
    parts = [_pairs(saddles.position_px, at) for at in range(0, len(saddles), _ROWS)]
    here, there = (np.concatenate(part) for part in zip(*parts, strict=True))
    place = saddles.position_px.astype(np.float32)
    offset = place[there] - place[here]
    distance = np.hypot(offset[:, 0], offset[:, 1])
    across, down = (offset / distance[:, None]).T[..., None]
    along = cosine[here] * across + sine[here] * down  # cosine of the turn from each edge to the other corner
    pair, edge = np.divmod(np.flatnonzero(along > _COS_MAX_TURN), 4)
    here, there, distance, along = here[pair], there[pair], distance[pair], along[pair, edge]
    back = -cosine[there] * across[pair] - sine[there] * down[pair]
    there_edge = back.argmax(axis=1)
    fits = back[np.arange(len(back)), there_edge] > _COS_MAX_TURN
    fits &= saddles.rising[there, there_edge] == -saddles.rising[here, edge]
    here, edge, there, there_edge = here[fits], edge[fits], there[fits], there_edge[fits]
    cost = distance[fits] * (1.0 + np.arccos(np.minimum(along[fits], 1.0)))
    own = here * 4 + edge
    order = np.lexsort((there, cost, own))
    own = own[order]
    first = np.flatnonzero(np.concatenate(([True], own[1:] != own[:-1])))
    rank = np.arange(len(own)) - np.repeat(first, np.diff(np.append(first, len(own))))
    few = order[rank < _NEAREST]
    return here[few], edge[few], there[few], there_edge[few]


def _pairs(position: Array, at: int) -> tuple[Index, Index]:
    """Corners from `at` on, some at once, each with those around it."""
    own = position[at : at + _ROWS].astype(np.float32)
    squares: NDArray[np.float32] = (position[:, 0].astype(np.float32) - own[:, :1]) ** 2
    squares += (position[:, 1].astype(np.float32) - own[:, 1:]) ** 2
    squares[np.arange(len(own)), np.arange(at, at + len(own))] = np.inf
    most = min(_AROUND, len(position) - 1)
    near = np.argpartition(squares, most - 1, axis=1)[:, :most]
    here, there = np.repeat(np.arange(at, at + len(own)), most), near.ravel()
    apart = squares[here - at, there] > 0  # two at one place have no direction
    return here[apart], there[apart]


def edge_strength(image: NDArray[np.float32], start: Array, stop: Array) -> Array:
    """The least step (n,) across the line from start to stop (n, 2), in grey levels, at five places along it.

    Positive where the side of growing angle is the light one all along; zero where the sides change or are too close.
    """
    along = (stop - start).astype(np.float32)
    length = np.hypot(along[:, 0], along[:, 1])
    side = np.clip(0.25 * length, 1.0, 4.0) / np.maximum(length, 1e-9)
    across_x, across_y = -along[:, 1] * side, along[:, 0] * side
    x = start[:, :1].astype(np.float32) + along[:, :1] * _ALONG
    y = start[:, 1:].astype(np.float32) + along[:, 1:] * _ALONG
    across_x, across_y = across_x[:, None], across_y[:, None]
    values = sample(image, np.hstack((x + across_x, x - across_x)), np.hstack((y + across_y, y - across_y)))
    step = values[:, : len(_ALONG)] - values[:, len(_ALONG) :]
    least, most = step.min(axis=1), step.max(axis=1)
    strength = np.where(least > 0, least, np.where(most < 0, most, 0.0))
    return np.where(length > _MIN_SPACING_PX, strength, 0.0)


def components(neighbour: Index, back: Index) -> list[dict[tuple[int, int], int]]:
    """Connected corners as maps from grid cell (column, row) to corner, the largest first.

    neighbour, back: as `link` returns them. Walking breadth first, the first corner to claim a cell keeps it.
    """
    linked = (neighbour >= 0).sum(axis=1)
    seen = (linked == 0).tolist()
    to, returns = neighbour.tolist(), back.tolist()  # a walk is ten times as fast on lists
    found = []
    for seed in np.argsort(-linked, kind="stable").tolist():
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
                other = to[corner][edge]
                direction = (edge + turn) % 4
                cell = (column + STEPS[direction][0], row + STEPS[direction][1])
                if other < 0 or seen[other] or cell in cells:
                    continue
                seen[other] = True
                cells[cell] = other
                place[other] = (*cell, (direction + 2 - returns[corner][edge]) % 4)
                queue.append(other)
        found.append(cells)
    return sorted(found, key=len, reverse=True)
