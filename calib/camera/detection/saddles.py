"""X-shaped corners, where four squares of a checkerboard meet, in one grey image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Grey, Mask
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
_MAX_PEAKS = 4000  # ring tests cost 2 us each
_MAX_SADDLES = 1500  # linking takes memory with the square of this; a 40 x 30 board has 1200
_REMAP_ROWS = 32_000  # OpenCV's remap counts them in 16 bits
_HESSIAN_STRIP = 1 << 18  # pixels whose second derivatives stay in cache


@dataclass(frozen=True)
class Peaks:
    """Pixels where the negative Hessian determinant is largest in its neighbourhood: corners, and much else."""

    pixel: NDArray[np.int32]
    """(n, 2) column and row, the strongest first."""
    strength: NDArray[np.float32]
    """(n,) (grey levels per px^2)^2."""

    def select(self, which: slice | Mask) -> Peaks:
        """Some of them."""
        return Peaks(self.pixel[which], self.strength[which])

    def __len__(self) -> int:
        return len(self.pixel)


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
    strength: Array
    """(n,) of their peaks."""

    def __len__(self) -> int:
        return len(self.position_px)


def sample(image: NDArray[np.float32], x: Array, y: Array) -> NDArray[np.float32]:
    """Grey values at pixel positions of any shape, bilinear, the border value outside."""
    cv2 = opencv.load()
    shape = x.shape
    columns = shape[-1] if x.ndim > 1 else 1
    across = np.ascontiguousarray(x, dtype=np.float32).reshape(-1, columns)
    down = np.ascontiguousarray(y, dtype=np.float32).reshape(-1, columns)
    values = np.empty(across.shape, np.float32)
    for at in range(0, len(across), _REMAP_ROWS):
        rows = slice(at, at + _REMAP_ROWS)
        values[rows] = cv2.remap(image, across[rows], down[rows], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.reshape(shape)


def blur(image: Grey) -> NDArray[np.float32]:
    """The image as the functions here need it: a little blurred, against noise and pixel steps."""
    smooth: NDArray[np.float32] = opencv.load().GaussianBlur(image.astype(np.float32), (0, 0), _BLUR_PX)
    return smooth


def find_peaks(smooth: NDArray[np.float32]) -> Peaks:
    """The strongest peaks of the negative Hessian determinant of a smoothed grey image, as corners would be."""
    cv2 = opencv.load()
    if min(smooth.shape) < 8:
        return Peaks(np.zeros((0, 2), np.int32), np.zeros(0, np.float32))
    response = _response(smooth)
    # A corner's peak is the largest of 5 x 5 pixels.
    at = (response > _MIN_RESPONSE) & (response == cv2.dilate(response, np.ones((5, 5), np.uint8)))
    at[:2] = at[-2:] = False
    at[:, :2] = at[:, -2:] = False
    place = np.flatnonzero(at)
    strength = response.ravel()[place]
    if len(place) > _MAX_PEAKS:
        chosen = np.sort(np.argpartition(-strength, _MAX_PEAKS)[:_MAX_PEAKS])
        place, strength = place[chosen], strength[chosen]
    order = np.argsort(-strength, kind="stable")
    row, column = np.divmod(place[order], smooth.shape[1])
    return Peaks(np.column_stack((column, row)).astype(np.int32), strength[order])


def _response(smooth: NDArray[np.float32]) -> NDArray[np.float32]:
    """The negative Hessian determinant, strip by strip: its parts need not leave the cache."""
    cv2 = opencv.load()
    height, width = smooth.shape
    response = np.empty_like(smooth)
    rows = max(8, _HESSIAN_STRIP // width)
    for top in range(0, height, rows):
        first, last = max(0, top - 1), min(height, top + rows + 1)
        strip = smooth[first:last]
        dxx = cv2.Sobel(strip, cv2.CV_32F, 2, 0, ksize=3, scale=0.25)
        dyy = cv2.Sobel(strip, cv2.CV_32F, 0, 2, ksize=3, scale=0.25)
        dxy = cv2.Sobel(strip, cv2.CV_32F, 1, 1, ksize=3, scale=0.25)
        dxy *= dxy
        dxx *= dyy
        bottom = min(height, top + rows)
        np.subtract(dxy[top - first : bottom - first], dxx[top - first : bottom - first], out=response[top:bottom])
    return response


def _stationary(smooth: NDArray[np.float32], pixel: NDArray[np.int32]) -> Array:
    """The stationary points (n, 2) of the local quadratics about inner pixels (n, 2)."""
    place = pixel[:, 1].astype(np.intp) * smooth.shape[1] + pixel[:, 0]
    steps = np.add.outer(np.array([-1, 0, 1]) * smooth.shape[1], np.array([-1, 0, 1]))
    around = smooth.ravel()[steps.reshape(3, 3, 1) + place].astype(np.float64)  # by row, column and place
    across, down = around[1, 2] - around[1, 0], around[2, 1] - around[0, 1]
    right, below = around[:, 2] - 2 * around[:, 1] + around[:, 0], around[2] - 2 * around[1] + around[0]
    # Sobel's second derivatives.
    a, c = right[0] / 4 + right[1] / 2 + right[2] / 4, below[0] / 4 + below[1] / 2 + below[2] / 4
    b = (around[2, 2] - around[2, 0] - around[0, 2] + around[0, 0]) / 4
    gx, gy = across / 2, down / 2
    step = np.column_stack((c * gx - b * gy, a * gy - b * gx)) / (b * b - a * c)[:, None]
    return np.asarray(pixel + np.clip(step, -1.5, 1.5))


def find_saddles(smooth: NDArray[np.float32]) -> Saddles:
    """All X-shaped corners of a smoothed grey image."""
    return ring_test(smooth, find_peaks(smooth))


def ring_test(smooth: NDArray[np.float32], peaks: Peaks) -> Saddles:
    """The peaks that look like an X on the widest ring that fits: the grey values there cross their middle level four
    times, opposite crossings in line."""
    position = _stationary(smooth, peaks.pixel)
    radius = np.array(_RADII_PX, np.float32)
    limit = np.array([smooth.shape[1] - 1, smooth.shape[0] - 1])
    to_border = np.minimum(position, limit - position).min(axis=1)
    which, ring = np.nonzero(to_border[:, None] > radius)  # rings of one corner follow each other, the widest first
    good, edges, rising, contrast = _crossings(_rings(smooth, position[which], radius[ring]))
    index, first = np.unique(which[good], return_index=True)
    keep, first = index[:_MAX_SADDLES], first[:_MAX_SADDLES]
    strength = peaks.strength[keep].astype(np.float64)
    return Saddles(position[keep], edges[first], rising[first], contrast[first].astype(np.float64), strength)


def _rings(smooth: NDArray[np.float32], position: Array, radius: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey values (n, samples) on rings about positions (n, 2)."""
    angle = np.arange(_SAMPLES, dtype=np.float32) * np.float32(2 * np.pi / _SAMPLES)
    around = position.astype(np.float32)
    x = around[:, :1] + radius[:, None] * np.cos(angle)
    y = around[:, 1:] + radius[:, None] * np.sin(angle)
    return sample(smooth, x, y)


def _crossings(values: NDArray[np.float32]) -> tuple[NDArray[np.intp], Array, Array, NDArray[np.float32]]:
    """Which rings (n, samples) have exactly four level crossings, their angles, directions and the contrast."""
    signal, contrast = _level(values)
    above = signal >= 0
    following = np.roll(above, -1, axis=1)
    rows = np.flatnonzero(((above != following).sum(axis=1) == 4) & (contrast > _MIN_CONTRAST))
    # Half a turn maps an X onto itself; at the board's rim, where a square meets margin and background, it does not.
    half = _SAMPLES // 2
    uneven = np.abs(signal[rows, :half] - signal[rows, half:]).mean(axis=1)
    rows = rows[uneven < _MAX_UNEVEN * contrast[rows]]
    signal = signal[rows]
    at = np.nonzero(above[rows] != following[rows])[1].reshape(-1, 4)
    before = np.take_along_axis(signal, at, axis=1).astype(np.float64)
    after = np.take_along_axis(signal, (at + 1) % _SAMPLES, axis=1).astype(np.float64)
    edges: Array = (at + before / (before - after)) * (2 * np.pi / _SAMPLES)
    good = _straight(edges)
    rows = rows[good]
    return rows, edges[good], np.where(after > before, 1.0, -1.0)[good], contrast[rows]


def _level(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Ring values (n, samples) off their middle level, and the contrast (n,) about it.

    The middle comes from the inner quartiles, not the extremes: a highlight must not move it.
    """
    ordered = np.sort(values, axis=1)
    low = ordered[:, 1 : _SAMPLES // 8 + 1].mean(axis=1)
    high = ordered[:, -_SAMPLES // 8 - 1 : -1].mean(axis=1)
    return values - ((low + high) / 2)[:, None], high - low


def _straight(edges: Array) -> Mask:
    """Whether opposite edges (n, 4) are in line and neighbouring ones apart."""
    gaps = np.diff(np.column_stack((edges, edges[:, 0] + 2 * np.pi)), axis=1)
    bend = np.abs(edges[:, 2:] - edges[:, :2] - np.pi)
    return np.asarray((bend < _MAX_BEND_RAD).all(axis=1) & (gaps > _MIN_QUADRANT_RAD).all(axis=1))
