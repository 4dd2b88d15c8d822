"""What an image shows around a corner of a checkerboard, as residuals: two edges that cross, each blurred and bent as
the grid's line it lies on, light and dark varying linearly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Grey
from calib.engine import ParameterBlock, Problem, ResidualBlock

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values


BLOCK = "crossing"
# Place; direction of the two edges; log of the inverse edge widths; level and its slopes, amplitude and its slopes, in
# grey values, per half window.
LABELS = ("x_px", "y_px", "first_rad", "second_rad", "first_log_per_px", "second_log_per_px", "level_grey",
          "level_x_grey", "level_y_grey", "contrast_grey", "contrast_x_grey", "contrast_y_grey")  # fmt: skip
START_BLUR_PX = 1.3  # a sharp image's edge through its pixels; the fit finds .3 to 10 px from there
BLURS_PX = (0.25, 12.0)
SHARPNESS = (float(np.log(1 / BLURS_PX[1])), float(np.log(1 / BLURS_PX[0])))


@dataclass(frozen=True, eq=False)
class Windows:
    """Pixels around n corners, k in each window."""

    dx: Array
    """(n, k) px from the corner."""
    dy: Array
    """(n, k) px from the corner."""
    value: Array
    """(n, k) grey."""
    weight: Array
    """(n, k) 1 inside the window, else 0."""
    half: int
    """Half the window's side, pixels."""
    axes: Array
    """(n, 2, 2) the grid's directions, one square long."""
    bends: Array
    """(n, 2) their curvatures in 1/px."""

    @property
    def mean(self) -> Array:
        """Grey value (n,)."""
        return np.asarray((self.weight * self.value).sum(axis=1) / np.maximum(self.weight.sum(axis=1), 1))

    @property
    def variance(self) -> Array:
        """Squared deviation from the mean (n,), summed; never zero."""
        return np.asarray(np.maximum((self.weight * (self.value - self.mean[:, None]) ** 2).sum(axis=1), 1e-9))


def windows(image: Grey, corners: Array, axes: Array, bends: Array, half: int, reach: float) -> Windows:
    """The pixels within `reach` squares of corners (n, 2), along the board's own axes: a square of the board, not of
    the image, and no more than `half` pixels away."""
    height, width = image.shape
    offset = np.arange(-half, half + 1)
    centre = np.rint(corners).astype(int)
    x = centre[:, :1] + np.tile(offset, len(offset))
    y = centre[:, 1:] + np.repeat(offset, len(offset))
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    value = image[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)].astype(np.float64)
    dx, dy = x - corners[:, :1], y - corners[:, 1:]
    (ax, ay), (bx, by) = axes[:, 0].T[..., None], axes[:, 1].T[..., None]
    area = ax * by - ay * bx
    u, v = (dx * by - dy * bx) / area, (ax * dy - ay * dx) / area
    weight = (inside & (np.abs(u) < reach) & (np.abs(v) < reach)).astype(np.float64)
    return Windows(dx, dy, value, weight, half, axes, bends)


def crossings(seen: Windows) -> Problem:
    """Two crossing edges at every corner, started along the grid's directions."""
    count = len(seen.dx)
    start = np.zeros((count, len(LABELS)))
    for k in (0, 1):
        start[:, 2 + k] = np.arctan2(seen.axes[:, k, 1], seen.axes[:, k, 0])
    start[:, 4:6] = -np.log(START_BLUR_PX)
    start[:, 6], start[:, 9] = seen.mean, 1.0
    saddle = _grey(start, seen, slice(None))[0] - seen.mean[:, None]
    deviation = seen.value - seen.mean[:, None]
    start[:, 9] = (seen.weight * deviation * saddle).sum(axis=1)
    start[:, 9] /= np.maximum((seen.weight * saddle**2).sum(axis=1), 1e-9)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        weight = seen.weight[rows]
        grey, jacobian = _grey(values[BLOCK][rows], seen, rows)
        jacobian *= weight[:, None]
        return weight * (grey - seen.value[rows]), (jacobian.transpose(0, 2, 1),)

    bounds = dict.fromkeys(LABELS[4:6], SHARPNESS)
    block = ParameterBlock(BLOCK, start, LABELS, bounds=bounds)
    return Problem((block,), (ResidualBlock("windows", count, seen.dx.shape[1], {BLOCK: np.arange(count)}, evaluate),))


def _grey(parameters: Array, seen: Windows, rows: Rows) -> tuple[Array, Array]:
    """Grey values (m, k) of two crossing edges, with the profile of a hyperbolic tangent, and their Jacobian
    (m, 12, k)."""
    p = parameters.T[..., None]
    dx, dy = seen.dx[rows], seen.dy[rows]
    ex, ey, rx, ry = dx - p[0], dy - p[1], dx / seen.half, dy / seen.half
    edges = []
    for k in (0, 1):
        cosine, sine = np.cos(p[2 + k]), np.sin(p[2 + k])
        along = cosine * ex + sine * ey
        beside = cosine * ey - sine * ex
        lean = seen.bends[rows, k, None] * along
        across = beside - 0.5 * lean * along
        sharp = np.exp(p[4 + k])
        turned = -along - lean * beside  # the distance to the edge, by its direction
        edges.append((np.tanh(sharp * across), turned, across, sharp, sine + lean * cosine, lean * sine - cosine))
    saddle = edges[0][0] * edges[1][0]
    contrast = p[9] + p[10] * rx + p[11] * ry
    jacobian = np.empty((len(parameters), len(LABELS), dx.shape[1]))
    jacobian[:, :2] = 0.0
    for k in (0, 1):
        step, turned, across, sharp, by_x, by_y = edges[k]
        slope = contrast * edges[1 - k][0] * (1.0 - step**2) * sharp
        jacobian[:, 0] += slope * by_x
        jacobian[:, 1] += slope * by_y
        jacobian[:, 2 + k] = slope * turned
        jacobian[:, 4 + k] = slope * across
    jacobian[:, 6], jacobian[:, 7], jacobian[:, 8] = 1.0, rx, ry
    jacobian[:, 9], jacobian[:, 10], jacobian[:, 11] = saddle, rx * saddle, ry * saddle
    return p[6] + p[7] * rx + p[8] * ry + contrast * saddle, jacobian
