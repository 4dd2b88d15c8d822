"""Simulated hand-eye calibrations: seeded views of a board and robot poses with stated noise, and their truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.bow import Bow
from calib.camera.observations import Observations, View
from calib.cell.simulation import documents
from calib.documents import simulation_document
from calib.errors import UsageError
from calib.geometry import se3, so3
from calib.result import Output
from calib.robot.table.pose_table import PoseTable
from calib.storage.stored import plain

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.cell.frame_loop import Setup


# Largest, of the camera about the board's middle and about its own axis. Of directions spread evenly over that cap,
# with 30 images and the noise below, Park's closed form errs by .0183 +- .0005 deg and .110 +- .004 mm (medians of 500
# runs; .0190 deg over the first 100): the .019 deg published for it, and somewhat less than the published .131 mm.
TILT_RAD, ROLL_RAD = np.deg2rad(70.0), np.pi
SPAN = (0.4, 0.9)  # of the image's height that the board spans, if seen squarely
MARGIN = 0.015  # of the image's width that corners keep from the border
MOST_DRAWS = 4000


@dataclass(frozen=True)
class Noise:
    """Standard deviations per coordinate of corners and of the robot's poses; bow_m: height of the board's middle over
    its ends along x; wrong: share of images paired with the pose of another."""

    sigma_px: float = 0.2
    sigma_m: float = 2e-4
    sigma_rad: float = float(np.deg2rad(0.05))
    bow_m: float = 0.0
    wrong: float = 0.0


@dataclass(frozen=True, eq=False, repr=False)
class HandEyeSimulation(Output):
    """Corners of a board and poses of the flange, and the truth behind them."""

    observations: Observations
    """The corners, with noise."""
    table: PoseTable
    """Poses of the flange by the robot, with noise; a stream where the arm moves."""
    camera: Camera
    """The true camera."""
    setup: Setup
    mount_from_camera: Array
    """(4, 4) the true pose of the camera."""
    fixture_from_board: Array
    """(4, 4) the true pose of the board."""
    base_from_flange: Array
    """(n, 4, 4) without noise, for each image."""
    camera_from_board: Array
    """(n, 4, 4) without noise."""
    wrong: Mask
    """(n,) which images have another's pose."""
    seed: int
    """Of the generator."""
    noise: Noise
    """As asked for."""
    image_s: Array | None = None
    """(n,) when images were taken, where the table is a stream."""
    time_offset_s: float = 0.0
    """The stream's clock minus that of the images."""
    images: Mapping[str, bytes] = field(default_factory=dict)
    """Rendered images as PNG by name; empty unless asked for."""

    def summary(self) -> str:
        """One line for the terminal."""
        poses = f"{len(self.table.lines)} poses in a stream" if self.image_s is not None else "their poses"
        views = f"{len(self.observations.views)} simulated views of {self.observations.board}"
        return f"{views} and {poses}; {self.setup}, lens {self.camera.lens.name}, seed {self.seed}"

    @property
    def random_seed(self) -> int:
        """Of the generator."""
        return self.seed

    def document(self) -> dict[str, Any]:
        """The truth as plain data."""
        return simulation_document("hand_eye", plain(documents.truth(self)))

    def files(self) -> Mapping[str, str | bytes]:
        """corners.csv, poses.csv, camera.yaml, truth.yaml, times.csv of a stream and, if rendered, images/NAME."""
        return documents.files(self)


def simulate(
    camera: Camera,
    corners_in_board: Array,
    *,
    setup: Setup = "eye-in-hand",
    views: int = 30,
    noise: Noise | None = None,
    seed: int = 0,
    board: str = "",
) -> HandEyeSimulation:
    """Views of a board from all sides, rolled about the optical axis, as a hand that holds a camera can turn.

    corners_in_board: (k, 3) m. Raises UsageError `simulation-impossible` if no pose shows the whole board.
    """
    noise = noise or Noise()
    rng = np.random.default_rng(seed)
    bent = bend_board(corners_in_board, noise.bow_m)
    c = np.stack([draw_pose(camera, bent, rng) for _ in range(views)])
    x, y, flange = draw_mounting(setup, c, rng)
    by_robot = add_robot_noise(flange, noise, rng)
    count = round(noise.wrong * views)
    chosen = rng.permutation(views)[:count] if count > 1 else np.zeros(0, np.intp)
    by_robot[chosen] = by_robot[np.roll(chosen, 1)]
    wrong = np.isin(np.arange(views), chosen)
    px = camera.project(se3.apply(c[:, None], bent))
    px = px + rng.normal(0.0, 1.0, px.shape) * noise.sigma_px
    images = tuple(f"view_{i + 1:03d}.png" for i in range(views))
    seen = tuple(View(name, own, corners_in_board) for name, own in zip(images, px, strict=True))
    table = pose_table(by_robot, {"image": images})
    observations = Observations(seen, camera.image_size_px, board)
    return HandEyeSimulation(observations, table, camera, setup, x, y, flange, c, wrong, seed, noise)


def bend_board(corners_in_board: Array, bow_m: float) -> Array:
    """The corners (k, 3) m of a board whose middle is that much higher than its ends along x."""
    return Bow.over(corners_in_board, bow_m).bend(corners_in_board)


def draw_mounting(setup: Setup, camera_from_board: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """mount_from_camera and fixture_from_board (4, 4), drawn, and base_from_flange (n, 4, 4) by them."""
    c = camera_from_board
    x = se3.compose(so3.exp(rng.normal(0.0, 1.0, 3)), rng.uniform((-0.08, -0.08, -0.03), (0.08, 0.08, 0.13)))
    if setup == "eye-in-hand":
        y = se3.compose(so3.exp(rng.normal(0.0, 0.3, 3)), np.array([0.5, 0.1, 0.0]) + rng.uniform(-0.1, 0.1, 3))
        return x, y, y @ se3.inverse(c) @ se3.inverse(x)
    x, y = se3.compose(x[:3, :3], x[:3, 3] + np.array([1.2, 0.0, 0.6])), x
    return x, y, x @ c @ se3.inverse(y)


def add_robot_noise(base_from_flange: Array, noise: Noise, rng: np.random.Generator) -> Array:
    """Poses (n, 4, 4) with the noise of the robot."""
    count = len(base_from_flange)
    return se3.compose(
        base_from_flange[:, :3, :3] @ so3.exp(rng.normal(0.0, 1.0, (count, 3)) * noise.sigma_rad),
        base_from_flange[:, :3, 3] + rng.normal(0.0, 1.0, (count, 3)) * noise.sigma_m,
    )


def pose_table(base_from_flange: Array, other: dict[str, tuple[str, ...]]) -> PoseTable:
    """A table of flange poses (n, 4, 4) beside other columns."""
    count = len(base_from_flange)
    return PoseTable(
        joints=np.zeros((count, 0)),
        prismatic=(),
        target=np.zeros(count, np.intp),
        pose=np.arange(count),
        lines=np.arange(count) + 2,
        position=base_from_flange[:, :3, 3],
        quaternion_xyzw=so3.quaternion_xyzw(base_from_flange[:, :3, :3]),
        other=other,
        name="poses.csv",
    )


def draw_pose(camera: Camera, corners_in_board: Array, rng: np.random.Generator) -> Array:
    """camera_from_board (4, 4) with every corner in the image."""
    if camera.image_size_px is None:
        advice = "give the camera its image_size_px"
        raise UsageError("a simulated camera needs an image size", code="simulation-impossible", advice=advice)
    size = np.array(camera.image_size_px, float)
    middle, extent = corners_in_board.mean(axis=0), float(np.ptp(corners_in_board, axis=0).max())
    for _ in range(MOST_DRAWS):
        ray = camera.unproject(rng.uniform(0.2, 0.8, 2) * size)
        direction, tilt = rng.uniform(0, 2 * np.pi), np.arccos(rng.uniform(np.cos(TILT_RAD), 1.0))
        tilted = so3.exp(tilt * np.array([np.cos(direction), np.sin(direction), 0.0]))
        rolled = so3.exp(np.array([0.0, 0.0, rng.uniform(-ROLL_RAD, ROLL_RAD)]))
        rotation = so3.turning_z_to(ray) @ tilted @ rolled
        distance = camera.focal_px[1] * extent / (rng.uniform(*SPAN) * size[1])
        pose = se3.compose(rotation, ray * distance - rotation @ middle)
        points = se3.apply(pose, corners_in_board)
        px = camera.project(points)
        inside = (px > MARGIN * size[0]).all() and (px < size - 1 - MARGIN * size[0]).all()
        if inside and points[:, 2].min() > 0:
            back = camera.unproject(px)  # beyond its fold a lens maps far points back into the image
            if np.isfinite(back).all() and np.allclose(np.cross(back, points), 0.0, atol=1e-6 * extent):
                return pose
    raise UsageError(
        "no pose shows the whole board",
        code="simulation-impossible",
        why=f"none of {MOST_DRAWS} random poses keeps all corners in the image",
        advice="take a smaller board or a milder lens",
    )
