"""The camera's position along directions that the robot's turns leave open: held where it is stated, else named.

A robot that never turns moves every camera on it alike: where on the flange the camera is trades with where the board
is, and the same holds along the axis of a robot that turns about one alone (SCARA arms, positioners).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ResidualBlock
from calib.text import first_few

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values

AXES = ("x", "y", "z")
# To which a position is held: far below what any result shows. One that is not stated is held where it starts, for
# what the data determine does not depend on it.
HELD_M = 1e-6
ALONG = 0.02  # least component along a direction by which a coordinate counts as being along it


@dataclass(frozen=True, eq=False)
class PositionHold:
    """Where the camera's position is held."""

    directions: Array
    """(k, 3) unit vectors in the mount."""

    values_m: Array
    """(k,) the position along each."""

    open: Array
    """(j, 3) directions in which the position is known neither by the poses nor by what is stated."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Coordinates that, if stated, would leave nothing open."""
        left, names = self.open, []
        while len(left):
            best = int(np.argmax(np.abs(left).max(axis=0)))
            names.append(AXES[best])
            left = _not_along(left, np.eye(3)[[best]])
        return tuple(sorted(names))

    def along(self) -> Array:
        """Which coordinates (3,) of the mount are open."""
        return np.asarray((np.abs(self.open) > ALONG).any(axis=0)) if len(self.open) else np.zeros(3, bool)

    def in_words(self, mount: str) -> str:
        """Which part of the position is open; empty if none is."""
        if not len(self.open):
            return ""
        if len(self.open) == 3:
            return f"the camera's position in the {mount}"
        along = first_few(["({:.3f}, {:.3f}, {:.3f})".format(*(each + 0.0)) for each in self.open])
        return f"the camera's position in the {mount} along {along}"

    def add_to(self, information: Array, gradient: Array, mount_from_camera: Array) -> None:
        """Count in normal equations of the camera's tangent, which comes first, in place."""
        residuals, by = self._residuals(mount_from_camera)
        information[:6, :6] += by.T @ by
        gradient[:6] += by.T @ residuals

    def block(self, camera: str) -> ResidualBlock:
        """The same as residuals on the camera's block."""

        def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
            residuals, by = self._residuals(values[camera][0])
            return residuals[None], (by[None],)

        return ResidualBlock("position held", 1, len(self.values_m), {camera: None}, evaluate)

    def _residuals(self, mount_from_camera: Array) -> tuple[Array, Array]:
        """(k,) in standard deviations, and derivatives (k, 6) by the camera's tangent."""
        off = self.directions @ mount_from_camera[:3, 3] - self.values_m
        by = np.hstack([self.directions @ mount_from_camera[:3, :3], np.zeros((len(off), 3))])
        return off / HELD_M, by / HELD_M


def position_hold(open_directions: Array, stated: Mapping[str, float], mount_from_camera: Array) -> PositionHold | None:
    """What is held, of directions (j, 3) that the poses leave open; None where they leave none and none is stated."""
    if not len(open_directions) and not stated:
        return None
    coordinates = [AXES.index(name) for name in stated]
    axes = np.eye(3)[coordinates].reshape(-1, 3)
    left = _not_along(open_directions, axes)
    directions = np.vstack([axes, left])
    values = np.concatenate([list(stated.values()), left @ mount_from_camera[:3, 3]])
    return PositionHold(directions, values, left)


def _not_along(directions: Array, stated: Array) -> Array:
    """Of the space of directions (j, 3), an orthonormal basis of those that what is stated (h, 3) does not touch."""
    if not len(directions) or not len(stated):
        return directions
    _, sizes, vectors = np.linalg.svd(stated @ directions.T)
    free = vectors[int((sizes > ALONG).sum()) :]
    return np.asarray(free @ directions)
