"""A simulated camera as files: what a user would hold, and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calib.camera.corner_table import corners_text
from calib.documents import simulation_document
from calib.storage.stored import NamedRows, plain, stored_files

if TYPE_CHECKING:
    from calib.camera.simulation.simulate import CameraSimulation

_TITLE = "Simulated by `calib simulate camera`: the truth behind corners.csv and the images."


def files(simulation: CameraSimulation) -> dict[str, str | bytes]:
    """Content by file name: corners.csv, truth.yaml and, if rendered, images/NAME as PNG."""
    return {
        "corners.csv": corners_text(simulation.observations),
        **stored_files("truth.yaml", truth(simulation), _TITLE),
        **{f"images/{name}": image for name, image in simulation.images.items()},
    }


def as_document(simulation: CameraSimulation) -> dict[str, Any]:
    """The truth as plain data, as `--json` prints it."""
    return simulation_document("camera", plain(truth(simulation)))


def truth(simulation: CameraSimulation) -> dict[str, Any]:
    """Seed, noise, the true camera and poses, with arrays: the content of `truth.yaml`."""
    views, poses = simulation.observations.views, simulation.camera_from_board
    camera, size = simulation.camera, simulation.camera.image_size_px
    return {
        "seed": simulation.seed,
        "sigma_px": simulation.noise_px,
        "board": simulation.observations.board,
        "image_size_px": list(size) if size else None,
        "lens": camera.lens.name,
        "parameters": {str(k): v for k, v in zip(camera.lens.labels, camera.parameters.tolist(), strict=True)},
        "camera_from_board": NamedRows(tuple(view.image for view in views), poses[:, :3]),
    }
