"""OpenCV's FileStorage: a camera matrix and coefficients of distortion, in YAML, XML or JSON."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files
from calib.formats.columns.flat_records import as_array
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    FISHEYE,
    camera_of,
    camera_of_opencv,
    fisheye_coefficients,
    image_size,
    numbers_of,
    opencv_coefficients,
    require_lens_held,
    wrong,
)

MATRICES = tuple(
    "camera_matrix cameraMatrix CameraMatrix Camera_Matrix K mtx M intrinsic intrinsics M1 K1 cameraMatrix1".split()  # noqa: SIM905
)
COEFFICIENTS = tuple(
    "distortion_coefficients distCoeffs dist_coeffs distortion_coeffs Distortion_Coefficients dist D d kc distortion "  # noqa: SIM905
    "distCoeff distortionCoefficients D1 cameraDistCoeffs1".split()
)
SIZES = ("image_size", "imageSize", "img_size", "resolution", "size", "shape")


def recognise(source: Source) -> bool:
    """Whether a 3 x 3 matrix has one of the usual names."""
    found = source.mapping
    return any(_is_matrix(found.get(name)) for name in MATRICES) and "distortion_model" not in found


def _is_matrix(value: object) -> bool:
    array = as_array(value)
    return array is not None and array.size == 9


def read(source: Source) -> Camera:
    """The camera; a fisheye where the file says so, for four coefficients alone do not."""
    found = source.mapping
    matrix = next(as_array(found[name]) for name in MATRICES if _is_matrix(found.get(name)))
    assert matrix is not None
    named = next((name for name in COEFFICIENTS if name in found), None)
    values = numbers_of(found[named], named, source.where) if named else np.zeros(0)
    size = _size(found, source.where)
    words = " ".join(str(found.get(key, "")) for key in ("camera_model", "model", "lens", "fisheye_model")).lower()
    if "fisheye" in words or "equidistant" in words or found.get("fisheye_model") in (1, 1.0, True):
        if len(values) != 4:
            raise wrong(f"{len(values)} coefficients of a fisheye: expected 4", source.where)
        return camera_of(FISHEYE, matrix.reshape(3, 3), values, size, source.where)
    return camera_of_opencv(matrix.reshape(3, 3), values, size, source.where)


def _size(found: dict[str, object], where: str) -> tuple[int, int] | None:
    for width, height in (("image_width", "image_height"), ("image_Width", "image_Height"), ("width", "height")):
        if width in found and height in found:
            return image_size((found[width], found[height]), where)
    named = next((name for name in SIZES if name in found), None)
    values = numbers_of(found[named], named, where) if named else np.zeros(0)
    return image_size(values.tolist(), where)


def write(camera: Camera, name: str) -> Files:
    """YAML that FileStorage reads."""
    fisheye = camera.lens.name == FISHEYE
    if fisheye:
        require_lens_held(camera, (FISHEYE,), "opencv")
    values = fisheye_coefficients(camera) if fisheye else opencv_coefficients(camera, "opencv")
    size = camera.image_size_px
    lines = ["%YAML:1.0", "---"]
    lines += [f"image_width: {size[0]}", f"image_height: {size[1]}"] if size else []
    lines += [f'camera_model: "{"fisheye" if fisheye else "pinhole"}"']
    lines += [*_matrix("camera_matrix", camera.matrix), *_matrix("distortion_coefficients", values[:, None])]
    return {f"{name}.yml": "\n".join(lines) + "\n"}


def _matrix(name: str, values: Array) -> list[str]:
    data = ", ".join(_number(value) for value in values.ravel().tolist())
    rows, columns = values.shape
    return [f"{name}: !!opencv-matrix", f"   rows: {rows}", f"   cols: {columns}", "   dt: d", f"   data: [ {data} ]"]


def _number(value: float) -> str:
    text = repr(float(value))
    return text if any(mark in text for mark in ".en") else f"{text}."


FORMAT = CameraFormat(
    tool="OpenCV FileStorage (YAML, XML, JSON)",
    meaning="pinhole, brown_conrady, rational: k1 k2 p1 p2 k3 k4 k5 k6; fisheye where camera_model says so; "
    "(0, 0) is the centre of the first pixel",
    example="%YAML:1.0\n---\nimage_width: 640\nimage_height: 480\n"
    "camera_matrix: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n"
    "   data: [ 615., 0., 320., 0., 614., 240., 0., 0., 1. ]\n"
    "distortion_coefficients: !!opencv-matrix\n   rows: 5\n   cols: 1\n   dt: d\n"
    "   data: [ -0.2, 0.05, 0.001, -0.0005, 0. ]\n",
    recognise=recognise,
    read=read,
    suffixes=(".yml", ".yaml", ".xml", ".json"),
    write=write,
    file_name="opencv",
    loses="uncertainty, board poses",
    unasked="camera_opencv",
)
