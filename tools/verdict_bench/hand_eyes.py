"""Simulated hand-eye calibrations, for spoiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera import Observations, View
from calib.camera.camera import Camera
from calib.camera.simulation.simulate import typical_camera
from calib.cell import HandEyeCalibration, calibrate_hand_eye
from calib.cell.hand_eye.verdict import GOOD_RAD
from calib.cell.simulation.hand_eye import Noise, add_robot_noise, draw_mounting, draw_pose, pose_table
from calib.geometry import se3, so3
from calib.robot.table.pose_table import PoseTable
from verdict_bench.cameras import BOARD
from verdict_bench.judging import LIMITS, TrueError

IMAGES = 24
HAND, FIXED = "eye-in-hand", "eye-to-hand"


@dataclass(frozen=True)
class HandEyeSet:
    """Corners and poses, and the truth behind them."""

    observations: Observations
    table: PoseTable
    camera: Camera
    """As given to the calibration."""
    mount_from_camera: Array
    """In truth."""
    rng: np.random.Generator
    options: dict[str, Any] = field(default_factory=dict)
    """Of `calibrate_hand_eye`."""

    def calibrate(self) -> HandEyeCalibration:
        """As `calib handeye` does."""
        return calibrate_hand_eye(self.observations, self.table, camera=self.camera, **self.options)

    def error_of(self, result: HandEyeCalibration) -> TrueError:
        """mm of the worst coordinate, those of the orientation in the multiples that the verdict has for both."""
        found, true = result.mount_from_camera, self.mount_from_camera
        if (result.setup == HAND) != (self.options.get("truly", self.options["setup"]) == HAND):
            return TrueError(float("inf"))
        far = 1000 * float(np.max(np.abs(found[:3, 3] - true[:3, 3])))
        turn = float(np.max(np.abs(so3.log(found[:3, :3] @ true[:3, :3].T))))
        return TrueError(max(far, turn / GOOD_RAD * LIMITS["hand-eye"].good))

    def spoil(self, **columns: Any) -> HandEyeSet:
        """With other columns of the table."""
        return replace(self, table=replace(self.table, **columns))

    def reorder(self, order: Array) -> HandEyeSet:
        """Images take the poses of others."""
        assert self.table.position is not None
        assert self.table.quaternion_xyzw is not None
        return self.spoil(position=self.table.position[order], quaternion_xyzw=self.table.quaternion_xyzw[order])

    def change_views(self, change: Callable[[int, View], View]) -> HandEyeSet:
        """With other corners."""
        views = tuple(change(i, view) for i, view in enumerate(self.observations.views))
        return replace(self, observations=replace(self.observations, views=views))


@dataclass(frozen=True)
class Truth:
    """Where everything is at every image (n,), before anything is measured."""

    camera: Camera
    setup: str
    mount_from_camera: Array
    fixture_from_board: Array
    base_from_flange: Array
    camera_from_board: Array
    rng: np.random.Generator

    def seen(
        self,
        *,
        noise: Noise | None = None,
        board: Array = BOARD,
        stated: Array = BOARD,
        camera: Camera | None = None,
        poses: Array | None = None,
        **options: Any,
    ) -> HandEyeSet:
        """What is measured. board: as it is; stated: as it is taken for; camera: the lens given; poses: other
        camera_from_board (n, 4, 4)."""
        noise = noise or Noise()
        by_robot = add_robot_noise(self.base_from_flange, noise, self.rng)
        c = self.camera_from_board if poses is None else poses
        px = self.camera.project(se3.apply(c[:, None], board))
        px = px + self.rng.normal(0.0, noise.sigma_px, px.shape)
        names = tuple(f"view_{i + 1:03d}.png" for i in range(len(c)))
        views = tuple(View(name, own, stated) for name, own in zip(names, px, strict=True))
        observations = Observations(views, self.camera.image_size_px, "checkerboard:9x6:25mm")
        table = pose_table(by_robot, {"image": names})
        given = self.camera if camera is None else camera
        return HandEyeSet(
            observations, table, given, self.mount_from_camera, self.rng, {"setup": self.setup, **options}
        )


def drawn(seed: int, setup: str = HAND, *, images: int = IMAGES, poses: Array | None = None) -> Truth:
    """A camera on a hand or beside the robot, and images of a board. poses: camera_from_board, drawn unless given."""
    rng = np.random.default_rng([seed, setup == HAND])
    camera = typical_camera("brown_conrady")
    c = np.stack([draw_pose(camera, BOARD, rng) for _ in range(images)]) if poses is None else poses
    x, y, flange = draw_mounting(setup, c, rng)  # type: ignore[arg-type]
    return Truth(camera, setup, x, y, flange, c, rng)


def turned(seed: int, turns_rad: Array, *, shift_m: float = 0.05) -> Array:
    """camera_from_board (n, 4, 4) of a board half a metre away, turned by vectors (n, 3) and shifted at random."""
    rng = np.random.default_rng([seed, 11])
    middle = np.array([0.0, 0.0, 0.5]) - BOARD.mean(axis=0)
    shift = rng.uniform(-shift_m, shift_m, (len(turns_rad), 3))
    return se3.compose(so3.exp(turns_rad), middle + shift)
