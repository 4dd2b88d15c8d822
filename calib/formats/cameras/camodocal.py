"""camodocal's and VINS' camera files: model_type with projection and distortion parameters."""

from __future__ import annotations

from typing import Any

from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat
from calib.formats.content.source import Source
from calib.formats.lens_terms import camera_of_model, image_size, matrix_of, numbers_of, unknown_lens, wrong

PROJECTIONS = {"PINHOLE": ("fx", "fy", "cx", "cy"), "KANNALA_BRANDT": ("mu", "mv", "u0", "v0")}
COEFFICIENTS = {"PINHOLE": ("k1", "k2", "p1", "p2"), "KANNALA_BRANDT": ("k2", "k3", "k4", "k5")}
"""Of a fisheye, k1 = 1 is that of the angle itself: k2 to k5 are k1 to k4 of OpenCV's."""


def _values(source: Source) -> dict[str, Any]:
    found = source.mapping
    return found if {"model_type", "projection_parameters"} <= found.keys() else {}


def recognise(source: Source) -> bool:
    """Whether a model is named beside the parameters of its projection."""
    return isinstance(_values(source).get("projection_parameters"), dict)


def read(source: Source) -> Camera:
    """The camera. Raises InputError `lens-unknown`, `camera-value`."""
    found, where = _values(source), source.where
    model = str(found["model_type"]).upper()
    if model not in PROJECTIONS:
        raise unknown_lens(f"camodocal's {model}", where)
    projection = found["projection_parameters"]
    own = found.get("distortion_parameters", {}) if model == "PINHOLE" else projection
    if not isinstance(own, dict):
        raise wrong("distortion_parameters are not named", where)
    matrix = matrix_of([projection.get(name) for name in PROJECTIONS[model]], where)
    k = numbers_of([own.get(name, 0.0) for name in COEFFICIENTS[model]], "parameters", where)
    size = image_size([found.get("image_width"), found.get("image_height")], where)
    return camera_of_model(model, matrix, k, size, where, "camodocal")


FORMAT = CameraFormat(
    tool="camodocal, VINS-Mono, VINS-Fusion",
    meaning="PINHOLE k1 k2 p1 p2, KANNALA_BRANDT k2 k3 k4 k5 (k1 to k4 of OpenCV's fisheye); "
    "(0, 0) is the centre of the first pixel",
    example="%YAML:1.0\n---\nmodel_type: PINHOLE\ncamera_name: camera\nimage_width: 640\nimage_height: 480\n"
    "distortion_parameters:\n   k1: -0.2\n   k2: 0.05\n   p1: 0.001\n   p2: -0.0005\n"
    "projection_parameters:\n   fx: 615.0\n   fy: 614.0\n   cx: 320.0\n   cy: 240.0\n",
    recognise=recognise,
    read=read,
    suffixes=(".yaml", ".yml"),
)
