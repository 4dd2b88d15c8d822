"""Simulated arms with a camera or a board on the hand: seeded joint values from which the whole board is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.camera.observations import Observations, View
from calib.cell.simulation import arm_in_images_documents as documents
from calib.documents import simulation_document
from calib.errors import UsageError
from calib.geometry import se3, so3
from calib.result import Output
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.workspace import random_commands
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import built_arm
from calib.robot.table.pose_table import PoseTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.camera import Camera
    from calib.cell.frame_loop import Setup
    from calib.robot.arm.serial_arm import SerialArm


ABOUT_RAD = np.deg2rad(35.0)  # standard deviation of the joints about the pose that looks straight at the board
SPAN = 0.55  # of the image's height that the board spans from there
NEAREST, FARTHEST = 0.5, 2.0  # of that distance
MARGIN = 0.015  # of the image's width that corners keep from the border
PLACES, DRAWS = 60, 40_000


@dataclass(frozen=True, eq=False, repr=False)
class ArmInImages(Output):
    """Joint values and the corners of a board by a camera, and the truth behind them."""

    observations: Observations
    """The corners, with noise."""
    table: PoseTable
    """Joint values, a row for each image."""
    camera: Camera
    """The true camera."""
    nominal: SerialArm
    """The arm as drawn."""
    arm: SerialArm
    """The arm as built."""
    setup: Setup
    on_flange: Array
    """(4, 4) flange_from_camera (eye-in-hand) or flange_from_board."""
    in_base: Array
    """(4, 4) base_from_board (eye-in-hand) or base_from_camera."""
    unseen: Array
    """(k, joints) further commands from which the whole board is in the image."""
    seed: int
    """Of the generator."""
    sigma_px: float
    """Standard deviation of a corner's coordinate."""
    spread: Spread
    """Of the arm's errors."""
    images: Mapping[str, bytes] = field(default_factory=dict)
    """Rendered images as PNG by name; empty unless asked for."""

    def summary(self) -> str:
        """One line for the terminal."""
        views = f"{len(self.observations.views)} simulated views of {self.observations.board}"
        return f"{views} with arm {self.nominal.name}; {self.setup}, lens {self.camera.lens.name}, seed {self.seed}"

    @property
    def random_seed(self) -> int:
        """Of the generator."""
        return self.seed

    def document(self) -> dict[str, Any]:
        """The truth as plain data."""
        return simulation_document("arm_in_images", documents.truth(self))

    def files(self) -> Mapping[str, str | bytes]:
        """joints.csv, corners.csv, camera.yaml, calib.yaml, truth.yaml, arm.yaml if not shipped and, if rendered,
        images/NAME."""
        return documents.files(self)

    @property
    def camera_from_board(self) -> Array:
        """The true camera_from_board of every image, (n, 4, 4)."""
        seen = self.world_from_target(self.table.joints)
        return np.asarray(se3.inverse(seen)) if self.setup == "eye-in-hand" else seen

    def world_from_target(self, command: Array) -> Array:
        """The true poses of what is on the flange, relative to what is in the base, (n, 4, 4)."""
        return np.asarray(se3.inverse(self.in_base) @ base_from_flange(self.arm, command) @ self.on_flange)


def simulate_arm(
    camera: Camera,
    corners_in_board: Array,
    nominal: SerialArm,
    *,
    setup: Setup = "eye-in-hand",
    views: int = 40,
    unseen: int = 300,
    sigma_px: float = 0.15,
    spread: Spread | None = None,
    seed: int = 0,
    board: str = "",
) -> ArmInImages:
    """An arm with errors looks at a board from `views` poses, and could from `unseen` more.

    spread: of the arm's errors. Raises UsageError `simulation-impossible` if too few commands show the whole board.
    """
    rng = np.random.default_rng(seed)
    spread = spread or Spread(error_rad=float(np.deg2rad(0.04)))
    arm = built_arm(nominal, spread, rng)
    mount = se3.compose(so3.exp(rng.normal(0.0, 0.3, 3)), np.array([0.03, 0.0, 0.06]) + rng.uniform(-0.03, 0.03, 3))
    place, commands = _draw_place(camera, corners_in_board, nominal, arm, mount, setup, views + unseen, rng)
    seen = _camera_from_board(commands[:views], arm, mount, place, setup)
    px = camera.project(se3.apply(seen[:, None], corners_in_board))
    px = px + rng.normal(0.0, 1.0, px.shape) * sigma_px
    images = tuple(f"view_{i + 1:03d}.png" for i in range(views))
    table = PoseTable(
        joints=commands[:views],
        prismatic=nominal.prismatic,
        target=np.zeros(views, np.intp),
        pose=np.arange(views),
        lines=np.arange(views) + 2,
        other={"image": images},
        name="joints.csv",
    )
    observations = Observations(
        tuple(View(name, own, corners_in_board) for name, own in zip(images, px, strict=True)),
        camera.image_size_px,
        board,
    )
    rest = commands[views : views + unseen]
    return ArmInImages(observations, table, camera, nominal, arm, setup, mount, place, rest, seed, sigma_px, spread)


def _camera_from_board(command: Array, arm: SerialArm, mount: Array, place: Array, setup: Setup) -> Array:
    """(n, 4, 4) at commands (n, joints). mount: of what is on the flange; place: of what is in the base."""
    there = se3.inverse(place) @ base_from_flange(arm, command) @ mount
    return np.asarray(se3.inverse(there) if setup == "eye-in-hand" else there)


def _draw_place(
    camera: Camera,
    corners_in_board: Array,
    nominal: SerialArm,
    arm: SerialArm,
    mount: Array,
    setup: Setup,
    needed: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """A place (4, 4) of what is in the base, and at least as many commands as needed that show the whole board."""
    for _ in range(PLACES):
        middle = random_commands(nominal, 1, rng)[0]
        ahead = _straight_ahead(camera, corners_in_board)
        in_front = ahead if setup == "eye-in-hand" else se3.inverse(ahead)
        place = base_from_flange(arm, middle[None])[0] @ mount @ in_front
        look = partial(_camera_from_board, arm=arm, mount=mount, place=place, setup=setup)
        commands = _seeing(camera, corners_in_board, look, arm, middle, rng)
        if len(commands) >= needed:
            return place, commands
    raise UsageError(
        "no place of the board can be seen from enough poses",
        code="simulation-impossible",
        why=f"{PLACES} places were tried",
        advice="take fewer views or a smaller board",
    )


def _straight_ahead(camera: Camera, corners_in_board: Array) -> Array:
    """camera_from_board (4, 4) of a board on the optical axis, seen squarely."""
    assert camera.image_size_px is not None
    extent = float(np.ptp(corners_in_board, axis=0).max())
    distance = camera.focal_px[1] * extent / (SPAN * camera.image_size_px[1])
    return se3.compose(np.eye(3), np.array([0.0, 0.0, distance]) - corners_in_board.mean(axis=0))


def _seeing(
    camera: Camera,
    corners_in_board: Array,
    camera_from_board: Callable[[Array], Array],
    arm: SerialArm,
    middle: Array,
    rng: np.random.Generator,
) -> Array:
    """Commands (k, joints) about the middle one from which the whole board is seen from its front."""
    assert camera.image_size_px is not None
    turn = ABOUT_RAD * np.where(arm.prismatic, 0.1, 1.0)
    drawn = middle + rng.normal(0.0, 1.0, (DRAWS, arm.joints)) * turn
    low, high = np.clip(arm.limits[-1], middle[-1] - np.pi, middle[-1] + np.pi)
    if not arm.prismatic[-1]:  # about the camera's own axis, more or less, any roll will do
        drawn[:, -1] = rng.uniform(low, high, DRAWS)
    drawn = drawn[~arm.outside_limits(drawn).any(axis=1)]
    seen = camera_from_board(drawn)
    depth = se3.apply(seen, corners_in_board.mean(axis=0))[:, 2]
    ahead = float(camera_from_board(middle[None])[0, 2, 3])
    near = (depth > NEAREST * ahead) & (depth < FARTHEST * ahead) & (seen[:, 2, 2] > np.cos(np.deg2rad(60.0)))
    drawn, seen = drawn[near], seen[near]
    points = se3.apply(seen[:, None], corners_in_board)
    size = np.array(camera.image_size_px, float)
    px = camera.project(points)
    inside = ((px > MARGIN * size[0]) & (px < size - 1 - MARGIN * size[0])).all(axis=(1, 2))
    drawn, points, px = drawn[inside], points[inside], px[inside]
    rays = camera.unproject(px)  # beyond its fold a lens maps far points back into the image
    straight = np.einsum("nki,nki->nk", rays, points) > (1 - 1e-9) * np.linalg.norm(points, axis=2)
    return np.asarray(drawn[straight.all(axis=1)])
