"""Poses of a board, or a marker, that something else found: a detector, a tracker, ROS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.camera.observations import Excluded, Observations, View
from calib.errors import InputError
from calib.geometry import se3
from calib.robot.conventions.interpretations import invert_poses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.robot.table.pose_table import PoseTable

NAME = "board pose {}"
NOTHING_SEEN = View("", np.zeros((0, 2)), np.zeros((0, 3)))


@dataclass(frozen=True, eq=False, repr=False)
class BoardPoses:
    """Poses of a board in a camera that something else found, and what is known of their noise."""

    table: PoseTable
    """camera_from_board of every image."""

    noise: tuple[float, float] | None = None
    """Standard deviations per axis of position and turn, m and rad; None: estimated."""

    def __repr__(self) -> str:
        return f"BoardPoses({len(self.table.lines)} poses from {self.table.name})"


@dataclass(frozen=True, eq=False)
class GivenBoards:
    """Board poses of some images, where `LocatedBoards` has those from corners."""

    table: PoseTable
    """camera_from_board as read."""

    rows: Index
    """(n,) of the table."""

    views: tuple[View, ...]
    """The names of the images; no corners."""

    noise: tuple[float, float] | None = None
    """As of `BoardPoses`."""

    size: float = 1.0
    """Of the board over the size that the poses were found with."""

    excluded: tuple[Excluded, ...] = ()
    """Images whose pose cannot be used, and why."""

    camera: None = None
    noise_px: float = 1.0

    @property
    def camera_from_board(self) -> Array:
        """(n, 4, 4)."""
        assert self.table.rotation is not None
        assert self.table.position is not None
        return se3.compose(self.table.rotation[self.rows], self.size * self.table.position[self.rows])

    def select(self, index: Index) -> GivenBoards:
        """Some of the images, in the order given."""
        return replace(self, rows=self.rows[index], views=tuple(self.views[i] for i in index))

    def with_points(self, move: Array, which: Mask, scale: float = 1.0) -> GivenBoards:
        """Poses of a board that is larger by a scale; none has corners that could be moved."""
        return replace(self, size=scale * self.size)

    def invert(self) -> GivenBoards:
        """The same poses the other way round."""
        return replace(self, table=invert_poses(self.table))

    @property
    def in_front(self) -> Mask:
        """(n,) whether the camera can see the board where it is: before it, not behind."""
        return np.asarray(self.camera_from_board[:, 2, 3] > 0)


def observations_of(boards: BoardPoses, names: Sequence[str] | None) -> Observations:
    """Images without corners, one for each pose. names: of the rows; None: their number in the file."""
    table = boards.table
    called = names or [NAME.format(line) for line in table.lines.tolist()]
    excluded = tuple(Excluded(NAME.format(row.line), row.reason) for row in table.excluded)
    views = tuple(replace(NOTHING_SEEN, image=name) for name in called)
    return Observations(views, None, "board poses", True, excluded, table.notes)


def require_board_poses(table: PoseTable) -> None:
    """Raise InputError `poses-missing` for a table without poses of the board."""
    if table.position is None or table.quaternion_xyzw is None:
        raise InputError(
            "the table holds no poses of the board",
            code="poses-missing",
            where=table.name,
            why=f"its columns are those of {table.measurement}",
            advice="a pose of the board in the camera is tvec and rvec, x_m,y_m,z_m,qx,qy,qz,qw, or a 4 x 4 matrix",
        )
