"""Intrinsics by their names: RealSense's JSON, ZED's .conf, and the many files with fx, fy, cx, cy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from calib.camera.camera import Camera
from calib.formats.camera_format import CameraFormat
from calib.formats.content.opencv_storage import number
from calib.formats.content.source import Source
from calib.formats.lens_terms import (
    FISHEYE,
    camera_of,
    camera_of_opencv,
    image_size,
    matrix_of,
    numbers_of,
    unknown_lens,
)

CENTRES = (("cx", "cy"), ("ppx", "ppy"), ("px", "py"), ("u0", "v0"))
WIDTHS = (("width", "height"), ("image_width", "image_height"), ("img_width", "img_height"), ("w", "h"))
SERIES = (
    ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    ("dist_k0", "dist_k1", "dist_px", "dist_py", "dist_k2", "dist_k3", "dist_k4", "dist_k5"),
)
LISTS = ("coeffs", "dist_coeffs", "distortion", "distortion_coefficients", "coefficients", "disto", "D", "dist")
ZED_SIZES = {"2K": (2208, 1242), "FHD": (1920, 1080), "FHD1200": (1920, 1200), "HD": (1280, 720), "SVGA": (960, 600)}
ZED_SIZES["VGA"] = (672, 376)
MOST_DEPTH = 6
_SECTION = re.compile(r"(?m)^\[(LEFT|RIGHT)_CAM_(\w{2,8})\][ \t]*\r?\n((?:[ \t]*[\w]+[ \t]*=[^\n]*\n?|[ \t]*\r?\n)*)")


def _of_zed(text: str) -> dict[str, Any]:
    """The left camera at the largest resolution of a ZED's .conf."""
    best: tuple[int, dict[str, Any]] = (-1, {})
    for section in _SECTION.finditer(text):
        pairs = (line.partition("=") for line in section[3].splitlines() if "=" in line)
        values: dict[str, Any] = {name.strip().lower(): value.strip() for name, _, value in pairs}
        size = ZED_SIZES.get(section[2].upper(), (0, 0))
        if section[1] == "LEFT" and "fx" in values and size[0] > best[0]:
            best = size[0], {**values, "width": size[0], "height": size[1]}
    return best[1]


def _mappings(found: Any, path: str = "", depth: int = 0) -> dict[str, dict[str, Any]]:
    """The mappings that hold fx and fy, wherever they are, by the keys that lead to them."""
    if not isinstance(found, dict) or depth > MOST_DEPTH:
        return {}
    if {"fx", "fy"} <= found.keys() and any({*names} <= found.keys() for names in CENTRES):
        return {path or "camera": found}
    inner = (_mappings(each, f"{path}.{key}".lstrip("."), depth + 1) for key, each in found.items())
    return {name: each for one in inner for name, each in one.items()}


def _cameras(source: Source) -> dict[str, dict[str, Any]]:
    zed = _of_zed(source.text) if "_CAM_" in source.text[:100_000] else {}
    return {"left": zed} if zed else _mappings(source.document)


def recognise(source: Source) -> bool:
    """Whether fx, fy and a centre have numbers."""
    return any(number(each["fx"]) is not None for each in _cameras(source).values())


def read(source: Source) -> Camera:
    """The camera, of several that named. Raises InputError `lens-unknown`, `camera-value`."""
    found, where = source.pick(_cameras(source), "camera"), source.where
    x, y = next(names for names in CENTRES if {*names} <= found.keys())
    matrix = matrix_of([found["fx"], found["fy"], found[x], found[y]], where)
    names = next((each for each in WIDTHS if {*each} <= found.keys()), None)
    size = image_size([found[name] for name in names], where) if names else None
    series = next((each for each in SERIES if each[0] in found), None)
    listed = next((name for name in LISTS if name in found), None)
    if series is not None:
        k = numbers_of([found.get(name, 0.0) for name in series], series[0], where)
    else:
        k = numbers_of(found[listed], listed, where) if listed else np.zeros(0)
    model = str(found.get("model", found.get("distortion_model", ""))).lower()
    if "kannala" in model or "fisheye" in model or "equidistant" in model:
        return camera_of(FISHEYE, matrix, k[:4], size, where)
    if ("inverse" in model or "modified" in model or "theta" in model) and np.any(k):
        raise unknown_lens(f"RealSense's {model.rpartition('.')[2]}", where)
    return camera_of_opencv(matrix, k, size, where)


FORMAT = CameraFormat(
    tool="RealSense (JSON of intrinsics), ZED (.conf, the left camera), files with fx, fy, cx, cy",
    meaning="k1 k2 p1 p2 k3 by name or as a list; (0, 0) is the centre of the first pixel",
    example='{"width": 640, "height": 480, "fx": 615.0, "fy": 614.0, "ppx": 320.0, "ppy": 240.0, '
    '"model": "distortion.brown_conrady", "coeffs": [-0.2, 0.05, 0.001, -0.0005, 0.0]}\n',
    recognise=recognise,
    read=read,
    suffixes=(".json", ".conf"),
)
