"""A frame that is known, as users write it: three lengths and a rotation vector, each with its unit, or a YAML file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calib.arrays import Array
from calib.config import MAX_MAGNITUDE, load
from calib.errors import UsageError
from calib.geometry import se3, so3

UNITS = {"mm": ("m", 1e-3), "m": ("m", 1.0), "deg": ("rad", math.pi / 180), "rad": ("rad", 1.0)}
WRITTEN = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(mm|m|deg|rad)\s*")
KINDS = (["m"] * 3, ["m"] * 3 + ["rad"] * 3)


FILES = (".yaml", ".yml")
IN_FILE = "give `matrix` (4 x 4, metres), or a position (`position_m` or `position_mm`) and at most one rotation"
UNIT = 1e-6  # by which a rotation written with six digits may miss one


@dataclass(frozen=True)
class FrameFile:
    """The content of a YAML file: a matrix, or a position with or without a rotation."""

    matrix: tuple[tuple[float, float, float, float], ...] | None = None
    """4 x 4, metres."""
    position_m: tuple[float, float, float] | None = None
    """m."""
    position_mm: tuple[float, float, float] | None = None
    """mm."""
    quaternion_xyzw: tuple[float, float, float, float] | None = None
    """Of unit length, the scalar last."""
    rotation_vector_rad: tuple[float, float, float] | None = None
    """rad."""
    rotation_vector_deg: tuple[float, float, float] | None = None
    """deg."""

    def frame(self, where: str) -> Array:
        """The frame (4, 4). Raises UsageError `frame-value`."""
        if self.matrix is not None and self == FrameFile(matrix=self.matrix):
            given = np.array(self.matrix)
        else:
            given = self._of_parts(where)
        turn = given[:3, :3] if given.shape == (4, 4) else np.zeros((3, 3))
        if (
            np.abs(turn.T @ turn - np.eye(3)).max() > UNIT
            or np.linalg.det(turn) < 0
            or (given[3] != (0, 0, 0, 1)).any()
        ):
            raise _not_a_frame(where, IN_FILE)
        return given

    def _of_parts(self, where: str) -> Array:
        positions = [
            np.array(each) / scale
            for each, scale in ((self.position_m, 1), (self.position_mm, 1000))
            if each is not None
        ]
        turns = []
        if self.quaternion_xyzw is not None:
            turns.append(so3.from_quaternion_xyzw(np.array(self.quaternion_xyzw)))
        if self.rotation_vector_rad is not None:
            turns.append(so3.exp(np.array(self.rotation_vector_rad)))
        if self.rotation_vector_deg is not None:
            turns.append(so3.exp(np.radians(self.rotation_vector_deg)))
        if self.matrix is not None or len(positions) != 1 or len(turns) > 1:
            raise _not_a_frame(where, IN_FILE)
        return se3.compose(turns[0] if turns else np.eye(3), positions[0])


def known_frame(text: str, option: str) -> Array:
    """The frame (4, 4) of text such as 412mm,0mm,0.8m,0deg,0deg,90deg, of a point: three lengths, or of a YAML file.

    Raises UsageError `frame-value`, naming the option; `config-...` of a file.
    """
    if text.endswith(FILES):
        return load(FrameFile, Path(text)).frame(f"{option} {text}")
    found = [WRITTEN.fullmatch(part) for part in text.split(",")]
    kinds = [UNITS[match[2]][0] if match else "" for match in found]
    numbers = [float(match[1]) * UNITS[match[2]][1] if match else math.inf for match in found]
    if kinds not in KINDS or not all(abs(number) <= MAX_MAGNITUDE for number in numbers):
        advice = (
            f"x, y, z and a rotation vector, each with its unit: {option} 412mm,0mm,0.8m,0deg,0deg,90deg; of a point "
            f"x, y and z alone; or a YAML file: {IN_FILE}"
        )
        raise _not_a_frame(option, advice, f": {text!r}")
    turn = np.array(numbers[3:] or [0.0] * 3)
    return se3.compose(so3.exp(turn), np.array(numbers[:3]))


def _not_a_frame(where: str, advice: str, given: str = "") -> UsageError:
    return UsageError(f"not a frame{given}", code="frame-value", where=where, advice=advice)
