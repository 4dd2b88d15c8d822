"""Targets that are seen and are none of the boards: named, so that nobody looks for the fault elsewhere."""

from __future__ import annotations

from calib.arrays import Grey
from calib.camera.detection.lattice import find_spot_lattice
from calib.camera.detection.spots import find_spots

_SEVERAL = 20  # circles of a grid that is no accident


def other_target(image: Grey) -> str:
    """What an image shows, in words; empty where it is nothing known."""
    return _hexagonal_circles(image)


def _hexagonal_circles(image: Grey) -> str:
    lattice = find_spot_lattice(find_spots(image))
    if lattice is None or not lattice.hexagonal or len(lattice.spots) < _SEVERAL:
        return ""
    return "circles in a hexagonal grid"
