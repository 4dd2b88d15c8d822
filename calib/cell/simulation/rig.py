"""Simulated images of one board by several cameras with one robot between them: seeded, with their truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.camera.observations import Observations, View
from calib.cell.simulation import documents
from calib.cell.simulation.hand_eye import (
    MARGIN,
    Noise,
    add_robot_noise,
    bend_board,
    draw_mounting,
    draw_pose,
    pose_table,
)
from calib.documents import simulation_document
from calib.geometry import se3, so3
from calib.result import Output
from calib.storage.stored import plain

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.cell.frame_loop import Setup
    from calib.robot.table.pose_table import PoseTable


APART_RAD = np.deg2rad(35.0)  # from one camera to the next, about where the board usually is
OBLIQUE_RAD = np.deg2rad(75.0)  # between a board's normal and the line of sight, beyond which nothing finds its corners


@dataclass(frozen=True, eq=False, repr=False)
class RigSimulation(Output):
    """Corners of a board by several cameras and poses of the flange, and the truth behind them."""

    observations: tuple[Observations, ...]
    """The corners by each camera, image names alike."""
    table: PoseTable
    """Poses of the flange by the robot, by those names."""
    camera: Camera
    """The true lens, of all."""
    setup: Setup
    mount_from_camera: Array
    """(cameras, 4, 4) the true poses of the cameras."""
    fixture_from_board: Array
    """(4, 4) the true pose of the board."""
    seed: int
    """Of the generator."""
    noise: Noise
    """As asked for."""

    def summary(self) -> str:
        """One line for the terminal."""
        views = ", ".join(str(len(seen.views)) for seen in self.observations)
        poses = f"{views} simulated views of {self.observations[0].board} at {len(self.table.lines)} poses"
        return f"{len(self.observations)} cameras, {poses}; {self.setup}, seed {self.seed}"

    @property
    def random_seed(self) -> int:
        """Of the generator."""
        return self.seed

    def document(self) -> dict[str, Any]:
        """The truth as plain data."""
        return simulation_document("cameras", plain(documents.rig_truth(self)))

    def files(self) -> Mapping[str, str | bytes]:
        """camera1.csv, camera2.csv, ... with corners, poses.csv, camera.yaml and truth.yaml."""
        return documents.rig_files(self)


def simulate_rig(
    camera: Camera,
    corners_in_board: Array,
    *,
    cameras: int = 2,
    setup: Setup = "eye-to-hand",
    poses: int = 30,
    noise: Noise | None = None,
    seed: int = 0,
    board: str = "",
) -> RigSimulation:
    """Cameras of one kind about the space of a board, each `APART_RAD` from the next; poses are drawn for each in turn,
    and seen by the others as well wherever the board lies whole in their images.

    corners_in_board: (k, 3) m. Raises UsageError `simulation-impossible` if no pose shows the whole board.
    """
    noise = noise or Noise()
    rng = np.random.default_rng(seed)
    drawn = np.stack([draw_pose(camera, corners_in_board, rng) for _ in range(poses)])
    middle = np.array([0.0, 0.0, float(np.median(drawn[:, 2, 3]))])
    turn = so3.exp(np.outer(np.arange(cameras), [0.0, APART_RAD, 0.0]))
    first_from_camera = se3.compose(turn, middle - turn @ middle)
    in_first = first_from_camera[np.arange(poses) % cameras] @ drawn
    x, y, flange = draw_mounting(setup, in_first, rng)
    bent, seen = bend_board(corners_in_board, noise.bow_m), []
    images = [f"view_{i + 1:03d}.png" for i in range(poses)]
    for own in first_from_camera:
        c = se3.inverse(own) @ in_first
        px = camera.project(se3.apply(c[:, None], bent))
        views = [
            View(images[i], px[i] + rng.normal(0.0, 1.0, px[i].shape) * noise.sigma_px, corners_in_board)
            for i in np.flatnonzero(_whole_boards(camera, corners_in_board, c, px))
        ]
        seen.append(Observations(tuple(views), camera.image_size_px, board))
    table = pose_table(add_robot_noise(flange, noise, rng), {"image": tuple(images)})
    return RigSimulation(tuple(seen), table, camera, setup, x @ first_from_camera, y, seed, noise)


def _whole_boards(camera: Camera, corners_in_board: Array, camera_from_board: Array, px: Array) -> NDArray[np.bool_]:
    """Which views (n,) show the whole board, and from the side that is not the back of any view drawn."""
    assert camera.image_size_px is not None
    size, margin = np.array(camera.image_size_px, float), MARGIN * camera.image_size_px[0]
    inside = ((px > margin) & (px < size - 1 - margin)).all(axis=(1, 2))
    sight = se3.apply(camera_from_board, corners_in_board.mean(axis=0))
    upright = np.einsum("ni,ni->n", camera_from_board[:, :3, 2], sight) / np.linalg.norm(sight, axis=1)
    return np.asarray(inside & (upright > np.cos(OBLIQUE_RAD)) & (sight[:, 2] > 0))
