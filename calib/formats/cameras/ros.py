"""ROS' camera_info: the YAML of camera_calibration and camera_info_manager, and topics as echoed."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat, Files, HeldLens
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    FISHEYE,
    camera_of_model,
    fisheye_coefficients,
    image_size,
    numbers_of,
    opencv_coefficients,
    require_lens_held,
    wrong,
)


def recognise(source: Source) -> bool:
    """Whether there is a distortion model beside a camera matrix."""
    found = source.mapping
    return "distortion_model" in found and bool({"camera_matrix", "K", "k"} & found.keys())


def read(source: Source) -> Camera:
    """The camera of the model that is named. Raises InputError `lens-unknown`, `camera-value`."""
    found, where = source.mapping, source.where
    matrix = numbers_of(next(found[key] for key in ("camera_matrix", "K", "k") if key in found), "camera_matrix", where)
    if len(matrix) != 9:
        raise wrong("camera_matrix is not 3 x 3", where)
    named = next((key for key in ("distortion_coefficients", "D", "d") if key in found), None)
    values = numbers_of(found[named], "distortion_coefficients", where) if named else np.zeros(0)
    sides = [found.get(f"image_{name}", found.get(name)) for name in ("width", "height")]
    size = image_size(sides, where)
    return camera_of_model(found["distortion_model"], matrix.reshape(3, 3), values, size, where, "ROS")


def write(camera: Camera, name: str) -> Files:
    """The YAML of camera_info_manager."""
    fisheye = camera.lens.name == FISHEYE
    if fisheye:
        require_lens_held(camera, (FISHEYE,), "ros")
    values = fisheye_coefficients(camera) if fisheye else opencv_coefficients(camera, "ros")
    model = "equidistant" if fisheye else "rational_polynomial" if len(values) == 8 else "plumb_bob"
    projection = np.hstack([camera.matrix, np.zeros((3, 1))])
    size = camera.image_size_px
    lines = [f"image_width: {size[0]}", f"image_height: {size[1]}"] if size else []
    lines += [f"camera_name: {name}", *_matrix("camera_matrix", camera.matrix), f"distortion_model: {model}"]
    lines += _matrix("distortion_coefficients", values[None])
    lines += [*_matrix("rectification_matrix", np.eye(3)), *_matrix("projection_matrix", projection)]
    return {f"{name}.yaml": "\n".join(lines) + "\n"}


def _matrix(name: str, values: Array) -> list[str]:
    rows, columns = values.shape
    data = ", ".join(map(repr, values.ravel().tolist()))
    return [f"{name}:", f"  rows: {rows}", f"  cols: {columns}", f"  data: [{data}]"]


FORMAT = CameraFormat(
    tool="ROS 1 and 2: camera_info, ost.yaml of camera_calibration",
    meaning="plumb_bob k1 k2 p1 p2 k3, rational_polynomial, equidistant; (0, 0) is the centre of the first pixel",
    example="image_width: 640\nimage_height: 480\ncamera_name: head_camera\ncamera_matrix:\n  rows: 3\n  cols: 3\n"
    "  data: [615.0, 0, 320.0, 0, 614.0, 240.0, 0, 0, 1]\ndistortion_model: plumb_bob\ndistortion_coefficients:\n"
    "  rows: 1\n  cols: 5\n  data: [-0.2, 0.05, 0.001, -0.0005, 0]\n",
    recognise=recognise,
    read=read,
    suffixes=(".yaml", ".yml", ".json"),
    write=write,
    lenses=(
        HeldLens("brown_conrady"),
        HeldLens("rational"),
        HeldLens(FISHEYE),
    ),
    file_name="camera_info",
    unasked="camera_info",
    loses="uncertainty, board poses; rectification and projection are those of an unrectified camera",
)
