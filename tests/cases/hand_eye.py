"""Simulated hand-eye data that several tests share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.simulation.simulate import typical_camera
from calib.cell.hand_eye.options import HandEyeRequest
from calib.cell.hand_eye.pair_views import pair_views
from calib.cell.pairing.paired_views import PairedViews
from calib.cell.simulation.hand_eye import HandEyeSimulation, Noise, simulate
from calib.geometry import se3, so3
from calib.robot.table.orientation import Angles
from calib.robot.table.pose_table import PoseTable

CAMERA = typical_camera("brown_conrady")
BOARD = Checkerboard(9, 6, 0.025).corners_in_board
EXACT = Noise(sigma_px=0.0, sigma_m=0.0, sigma_rad=0.0)


def simulated(
    views: int = 15, seed: int = 3, setup: Any = "eye-in-hand", noise: Noise | None = None
) -> HandEyeSimulation:
    return simulate(CAMERA, BOARD, setup=setup, views=views, seed=seed, noise=noise)


def data_of(simulation: HandEyeSimulation, **changes: Any) -> PairedViews:
    """The data as pair_views, with changes of the table."""
    table = replace(simulation.table, **changes)
    return pair_views(simulation.observations, table, CAMERA, HandEyeRequest())


def poses(table: PoseTable) -> Any:
    assert table.rotation is not None
    assert table.position is not None
    return se3.compose(table.rotation, table.position)


def columns(pose: Any) -> dict[str, Any]:
    """Changes of a table to poses (n, 4, 4)."""
    return {"position": pose[:, :3, 3], "quaternion_xyzw": so3.quaternion_xyzw(pose[:, :3, :3])}


def angles(values: Any, euler: str | None = None) -> dict[str, Any]:
    """Changes of a table to angles (n, 3) rad as they would be read."""
    read = Angles(values, euler, by_axis=True)
    return {"angles": read, "quaternion_xyzw": read.quaternion_xyzw()}


def errors(x: Any, truth: Any) -> tuple[float, float]:
    """Metres and radians between two poses."""
    off = np.linalg.norm(x[:3, 3] - truth[:3, 3])
    return float(off), float(np.linalg.norm(so3.log(truth[:3, :3].T @ x[:3, :3])))
