"""Spots in rows: which are neighbours on one board, and where on it each stands.

Every lattice of points looks like any other from somewhere, but a circle's ellipse tells how its place is
foreshortened: in units of it, neighbours on a board are equally far from each other, at true angles.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index
from calib.camera.detection.spots import Spots

_NEAREST = 8  # spots around each that may be neighbours: a square lattice has four and four across the corner
_UNLIKE = 1.6  # ratio of two neighbours' radii, the perspective's part included
_EQUAL = 0.2  # how much the distance of neighbours varies, of itself; across a corner it is 1.41, in a hexagon 1.73
_SPACING = (2.2, 8.0)  # of neighbours, in radii: nearer they touch, farther they do not belong together
_FEWEST = 9  # spots of a lattice that is no accident
_OFF = 0.3  # of a step: how far a neighbour may be from where the last ones put it
_HEXAGONAL_DEG = 75.0  # halfway between the angles of neighbours' directions in the two lattices


@dataclass(frozen=True, eq=False)
class SpotLattice:
    """Spots of one board."""

    spots: Spots
    """Each at a place of its own."""
    place: Index
    """(n, 2) whole steps along two neighbours' directions, from the lowest; the second direction is a right turn, in
    the image, from the first."""
    spacing_radii: float
    """Distance of neighbours in radii of the circles."""
    hexagonal: bool
    """Whether each has six neighbours rather than four."""


def find_spot_lattice(spots: Spots) -> SpotLattice | None:
    """The largest lattice among spots; None if there is none."""
    if len(spots) < _FEWEST:
        return None
    from scipy.spatial import cKDTree  # which a search for other boards need not load

    around = cKDTree(spots.centre_px).query(spots.centre_px, min(_NEAREST + 1, len(spots)))[1]
    nearest = np.asarray(around)[:, 1:]
    distance = spots.radii_between(nearest)
    size = np.sqrt(spots.area_px)
    ratio = np.maximum(size[:, None], size[nearest]) / np.minimum(size[:, None], size[nearest])
    alike = (ratio < _UNLIKE) & (distance > _SPACING[0]) & (distance < _SPACING[1])
    best: SpotLattice | None = None
    for spacing in _spacings(np.where(alike, distance, np.inf).min(axis=1)):
        close = alike & (np.abs(distance / spacing - 1) < _EQUAL)
        found = _grow(spots, [nearest[i][close[i]] for i in range(len(spots))], spacing)
        if found is not None and (best is None or len(found.spots) > len(best.spots)):
            best = found
    return best


def _spacings(least: Array) -> list[float]:
    """The commonest distances of spots to the nearest that may be a neighbour."""
    finite = np.sort(least[np.isfinite(least)])
    if len(finite) < _FEWEST:
        return []
    within = np.searchsorted(finite, finite * (1 + _EQUAL), side="right") - np.arange(len(finite))
    start = int(np.argmax(within))
    return [float(np.median(finite[start : start + within[start]]))]


def _grow(spots: Spots, neighbours: list[Index], spacing: float) -> SpotLattice | None:
    """The lattice of linked spots, from one that has neighbours all around it."""
    hexagonal = _is_hexagonal(spots, neighbours)
    most = np.argsort([-len(each) for each in neighbours], kind="stable")
    seen: set[int] = set()
    best: dict[int, tuple[int, int]] = {}
    for start in most.tolist():
        if len(neighbours[start]) < 2 or start in seen:
            continue
        places = _places(spots.centre_px, neighbours, start, hexagonal)
        seen |= places.keys()
        if len(places) > len(best):
            best = places
    if len(best) < _FEWEST or len(set(best.values())) < len(best):
        return None
    index, place = np.array(list(best)), np.array(list(best.values()))
    return SpotLattice(spots.select(index), place - place.min(axis=0), spacing, hexagonal)


def _is_hexagonal(spots: Spots, neighbours: list[Index]) -> bool:
    """Whether the directions to neighbours are 60 rather than 90 degrees apart, as the ellipses have it."""
    steps = []
    for i, own in enumerate(neighbours):
        if len(own) < 3:
            continue
        upright = np.linalg.solve(np.linalg.cholesky(spots.shape[i]), (spots.centre_px[own] - spots.centre_px[i]).T)
        angles = np.sort(np.degrees(np.arctan2(upright[1], upright[0])))
        steps.append(float(np.median(np.diff(angles, append=angles[0] + 360.0))))
    return bool(steps) and float(np.median(steps)) < _HEXAGONAL_DEG


def _places(centre: Array, neighbours: list[Index], start: int, hexagonal: bool) -> dict[int, tuple[int, int]]:
    """The places of all spots that can be reached from one, step by step."""
    steps = _first_steps(centre[neighbours[start]] - centre[start])
    if steps is None:
        return {}
    moves = ((1, 0), (-1, 0), (0, 1), (0, -1), *(((1, -1), (-1, 1)) if hexagonal else ()))
    places, steps_at, waiting = {start: (0, 0)}, {start: steps}, deque([start])
    while waiting:
        at = waiting.popleft()
        whole = np.linalg.solve(steps_at[at].T, (centre[neighbours[at]] - centre[at]).T).T
        nearest = np.rint(whole).astype(int)
        good = np.abs(whole - nearest).max(axis=1) < _OFF
        links = {(a, b): int(other) for (a, b), other in zip(nearest[good].tolist(), neighbours[at][good], strict=True)}
        own = _renew(steps_at[at], {move: centre[other] - centre[at] for move, other in links.items()})
        for move, other in links.items():
            if move in moves and other not in places:
                places[other] = (places[at][0] + move[0], places[at][1] + move[1])
                steps_at[other] = own
                waiting.append(other)
    return places


def _first_steps(off: Array) -> Array | None:
    """Two steps (2, 2), the second a right turn from the first: the most upright pair of those to neighbours."""
    length = np.hypot(*off.T)
    turn = off[:, None, 0] * off[:, 1] - off[:, None, 1] * off[:, 0]
    sine = turn / (length[:, None] * length)
    if not sine.size or sine.max() < 0.1:
        return None
    first, second = np.unravel_index(int(np.argmax(sine)), sine.shape)
    return np.asarray(off[[first, second]])


def _renew(steps: Array, links: dict[tuple[int, int], Array]) -> Array:
    """The steps (2, 2) as the neighbours along them have them, both ways."""
    out = steps.copy()
    for axis, ahead in enumerate(((1, 0), (0, 1))):
        both = [sign * links[move] for sign, move in ((1, ahead), (-1, (-ahead[0], -ahead[1]))) if move in links]
        if both:
            out[axis] = np.mean(both, axis=0)
    return out
