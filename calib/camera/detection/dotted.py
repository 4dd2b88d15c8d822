"""Boards of circles in rows: from an image to the middles of the circles' areas, each at its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Grey, Index, Mask
from calib.camera.detection.lattice import SpotLattice, find_spot_lattice
from calib.camera.detection.spots import find_spots, measure_spots

_MOST_LOST = 0.1  # of the circles may be covered or glared out; the others still count
_FAR_OFF = 0.25  # of the distance of neighbours: where no plane, bent by no lens, has a circle


@dataclass(frozen=True, eq=False)
class Dots:
    """Circles of one board, measured."""

    centre_px: Array
    """(n, 2) middles of their areas."""
    place: Index
    """(n, 2) as `SpotLattice`."""
    radius_steps: float
    """Of the circles, in distances of neighbours."""


def find_dots(image: Grey) -> tuple[Dots | None, str]:
    """The circles of the largest grid in an image; the reason where there are none.

    Dark circles on light ground, or else light ones on dark.
    """
    hexagonal = False
    for dark in (True, False):
        lattice = find_spot_lattice(find_spots(image, dark))
        if lattice is not None and not lattice.hexagonal and _even(lattice):
            break
        hexagonal = hexagonal or (lattice is not None and lattice.hexagonal)
    else:
        return None, "its circles stand in a hexagonal grid" if hexagonal else "no rows of circles are seen"
    middles, areas = measure_spots(image, lattice.spots, lattice.spacing_radii)
    good = np.isfinite(areas)
    if (~good).sum() > _MOST_LOST * len(good):
        return None, f"{int((~good).sum())} of {len(good)} circles are too faint or too close to be measured"
    radius = _radius_steps(middles, areas, lattice.place)
    return Dots(middles[good], lattice.place[good], radius), ""


def _even(lattice: SpotLattice) -> bool:
    """Whether a projective map, of which lenses bend little between neighbours, puts each spot where it is."""
    from calib.camera.detection.markers import fit_projection, project

    centre, place = lattice.spots.centre_px, lattice.place.astype(np.float64)
    matrix = fit_projection(place, centre)
    if matrix is None:
        return False
    step = np.median(np.hypot(*(project(matrix, place + np.array([1.0, 0.0])) - project(matrix, place)).T))
    return bool(np.median(np.hypot(*(project(matrix, place) - centre).T)) < _FAR_OFF * step)


def _radius_steps(middles: Array, areas: Array, place: Index) -> float:
    """The circles' radius in distances of neighbours, of areas and the cells they are in, which any camera shows alike;
    NaN where no circle has neighbours on all sides."""
    size = place.max(axis=0) + 3
    px = np.full((*size, 2), np.nan)
    px[place[:, 0] + 1, place[:, 1] + 1] = middles
    along, across = (px[2:, 1:-1] - px[:-2, 1:-1]) / 2, (px[1:-1, 2:] - px[1:-1, :-2]) / 2
    cell = np.abs(along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0])[place[:, 0], place[:, 1]]
    share = areas / cell
    return float(np.sqrt(np.median(share[np.isfinite(share)]) / np.pi)) if np.isfinite(share).any() else float("nan")


def turns(place: Index) -> Iterator[Index]:
    """The places as seen from each of the four sides, from 0 on."""
    for _ in range(4):
        yield place - place.min(axis=0)
        place = np.column_stack((place[:, 1], -place[:, 0]))


def diagonals(place: Index) -> Index:
    """Places along the diagonals instead, of which every other one is empty."""
    return np.column_stack((place[:, 0] + place[:, 1], place[:, 1] - place[:, 0]))


def most_upright(centre_px: Array, candidates: list[Index]) -> Index:
    """The places whose first direction points most to the right in the image."""
    return max(candidates, key=lambda place: _rightward(centre_px, place))


def _rightward(centre_px: Array, place: Index) -> float:
    x = place[:, 0] - place[:, 0].mean()
    direction = x @ centre_px
    return float(direction[0] / max(np.hypot(*direction), 1e-12))


def is_whole(seen: Mask | int, whole: int) -> bool:
    """Whether so many of all circles are enough."""
    return int(np.sum(seen)) >= (1 - _MOST_LOST) * whole
