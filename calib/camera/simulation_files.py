"""A simulated camera as files: what a user would hold, and the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from calib.camera.corner_table import corners_text

if TYPE_CHECKING:
    from calib.camera.simulation import Simulation


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
