"""What an image shows around a corner of a checkerboard: two edges that cross, each blurred and bent as the grid's line
it lies on, light and dark varying linearly. Fitted to the windows of all corners at once.

The equations are those of `calib.engine`, written out in single precision: a board's corners take a twentieth of the
time, and come out within 1e-4 px of the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array, Grey, Index, Mask
from calib.camera.images import opencv

Single = NDArray[np.float32]

# Place; direction of the two edges; log of the inverse edge widths; level and contrast, each with its slopes.
LABELS = ("x_px", "y_px", "first_rad", "second_rad", "first_log_per_px", "second_log_per_px", "level_grey",
          "level_x_grey_per_px", "level_y_grey_per_px", "contrast_grey", "contrast_x_grey_per_px",
          "contrast_y_grey_per_px")  # fmt: skip
START_BLUR_PX = 1.3  # a sharp image's edge through its pixels; the fit finds .3 to 10 px from there
BLURS_PX = (0.25, 12.0)
SHARPNESS = (float(np.log(1 / BLURS_PX[1])), float(np.log(1 / BLURS_PX[0])))

_COUNT = len(LABELS)
_ROWS = 10  # arrays that the Jacobian and the residuals are made of
_MANY = 24 * 24  # pixels in a window, more than a fit needs
_NARROW_PX = 14.0  # narrower windows must not be smoothed: the next edges are near
_SMOOTH_PX = 0.7  # half as far as every second pixels are apart
_MARGIN_PX = 1  # pixels to either side that count in it
_THIN = 5  # one pixel in so many is fitted first
_THIN_FROM = 200  # pixels in a window, and more: fewer are fitted all at once
_STEPS, _THIN_STEPS = 12, 3
_DAMPING, _NEAR_DAMPING = 1e-2, 1e-6  # from within tenths of a pixel; from where one pixel in five leads
_THIN_SHARPNESS = float(np.log(1 / 0.8))  # of sharper edges one pixel in five tells little
_THIN_SETTLED_PX = 3e-2  # all pixels follow
_SETTLED_PX = 3e-3  # a step this short ends within 1e-3 px of the minimum
_NEAR_SETTLED_PX = 2e-2  # so does one that is hardly damped
_PIXELS = 40_000  # at once: all that is made of them stays in cache


@dataclass(frozen=True, eq=False)
class Windows:
    """Pixels around n corners, k in each window, those of a thin lattice first."""

    powers: Single
    """(n, 6, k): 1, s, t, s*s, s*t, t*t of the pixel's place (s, t) from the corner, in half a window; all 0 outside
    the image."""
    value: Single
    """(n, k) grey, 0 outside the image."""
    thin: int
    """How many of the k are those of the lattice."""
    axes: Array
    """(n, 2, 2) half the windows' sides, px, along the grid's directions."""
    bends: Array
    """(n, 2) the grid lines' curvatures in 1/px."""

    def select(self, corners: Index | slice) -> Windows:
        """Some corners."""
        axes, bends = self.axes[corners], self.bends[corners]
        return replace(self, powers=self.powers[corners], value=self.value[corners], axes=axes, bends=bends)

    def lattice(self) -> Windows:
        """The pixels of the lattice alone."""
        return replace(self, powers=self.powers[:, :, : self.thin], value=self.value[:, : self.thin])

    @property
    def weight(self) -> Single:
        """(n, k) 1 inside the image, else 0."""
        return np.asarray(self.powers[:, 0])

    @property
    def mean(self) -> Single:
        """Grey value (n,)."""
        return np.asarray(self.value.sum(axis=1) / np.maximum(self.weight.sum(axis=1), 1))

    @property
    def deviation(self) -> Single:
        """Grey values (n, k) off their mean, 0 outside the image."""
        return np.asarray(self.value - self.weight * self.mean[:, None])

    @property
    def variance(self) -> Single:
        """Squared deviation from the mean (n,), summed; never zero."""
        deviation = self.deviation
        return np.asarray(np.maximum(np.einsum("nk,nk->n", deviation, deviation), 1e-9))


def windows(image: Grey, corners: Array, axes: Array, bends: Array, half_px: float, reach: float) -> Windows:
    """The pixels within `reach` squares of corners (n, 2), along the board's own axes (n, 2, 2), one square long: a
    square of the board, not of the image, no side of it longer than 2 `half_px`.

    Of large windows every second pixel of a smoothed image, so that all of them count.
    """
    part = np.minimum(reach, half_px / np.hypot(axes[..., 0], axes[..., 1]).max(axis=1))
    axes = axes * part[:, None, None]
    every_second = _is_large(axes)
    centre = np.rint(corners).astype(np.int32)
    offset, thin = _lattice(int(np.ceil(np.abs(axes).sum(axis=1).max())), every_second)
    places = _places(offset, corners - centre, axes)
    inside = np.asarray((np.abs(places) < 1).all(axis=1))
    used = np.flatnonzero(inside.any(axis=0))
    offset, places, inside = offset[:, used], places[:, :, used], inside[:, used]
    x, y = centre[:, :1] + offset[0], centre[:, 1:] + offset[1]
    if min(x.min(), y.min()) < 0 or x.max() >= image.shape[1] or y.max() >= image.shape[0]:
        inside &= (x >= 0) & (x < image.shape[1]) & (y >= 0) & (y < image.shape[0])
    value = inside * _grey(image, x, y, every_second)
    return Windows(_powers(places, inside), value, int(np.searchsorted(used, thin)), axes, bends)


def _is_large(axes: Array) -> bool:
    """Whether windows (n, 2, 2) hold more pixels than their fit needs, and none is narrow."""
    area = 4 * np.abs(axes[:, 0, 0] * axes[:, 1, 1] - axes[:, 0, 1] * axes[:, 1, 0])
    width = area / np.hypot(axes[..., 0], axes[..., 1]).max(axis=1) / 2
    return bool(area.max() > _MANY and width.min() > _NARROW_PX)


def _lattice(half: int, every_second: bool) -> tuple[Index, int]:
    """Every pixel or, like a checkerboard's white ones, every second of a square about 0: (2, k) columns and rows; and
    how many of them, a thin lattice that comes first, are fitted before the others."""
    row, column = (each.ravel() for each in np.mgrid[-half : half + 1, -half : half + 1].astype(np.int32))
    if every_second:
        white = (row + column) % 2 == 0
        row, column = row[white], column[white]
        first = (3 * row + column) // 2 % _THIN == 0
    else:
        first = (2 * row + column) % _THIN == 0
    order = np.argsort(~first, kind="stable")
    return np.stack((column[order], row[order])), int(first.sum())


def _places(offset: Index, beside: Array, axes: Array) -> Single:
    """The places (n, 2, k), in half a window, of pixels (2, k) counted from those nearest to the corners, which are
    (n, 2) beside them."""
    inverse = np.linalg.inv(axes)
    origin = np.matmul(beside[:, None], inverse).transpose(0, 2, 1)
    places = np.matmul(inverse.transpose(0, 2, 1).astype(np.float32), offset.astype(np.float32))
    places -= origin.astype(np.float32)
    return np.asarray(places)


def _powers(places: Single, inside: Mask) -> Single:
    """The powers (n, 6, k) of places (n, 2, k); 0 for those that do not count."""
    powers = np.empty((len(places), 6, places.shape[2]), np.float32)
    powers[:, 0] = inside
    np.multiply(places, inside[:, None], out=powers[:, 1:3])
    for power, (one, other) in enumerate(((1, 1), (1, 2), (2, 2)), start=3):
        np.multiply(powers[:, one], powers[:, other], out=powers[:, power])
    return powers


def _grey(image: Grey, x: Index, y: Index, smooth: bool) -> Single:
    """Grey values at pixels of any shape, the border's outside; smooth: so that those left out count as well."""
    margin = _MARGIN_PX
    left, top = max(0, int(x.min()) - margin), max(0, int(y.min()) - margin)
    grey = image[top : int(y.max()) + margin + 1, left : int(x.max()) + margin + 1].astype(np.float32)
    if smooth:
        size = (2 * margin + 1, 2 * margin + 1)
        grey = opencv.load().GaussianBlur(grey, size, _SMOOTH_PX)
    rows, columns = grey.shape
    at = np.clip(y - top, 0, rows - 1) * columns + np.clip(x - left, 0, columns - 1)
    return np.asarray(np.take(grey.ravel(), at))


def fit_crossings(seen: Windows) -> tuple[Array, Array]:
    """Two crossing edges fitted to every window, started along the grid's directions: the parameters (n, 12) by
    `LABELS`, and the squared grey values (n,) they leave."""
    if seen.value.shape[1] < _THIN_FROM:
        return _descend(_start(seen), seen, _DAMPING, _SETTLED_PX)
    thin = seen.lattice()
    values, _ = _descend(_start(thin), thin, _DAMPING, _THIN_SETTLED_PX, _THIN_STEPS)
    values[:, 4:6] = np.minimum(values[:, 4:6], _THIN_SHARPNESS)
    return _descend(values, seen, _NEAR_DAMPING, _NEAR_SETTLED_PX)


def _start(seen: Windows) -> Array:
    start = np.zeros((len(seen.value), _COUNT))
    start[:, 2:4] = np.arctan2(seen.axes[..., 1], seen.axes[..., 0])
    start[:, 4:6] = -np.log(START_BLUR_PX)
    start[:, 6] = seen.mean
    across = _fields(start, seen)[1:4:2]
    saddle = np.tanh(across[0]) * np.tanh(across[1])
    fit = np.einsum("nk,nk->n", seen.deviation, saddle)
    start[:, 9] = fit / np.maximum(np.einsum("nk,nk->n", saddle, saddle), 1e-9)
    return start


def _descend(
    values: Array, seen: Windows, damping: float, settled_px: float, most: int = _STEPS
) -> tuple[Array, Array]:
    """Levenberg-Marquardt in every window for itself: the parameters, and the squares left.

    Those after the last step are as the linear model predicts: it is short.
    """
    values, live = values.copy(), np.arange(len(values))
    at, damped = equations(values, seen, live), np.full(len(values), damping)
    squares = at[:, -1, -1].copy()
    for _ in range(most):
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
    if beyond.any():  # a width at its bound stays there, and the others are free of it
        gradient = gradient.copy()
        member, which = np.nonzero(beyond)
        gradient[member, 4 + which] = 0.0
        raised[member, 4 + which, :] = raised[member, :, 4 + which] = 0.0
        raised[member, 4 + which, 4 + which] = 1.0
    step = -np.linalg.solve(raised, gradient[:, :, None])[:, :, 0]
    step[:, 4:6] = np.minimum(np.maximum(step[:, 4:6], low), high)
    gain = -(step * (2 * gradient + np.matmul(normal, step[:, :, None])[:, :, 0])).sum(axis=1)
    return np.asarray(step), np.asarray(gain)


def equations(values: Array, seen: Windows, members: Index) -> Array:
    """J'J, J'r and r'r (m, 13, 13) of the parameters (m, 12) of some windows and their residuals, in this order.

    The Jacobian is made of fewer, simpler arrays, and what it is made of them by is small.
    """
    products = np.empty((len(values), _ROWS + 3, _ROWS + 3))
    most = max(1, _PIXELS // seen.value.shape[1])
    for begin in range(0, len(values), most):
        part = slice(begin, begin + most)
        here = seen.select(members[part])
        rows, plane = _rows(values[part], here).transpose(1, 0, 2), here.powers[:, :3]
        products[part, :_ROWS, :_ROWS] = np.matmul(rows, rows.transpose(0, 2, 1))
        products[part, _ROWS:, :_ROWS] = np.matmul(plane, rows.transpose(0, 2, 1))
        products[part, _ROWS:, _ROWS:] = np.matmul(plane, plane.transpose(0, 2, 1))
    products[:, :_ROWS, _ROWS:] = products[:, _ROWS:, :_ROWS].transpose(0, 2, 1)
    made = _made_of(values, seen.axes[members], seen.bends[members])
    return np.asarray(np.matmul(np.matmul(made.transpose(0, 2, 1), products), made))


def _rows(values: Array, seen: Windows) -> Single:
    """What the Jacobian is made of, and the residuals (10, m, k).

    Of each edge its slope, the slope times the way along the edge, and times the distance to it in edge widths (0 to
    5); the saddle, and times the place (6 to 8); the residuals. Edges have the profile of a hyperbolic tangent.
    """
    rows = np.empty((_ROWS, *seen.value.shape), np.float32)
    fields = _fields(values, seen)
    level, contrast = fields[4], fields[5]
    steps = np.tanh(fields[1:4:2])
    for k in (0, 1):
        slope = np.multiply(steps[k], steps[k], out=rows[3 * k])
        np.subtract(1.0, slope, out=slope)
        slope *= steps[1 - k]
        slope *= contrast
        np.multiply(slope, fields[2 * k], out=rows[3 * k + 1])
        np.multiply(slope, fields[2 * k + 1], out=rows[3 * k + 2])
    saddle = np.multiply(steps[0], steps[1], out=rows[6])
    np.multiply(saddle, seen.powers[:, 1], out=rows[7])
    np.multiply(saddle, seen.powers[:, 2], out=rows[8])
    residual = np.multiply(contrast, saddle, out=rows[9])
    residual += level
    residual -= seen.value
    return rows


def _fields(values: Array, seen: Windows) -> Single:
    """At each pixel the way along each edge and the distance beside it in edge widths, level and contrast (6, m, k):
    polynomials of the place."""
    terms = np.zeros((6, len(values), 6))
    for k in (0, 1):
        cosine, sine, sharp = np.cos(values[:, 2 + k]), np.sin(values[:, 2 + k]), np.exp(values[:, 4 + k])
        along, across = terms[2 * k], terms[2 * k + 1]
        _set_linear(along, seen.axes, cosine, sine, -cosine * values[:, 0] - sine * values[:, 1])
        _set_linear(across, seen.axes, -sine, cosine, sine * values[:, 0] - cosine * values[:, 1])
        one, right, down = along[:, :3].T
        bend = -0.5 * seen.bends[:, k]
        for power, square in enumerate((one**2, 2 * one * right, 2 * one * down, right**2, 2 * right * down, down**2)):
            across[:, power] += bend * square
        across *= sharp[:, None]
    for field, first in ((4, 6), (5, 9)):
        _set_linear(terms[field], seen.axes, values[:, first + 1], values[:, first + 2], values[:, first])
    fields = np.matmul(terms.transpose(1, 0, 2).astype(np.float32), seen.powers)
    return np.ascontiguousarray(fields.transpose(1, 0, 2))


def _set_linear(terms: Array, axes: Array, by_x: Array, by_y: Array, constant: Array) -> None:
    """A linear function of x and y in px, as one of the place in a window with such axes (m, 2, 2)."""
    terms[:, 0] = constant
    terms[:, 1:3] = axes[..., 0] * by_x[:, None] + axes[..., 1] * by_y[:, None]


def _made_of(values: Array, axes: Array, bends: Array) -> Array:
    """The map (m, 13, 13) that makes the Jacobian, and the residuals, of what `_rows` returns and the window's plane.

    How an edge's bend changes with its direction is left out: it is of second order where the edge is steep.
    """
    made = np.zeros((len(values), _ROWS + 3, _COUNT + 1))
    for k in (0, 1):
        sharp, cosine, sine = np.exp(values[:, 4 + k]), np.cos(values[:, 2 + k]), np.sin(values[:, 2 + k])
        slope, along, across = made[:, 3 * k], made[:, 3 * k + 1], made[:, 3 * k + 2]
        slope[:, 0], slope[:, 1] = sharp * sine, -sharp * cosine
        along[:, 0], along[:, 1] = sharp * bends[:, k] * cosine, sharp * bends[:, k] * sine
        along[:, 2 + k] = -sharp
        across[:, 4 + k] = 1.0
    for row, first in ((6, 9), (_ROWS, 6)):
        made[:, row, first] = 1.0
        made[:, row + 1 : row + 3, first + 1 : first + 3] = axes
    made[:, _ROWS - 1, _COUNT] = 1.0
    return made
