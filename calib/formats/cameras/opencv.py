"""OpenCV's FileStorage: a camera matrix and coefficients of distortion, in YAML, XML or JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files, HeldLens
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

MATRICES = frozenset("cameramatrix k mtx m intrinsic intrinsics intrinsicmatrix intrinsicsmatrix a cammatrix".split())  # noqa: SIM905
COEFFICIENTS = frozenset(
    "distortioncoefficients distcoeffs distcoeff distortioncoeffs distcoefs dist d kc distortion distortions "  # noqa: SIM905
    "cameradistcoeffs distcoefficients distortionparameters distortionmatrix".split()
)
"""What programs call them, in lower case without separators; with left, right, 1 or 2 where there are two cameras."""
SIZES = ("imagesize", "imgsize", "cameraresolution", "resolution", "framesize", "size", "imageshape", "shape")
SIDES = (("imagewidth", "imageheight"), ("imgwidth", "imgheight"), ("width", "height"), ("w", "h"))
MODELS = ("cameramodel", "model", "lens", "fisheyemodel", "distortionmodel")
_WHICH = re.compile(r"(left|right|cam(?:era)?(?=\d)|[lr](?=[a-z]))?(\d)?(.*?)(\d|left|right|l|r)?")
MOST_DEPTH = 3


@dataclass
class _Parts:
    """What belongs to one camera."""

    matrix: Array | None = None
    coefficients: object = None
    inside: dict[str, object] | None = None


def _cameras(found: dict[str, Any], depth: int = 0) -> dict[str, _Parts]:
    """Parts of each camera with a matrix, by what tells it from others; those of an inner mapping by its name."""
    cameras: dict[str, _Parts] = {}
    for key, value in found.items():
        stem, which = _stem(str(key))
        if stem in MATRICES and (array := as_array(value)) is not None and array.size == 9:
            cameras.setdefault(which, _Parts(inside=found)).matrix = array.reshape(3, 3)
        elif stem in COEFFICIENTS:
            cameras.setdefault(which, _Parts(inside=found)).coefficients = value
    whole = {which: parts for which, parts in cameras.items() if parts.matrix is not None}
    if whole or depth == MOST_DEPTH:
        return whole
    inner = {str(key): _cameras(each, depth + 1) for key, each in found.items() if isinstance(each, dict)}
    return {" ".join(filter(None, (key, which))): parts for key, own in inner.items() for which, parts in own.items()}


def _stem(key: str) -> tuple[str, str]:
    """A key without separators and without what tells two cameras apart, and that."""
    plain = _plain(key)
    if plain in MATRICES or plain in COEFFICIENTS:
        return plain, ""
    match = _WHICH.fullmatch(plain)
    assert match is not None  # every part may be empty
    return match[3], match[4] or match[2] or match[1] or ""


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key[:100].lower())


def recognise(source: Source) -> bool:
    """Whether a 3 x 3 matrix has one of the usual names."""
    return bool(_cameras(source.mapping)) and "distortion_model" not in source.mapping


def read(source: Source) -> Camera:
    """The camera, of two in a file that named; a fisheye where the file says so, for four coefficients do not."""
    parts = source.pick(_cameras(source.mapping), "camera")
    assert parts.matrix is not None
    assert parts.inside is not None
    around = {_plain(str(key)): value for key, value in (source.mapping | parts.inside).items()}
    values = numbers_of(parts.coefficients, "coefficients of distortion", source.where)
    size = _size(around, parts.matrix, source.where)
    words = " ".join(
        str(around.get(key, "")) for key in ("cameramodel", "model", "lens", "fisheyemodel", "distortionmodel")
    )
    words = words.lower()
    if "fisheye" in words or "equidistant" in words or around.get("fisheyemodel") in (1, 1.0, True):
        if len(values) != 4:
            raise wrong(f"{len(values)} coefficients of a fisheye: expected 4", source.where)
        return camera_of(FISHEYE, parts.matrix, values, size, source.where)
    return camera_of_opencv(parts.matrix, values, size, source.where)


def _size(found: dict[str, object], matrix: Array, where: str) -> tuple[int, int] | None:
    for width, height in SIDES:
        if width in found and height in found:
            return image_size((found[width], found[height]), where)
    named = next((name for name in SIZES if name in found), None)
    value = found.get(named) if named else None
    value = re.findall(r"\d+", value[:100]) if isinstance(value, str) else value
    sides = numbers_of(value, str(named), where)[:2]
    if named is not None and named.endswith("shape") and len(sides) == 2:  # rows, columns of an array
        off = [abs(2 * matrix[0, 2] / each[0] - 1) for each in (sides, sides[::-1]) if each[0] > 0]
        sides = sides[::-1] if len(off) == 2 and off[1] <= off[0] else sides
    return image_size(sides.tolist(), where)


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
    lenses=(
        HeldLens("brown_conrady"),
        HeldLens("rational"),
        HeldLens(FISHEYE),
    ),
    file_name="opencv",
    loses="uncertainty, board poses",
    unasked="camera_opencv",
)
