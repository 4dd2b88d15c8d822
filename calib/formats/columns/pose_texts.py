"""Poses as the numbers that controllers and tools write: quaternions, rotation vectors, Euler angles in degrees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.formats.columns.recording import Meaning, Recording
from calib.geometry import so3

NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
"""A number in a regular expression."""
MOST = 1e15  # of a number in a file


def euler_deg(rotations: Array, sequence: str) -> Array:
    """Three angles (n, 3) in degrees of rotations (n, 3, 3), of a sequence as of scipy."""
    from scipy.spatial.transform import Rotation

    return np.array([_angles(Rotation.from_matrix(each), sequence) for each in rotations]).reshape(-1, 3)


def _angles(rotation: Any, sequence: str) -> Array:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # where two axes align, the third angle is zero by convention
        return np.asarray(rotation.as_euler(sequence, degrees=True))


def quaternions_xyzw(transforms: Array) -> Array:
    """(n, 4) of transforms (n, 4, 4), the scalar not negative."""
    found = so3.quaternion_xyzw(transforms[:, :3, :3])
    return np.where(found[:, 3:] < 0, -found, found)


def fields(row: Iterable[float], digits: str = "%.10g") -> list[str]:
    """Numbers as texts."""
    return [digits % (value + 0.0) for value in row]


def recording(
    names: Sequence[str],
    rows: Sequence[Sequence[float]],
    lines: Sequence[int],
    meaning: Meaning,
    texts: dict[str, tuple[str, ...]] | None = None,
) -> Recording:
    """Rows of numbers whose meaning the format states."""
    values = np.array(rows, dtype=float).reshape(len(rows), len(names))
    values[np.abs(values) > MOST] = np.nan
    columns = dict(zip(names, values.T, strict=True))
    return Recording(columns, np.array(lines, dtype=np.intp), (meaning,), texts or {})


def matches(pattern: re.Pattern[str], text: str) -> tuple[list[re.Match[str]], list[int]]:
    """All matches, and the line of each."""
    found = list(pattern.finditer(text))
    lines, at, line = [], 0, 1
    for match in found:
        line += text.count("\n", at, match.start())
        at = match.start()
        lines.append(line)
    return found, lines
