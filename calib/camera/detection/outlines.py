"""Corners of dark squares on white, as the ends of their sides.

A window about a convex corner sees a corner that blur has rounded, and is drawn inwards by some tenths of a pixel; blur
moves a straight side nowhere.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array, Grey
from calib.camera.images import opencv

_REACHES_PX = (np.inf, 3.5, 3.5, 3.5)  # of each round: farther away there is noise alone
_ALONG = np.linspace(0.12, 0.88, 24)  # of a side: its ends are rounded
_ACROSS = np.linspace(-1.0, 1.0, 25)  # of the reach
_REACH = 0.5  # of the border's width, in and out
_LEAST_REACH_PX = 1.5  # or a blurred side is cut off, and corners are better left as they are
_LEAST_SEEN = 12  # of the places along a side
_LEAST_TURN = 0.05  # sine of the angle between two sides
_FAR = 0.5  # of the reach: where a side is no side of this square


def refine_squares(image: Grey, corners_px: Array, border: float) -> Array:
    """Corners (n, 4, 2), clockwise, of squares whose dark border is as wide as a share of the side; where a side is not
    seen clearly, the corners as they were."""
    found = corners_px
    for most_px in _REACHES_PX if len(corners_px) else ():
        found = _refine_once(image, found, np.minimum(_reach(found, border), most_px))
    reach = _reach(corners_px, border)[:, None]
    far = (np.hypot(*(found - corners_px).transpose(2, 0, 1)) > reach) | (reach < _LEAST_REACH_PX)
    return np.where((far | ~np.isfinite(found).all(axis=2))[..., None], corners_px, found)


def _reach(corners: Array, border: float) -> Array:
    """(n,) px"""
    sides = np.roll(corners, -1, axis=1) - corners
    return np.asarray(_REACH * border * np.hypot(sides[..., 0], sides[..., 1]).min(axis=1))


def _refine_once(image: Grey, corners: Array, reach: Array) -> Array:
    sides = np.roll(corners, -1, axis=1) - corners
    length = np.hypot(sides[..., 0], sides[..., 1])
    outward = np.stack([sides[..., 1], -sides[..., 0]], axis=-1) / length[..., None]  # y runs down
    across = _ACROSS * reach[:, None]
    places = corners[:, :, None, None] + _ALONG[:, None, None] * sides[:, :, None, None]
    places = places + across[:, None, None, :, None] * outward[:, :, None, None]  # (n, 4, along, across, 2)
    flat = np.ascontiguousarray(places.reshape(len(corners), -1, 2), np.float32)
    cv2 = opencv.load()
    grey = cv2.remap(image.astype(np.float32), flat, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    slope = np.diff(grey.reshape(places.shape[:-1]), axis=-1)  # from dark to light, going out
    middle = (across[:, 1:] + across[:, :-1]) / 2
    total = slope.sum(axis=-1)
    with np.errstate(all="ignore"):
        off = np.einsum("nsak,nk->nsa", slope, middle) / total
    weight = np.where((total > 0) & np.isfinite(off) & (np.abs(off) < 2 * _FAR * across[:, -1, None, None]), total, 0.0)
    begin, end = _ends(np.where(weight > 0, off, 0.0), weight)
    # a corner is on both of its sides: how far it moves along each of their normals is known
    normals = np.stack([outward, np.roll(outward, 1, axis=1)], axis=2)
    along = np.stack([begin, np.roll(end, 1, axis=1)], axis=2)
    flat_corner = np.abs(np.linalg.det(normals)) < _LEAST_TURN
    normals[flat_corner], along[flat_corner] = np.eye(2), np.nan
    return np.asarray(corners + np.linalg.solve(normals, along[..., None])[..., 0])


def _ends(off: Array, weight: Array) -> tuple[Array, Array]:
    """Where parabolas through offsets (n, 4, along) begin and end, each (n, 4): a lens bends the sides."""
    powers = np.stack([np.ones_like(_ALONG), _ALONG, _ALONG**2])
    matrix = np.einsum("nsa,pa,qa->nspq", weight, powers, powers)
    right = np.einsum("nsa,pa,nsa->nsp", weight, powers, off)
    seen = (weight > 0).sum(axis=-1) >= _LEAST_SEEN
    matrix[~seen], right[~seen] = np.eye(3), np.nan
    found = np.linalg.solve(matrix, right[..., None])[..., 0]
    return found[..., 0], found.sum(axis=-1)
