"""A simulated hand-eye calibration as files: what a user would hold, and the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.bow import Bow
from calib.camera.corner_table import corners_text
from calib.camera.simulation.pictures import pictures
from calib.documents import to_yaml
from calib.robot.simulation.documents import rounded
from calib.robot.table.write import poses_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.board import Board
    from calib.camera.camera import Camera
    from calib.cell.simulation.hand_eye import Simulation
    from calib.cell.simulation.rig import RigSimulation


def simulation_files(
    simulation: Simulation, board: Board | None = None, progress: Callable[[int, int], None] | None = None
) -> dict[str, str | bytes]:
    """Content by file name: corners.csv, poses.csv, camera.yaml, truth.yaml, times.csv of images in a stream and, of a
    board given, images/NAME as PNG.

    progress: called with images rendered and all.
    """
    s = simulation
    truth = {
        "seed": s.seed,
        "setup": s.setup,
        "board": s.observations.board,
        "sigma_px": s.noise.sigma_px,
        "sigma_position_mm": 1000 * s.noise.sigma_m,
        "sigma_rotation_deg": math.degrees(s.noise.sigma_rad),
        "bow_mm": 1000 * s.noise.bow_m,
        "wrong_pairings": [v.image for v, bad in zip(s.observations.views, s.wrong, strict=True) if bad],
        "mount_from_camera": np.round(s.mount_from_camera, 12).tolist(),
        "fixture_from_board": np.round(s.fixture_from_board, 12).tolist(),
    }
    if s.image_s is not None:
        truth["time_offset_s"] = s.time_offset_s
    files: dict[str, str | bytes] = {
        "corners.csv": corners_text(s.observations),
        "poses.csv": poses_text(rounded(s.table)),
        "camera.yaml": camera_file(s.camera),
        "truth.yaml": to_yaml(
            truth, "Simulated by `calib simulate handeye`: the truth behind corners.csv and poses.csv."
        ),
    }
    if s.image_s is not None:
        rows = zip((view.image for view in s.observations.views), s.image_s.tolist(), strict=True)
        files["times.csv"] = "image,time_s\n" + "".join(f"{image},{time:.6f}\n" for image, time in rows)
    if board is not None:
        bow = Bow.over(board.corners_in_board, s.noise.bow_m) if s.noise.bow_m else None
        images = pictures(s.observations, board, s.camera, s.camera_from_board, s.seed, bow=bow, on_progress=progress)
        files |= {f"images/{name}": image for name, image in images.items()}
    return files


def rig_files(simulation: RigSimulation) -> dict[str, str | bytes]:
    """Content by file name: camera1.csv, camera2.csv, ... with corners, poses.csv, camera.yaml and truth.yaml."""
    s = simulation
    truth = {
        "seed": s.seed,
        "setup": s.setup,
        "board": s.observations[0].board,
        "sigma_px": s.noise.sigma_px,
        "sigma_position_mm": 1000 * s.noise.sigma_m,
        "sigma_rotation_deg": math.degrees(s.noise.sigma_rad),
        "mount_from_camera": {f"camera{k + 1}": np.round(x, 12).tolist() for k, x in enumerate(s.mount_from_camera)},
        "fixture_from_board": np.round(s.fixture_from_board, 12).tolist(),
    }
    title = "Simulated by `calib simulate handeye`: the truth behind the corners and poses.csv."
    return {
        **{f"camera{k + 1}.csv": corners_text(seen) for k, seen in enumerate(s.observations)},
        "poses.csv": poses_text(rounded(s.table)),
        "camera.yaml": camera_file(s.camera),
        "truth.yaml": to_yaml(truth, title),
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
