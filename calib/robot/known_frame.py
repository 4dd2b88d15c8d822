"""A frame that is known, as users write it: three lengths and a rotation vector, each with its unit."""

from __future__ import annotations

import math
import re

import numpy as np

from calib.arrays import Array
from calib.config import MAX_MAGNITUDE
from calib.errors import UsageError
from calib.geometry import se3, so3

UNITS = {"mm": ("m", 1e-3), "m": ("m", 1.0), "deg": ("rad", math.pi / 180), "rad": ("rad", 1.0)}
WRITTEN = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(mm|m|deg|rad)\s*")
KINDS = (["m"] * 3, ["m"] * 3 + ["rad"] * 3)


def known_frame(text: str, option: str) -> Array:
    """The frame (4, 4) of text such as 412mm,0mm,0.8m,0deg,0deg,90deg, or of a point: three lengths.

    Raises UsageError `frame-value`, naming the option.
    """
    found = [WRITTEN.fullmatch(part) for part in text.split(",")]
    kinds = [UNITS[match[2]][0] if match else "" for match in found]
    numbers = [float(match[1]) * UNITS[match[2]][1] if match else math.inf for match in found]
    if kinds not in KINDS or not all(abs(number) <= MAX_MAGNITUDE for number in numbers):
        raise UsageError(
            f"not a frame: {text!r}",
            code="frame-value",
            where=option,
            advice=f"x, y, z and a rotation vector, each with its unit: {option} 412mm,0mm,0.8m,0deg,0deg,90deg; "
            "of a point x, y and z alone",
        )
    turn = np.array(numbers[3:] or [0.0] * 3)
    return se3.compose(so3.exp(turn), np.array(numbers[:3]))
