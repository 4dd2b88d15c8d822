"""A simulated hand-eye calibration as files: what a user would hold, and the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.camera.corner_table import corners_text
from calib.documents import to_yaml
from calib.robot.simulation.documents import rounded_table
from calib.robot.table.write import poses_text
from calib.storage.stored import stored_files

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.cell.simulation.hand_eye import HandEyeSimulation, Noise
    from calib.cell.simulation.rig import RigSimulation


def files(simulation: HandEyeSimulation) -> dict[str, str | bytes]:
    """Content by file name: corners.csv, poses.csv, camera.yaml, truth.yaml, times.csv of images in a stream and, where
    rendered, images/NAME as PNG."""
    s = simulation
    title = "Simulated by `calib simulate hand-eye`: the truth behind corners.csv and poses.csv."
    content: dict[str, str | bytes] = {
        "corners.csv": corners_text(s.observations),
        "poses.csv": poses_text(rounded_table(s.table)),
        "camera.yaml": camera_file(s.camera),
        **stored_files("truth.yaml", truth(s), title),
    }
    if s.image_s is not None:
        rows = zip((view.image for view in s.observations.views), s.image_s.tolist(), strict=True)
        content["times.csv"] = "image,time_s\n" + "".join(f"{image},{time:.6f}\n" for image, time in rows)
    return {**content, **{f"images/{name}": image for name, image in s.images.items()}}


def truth(simulation: HandEyeSimulation) -> dict[str, Any]:
    """Seed, noise and the true poses, with arrays: the content of truth.yaml."""
    s = simulation
    wrong = [view.image for view, bad in zip(s.observations.views, s.wrong, strict=True) if bad]
    document = {
        "seed": s.seed,
        "setup": s.setup,
        "board": s.observations.board,
        **_noise(s.noise),
        "bow_mm": 1000 * s.noise.bow_m,
        "wrong_pairings": np.array(wrong, np.str_),
        "mount_from_camera": np.round(s.mount_from_camera, 12).tolist(),
        "fixture_from_board": np.round(s.fixture_from_board, 12).tolist(),
    }
    return document if s.image_s is None else {**document, "time_offset_s": s.time_offset_s}


def rig_files(simulation: RigSimulation) -> dict[str, str | bytes]:
    """Content by file name: camera1.csv, camera2.csv, ... with corners, poses.csv, camera.yaml and truth.yaml."""
    title = "Simulated by `calib simulate hand-eye`: the truth behind the corners and poses.csv."
    return {
        **{f"camera{k + 1}.csv": corners_text(seen) for k, seen in enumerate(simulation.observations)},
        "poses.csv": poses_text(rounded_table(simulation.table)),
        "camera.yaml": camera_file(simulation.camera),
        **stored_files("truth.yaml", rig_truth(simulation), title),
    }


def rig_truth(simulation: RigSimulation) -> dict[str, Any]:
    """Seed, noise and the true poses: the content of truth.yaml."""
    s = simulation
    return {
        "seed": s.seed,
        "setup": s.setup,
        "board": s.observations[0].board,
        **_noise(s.noise),
        "mount_from_camera": {f"camera{k + 1}": np.round(x, 12).tolist() for k, x in enumerate(s.mount_from_camera)},
        "fixture_from_board": np.round(s.fixture_from_board, 12).tolist(),
    }


def _noise(noise: Noise) -> dict[str, float]:
    return {
        "sigma_px": noise.sigma_px,
        "sigma_position_mm": 1000 * noise.sigma_m,
        "sigma_rotation_deg": math.degrees(noise.sigma_rad),
    }


def camera_file(camera: Camera) -> str:
    """camera.yaml of a camera that is known exactly."""
    size = camera.image_size_px
    parameters = dict(zip(camera.lens.labels, camera.parameters.tolist(), strict=True))
    document = {
        "lens": camera.lens.name,
        "image_size_px": list(size) if size else None,
        "parameters": {label: {"value": value} for label, value in parameters.items()},
    }
    return to_yaml(document, "The true camera.")
