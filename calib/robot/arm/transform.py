"""A rigid transform as people write it in YAML: a matrix, or a position and a rotation, each number naming its unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.errors import UsageError
from calib.geometry import se3, so3

_TO_SI = {"m": lambda x: x, "mm": lambda x: x / 1000, "rad": lambda x: x, "deg": math.radians}
_Three = tuple[float, float, float]


@dataclass(frozen=True)
class WrittenTransform:
    """A rigid transform, as written: a whole matrix, or a position and a rotation."""

    matrix: tuple[tuple[float, float, float, float], ...] | None = None
    position_m: _Three | None = None
    position_mm: _Three | None = None
    rotation_vector_rad: _Three | None = None
    rotation_vector_deg: _Three | None = None
    quaternion_xyzw: tuple[float, float, float, float] | None = None


def transform_of(frame: WrittenTransform | None, where: str) -> Array:
    """The transform (4, 4), metres; the identity for None. Raises UsageError `arm-value`."""
    if frame is None:
        return np.eye(4)
    position = in_si(frame, "position", ("m", "mm"), where)
    vector = in_si(frame, "rotation_vector", ("rad", "deg"), where)
    if frame.matrix is not None:
        if position is not None or vector is not None or frame.quaternion_xyzw is not None:
            raise wrong_value(
                "give either the matrix, or a position and a rotation", where, "keep the matrix alone, or remove it"
            )
        return _rigid(frame.matrix, where)
    if vector is not None and frame.quaternion_xyzw is not None:
        raise wrong_value("give one rotation, as vector or as quaternion", where, "remove one of the two")
    rotation = np.eye(3)
    if vector is not None:
        rotation = so3.exp(np.array(vector))
    if frame.quaternion_xyzw is not None:
        if abs(np.linalg.norm(frame.quaternion_xyzw) - 1) > 1e-3:  # three decimals, as makers print them
            raise wrong_value(
                "the quaternion is not of unit length", where, "write it as [x, y, z, w], with all its decimals"
            )
        rotation = so3.from_quaternion_xyzw(np.array(frame.quaternion_xyzw))
    return se3.compose(rotation, np.array(position or (0.0, 0.0, 0.0)))


def in_si(written: Any, name: str, units: tuple[str, ...], where: str) -> Any:
    """The one of name_unit that is given, in SI units; None if none is. A value or a tuple of values."""
    given = [unit for unit in units if getattr(written, f"{name}_{unit}") is not None]
    if len(given) > 1:
        raise wrong_value(
            f"{name} is given twice, as {name}_{given[0]} and {name}_{given[1]}", where, f"remove {name}_{given[1]}"
        )
    if not given:
        return None
    value = getattr(written, f"{name}_{given[0]}")
    convert = _TO_SI[given[0]]
    return tuple(convert(item) for item in value) if isinstance(value, tuple) else convert(value)


def wrong_value(what: str, where: str, advice: str) -> UsageError:
    """The error `arm-value`."""
    return UsageError(what, code="arm-value", where=where, advice=advice)


def _rigid(matrix: tuple[tuple[float, ...], ...], where: str) -> Array:
    transform = np.array(matrix, dtype=float)
    if transform.shape != (4, 4) or np.any(transform[3] != (0, 0, 0, 1)):
        raise wrong_value(
            "expected four rows, the last one [0, 0, 0, 1]",
            where,
            "write it as [[r11, r12, r13, x], ..., [0, 0, 0, 1]]",
        )
    rotation = transform[:3, :3]
    # 1e-6: matrices printed with seven digits still pass, a scaled or mirrored one does not
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-6 or np.linalg.det(rotation) < 0:
        raise wrong_value(
            "the matrix is not a rotation with a position",
            where,
            "write rotations with seven digits or more, or as rotation_vector_rad",
        )
    return transform
