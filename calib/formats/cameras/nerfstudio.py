"""nerfstudio's and instant-ngp's transforms.json."""

from __future__ import annotations

import json
import math

from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files, HeldLens
from calib.formats.cameras.colmap import ORIGIN
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    FISHEYE,
    camera_of,
    camera_of_opencv,
    fisheye_coefficients,
    image_size,
    matrix_of,
    numbers_of,
    opencv_coefficients,
    require_lens_held,
    unknown_lens,
)

MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "OPENCV_FISHEYE")


def recognise(source: Source) -> bool:
    """Whether there is a focal length fl_x with a centre."""
    return {"fl_x", "cx", "cy"} <= source.mapping.keys()


def read(source: Source) -> Camera:
    """The camera that all frames share. Raises InputError `lens-unknown`, `camera-value`."""
    found, where = source.mapping, source.where
    model = str(found.get("camera_model", "OPENCV"))
    if model not in MODELS:
        raise unknown_lens(f"nerfstudio's {model}", where)
    matrix = matrix_of([found["fl_x"], found.get("fl_y", found["fl_x"]), found["cx"], found["cy"]], where)
    matrix[:2, 2] -= ORIGIN
    size = image_size((found.get("w"), found.get("h")), where)
    names = ("k1", "k2", "k3", "k4") if model == "OPENCV_FISHEYE" else ("k1", "k2", "p1", "p2", "k3")
    k = numbers_of([found.get(name, 0.0) for name in names], "k1 ... p2", where)
    if model == "OPENCV_FISHEYE":
        return camera_of(FISHEYE, matrix, k, size, where)
    return camera_of_opencv(matrix, k, size, where)


def write(camera: Camera, name: str) -> Files:
    """The camera without frames."""
    require_lens_held(camera, ("pinhole", "brown_conrady", FISHEYE), "nerfstudio")
    fisheye = camera.lens.name == FISHEYE
    size = camera.image_size_px
    centre = camera.centre_px + ORIGIN
    document: dict[str, object] = {"camera_model": "OPENCV_FISHEYE" if fisheye else "OPENCV"}
    if size:
        document |= {
            "camera_angle_x": 2 * math.atan(size[0] / 2 / float(camera.focal_px[0])),
            "w": size[0],
            "h": size[1],
        }
    document |= {"fl_x": float(camera.focal_px[0]), "fl_y": float(camera.focal_px[1])}
    document |= {"cx": float(centre[0]), "cy": float(centre[1])}
    if fisheye:
        document |= dict(zip(("k1", "k2", "k3", "k4"), fisheye_coefficients(camera).tolist(), strict=True))
    else:
        k = opencv_coefficients(camera, "nerfstudio")
        document |= dict(zip(("k1", "k2", "p1", "p2", "k3"), k.tolist(), strict=True))
    return {f"{name}.json": json.dumps({**document, "frames": []}, indent=1) + "\n"}


FORMAT = CameraFormat(
    tool="nerfstudio, instant-ngp (transforms.json)",
    meaning="OPENCV k1 k2 p1 p2 k3, OPENCV_FISHEYE; (0.5, 0.5) is the centre of the first pixel, converted",
    example='{"camera_model": "OPENCV", "fl_x": 615.0, "fl_y": 614.0, "cx": 320.5, "cy": 240.5, "w": 640, "h": 480, '
    '"k1": -0.2, "k2": 0.05, "p1": 0.001, "p2": -0.0005, "frames": []}\n',
    recognise=recognise,
    read=read,
    suffixes=(".json",),
    write=write,
    lenses=(
        HeldLens("brown_conrady"),
        HeldLens(FISHEYE),
    ),
    file_name="transforms",
    loses="uncertainty, board poses, frames",
)
