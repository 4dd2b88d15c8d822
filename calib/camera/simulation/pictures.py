"""Rendered images of a simulated board, as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.arrays import Array
from calib.camera.images import opencv
from calib.camera.simulation.rendering import PixelRays, render
from calib.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.board import Board
    from calib.camera.bow import Bow
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations


def pictures(
    observations: Observations,
    board: Board,
    camera: Camera,
    camera_from_board: Array,
    seed: int,
    *,
    bow: Bow | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> dict[str, bytes]:
    """PNG content by the names of the views.

    camera_from_board: (views, 4, 4). seed: of the simulation; every image draws its noise from a seed of its own, so
    that it comes out the same whichever others are rendered. on_progress: called with images rendered and all.
    Raises UsageError `simulation-impossible` without an image size.
    """
    if camera.image_size_px is None:
        advice = "give the camera its image_size_px"
        raise UsageError("a camera without an image size has no images", code="simulation-impossible", advice=advice)
    rays = PixelRays.of(camera.unproject, camera.image_size_px)
    files: dict[str, bytes] = {}
    for i, (view, pose) in enumerate(zip(observations.views, camera_from_board, strict=True)):
        image = render(board, pose, rays, bow=bow, seed=seed * 100_003 + i)
        files[view.image] = bytes(opencv.load().imencode(".png", image)[1])
        if on_progress is not None:
            on_progress(i + 1, len(camera_from_board))
    return files
