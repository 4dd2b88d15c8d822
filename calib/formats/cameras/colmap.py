"""COLMAP's cameras.txt."""

from __future__ import annotations

import re

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files, HeldLens
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    FISHEYE,
    OPENCV_LENSES,
    camera_of,
    camera_of_opencv,
    fisheye_coefficients,
    image_size,
    matrix_of,
    numbers_of,
    opencv_coefficients,
    require_lens_held,
    unknown_lens,
    wrong,
)

ORIGIN = 0.5  # COLMAP's (0, 0) is the corner of the first pixel, ours its centre
COUNTS = {"SIMPLE_PINHOLE": 3, "PINHOLE": 4, "SIMPLE_RADIAL": 4, "RADIAL": 5, "OPENCV": 8, "OPENCV_FISHEYE": 8}
COUNTS |= {"FULL_OPENCV": 12, "SIMPLE_RADIAL_FISHEYE": 4, "RADIAL_FISHEYE": 5}
READ = 1_000_000  # characters
_LINE = re.compile(
    r"(?m)^[ \t]*(\d{1,9})\s+([A-Z_]{3,40})\s+(\d{1,6})\s+(\d{1,6})((?:\s+[-+0-9.eE]{1,40}){1,20})[ \t]*$"
)


def recognise(source: Source) -> bool:
    """Whether a line holds a camera: number, model, width, height, parameters."""
    return _LINE.search(source.text[:READ]) is not None


def read(source: Source) -> Camera:
    """The camera, of several that of the number stated. Raises InputError `lens-unknown`, `camera-value`."""
    lines = _LINE.finditer(source.text[:READ])
    found, where = source.pick({match[1]: match for match in lines}, "camera"), source.where
    name = found[2]
    if name not in COUNTS:
        raise unknown_lens(f"COLMAP's {name}", where)
    values = numbers_of([*found[5].split()], "parameters", where)
    if len(values) != COUNTS[name]:
        raise wrong(f"{len(values)} parameters of {name}: expected {COUNTS[name]}", where)
    if name.startswith(("SIMPLE", "RADIAL")):
        values = np.insert(values, 0, values[0])
    matrix = matrix_of([*values[:2], *(values[2:4] - ORIGIN)], where)
    size = image_size(found.group(3, 4), where)
    k = values[4:]
    k = np.append(k, [0.0] * (4 - len(k))) if 0 < len(k) < 4 else k
    if name.endswith("FISHEYE"):
        return camera_of(FISHEYE, matrix, k, size, where)
    return camera_of_opencv(matrix, k, size, where)


def write(camera: Camera, name: str) -> Files:
    """A list of one camera."""
    require_lens_held(camera, (*OPENCV_LENSES, FISHEYE), "colmap")
    model, values = colmap_model(camera)
    size = camera.image_size_px or (0, 0)
    centre = camera.centre_px + ORIGIN
    numbers = " ".join(repr(float(value)) for value in (*camera.focal_px, *centre, *values))
    return {f"{name}.txt": f"# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n1 {model} {size[0]} {size[1]} {numbers}\n"}


def colmap_model(camera: Camera) -> tuple[str, Array]:
    """COLMAP's name of the lens, and its coefficients."""
    if camera.lens.name == FISHEYE:
        return "OPENCV_FISHEYE", fisheye_coefficients(camera)
    if camera.lens.name == "pinhole":
        return "PINHOLE", np.zeros(0)
    k = opencv_coefficients(camera, "colmap")
    return ("OPENCV", k[:4]) if not np.any(k[4:]) else ("FULL_OPENCV", np.append(k, [0.0] * (8 - len(k))))


FORMAT = CameraFormat(
    tool="COLMAP, pycolmap, hloc (cameras.txt)",
    meaning="SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL, OPENCV, FULL_OPENCV, and of these OPENCV_FISHEYE, "
    "SIMPLE_RADIAL_FISHEYE, RADIAL_FISHEYE; "
    "(0.5, 0.5) is the centre of the first pixel, converted",
    example="# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n"
    "1 OPENCV 640 480 615.0 614.0 320.5 240.5 -0.2 0.05 0.001 -0.0005\n",
    recognise=recognise,
    read=read,
    suffixes=(".txt",),
    write=write,
    lenses=(
        HeldLens("brown_conrady"),
        HeldLens("rational"),
        HeldLens(FISHEYE),
    ),
    file_name="cameras",
    loses="uncertainty, board poses",
)
