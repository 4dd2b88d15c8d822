"""A start by search, for lenses of which nothing is known: any focal length, a centre far off, strong distortion.

Differential evolution over focal length, principal point and first radial coefficient; the poses follow in closed form
from each, and the median reprojection error ranks them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.start.division_model import some_views
from calib.camera.start.zhang import CameraStart, pinhole, start_at
from calib.engine.methods.multi_start import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.adjustment.image_frame import ImageFrame
    from calib.camera.adjustment.reprojection import Corners
    from calib.camera.lens import Lens

FOCAL = (0.15, 8.0)  # of the image's larger side: 147 to 7 degrees of view
CENTRE = 0.5  # of the image's sides, to either side of the middle
RADIAL = (-0.8, 0.5)
GENERATIONS, POPULATION = 60, 8


def search_start(
    lens: Lens,
    held: frozenset[str],
    corners: Corners,
    frame: ImageFrame,
    *,
    seed: int = 0,
    on_progress: Callable[[int, int], object] | None = None,
) -> CameraStart:
    """The start of least median reprojection error over the box; see `zhang.start` for the arguments.

    on_progress(generation, generations) stops the search by returning True.
    """
    few = some_views(corners)
    bent = lens.radial in set(lens.labels) - held
    box = [(float(np.log(f)), float(np.log(t))) for f, t in [FOCAL]] + [(-CENTRE, CENTRE)] * 2 + [RADIAL] * bent

    def parameters_of(at: Array) -> Array:
        focal = frame.larger_px * float(np.exp(at[0]))
        parameters = lens.start(pinhole(focal, frame.centre_px + at[1:3] * frame.size_px))
        if bent:
            parameters[lens.labels.index(lens.radial)] = at[3]
        return parameters

    found = search(
        lambda at: start_at(lens, few, parameters_of(at))[0],
        box,
        seed=seed,
        generations=GENERATIONS,
        population=POPULATION,
        on_generation=None if on_progress is None else lambda generation, _: on_progress(generation, GENERATIONS),
    )
    if on_progress is not None:
        on_progress(GENERATIONS, GENERATIONS)
    return start_at(lens, corners, parameters_of(found))[1]
