"""The pose of a camera, and of the board, by a hand-eye calibration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calib.arrays import Array
from calib.cell.frame_loop import FIXTURE, MOUNT, Setup
from calib.cell.pose_estimates import pose_estimates
from calib.estimate import Estimate, quantile_975
from calib.formats.mount_format import MountedFrame, optical_frame


@dataclass(frozen=True, eq=False, repr=False)
class CameraPlace:
    """The camera on its mount and the board on its fixture, see `frame_loop`."""

    setup: Setup

    mount_from_camera: Array
    """(4, 4)."""

    fixture_from_board: Array
    """(4, 4)."""

    covariance: Array
    """(6, 6) of the camera's pose, metres along the mount's axes, then radians about them."""

    board_covariance: Array
    """(6, 6) of the board's, by the fixture's axes."""

    freedom: float
    """Degrees of freedom of the robot's noise."""

    camera: str = ""
    """The camera's name among several."""

    def __repr__(self) -> str:
        x, y, z = 1000 * self.mount_from_camera[:3, 3]
        return f"CameraPlace({self.setup}, {self.mount}_from_camera x {x:.3f} y {y:.3f} z {z:.3f} mm)"

    @property
    def mount(self) -> str:
        """What carries the camera: flange or base."""
        return MOUNT[self.setup]

    @property
    def fixture(self) -> str:
        """What carries the board: base or flange."""
        return FIXTURE[self.setup]

    @property
    def frame(self) -> MountedFrame:
        """The camera's optical frame, as other tools take it."""
        return MountedFrame(self.mount, optical_frame(self.camera), self.mount_from_camera, self.setup)

    @property
    def quantile(self) -> float:
        """Half the width of a 95 % interval in standard deviations."""
        return quantile_975(self.freedom)

    @property
    def half_width_95_m(self) -> Array:
        """(3,) half widths of 95 % intervals of the camera's position along the mount's axes."""
        return np.asarray(self.quantile * np.sqrt(np.diagonal(self.covariance)[:3]))

    @property
    def half_width_95_rad(self) -> Array:
        """(3,) half widths of 95 % intervals of the camera's turn about the mount's axes."""
        return np.asarray(self.quantile * np.sqrt(np.diagonal(self.covariance)[3:]))

    @cached_property
    def camera_estimates(self) -> dict[str, Estimate]:
        """mount_from_camera by label, such as `flange_from_camera.x_m`."""
        owner = f"{self.mount}_from_camera"
        return pose_estimates(owner, self.mount_from_camera, self.covariance, self.freedom, self.camera)

    @cached_property
    def board_estimates(self) -> dict[str, Estimate]:
        """fixture_from_board by label, such as `base_from_board.x_m`."""
        owner = f"{self.fixture}_from_board"
        return pose_estimates(owner, self.fixture_from_board, self.board_covariance, self.freedom)


def along_parent(tangent_covariance: Array, parent_from_child: Array) -> Array:
    """(6, 6) covariance by the parent's axes, from that of a right tangent, which is along the child's."""
    turn = np.kron(np.eye(2), parent_from_child[:3, :3])
    return np.asarray(turn @ tangent_covariance @ turn.T)
