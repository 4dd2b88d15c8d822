"""What an image shows around a corner of a checkerboard: two edges that cross, each blurred and bent as the grid's line
it lies on, light and dark varying linearly. Fitted to the windows of all corners at once.

The equations are those of `calib.engine`, written out in single precision: a board's corners take a twentieth of the
time, and come out within 1e-4 px of the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Grey, Index

Single = NDArray[np.float32]

# Place; direction of the two edges; log of the inverse edge widths; level and contrast, each with its slopes.
LABELS = ("x_px", "y_px", "first_rad", "second_rad", "first_log_per_px", "second_log_per_px", "level_grey",
          "level_x_grey_per_px", "level_y_grey_per_px", "contrast_grey", "contrast_x_grey_per_px",
          "contrast_y_grey_per_px")  # fmt: skip
START_BLUR_PX = 1.3  # a sharp image's edge through its pixels; the fit finds .3 to 10 px from there
BLURS_PX = (0.25, 12.0)
SHARPNESS = (float(np.log(1 / BLURS_PX[1])), float(np.log(1 / BLURS_PX[0])))

_COUNT = len(LABELS)
_THIN_HALF_PX = 6  # windows of this half size and more are first fitted to every second pixel of every second line
_STEPS = 12
_DAMPING, _NEAR_DAMPING = 1e-2, 1e-6  # from within tenths of a pixel; from where every second pixel leads
_THIN_SHARPNESS = float(np.log(1 / 0.8))  # of sharper edges every second pixel tells nothing
_THIN_SETTLED_PX = 3e-2  # all pixels follow
_SETTLED_PX = 3e-3  # a step this short ends within 1e-3 px of the minimum
_PIXELS = 10_000  # at once: all that is made of them stays in cache


@dataclass(frozen=True, eq=False)
class Windows:
    """Pixels around n corners, k in each window."""

    frame: Single
    """(3, n, k): x and y in px from the corner, and 1, times the weight: 1 inside the window, else 0."""
    value: Single
    """(n, k) grey, times the weight."""
    axes: Array
    """(n, 2, 2) the grid's directions, one square long."""
    bends: Array
    """(n, 2) their curvatures in 1/px."""

    def select(self, corners: Index | slice) -> Windows:
        """Some corners."""
        return Windows(self.frame[:, corners], self.value[corners], self.axes[corners], self.bends[corners])

    def thin(self) -> Windows:
        """Every second pixel of every second line."""
        side = round(self.value.shape[1] ** 0.5)
        frame = self.frame.reshape(3, -1, side, side)[..., ::2, ::2]
        value = self.value.reshape(-1, side, side)[:, ::2, ::2]
        return replace(self, frame=frame.reshape(*frame.shape[:2], -1), value=value.reshape(len(value), -1))

    @property
    def weight(self) -> Single:
        """(n, k) 1 inside the window, else 0."""
        return np.asarray(self.frame[2])

    @property
    def mean(self) -> Single:
        """Grey value (n,)."""
        return np.asarray(self.value.sum(axis=1) / np.maximum(self.weight.sum(axis=1), 1))

    @property
    def variance(self) -> Single:
        """Squared deviation from the mean (n,), summed; never zero."""
        deviation = self.value - self.weight * self.mean[:, None]
        return np.asarray(np.maximum(np.einsum("nk,nk->n", deviation, deviation), 1e-9))


def windows(image: Grey, corners: Array, axes: Array, bends: Array, half: int, reach: float) -> Windows:
    """The pixels within `reach` squares of corners (n, 2), along the board's own axes: a square of the board, not of
    the image, and no more than `half` pixels away."""
    height, width = image.shape
    offset = np.arange(-half, half + 1)
    centre = np.rint(corners).astype(int)
    column, row = centre[:, :1] + offset, centre[:, 1:] + offset
    value = image[np.clip(row, 0, height - 1)[:, :, None], np.clip(column, 0, width - 1)[:, None, :]]
    inside = ((row >= 0) & (row < height))[:, :, None] & ((column >= 0) & (column < width))[:, None, :]
    frame = np.empty((3, len(corners), 2 * half + 1, 2 * half + 1), np.float32)
    dx, dy = frame[:2]
    dx[:] = (column - corners[:, :1])[:, None, :]
    dy[:] = (row - corners[:, 1:])[:, :, None]
    (ax, ay), (bx, by) = (axes[:, k].T.astype(np.float32)[..., None, None] for k in (0, 1))
    area = ax * by - ay * bx
    weight = inside & (np.abs(dx * (by / area) - dy * (bx / area)) < reach)
    weight &= np.abs(dy * (ax / area) - dx * (ay / area)) < reach
    frame[2] = weight
    frame[:2] *= frame[2]
    value = (value * weight).astype(np.float32)
    return Windows(frame.reshape(3, len(corners), -1), value.reshape(len(corners), -1), axes, bends)


def fit_crossings(seen: Windows) -> tuple[Array, Array]:
    """Two crossing edges fitted to every window, started along the grid's directions: the parameters (n, 12) by
    `LABELS`, and the squared grey values (n,) they leave."""
    if seen.value.shape[1] < (2 * _THIN_HALF_PX + 1) ** 2:
        return _descend(_start(seen), seen, _DAMPING, _SETTLED_PX)
    thin = seen.thin()
    values, _ = _descend(_start(thin), thin, _DAMPING, _THIN_SETTLED_PX)
    values[:, 4:6] = np.minimum(values[:, 4:6], _THIN_SHARPNESS)
    return _descend(values, seen, _NEAR_DAMPING, _SETTLED_PX)


def _start(seen: Windows) -> Array:
    start = np.zeros((len(seen.value), _COUNT))
    for k in (0, 1):
        start[:, 2 + k] = np.arctan2(seen.axes[:, k, 1], seen.axes[:, k, 0])
    start[:, 4:6] = -np.log(START_BLUR_PX)
    start[:, 6] = seen.mean
    saddle = _rows(start, seen)[9]
    deviation = seen.value - seen.weight * seen.mean[:, None]
    start[:, 9] = (deviation * saddle).sum(axis=1) / np.maximum((saddle**2).sum(axis=1), 1e-9)
    return start


def _descend(values: Array, seen: Windows, damping: float, settled_px: float) -> tuple[Array, Array]:
    """Levenberg-Marquardt in every window for itself: the parameters, and the squares left.

    Those after the last step are as the linear model predicts: it is short.
    """
    values, live = values.copy(), np.arange(len(values))
    at, damped = equations(values, seen, live), np.full(len(values), damping)
    squares = at[:, -1, -1].copy()
    for _ in range(_STEPS):
        step, gain = _step(at, damped, values[live])
        short = (np.abs(step[:, :2]) < settled_px).all(axis=1)
        done, on = live[short], ~short
        values[done] += step[short]
        squares[done] -= gain[short]
        live, at, step, damped = live[on], at[on], step[on], damped[on]
        if not len(live):
            break
        there = equations(values[live] + step, seen, live)
        better = there[:, -1, -1] <= at[:, -1, -1]
        values[live[better]] += step[better]
        at[better] = there[better]
        damped = np.where(better, damped / 10, damped * 10)
        squares[live] = at[:, -1, -1]
    return values, squares


def _step(at: Array, damping: Array, values: Array) -> tuple[Array, Array]:
    """The damped step (m, 12) within the bounds, and how far it lowers the squares (m,) by the linear model."""
    normal, gradient = at[:, :_COUNT, :_COUNT], at[:, :_COUNT, _COUNT]
    diagonal = np.einsum("mii->mi", normal)
    scale = np.maximum(diagonal, 1e-9 * diagonal.sum(axis=1, keepdims=True) + 1e-9)  # some may not matter at all
    raised = normal.copy()
    np.einsum("mii->mi", raised)[...] += damping[:, None] * scale
    low, high = SHARPNESS[0] - values[:, 4:6], SHARPNESS[1] - values[:, 4:6]
    beyond = ((low >= 0) & (gradient[:, 4:6] > 0)) | ((high <= 0) & (gradient[:, 4:6] < 0))
    gradient = gradient.copy()
    if beyond.any():  # a width at its bound stays there, and the others are free of it
        member, which = np.nonzero(beyond)
        gradient[member, 4 + which] = 0.0
        raised[member, 4 + which, :] = raised[member, :, 4 + which] = 0.0
        raised[member, 4 + which, 4 + which] = 1.0
    step = -np.linalg.solve(raised, gradient[:, :, None])[:, :, 0]
    step[:, 4:6] = np.clip(step[:, 4:6], low, high)
    gain = -(step * (2 * gradient + np.matmul(normal, step[:, :, None])[:, :, 0])).sum(axis=1)
    return np.asarray(step), np.asarray(gain)


def equations(values: Array, seen: Windows, members: Index) -> Array:
    """J'J, J'r and r'r (m, 13, 13) of the parameters (m, 12) of some windows and their residuals, in this order.

    The Jacobian is made of fewer, simpler arrays, and what it is made of them by is small.
    """
    products = np.empty((len(values), _COUNT + 1, _COUNT + 1))
    most = max(1, _PIXELS // seen.value.shape[1])
    for begin in range(0, len(values), most):
        part = slice(begin, begin + most)
        rows = _rows(values[part], seen.select(members[part]))
        products[part] = np.matmul(rows.transpose(1, 0, 2), rows.transpose(1, 2, 0))
    made = _made_of(values, seen.bends[members])
    return np.asarray(np.matmul(np.matmul(made.transpose(0, 2, 1), products), made))


def _rows(values: Array, seen: Windows) -> Single:
    """What the Jacobian is made of, and the residuals (13, m, k), weighted.

    Of each edge its slope, the slope times the way along the edge, and times the distance to it (0 to 5); the level's
    and the saddle's derivatives (6 to 11); the residuals. Edges have the profile of a hyperbolic tangent.
    """
    rows = np.empty((_COUNT + 1, *seen.value.shape), np.float32)
    fields = np.matmul(_fields(values), seen.frame.transpose(1, 0, 2)).transpose(1, 0, 2)
    *edges, level, contrast = np.ascontiguousarray(fields)
    bends, sharps = (0.5 * seen.bends).astype(np.float32), np.exp(values[:, 4:6]).astype(np.float32)
    steps = []
    for k in (0, 1):
        along, across = edges[2 * k : 2 * k + 2]
        across -= bends[:, k, None] * (along * along)
        steps.append(np.tanh(sharps[:, k, None] * across))
    for k in (0, 1):
        slope = np.multiply(steps[k], steps[k], out=rows[3 * k])
        np.subtract(1.0, slope, out=slope)
        slope *= steps[1 - k]
        slope *= contrast
        np.multiply(slope, edges[2 * k], out=rows[3 * k + 1])
        np.multiply(slope, edges[2 * k + 1], out=rows[3 * k + 2])
    saddle = steps[0] * steps[1]
    rows[6], rows[7:9] = seen.weight, seen.frame[:2]
    rows[9], rows[10:12] = saddle * seen.weight, saddle * seen.frame[:2]
    np.multiply(contrast, saddle, out=rows[12])
    rows[12] += level
    rows[12] -= seen.value
    return rows


def _fields(values: Array) -> Single:
    """The way along each edge and the distance beside it, level and contrast, as linear functions (m, 6, 3) of the
    place."""
    x, y = values[:, 0], values[:, 1]
    fields = np.empty((len(values), 6, 3), np.float32)
    for k in (0, 1):
        cosine, sine = np.cos(values[:, 2 + k]), np.sin(values[:, 2 + k])
        fields[:, 2 * k] = np.column_stack((cosine, sine, -cosine * x - sine * y))
        fields[:, 2 * k + 1] = np.column_stack((-sine, cosine, sine * x - cosine * y))
    fields[:, 4] = values[:, [7, 8, 6]]
    fields[:, 5] = values[:, [10, 11, 9]]
    return fields


def _made_of(values: Array, bends: Array) -> Array:
    """The map (m, 13, 13) that makes the Jacobian, and the residuals, of what `_rows` returns.

    How an edge's bend changes with its direction is left out: it is of second order where the edge is steep.
    """
    made = np.zeros((len(values), _COUNT + 1, _COUNT + 1))
    for k in (0, 1):
        sharp, cosine, sine = np.exp(values[:, 4 + k]), np.cos(values[:, 2 + k]), np.sin(values[:, 2 + k])
        slope, along, across = made[:, 3 * k], made[:, 3 * k + 1], made[:, 3 * k + 2]
        slope[:, 0], slope[:, 1] = sharp * sine, -sharp * cosine
        along[:, 0], along[:, 1] = sharp * bends[:, k] * cosine, sharp * bends[:, k] * sine
        along[:, 2 + k] = -sharp
        across[:, 4 + k] = sharp
    for i in range(6, _COUNT + 1):
        made[:, i, i] = 1.0
    return made
