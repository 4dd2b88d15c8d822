"""A start by search, for lenses of which nothing is known: any focal length, a centre far off, strong distortion.

Differential evolution over focal length, principal point and first radial coefficient; the poses follow in closed form
from each, and the median reprojection error judges them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.division_model import some_views
from calib.camera.calibration.zhang import Start, start_at
from calib.engine.methods.multi_start import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.calibration.reprojection import Corners
    from calib.camera.lens import Lens

FOCAL = (0.15, 8.0)  # of the image's larger side: 147 to 7 degrees of view
CENTRE = 0.5  # of the image's sides, to either side of the middle
RADIAL = (-0.8, 0.5)
GENERATIONS, POPULATION = 60, 8


def search_start(
    lens: Lens,
    held: frozenset[str],
    corners: Corners,
    extent: tuple[float, float, float, float],
    *,
    seed: int = 0,
    callback: Callable[[int, int], object] | None = None,
) -> Start:
    """The start of least median reprojection error over the box; see `zhang.start` for the arguments.

    callback(generation, generations) stops the search by returning True.
    """
    few = some_views(corners)
    x, y, width, height = extent
    size = max(width, height)
    bent = "k1" in set(lens.coefficients) - held
    box = [(float(np.log(f)), float(np.log(t))) for f, t in [FOCAL]] + [(-CENTRE, CENTRE)] * 2 + [RADIAL] * bent

    def parameters_of(at: Array) -> Array:
        focal = size * float(np.exp(at[0]))
        middle = x + at[1] * width, y + at[2] * height
        parameters = lens.start(np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1.0]]))
        if bent:
            parameters[5 + lens.coefficients.index("k1")] = at[3]
        return parameters

    found = search(
        lambda at: start_at(lens, few, parameters_of(at))[0],
        box,
        seed=seed,
        generations=GENERATIONS,
        population=POPULATION,
        on_generation=None if callback is None else lambda generation, _: callback(generation, GENERATIONS),
    )
    if callback is not None:
        callback(GENERATIONS, GENERATIONS)
    return start_at(lens, corners, parameters_of(found))[1]
