"""X-shaped corners, where four squares of a checkerboard meet, in one grey image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Grey
from calib.camera.images import opencv

_BLUR_PX = 1.0
_SAMPLES = 32  # around a ring: 11 degrees apart, finer than the tolerances below
_RADII_PX = (6.0, 4.0, 2.5)  # the wide ring measures angles best, the narrow one fits small squares
_MIN_CONTRAST = 6.0  # grey levels between dark and light; a board of 20/255 still passes with its blur
_MAX_BEND_RAD = np.radians(35.0)  # a straight edge passes through a corner; allow for noise on a small ring
_MAX_UNEVEN = 0.25  # of the contrast; noise and blur stay under 0.15, three quarters of light above 0.4
_MIN_QUADRANT_RAD = np.radians(18.0)  # a board seen at 75 degrees from its normal still shows this much
_MIN_RESPONSE = (
    1.0  # (grey levels per px^2)^2; an X of contrast C and blur s has (C / (pi s^2))^2: C = 20 at s = 2.5 px
)
_MAX_CANDIDATES = 4000  # ring tests cost 10 us each
_MAX_SADDLES = 1500  # linking takes memory with the square of this; a 40 x 30 board has 1200


@dataclass(frozen=True)
class Saddles:
    """Corners in one image."""

    position_px: Array
    """(n, 2)."""
    edges_rad: Array
    """(n, 4) directions of the four edges that leave a corner, ascending (x right, y down)."""
    rising: Array
    """(n, 4) +1 where it turns from dark to light as the angle grows, else -1."""
    contrast: Array
    """(n,) grey levels."""

    def __len__(self) -> int:
        return len(self.position_px)


def sample(image: NDArray[np.float32], x: Array, y: Array) -> Array:
    """Grey values at pixel positions of any shape, bilinear, the border value outside."""
    height, width = image.shape
    x = np.clip(x, 0.0, width - 1.001)
    y = np.clip(y, 0.0, height - 1.001)
    column = x.astype(np.intp)
    row = y.astype(np.intp)
    right, below = x - column, y - row
    flat = image.ravel()
    at = row * width + column
    above = flat[at] * (1.0 - right) + flat[at + 1] * right
    under = flat[at + width] * (1.0 - right) + flat[at + width + 1] * right
    result: Array = above * (1.0 - below) + under * below
    return result


def blur(image: Grey) -> NDArray[np.float32]:
    """The image as the functions here need it: a little blurred, against noise and pixel steps."""
    smooth: NDArray[np.float32] = opencv.load().GaussianBlur(image.astype(np.float32), (0, 0), _BLUR_PX)
    return smooth


def find_saddles(smooth: NDArray[np.float32]) -> Saddles:
    """All X-shaped corners of a smoothed grey image.

    Candidates are the peaks of the negative Hessian determinant; a candidate stays when the grey values on a ring
    around it cross their middle level four times, opposite crossings in line.
    """
    cv2 = opencv.load()
    if min(smooth.shape) < 8:
        return _none()
    dxx = cv2.Sobel(smooth, cv2.CV_32F, 2, 0, ksize=3) / 4
    dyy = cv2.Sobel(smooth, cv2.CV_32F, 0, 2, ksize=3) / 4
    dxy = cv2.Sobel(smooth, cv2.CV_32F, 1, 1, ksize=3) / 4
    response = dxy * dxy - dxx * dyy
    peaks = (response == cv2.dilate(response, np.ones((5, 5), np.uint8))) & (response > _MIN_RESPONSE)
    peaks[:2] = peaks[-2:] = False
    peaks[:, :2] = peaks[:, -2:] = False
    row, column = np.nonzero(peaks)
    if not len(row):
        return _none()
    if len(row) > _MAX_CANDIDATES:
        strongest = np.sort(np.argsort(-response[row, column], kind="stable")[:_MAX_CANDIDATES])
        row, column = row[strongest], column[strongest]
    # The stationary point of the local quadratic, one Newton step from the peak.
    gx = (smooth[row, column + 1] - smooth[row, column - 1]) / 2
    gy = (smooth[row + 1, column] - smooth[row - 1, column]) / 2
    a, b, c, determinant = dxx[row, column], dxy[row, column], dyy[row, column], response[row, column]
    step = np.column_stack((c * gx - b * gy, a * gy - b * gx)) / determinant[:, None]
    position = np.column_stack((column, row)) + np.clip(step, -1.5, 1.5)
    return _ring_test(smooth, position.astype(np.float64), determinant.astype(np.float64))


def _none() -> Saddles:
    return Saddles(np.zeros((0, 2)), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0))


def _ring_test(smooth: NDArray[np.float32], position: Array, strength: Array) -> Saddles:
    """Keep the positions that look like an X on the widest ring that fits."""
    edges = np.zeros((len(position), 4))
    rising = np.zeros((len(position), 4))
    contrast = np.zeros(len(position))
    open_ = np.arange(len(position))
    for radius in _RADII_PX:
        found, ring_edges, ring_rising, ring_contrast = _ring(smooth, position[open_], radius)
        index = open_[found]
        edges[index], rising[index], contrast[index] = ring_edges[found], ring_rising[found], ring_contrast[found]
        open_ = open_[~found]
    keep = np.flatnonzero(contrast > 0)
    if len(keep) > _MAX_SADDLES:
        keep = np.sort(keep[np.argsort(-strength[keep], kind="stable")[:_MAX_SADDLES]])
    return Saddles(position[keep], edges[keep], rising[keep], contrast[keep])


def _ring(smooth: NDArray[np.float32], position: Array, radius: float) -> tuple[NDArray[np.bool_], Array, Array, Array]:
    """Whether each position has exactly four level crossings on the ring, their angles, directions and the contrast."""
    angle = np.arange(_SAMPLES) * (2 * np.pi / _SAMPLES)
    x = position[:, :1] + radius * np.cos(angle)
    y = position[:, 1:] + radius * np.sin(angle)
    height, width = smooth.shape
    inside = ((x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)).all(axis=1)
    values = sample(smooth, x, y)
    # The middle level from the inner quartiles, not the extremes: a highlight must not move it.
    ordered = np.sort(values, axis=1)
    low = ordered[:, 1 : _SAMPLES // 8 + 1].mean(axis=1)
    high = ordered[:, -_SAMPLES // 8 - 1 : -1].mean(axis=1)
    signal = values - ((low + high) / 2)[:, None]
    # Half a turn maps an X onto itself; at the board's rim, where a square meets margin and background, it does not.
    uneven = np.abs(signal - np.roll(signal, _SAMPLES // 2, axis=1)).mean(axis=1)
    following = np.roll(signal, -1, axis=1)
    crossing = (signal < 0) != (following < 0)
    found = inside & (crossing.sum(axis=1) == 4) & (high - low > _MIN_CONTRAST) & (uneven < _MAX_UNEVEN * (high - low))
    edges = np.zeros((len(position), 4))
    rising = np.zeros((len(position), 4))
    rows = np.flatnonzero(found)
    if len(rows):
        at = np.nonzero(crossing[rows])[1].reshape(-1, 4)
        before = np.take_along_axis(signal[rows], at, axis=1)
        after = np.take_along_axis(following[rows], at, axis=1)
        edges[rows] = (at + before / (before - after)) * (2 * np.pi / _SAMPLES)
        rising[rows] = np.where(after > before, 1.0, -1.0)
        gaps = np.diff(np.column_stack((edges[rows], edges[rows, 0] + 2 * np.pi)), axis=1)
        bend = np.abs(edges[rows, 2:] - edges[rows, :2] - np.pi)
        found[rows] = (bend < _MAX_BEND_RAD).all(axis=1) & (gaps > _MIN_QUADRANT_RAD).all(axis=1)
    return found, edges, rising, high - low
