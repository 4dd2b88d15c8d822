"""A simulated camera as files: what a user would hold, and the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from calib.camera.corner_table import corners_text
from calib.camera.simulation.pictures import pictures
from calib.documents import to_yaml

if TYPE_CHECKING:
    from calib.camera.board import Board
    from calib.camera.simulation.simulate import Simulation


def simulation_files(
    simulation: Simulation,
    board: Board,
    with_images: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str | bytes]:
    """Content by file name: corners.csv, truth.yaml and, if asked, images/NAME as PNG."""
    title = "Simulated by `calib simulate camera`: the truth behind corners.csv and the images."
    files: dict[str, str | bytes] = {
        "corners.csv": corners_text(simulation.observations),
        "truth.yaml": to_yaml(truth(simulation), title),
    }
    if with_images:
        seen, poses = simulation.observations, simulation.camera_from_board
        files |= pictures(seen, board, simulation.camera, poses, simulation.seed, progress=progress)
    return files


def truth(simulation: Simulation) -> dict[str, object]:
    """Seed, noise and the true camera and poses, as the document of `truth.yaml`."""
    camera = simulation.camera
    assert camera.image_size_px is not None
    return {
        "seed": simulation.seed,
        "sigma_px": simulation.sigma_px,
        "board": simulation.observations.board,
        "image_size_px": list(camera.image_size_px),
        "lens": camera.lens.name,
        "parameters": dict(zip(camera.lens.labels, camera.parameters.tolist(), strict=True)),
        "camera_from_board": {
            view.image: pose[:3].tolist()
            for view, pose in zip(simulation.observations.views, simulation.camera_from_board, strict=True)
        },
    }
