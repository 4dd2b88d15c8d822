"""Kalibr's camchain and EuRoC's sensor.yaml: pinhole cameras with radtan or equidistant distortion."""

from __future__ import annotations

from calib.camera.camera import Camera
from calib.errors import UsageError
from calib.formats.camera_format import CameraFormat, Files, HeldLens
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    FISHEYE,
    camera_of_model,
    fisheye_coefficients,
    image_size,
    matrix_of,
    numbers_of,
    opencv_coefficients,
    require_lens_held,
    unknown_lens,
    wrong,
)

_NAMED = {"distortion_model", "distortion_coefficients", "distortion_coeffs"}


def _cameras(source: Source) -> dict[str, dict[str, object]]:
    """The cameras of a chain by name, or the one that the file is of."""
    found = source.mapping
    chain = {str(key): each for key, each in found.items() if str(key).startswith("cam") and isinstance(each, dict)}
    alone = {"camera": found} if isinstance(found.get("intrinsics"), list) and _NAMED & found.keys() else {}
    return {key: each for key, each in chain.items() if {"camera_model", "intrinsics"} <= each.keys()} or alone


def recognise(source: Source) -> bool:
    """Whether there is a cam0 with its model, or a sensor with intrinsics and the model of its distortion."""
    return bool(_cameras(source))


def read(source: Source) -> Camera:
    """The camera, of a chain with several that named. Raises InputError `lens-unknown`, `camera-value`."""
    found, where = source.pick(_cameras(source), "camera"), source.where
    if found.get("camera_model", "pinhole") != "pinhole":
        raise unknown_lens(f"Kalibr's {found['camera_model']}", where)
    values = numbers_of(found["intrinsics"], "intrinsics", where)
    if len(values) != 4:
        raise wrong(f"{len(values)} intrinsics: expected fx, fy, cx, cy", where)
    matrix = matrix_of(values.tolist(), where)
    named = next((key for key in ("distortion_coeffs", "distortion_coefficients") if key in found), "distortion_coeffs")
    k = numbers_of(found.get(named), named, where)
    size = numbers_of(found.get("resolution"), "resolution", where)
    px = image_size(size.tolist(), where)
    return camera_of_model(found.get("distortion_model", "none"), matrix, k, px, where, "Kalibr")


def write(camera: Camera, name: str) -> Files:
    """A chain of one camera."""
    if camera.lens.name == FISHEYE:
        require_lens_held(camera, (FISHEYE,), "kalibr")
        model, k = "equidistant", fisheye_coefficients(camera)
    else:
        require_lens_held(camera, ("pinhole", "brown_conrady", FISHEYE), "kalibr")
        model, k = "radtan", opencv_coefficients(camera, "kalibr")
        if k[4]:
            raise UsageError(
                f"Kalibr's radtan holds no k3, and the camera has {k[4]:g}",
                code="lens-not-held",
                where="--to",
                advice="add --refit for the nearest lens that it holds, or calibrate with --fix k3",
            )
    values = [*camera.focal_px.tolist(), *camera.centre_px.tolist()]
    size = camera.image_size_px
    lines = ["cam0:", "  camera_model: pinhole", f"  intrinsics: {values}", f"  distortion_model: {model}"]
    lines += [f"  distortion_coeffs: {k[:4].tolist()}", *([f"  resolution: {list(size)}"] if size else [])]
    return {f"{name}.yaml": "\n".join(lines) + "\n"}


FORMAT = CameraFormat(
    tool="Kalibr (camchain.yaml), OpenVINS, EuRoC and ASL data sets (sensor.yaml)",
    meaning="pinhole with radtan k1 k2 p1 p2 or equidistant k1 k2 k3 k4; (0, 0) is the centre of the first pixel",
    example="cam0:\n  camera_model: pinhole\n  intrinsics: [615.0, 614.0, 320.0, 240.0]\n  distortion_model: radtan\n"
    "  distortion_coeffs: [-0.2, 0.05, 0.001, -0.0005]\n  resolution: [640, 480]\n",
    recognise=recognise,
    read=read,
    suffixes=(".yaml", ".yml"),
    write=write,
    lenses=(
        HeldLens("brown_conrady", ("k3",)),
        HeldLens(FISHEYE),
    ),
    file_name="camchain",
    loses="uncertainty, board poses, k3",
)
