"""Simulated cameras: seeded views of a board with stated noise, and the truth they came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera.board import Board, load_board
from calib.camera.camera import Camera
from calib.camera.lens import Lens, load_lens
from calib.camera.observations import Observations
from calib.camera.simulation import documents
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.pictures import pictures
from calib.result import Output


@dataclass(frozen=True, eq=False, repr=False)
class CameraSimulation(Output):
    """Views of a board, and the truth behind them."""

    observations: Observations
    """The corners, with noise."""
    camera: Camera
    """The true camera."""
    camera_from_board: Array
    """(views, 4, 4) the true poses."""
    board: Board
    """What the views show."""
    seed: int
    """Of the generator."""
    noise_px: float
    """Standard deviation of a corner's coordinate."""
    images: Mapping[str, bytes]
    """Rendered images as PNG by name; empty unless requested."""

    def summary(self) -> str:
        """One line for the terminal."""
        size = "{} x {} px".format(*self.camera.image_size_px or ("?", "?"))
        seen = f"{len(self.observations.views)} simulated views of {self.board.name}"
        return f"{seen}, {size}, lens {self.camera.lens.name}, noise {self.noise_px:g} px, seed {self.seed}"

    @property
    def random_seed(self) -> int:
        """Of the generator."""
        return self.seed

    def document(self) -> dict[str, Any]:
        """The truth as plain data."""
        return documents.as_document(self)

    def files(self) -> Mapping[str, str | bytes]:
        """corners.csv, truth.yaml and, if rendered, images/NAME."""
        return documents.files(self)


def typical_camera(lens: str | Lens, image_size_px: tuple[int, int] = (1280, 720)) -> Camera:
    """An ordinary camera of a lens kind, its principal point slightly off the middle of the image."""
    model = load_lens(lens) if isinstance(lens, str) else lens
    width, height = image_size_px
    focal = width * model.typical_focal
    affine = (focal, 1.005 * focal, 0.0, 0.5 * (width - 1) + 0.012 * width, 0.5 * (height - 1) - 0.009 * height)
    return Camera(model, np.array(affine + model.typical), image_size_px)


def simulate(
    camera: Camera | str = "brown_conrady",
    board: Board | str = "checkerboard:9x6:25mm",
    *,
    image_size_px: tuple[int, int] = (1280, 720),
    views: int = 20,
    noise_px: float = 0.1,
    seed: int = 0,
    outlier_share: float = 0.0,
    scattered_views: int = 0,
    render: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> CameraSimulation:
    """Simulate views of a board: corners with Gaussian noise and, if requested, images.

    camera: a camera, or the name of a lens: an ordinary camera of that kind with image_size_px. board: as `load_board`
    takes it. outlier_share of the corners are 8 px off; the corners of the last scattered_views views are anywhere.
    on_progress: called with images rendered and all. The same arguments give the same bytes.

    Raises UsageError `simulation-impossible` if no pose shows the whole board, and those of `load_lens`, `load_board`.
    """
    target = load_board(board) if isinstance(board, str) else board
    device = typical_camera(camera, image_size_px) if isinstance(camera, str) else camera
    drawn = draw_views(
        device,
        target.corners_in_board,
        views=views,
        noise_px=noise_px,
        seed=seed,
        outlier_share=outlier_share,
        scattered_views=scattered_views,
        board=target.name,
    )
    seen, poses = drawn.observations, drawn.camera_from_board
    images = pictures(seen, target, device, poses, seed, on_progress=on_progress) if render else {}
    return CameraSimulation(seen, device, poses, target, seed, noise_px, images)
