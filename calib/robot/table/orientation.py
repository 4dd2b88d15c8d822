"""Orientations given as three angles: a rotation vector, or Euler angles of a stated sequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.geometry import so3


@dataclass(frozen=True, eq=False)
class Angles:
    """Orientations of n rows as given in a table."""

    values: Array
    """(n, 3) rad."""
    euler: str | None
    """The sequence, three letters as in scipy: upper case turns about the moving axes (intrinsic), lower case about the
    fixed ones (extrinsic); None: a rotation vector."""
    by_axis: bool
    """Whether the columns are those of the axes x, y, z (rx ry rz), not of the first, second and third
    turn (e1 e2 e3)."""

    def quaternion_xyzw(self) -> Array:
        """The same orientations as quaternions (n, 4)."""
        if self.euler is None:
            return so3.quaternion_xyzw(so3.exp(self.values))
        axes = ["xyz".index(letter) for letter in self.euler.lower()]
        angles = self.values[:, axes] if self.by_axis else self.values
        turns = [so3.exp(angle[:, None] * np.eye(3)[axis]) for angle, axis in zip(angles.T, axes, strict=True)]
        if self.euler.islower():  # about fixed axes the later turn multiplies from the left
            turns.reverse()
        return so3.quaternion_xyzw(turns[0] @ turns[1] @ turns[2])
