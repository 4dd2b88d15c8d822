"""ORB-SLAM's settings: Camera.fx, Camera1.fx and so on."""

from __future__ import annotations

import re
from typing import Any

from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat
from calib.formats.content.source import Source
from calib.formats.lens_terms import camera_of_model, image_size, matrix_of, numbers_of

COEFFICIENTS = {"KannalaBrandt8": ("k1", "k2", "k3", "k4")}
_KEY = re.compile(r"Camera(\d?)\.(\w{1,20})")


def _cameras(source: Source) -> dict[str, dict[str, Any]]:
    """The values of each camera with a focal length, by its number."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in source.mapping.items():
        if match := _KEY.fullmatch(str(key)):
            found.setdefault(match[1], {})[match[2]] = value
    shared = found.get("", {})
    return {number or "1": shared | own for number, own in found.items() if {"fx", "fy", "cx", "cy"} <= own.keys()}


def recognise(source: Source) -> bool:
    """Whether there are Camera.fx to Camera.cy."""
    return bool(_cameras(source))


def read(source: Source) -> Camera:
    """The camera, of two that of the number stated. Raises InputError `lens-unknown`, `camera-value`."""
    found, where = source.pick(_cameras(source), "camera"), source.where
    matrix = matrix_of([found[name] for name in ("fx", "fy", "cx", "cy")], where)
    model = str(found.get("type", "PinHole"))
    names = COEFFICIENTS.get(model, ("k1", "k2", "p1", "p2", "k3"))
    k = numbers_of([found.get(name, 0.0) for name in names], "Camera.k1", where)
    size = image_size([found.get("width"), found.get("height")], where)
    return camera_of_model("none" if model == "Rectified" else model, matrix, k, size, where, "ORB-SLAM")


FORMAT = CameraFormat(
    tool="ORB-SLAM 2 and 3 (settings)",
    meaning="PinHole k1 k2 p1 p2 k3, KannalaBrandt8 k1 k2 k3 k4; (0, 0) is the centre of the first pixel",
    example='%YAML:1.0\n\nCamera.type: "PinHole"\nCamera.fx: 615.0\nCamera.fy: 614.0\nCamera.cx: 320.0\n'
    "Camera.cy: 240.0\nCamera.k1: -0.2\nCamera.k2: 0.05\nCamera.p1: 0.001\nCamera.p2: -0.0005\n"
    "Camera.width: 640\nCamera.height: 480\n",
    recognise=recognise,
    read=read,
    suffixes=(".yaml", ".yml"),
)
