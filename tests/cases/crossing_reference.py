"""Two crossing edges fitted to an image's windows by the engine, in double precision and to the last digit: what the
corners found are measured by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calib.arrays import Array
from calib.camera.detection.corner_model import LABELS, SHARPNESS, START_BLUR_PX, Windows
from calib.engine import ParameterBlock, Problem, ResidualBlock
from calib.engine.problem import Rows, Values

BLOCK = "crossing"


def crossings(seen: Windows) -> Problem:
    """Two crossing edges at every corner, started along the grid's directions."""
    count = len(seen.value)
    start = np.zeros((count, len(LABELS)))
    for k in (0, 1):
        start[:, 2 + k] = np.arctan2(seen.axes[:, k, 1], seen.axes[:, k, 0])
    start[:, 4:6] = -np.log(START_BLUR_PX)
    start[:, 6], start[:, 9] = seen.mean, 1.0
    saddle = _grey(start, seen, slice(None))[0] - seen.mean[:, None]
    deviation = seen.value - seen.mean[:, None]
    weight = seen.weight
    start[:, 9] = (weight * deviation * saddle).sum(axis=1)
    start[:, 9] /= np.maximum((weight * saddle**2).sum(axis=1), 1e-9)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        grey, jacobian = _grey(values[BLOCK][rows], seen, rows)
        jacobian *= weight[rows, None]
        return weight[rows] * (grey - seen.value[rows]), (jacobian.transpose(0, 2, 1),)

    bounds = dict.fromkeys(LABELS[4:6], SHARPNESS)
    block = ParameterBlock(BLOCK, start, LABELS, bounds=bounds)
    return Problem(
        (block,), (ResidualBlock("windows", count, seen.value.shape[1], {BLOCK: np.arange(count)}, evaluate),)
    )


def _grey(parameters: Array, seen: Windows, rows: Rows) -> tuple[Array, Array]:
    """Grey values (m, k) of two crossing edges, with the profile of a hyperbolic tangent, and their Jacobian
    (m, 12, k)."""
    p = parameters.T[..., None]
    rx, ry = dx, dy = np.einsum("nsk,nsd->dnk", seen.powers[rows, 1:3].astype(float), seen.axes[rows])
    ex, ey = dx - p[0], dy - p[1]
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
