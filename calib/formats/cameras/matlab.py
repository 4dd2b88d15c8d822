"""MATLAB's cameraParameters as a structure (toStruct), in .mat or JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files, HeldLens
from calib.formats.columns.flat_records import as_array
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    camera_of_opencv,
    image_size,
    numbers_of,
    opencv_coefficients,
    require_lens_held,
    wrong,
)

ORIGIN = 1.0  # MATLAB's first pixel has its centre at (1, 1), ours at (0, 0)


def _structure(source: Source) -> dict[str, Any]:
    """The structure, or that in the first variable of a file."""
    found = source.mapping
    for each in (found, *(value for value in found.values() if isinstance(value, dict))):
        if "RadialDistortion" in each and {"IntrinsicMatrix", "K", "FocalLength"} & each.keys():
            return each
    return {}


def recognise(source: Source) -> bool:
    """Whether there is a RadialDistortion beside intrinsics."""
    return bool(_structure(source))


def read(source: Source) -> Camera:
    """The camera. Raises InputError `camera-value`."""
    found, where = _structure(source), source.where
    if "FocalLength" in found and "PrincipalPoint" in found:
        focal, centre = (numbers_of(found[name], name, where) for name in ("FocalLength", "PrincipalPoint"))
        if len(focal) != 2 or len(centre) != 2:
            raise wrong("FocalLength and PrincipalPoint are not two numbers each", where)
        matrix = np.array([[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1.0]])
    else:
        values = as_array(found.get("K", found.get("IntrinsicMatrix")))
        if values is None or values.shape != (3, 3):
            raise wrong("the intrinsic matrix is not 3 x 3", where)
        matrix = values.copy() if "K" in found else values.T.copy()
    matrix[:2, 2] -= ORIGIN
    radial = numbers_of(found["RadialDistortion"], "RadialDistortion", where)
    tangential = numbers_of(found.get("TangentialDistortion", [0.0, 0.0]), "TangentialDistortion", where)
    if not 2 <= len(radial) <= 3 or len(tangential) != 2:
        raise wrong("distortion of other than two or three radial and two tangential coefficients", where)
    # of the tangential terms MATLAB has the order of OpenCV
    k = np.concatenate([radial[:2], tangential, radial[2:]])
    size = numbers_of(found.get("ImageSize"), "ImageSize", where)
    px = image_size(size[::-1].tolist(), where)
    return camera_of_opencv(matrix, k, px, where)


def write(camera: Camera, name: str) -> Files:
    """JSON for jsondecode: its fields are the arguments of cameraIntrinsics."""
    require_lens_held(camera, ("pinhole", "brown_conrady"), "matlab")
    k = opencv_coefficients(camera, "matlab")
    document: dict[str, object] = {
        "FocalLength": camera.focal_px.tolist(),
        "PrincipalPoint": (camera.centre_px + ORIGIN).tolist(),
        "RadialDistortion": [k[0], k[1], k[4]],
        "TangentialDistortion": [k[2], k[3]],
    }
    if camera.image_size_px:
        document["ImageSize"] = [camera.image_size_px[1], camera.image_size_px[0]]
    return {f"{name}.json": json.dumps(document, indent=1) + "\n"}


FORMAT = CameraFormat(
    tool="MATLAB Computer Vision Toolbox (cameraParameters, cameraIntrinsics), .mat to version 7 and JSON",
    meaning="k1 k2 k3 radial, p1 p2 tangential; ImageSize is rows, columns; "
    "(1, 1) is the centre of the first pixel, converted",
    example='{"FocalLength": [615.0, 614.0], "PrincipalPoint": [321.0, 241.0], "ImageSize": [480, 640], '
    '"RadialDistortion": [-0.2, 0.05], "TangentialDistortion": [0.001, -0.0005]}\n',
    recognise=recognise,
    read=read,
    suffixes=(".mat", ".json"),
    write=write,
    lenses=(HeldLens("brown_conrady"),),
    file_name="camera_matlab",
    loses="uncertainty, board poses",
)
