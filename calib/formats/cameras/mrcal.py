"""mrcal's .cameramodel."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import yaml

from calib import strict_yaml
from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files, HeldLens
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    camera_of_opencv,
    image_size,
    matrix_of,
    numbers_of,
    opencv_coefficients,
    unknown_lens,
    wrong,
)

COUNTS = {"LENSMODEL_PINHOLE": 0, "LENSMODEL_OPENCV4": 4, "LENSMODEL_OPENCV5": 5, "LENSMODEL_OPENCV8": 8}
COUNTS["LENSMODEL_OPENCV12"] = 12
_INPUTS = re.compile(r"['\"]optimization_inputs_base85['\"]\s*:\s*b?['\"][^'\"]*['\"]\s*,?")


def _model(source: Source) -> dict[str, Any]:
    """The dictionary, whose syntax is that of YAML once the inputs of the optimisation are cut out."""
    if "lensmodel" not in source.text[:100_000]:
        return {}
    try:
        found = strict_yaml.load(_INPUTS.sub("", source.text))
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def recognise(source: Source) -> bool:
    """Whether a lens model is named, with its intrinsics."""
    return {"lensmodel", "intrinsics"} <= _model(source).keys()


def read(source: Source) -> Camera:
    """The camera, without its pose. Raises InputError `lens-unknown`, `camera-value`."""
    found, where = _model(source), source.where
    name = str(found["lensmodel"])
    if name not in COUNTS:
        raise unknown_lens(name, where)
    values = numbers_of(found["intrinsics"], "intrinsics", where)
    if len(values) != 4 + COUNTS[name]:
        raise wrong(f"{len(values)} intrinsics of {name}", where)
    size = numbers_of(found.get("imagersize"), "imagersize", where)
    px = image_size(size.tolist(), where)
    return camera_of_opencv(matrix_of(values[:4].tolist(), where), values[4:], px, where)


def write(camera: Camera, name: str) -> Files:
    """A camera at the origin."""
    k = opencv_coefficients(camera, "mrcal")
    model = "LENSMODEL_PINHOLE" if camera.lens.name == "pinhole" else f"LENSMODEL_OPENCV{len(k)}"
    values = [*camera.focal_px, *camera.centre_px, *(k if camera.lens.name != "pinhole" else np.zeros(0))]
    size = list(camera.image_size_px or (0, 0))
    lines = [
        "{",
        f"    'lensmodel':  '{model}',",
        "",
        f"    'intrinsics': [ {', '.join(repr(float(v)) for v in values)},],",
    ]
    lines += [
        "",
        "    'extrinsics': [ 0., 0., 0., 0., 0., 0.,],",
        "",
        f"    'imagersize': [ {size[0]}, {size[1]},]",
        "}",
    ]
    return {f"{name}.cameramodel": "\n".join(lines) + "\n"}


FORMAT = CameraFormat(
    tool="mrcal (.cameramodel)",
    meaning="LENSMODEL_PINHOLE, OPENCV4, OPENCV5, OPENCV8; (0, 0) is the centre of the first pixel",
    example="{\n    'lensmodel':  'LENSMODEL_OPENCV5',\n"
    "    'intrinsics': [ 615., 614., 320., 240., -0.2, 0.05, 0.001, -0.0005, 0.,],\n"
    "    'extrinsics': [ 0., 0., 0., 0., 0., 0.,],\n    'imagersize': [ 640, 480,]\n}\n",
    recognise=recognise,
    read=read,
    suffixes=(".cameramodel",),
    write=write,
    lenses=(
        HeldLens("brown_conrady"),
        HeldLens("rational"),
    ),
    file_name="camera",
    loses="uncertainty (mrcal's own is computed from its optimisation), board poses",
)
