"""A camera as another lens model: the parameters that agree best with its own over the image, and by how much."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.camera.lens import SKEW, Lens
from calib.engine import ParameterBlock, Problem, ResidualBlock, solve
from calib.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.engine.problem import Rows, Values

FITTED_AT = (40, 30)  # points over the image: the highest power of a lens is the ninth
JUDGED_AT = (121, 91)  # points, the edges among them, at which the largest difference is found


@dataclass(frozen=True, eq=False)
class Refit:
    """A camera with another lens in place of its own."""

    camera: Camera
    """The new one, without uncertainty: none was estimated of these parameters."""
    rms_px: float
    """Of the distances between the two, over the image."""
    largest_px: float
    """The largest of them."""


def refit(camera: Camera, lens: Lens, zero: Collection[str] = ()) -> Refit:
    """The camera by another lens that agrees with it over the whole image.

    zero: labels that stay at 0, beside the skew. The rays of a grid of pixels by the camera's own lens are projected by
    the other, and the distances to these pixels minimised.
    Raises UsageError `image-size-needed`, `lens-not-held` where the other lens does not see what the image shows.
    """
    if camera.image_size_px is None:
        advice = "add image_size_px: [WIDTH, HEIGHT] to the camera.yaml, or calibrate with --image-size"
        raise UsageError("the size of the image is not known", code="image-size-needed", where="--refit", advice=advice)
    pixels, rays = _grid(camera, lens, FITTED_AT)
    start = lens.start(np.where(np.eye(3, k=1) > 0, 0.0, camera.matrix))
    block = ParameterBlock("lens", start[None], lens.labels, frozenset({SKEW, *zero}))

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        at = np.arange(len(pixels))[rows]
        found = lens.linearise(values["lens"][0], rays[at].T)
        return (found.px.T - pixels[at]), (found.by_lens.transpose(2, 1, 0),)

    problem = Problem((block,), (ResidualBlock("pixels", len(pixels), 2, {"lens": None}, evaluate),))
    other = Camera(lens, np.asarray(solve(problem).values["lens"][0]), camera.image_size_px)
    pixels, rays = _grid(camera, lens, JUDGED_AT)
    off = np.linalg.norm(other.project(rays) - pixels, axis=1)
    return Refit(other, float(np.sqrt(np.mean(off**2))), float(off.max()))


def _grid(camera: Camera, lens: Lens, counts: tuple[int, int]) -> tuple[Array, Array]:
    """Pixels (n, 2) over the image, and their rays (n, 3)."""
    assert camera.image_size_px is not None
    sides = [np.linspace(-0.5, size - 0.5, count) for size, count in zip(camera.image_size_px, counts, strict=True)]
    pixels = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    rays = camera.unproject(pixels)
    known = np.isfinite(rays).all(axis=1)  # a fisheye's corners show nothing
    wide = np.degrees(np.arctan2(np.hypot(rays[known, 0], rays[known, 1]), rays[known, 2]))
    if not len(wide) or wide.max() > lens.widest_deg:
        raise UsageError(
            f"the image shows what is {wide.max() if len(wide) else 0.0:.0f} deg off the axis, and {lens.name} ends at "
            f"{lens.widest_deg:.0f} deg",
            code="lens-not-held",
            where="--refit",
            advice="choose a format that holds the lens itself (`calib list formats`)",
        )
    return pixels[known], rays[known]
