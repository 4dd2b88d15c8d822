"""Rendered pictures of a simulated board, as PNG files beside the tables that tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.arrays import Array
from calib.camera.images import opencv
from calib.camera.simulation.rendering import PixelRays, render

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
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str | bytes]:
    """PNG content by `images/NAME`, NAME as the views of the observations have it.

    camera_from_board: (views, 4, 4). seed: of the simulation; every picture draws its noise from a seed of its own, so
    that it comes out the same whichever others are rendered. progress: called with pictures done and all.
    """
    assert camera.image_size_px is not None
    rays = PixelRays.of(camera.unproject, camera.image_size_px)
    files: dict[str, str | bytes] = {}
    for i, (view, pose) in enumerate(zip(observations.views, camera_from_board, strict=True)):
        image = render(board, pose, rays, bow=bow, seed=seed * 100_003 + i)
        done, data = opencv.load().imencode(".png", image)
        assert done
        files[f"images/{view.image}"] = bytes(data)
        if progress is not None:
            progress(i + 1, len(camera_from_board))
    return files
