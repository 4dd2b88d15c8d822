"""The old ROS text of camera_calibrator and camera_calibration_parsers: ost.txt, .ini."""

from __future__ import annotations

import re

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    camera_of_opencv,
    image_size,
    numbers_of,
    opencv_coefficients,
    require_lens_held,
    wrong,
)

READ = 1_000_000  # characters
_SECTION = re.compile(r"(?m)^[ \t]*\[([\w/. -]{1,100})\][ \t]*$")
_SIDE = re.compile(r"(?m)^[ \t]*(width|height)[ \t]*\n[ \t]*(\d{1,6})[ \t]*$")
_NUMBERS = r"[ \t]*\n((?:[ \t]*[-+0-9.eE]+(?:[ \t]+[-+0-9.eE]+)*[ \t]*(?:\n|\Z))+)"
_MATRIX = re.compile(rf"(?m)^[ \t]*camera matrix{_NUMBERS}")
_COEFFICIENTS = re.compile(rf"(?m)^[ \t]*distortion{_NUMBERS}")


def _cameras(source: Source) -> dict[str, tuple[str, str]]:
    """Section of each camera by its name, and that of the image before it."""
    text = source.text[:READ].replace("\r\n", "\n")
    found: dict[str, tuple[str, str]] = {}
    heads = [*_SECTION.finditer(text)]
    image = ""
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : after.start() if after is not None else len(text)]
        if head[1] == "image":
            image = body
        elif _MATRIX.search(body):
            found[head[1]] = body, image
    return found


def recognise(source: Source) -> bool:
    """Whether a section holds a camera matrix."""
    return "camera matrix" in source.text[:READ] and bool(_cameras(source))


def read(source: Source) -> Camera:
    """The camera, of several that named by its section. Raises InputError `camera-value`."""
    (body, image), where = source.pick(_cameras(source), "camera"), source.where
    matrix = _numbers(_MATRIX, body, where)
    if len(matrix) != 9:
        raise wrong("camera matrix is not 3 x 3", where)
    sides = {match[1]: match[2] for match in _SIDE.finditer(image)}
    size = image_size([sides.get("width"), sides.get("height")], where)
    return camera_of_opencv(matrix.reshape(3, 3), _numbers(_COEFFICIENTS, body, where), size, where)


def _numbers(pattern: re.Pattern[str], body: str, where: str) -> Array:
    found = pattern.search(body)
    return numbers_of(found[1].split() if found else None, "camera matrix and distortion", where)


def write(camera: Camera, name: str) -> Files:
    """One camera, with the projection of an unrectified one."""
    require_lens_held(camera, ("pinhole", "brown_conrady"), "ost")
    k = opencv_coefficients(camera, "ost")
    size = camera.image_size_px or (0, 0)
    projection = np.hstack([camera.matrix, np.zeros((3, 1))])
    parts = [f"# oST version 5.0 parameters\n\n\n[image]\n\nwidth\n{size[0]}\n\nheight\n{size[1]}\n\n[{name}]\n"]
    for title, rows in (("camera matrix", camera.matrix), ("distortion", k[None]), ("rectification", np.eye(3))):
        parts.append(_block(title, rows))
    return {f"{name}.txt": "\n".join([*parts, _block("projection", projection)])}


def _block(title: str, rows: Array) -> str:
    return "\n".join([title, *(" ".join(map(repr, row)) for row in rows.tolist()), ""])


FORMAT = CameraFormat(
    tool="ROS 1: ost.txt of camera_calibration, .ini of camera_calibration_parsers",
    meaning="camera matrix; k1 k2 p1 p2 k3; (0, 0) is the centre of the first pixel",
    example="# oST version 5.0 parameters\n\n\n[image]\n\nwidth\n640\n\nheight\n480\n\n[narrow_stereo]\n\n"
    "camera matrix\n615.0 0.0 320.0\n0.0 614.0 240.0\n0.0 0.0 1.0\n\ndistortion\n-0.2 0.05 0.001 -0.0005 0.0\n",
    recognise=recognise,
    read=read,
    suffixes=(".txt", ".ini"),
    write=write,
    file_name="ost",
    loses="uncertainty, board poses; rectification and projection are those of an unrectified camera",
)
