"""Lenses in the terms of other tools: OpenCV's coefficients, and which of ours holds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.camera.lens import SKEW, load_lens
from calib.errors import InputError, UsageError
from calib.formats.content.opencv_storage import number

MOST_PX = 100_000  # of a side
OPENCV_LENSES = ("pinhole", "brown_conrady", "rational")
FISHEYE = "kannala_brandt"
RADIAL_MODELS = frozenset(
    "none plumbbob radtan radialtangential brownconrady rationalpolynomial pinhole opencv standard perspective".split()  # noqa: SIM905
)
FISHEYE_MODELS = frozenset("equidistant equi fisheye kannalabrandt kannalabrandt4 kannalabrandt8 opencvfisheye".split())  # noqa: SIM905
"""What tools call these lenses, in lower case without separators."""


def camera_of_model(
    model: Any, matrix: Array, coefficients: Array, size: tuple[int, int] | None, where: str, tool: str
) -> Camera:
    """The camera of a lens by the name that a tool gives it: OpenCV's coefficients, or four of a fisheye.

    Raises InputError `lens-unknown`, `camera-value`.
    """
    name = re.sub(r"[^a-z0-9]", "", str(model).lower())
    if name in FISHEYE_MODELS:
        return camera_of(FISHEYE, matrix, coefficients[:4], size, where)
    if name and name not in RADIAL_MODELS:
        raise unknown_lens(f"{tool}'s {model}", where)
    return camera_of_opencv(matrix, coefficients, size, where)


def camera_of_opencv(matrix: Array, coefficients: Array, size: tuple[int, int] | None, where: str) -> Camera:
    """The camera of a matrix (3, 3) and OpenCV's coefficients k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 .. s4 [tx ty]]]].

    Raises InputError `camera-value`, and `lens-unknown` for thin prisms and tilted sensors that are not zero.
    """
    count = len(coefficients)
    if count not in (0, 4, 5, 8, 12, 14):
        what = f"{count} coefficients of distortion: expected 0, 4, 5, 8, 12 or 14"
        raise wrong(what, where)
    if np.any(coefficients[8:]):
        raise unknown_lens("OpenCV's thin prism or tilted sensor", where)
    if count >= 8 and np.any(coefficients[5:8]):
        name, values = "rational", coefficients[:8]
    elif np.any(coefficients):
        name, values = "brown_conrady", np.append(coefficients[:5], [0.0] * max(0, 5 - count))
    else:
        name, values = "pinhole", coefficients[:0]
    return camera_of(name, matrix, values, size, where)


def camera_of(name: str, matrix: Array, coefficients: Array, size: tuple[int, int] | None, where: str) -> Camera:
    """The camera of one of our lenses. Raises InputError `camera-value`."""
    lens = load_lens(name)
    if matrix.shape != (3, 3) or len(coefficients) != len(lens.coefficients):
        raise wrong(f"not a 3 x 3 matrix with {len(lens.coefficients)} coefficients", where)
    if not (np.isfinite(matrix).all() and np.isfinite(coefficients).all()):
        raise wrong("not all numbers are finite", where)
    if not (matrix[0, 0] > 0 and matrix[1, 1] > 0):
        raise wrong(f"focal lengths {matrix[0, 0]:g} and {matrix[1, 1]:g} px: expected more than 0", where)
    return Camera(lens, lens.start(matrix, coefficients), size)


def opencv_coefficients(camera: Camera, format_name: str) -> Array:
    """k1 k2 p1 p2 k3 [k4 k5 k6]. Raises UsageError `lens-not-held` for a fisheye, or for skew that OpenCV has not."""
    require_lens_held(camera, OPENCV_LENSES, format_name)
    values = camera.parameters[len(camera.lens.labels) - len(camera.lens.coefficients) :]
    return values if len(values) else np.zeros(5)


def fisheye_coefficients(camera: Camera) -> Array:
    """k1 k2 k3 k4."""
    return camera.parameters[-4:]


def require_lens_held(camera: Camera, lenses: Sequence[str], format_name: str, *, skew: bool = False) -> None:
    """Raise UsageError `lens-not-held` where a format has no such lens, or no skew and the camera some."""
    if camera.lens.name not in lenses:
        raise UsageError(
            f"the format {format_name} has no lens like {camera.lens.name}",
            code="lens-not-held",
            where="--to",
            why=f"it holds {', '.join(lenses)}",
            advice=f"add --refit for the nearest lens that it holds, or calibrate with --lens {lenses[-1]}",
        )
    if not skew and camera.value(SKEW):
        raise UsageError(
            f"the format {format_name} holds no skew, and the camera has {camera.value(SKEW):g} px",
            code="lens-not-held",
            where="--to",
            advice="add --refit for the nearest lens that it holds, or calibrate without --free skew",
        )


def image_size(sides: Sequence[Any], where: str) -> tuple[int, int] | None:
    """(width, height) of two values, None where they are missing or 0. Raises InputError `camera-value`."""
    size = [number(value) for value in sides]
    if len(size) != 2 or size[0] is None or size[1] is None or size == [0, 0]:
        return None
    if not all(value is not None and 0 < value <= MOST_PX and value % 1 == 0 for value in size):
        raise wrong(f"{sides[0]} x {sides[1]} is not an image size", where)
    return int(size[0]), int(size[1])


def matrix_of(intrinsics: Sequence[Any], where: str) -> Array:
    """The matrix (3, 3) of fx, fy, cx, cy. Raises InputError `camera-value`."""
    values = [number(value) for value in intrinsics]
    if None in values or len(values) != 4:
        raise wrong("fx, fy, cx, cy are not four numbers", where)
    f, g, x, y = (float(value) for value in values if value is not None)
    return np.array([[f, 0, x], [0, g, y], [0, 0, 1.0]])


def numbers_of(value: Any, what: str, where: str) -> Array:
    """A flat array of nested lists of numbers; empty for None. Raises InputError `camera-value`."""
    if value is None or (isinstance(value, list) and not value):
        return np.zeros(0)
    from calib.formats.columns.flat_records import as_array  # brings tables' columns along, and writers need none

    plain = number(value)
    array = np.array([plain]) if plain is not None else as_array(value)
    if array is None or array.size > 1000:
        raise wrong(f"{what} is not a list of numbers", where)
    return array.ravel()


def wrong(what: str, where: str) -> InputError:
    """The error `camera-value`."""
    return InputError(what, code="camera-value", where=where, advice="restore the file as its tool wrote it")


def unknown_lens(name: str, where: str) -> InputError:
    """The error `lens-unknown`."""
    return InputError(
        f"a lens that is not known here: {name[:60]}",
        code="lens-unknown",
        where=where,
        why=f"known are {', '.join((*OPENCV_LENSES, FISHEYE))}",
        advice="leave --camera out, so that a lens is calibrated from the same images",
    )
