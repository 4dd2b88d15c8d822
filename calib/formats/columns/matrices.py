"""Rigid transforms as matrices in files: 4 x 4 or 3 x 4, by rows or by columns, and the poses that they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from calib.arrays import Array
from calib.formats.columns.roles import Roles
from calib.geometry import so3

ROTATION_WITHIN = 0.02  # of R'R = 1: three decimals of an element leave a few thousandths
NAMES = ("x", "y", "z", "qx", "qy", "qz", "qw")
ROLES = Roles(position=NAMES[:3], quaternion=NAMES[3:], scalar="last")
_ELEMENT = re.compile(r"(?i)([a-z]*)[ _\[(]*([0-4])[ _,\]\[]*([0-4])[\])]?")
_SHIFT = re.compile(r"(?i)(?:t|p|trans|translation)[ _\[]*([0-3xyz])\]?")


def as_transforms(values: Array) -> Array | None:
    """Transforms (n, 4, 4) of rows of 16 or 12 numbers (n, k), by rows or by columns; None if they are none."""
    n, count = values.shape
    if count == 16:
        square = values.reshape(n, 4, 4)
        for each in (square, square.transpose(0, 2, 1)):  # the second as Franka writes them
            if _is_last_row(each[:, 3]) and _are_rotations(each[:, :3, :3]):
                return each
    if count == 12:
        first = _whole(values.reshape(n, 3, 4))
        if _are_rotations(first[:, :3, :3]):
            return first
        apart = np.concatenate([values[:, :9].reshape(n, 3, 3), values[:, 9:, None]], axis=2)
        if _are_rotations(apart[:, :3, :3]):
            return _whole(apart)
    return None


def pose_columns(transforms: Array) -> dict[str, Array]:
    """Columns x y z qx qy qz qw of transforms (n, 4, 4), lengths as they are; NaN for what is no transform."""
    sound = np.isfinite(transforms).all(axis=(1, 2)) & (np.abs(transforms[:, :3, :3]).max(axis=(1, 2), initial=0) < 2)
    columns = np.full((len(transforms), len(NAMES)), np.nan)
    columns[sound, :3] = transforms[sound, :3, 3]
    columns[sound, 3:] = so3.quaternion_xyzw(so3.nearest(transforms[sound, :3, :3]))
    return dict(zip(NAMES, columns.T, strict=True))


def transforms_by_name(numbers: Mapping[str, Array]) -> tuple[Array, frozenset[str]] | None:
    """Transforms of columns named r00 ... t2, m_00 ... m_33 or T11 ... T34, with the names of these columns."""
    families: dict[str, dict[tuple[int, int], str]] = {}
    shifts: dict[int, str] = {}
    for name in numbers:
        stripped = name.strip()
        if match := _ELEMENT.fullmatch(stripped):
            families.setdefault(match[1].lower(), {})[int(match[2]), int(match[3])] = name
        elif match := _SHIFT.fullmatch(stripped):
            shifts["xyz".index(match[1].lower()) if match[1].lower() in "xyz" else int(match[1])] = name
    for places in families.values():
        base = min(min(place) for place in places)
        rotation = [[places.get((i + base, k + base)) for k in range(3)] for i in range(3)]
        shift = [places.get((i + base, 3 + base)) for i in range(3)]
        if None in shift:
            low = min(shifts, default=0)
            shift = [shifts.get(i + low) for i in range(3)]
        used = [name for row in (*rotation, shift) for name in row if name is not None]
        if len(used) == 12:
            flat = np.stack([numbers[name] for name in used], axis=1)
            apart = np.concatenate([flat[:, :9].reshape(-1, 3, 3), flat[:, 9:, None]], axis=2)
            if _are_rotations(apart[:, :, :3]):
                return _whole(apart), frozenset([*used, *places.values()])
    return None


def blocks(values: list[list[float]]) -> Array | None:
    """Transforms (n, 4, 4) of lines of four numbers, four lines (or three) each; None if they are none."""
    if any(len(row) != 4 for row in values):
        return None
    flat = np.array(values, dtype=float)
    for rows in (4, 3):
        whole = len(flat) // rows  # the last may have been cut off
        if whole and (len(flat) % rows == 0 or rows == 4):
            found = as_transforms(flat[: whole * rows].reshape(whole, 4 * rows))
            if found is not None:
                return found
    return None


def _whole(upper: Array) -> Array:
    """Transforms (n, 4, 4) of their upper rows (n, 3, 4)."""
    whole = np.zeros((len(upper), 4, 4))
    whole[:, :3], whole[:, 3, 3] = upper, 1.0
    return whole


def _is_last_row(rows: Array) -> bool:
    return bool(np.nanmax(np.abs(rows - (0, 0, 0, 1)), initial=0.0) < 1e-3)


def _are_rotations(found: Array) -> bool:
    """Whether most matrices (n, 3, 3) are rotations; a few rows may be damaged."""
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(found.transpose(0, 2, 1) @ found - np.eye(3)).max(axis=(1, 2), initial=0.0)
        good = (off < ROTATION_WITHIN) & (np.linalg.det(np.nan_to_num(found)) > 0)
    return bool(len(good)) and float(good.mean()) >= 0.9
