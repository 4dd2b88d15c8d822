"""Images of straight edges that cross, drawn from their formula: what is found in them is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array


def crossing(
    place: tuple[float, float], directions_rad: tuple[float, float], size: tuple[int, int] = (61, 61), blur: float = 1.0
) -> NDArray[np.float32]:
    """Two edges through `place` (x, y): grey values 70 and 170, light between the first direction and the second."""
    y, x = np.mgrid[: size[1], : size[0]].astype(float)
    sides = [
        np.tanh((np.cos(angle) * (y - place[1]) - np.sin(angle) * (x - place[0])) / blur) for angle in directions_rad
    ]
    return np.asarray(120 - 50 * sides[0] * sides[1], dtype=np.float32)


def checkered(
    columns: int, rows: int, spacing: float = 20.0, turn_rad: float = 0.15
) -> tuple[NDArray[np.float32], Array]:
    """Squares without end, turned, of which a rectangle is a board's; and its corners (rows, columns, 2)."""
    along = spacing * np.array([np.cos(turn_rad), np.sin(turn_rad)])
    down = spacing * np.array([-np.sin(turn_rad), np.cos(turn_rad)])
    row, column = np.mgrid[:rows, :columns]
    corners = column[..., None] * along + row[..., None] * down
    origin = 40.3 - corners.min(axis=(0, 1))
    corners += origin
    width, height = np.ceil(corners.max(axis=(0, 1))).astype(int) + 40
    y, x = np.mgrid[:height, :width].astype(float)
    offset = np.stack([x, y], axis=-1) - origin
    u, v = offset @ along / spacing**2, offset @ down / spacing**2
    wave = np.tanh(np.sin(np.pi * u) * spacing / np.pi) * np.tanh(np.sin(np.pi * v) * spacing / np.pi)
    return (120 + 50 * wave).astype(np.float32), corners
