"""A board's shapes as pixels: every pixel as dark as the part of it that is covered, and its size in the file."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from calib.arrays import Array, Grey
from calib.camera.drawing import disc_in_box
from calib.camera.images import opencv
from calib.camera.shapes import Shapes

_PIXELS_PER_SIDE = 240  # of a marker that is looked at: its cells are whole numbers of them or nearly
_BEYOND = 0.5  # how light the background is drawn
_PNG_START = 33  # bytes of the signature and the first chunk, which others follow


def rasterise(shapes: Shapes, pixel: float) -> Grey:
    """The board with its margin, in pixels of a size in its unit; the first pixel's corner is the margin's."""
    low, high = shapes.bounds + shapes.margin * np.array([[-1.0], [1.0]])
    width, height = np.ceil((high - low) / pixel - 1e-9).astype(int).tolist()
    dark = np.zeros((height, width))
    in_pixels = shapes.place(1.0, -low).place(1.0 / pixel, np.zeros(2))
    for x, y, across, down in in_pixels.rectangles.tolist():
        columns, share_x = _coverage(x, across, width)
        rows, share_y = _coverage(y, down, height)
        dark[rows, columns] += share_y[:, None] * share_x
    for x, y, radius in in_pixels.discs.tolist():
        columns, _ = _coverage(x - radius, 2 * radius, width)
        rows, _ = _coverage(y - radius, 2 * radius, height)
        off_y, off_x = np.mgrid[rows, columns] + 0.5
        one = np.ones_like(off_x)
        dark[rows, columns] += disc_in_box(off_x - x, off_y - y, one, one, radius)
    image: Grey = np.rint(255.0 * (1.0 - np.clip(dark, 0.0, 1.0))).astype(np.uint8)
    return image


def _coverage(start: float, length: float, count: int) -> tuple[slice, Array]:
    """The pixels of a row that an interval touches, and the share of each that it covers."""
    first, last = max(int(np.floor(start)), 0), min(int(np.ceil(start + length)), count)
    edges = np.arange(first, last + 1, dtype=np.float64)
    return slice(first, last), np.diff(np.clip(edges, start, start + length))


def write_png(image: Grey, pixel_m: float) -> bytes:
    """The file, which states the size of a pixel (chunk pHYs): programs that heed it print it at true size."""
    data = bytes(opencv.load().imencode(".png", image)[1])
    per_metre = round(1.0 / pixel_m)
    chunk = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    size = struct.pack(">I", len(chunk) - 4)
    return data[:_PNG_START] + size + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[_PNG_START:]


def drawing_of(shapes: Shapes, side: float) -> tuple[Array, Array, float]:
    """A picture of lightness (0 to 1) to be looked at by `lightness`, grey beyond its margin.

    side: of a marker, in the shapes' unit. Returns the picture, the pixel (2,) of the shapes' origin, and pixels to
    the unit.
    """
    scale = _PIXELS_PER_SIDE / side
    drawing = np.pad(rasterise(shapes, 1.0 / scale) / 255.0, 1, constant_values=_BEYOND)
    return drawing, 1.0 - (shapes.bounds[0] - shapes.margin) * scale, scale
