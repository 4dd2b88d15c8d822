"""Lists of object points and image points, as scripts save them for OpenCV, and as MATLAB's toolbox holds them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera.board import Board
from calib.camera.observations import Observations, View
from calib.errors import InputError
from calib.formats.columns.flat_records import as_array
from calib.formats.content.source import Source
from calib.formats.corner_format import CornerFormat, Size
from calib.text import one_line

POINTS_IN_BOARD = re.compile(r"(?i)obj(ect)?_?p|objp|world_?p|board_?p|pattern_?p|grid_?p")
MATLAB_ORIGIN = 1.0  # the centre of its first pixel is (1, 1)
ONE = 1.000001  # points numbered 0, 1, 2 are squares, of any unit
POINTS_IN_IMAGE = re.compile(r"(?i)im(a)?g(e)?_?p|imgp|corners|pixel")


def _lists(source: Source) -> tuple[Any, Any]:
    """The points of the board and those of the images, None where a file has none."""
    found = source.mapping
    board = next((value for key, value in found.items() if POINTS_IN_BOARD.search(str(key))), None)
    image = next((value for key, value in found.items() if POINTS_IN_IMAGE.search(str(key))), None)
    return (board, image) if isinstance(board, list) and isinstance(image, list) else (None, None)


def recognise(source: Source) -> bool:
    """Whether there are points of the board and of images."""
    return _lists(source)[0] is not None


def read(source: Source, size: Size, board: Board | None) -> Observations:
    """Views of lists of points: of objects (views, n, 3), or (n, 3) for all, and of images (views, n, 2)."""
    of_board, of_images = _lists(source)
    origin = 0.0
    if source.suffix == ".mat":
        of_images, origin = _of_matlab(of_images), MATLAB_ORIGIN
    pixels = [_points(each, 2) for each in of_images]
    places = [_points(each, 3) for each in of_board]
    shared = _points(of_board, 3)
    if shared is not None and (len(places) != len(pixels) or any(each is None for each in places)):
        places = [shared] * len(pixels)
    views = []
    for k, (px, points) in enumerate(zip(pixels, places, strict=False)):
        if px is None or points is None or len(px) != len(points):
            where = f"{source.where}, view {k + 1}"
            what = "as many image points as object points are needed"
            advice = "give lists of views, each with a list of points"
            raise InputError(what, code="corners-number", where=where, advice=advice)
        seen = np.isfinite(px).all(axis=1)
        views.append(View(f"view {k + 1}", px[seen] - origin, points[seen]))
    if not views or len(views) != len(pixels):
        raise InputError(
            f"{len(pixels)} lists of image points and {len(places)} of object points",
            code="corners-number",
            where=source.where,
            advice="give as many of both, or one list of object points for all",
        )
    factor, notes = _unit(views[0].corners_in_board)
    views = [View(view.image, view.corners_px, factor * view.corners_in_board) for view in views]
    return Observations(tuple(views), size, board=one_line(source.path.name), notes=notes)


def _of_matlab(value: Any) -> Any:
    """Views (n, points, 2) of MATLAB's imagePoints (points, 2, n)."""
    array = as_array(value)
    if array is not None and array.ndim == 3 and array.shape[1] == 2 and array.shape[2] != 2:
        return np.moveaxis(array, 2, 0).tolist()
    return [value] if array is not None and array.ndim == 2 else value


def _unit(points: Array) -> tuple[float, tuple[str, ...]]:
    """By what lengths are multiplied to be metres: no board's corners lie 1 m apart."""
    apart = np.linalg.norm(points[1:] - points[0], axis=1)
    nearest = float(apart[apart > 0].min(initial=np.inf))
    if np.isfinite(nearest) and nearest > ONE:
        return 1e-3, ("lengths of object points read as millimetres",)
    return 1.0, ("lengths of object points read as metres",)


def _points(value: Any, width: int) -> Array | None:
    """Points (n, 2) or (n, 3) of nested lists; None for what is none."""
    array = as_array(value)
    if array is None or array.ndim < 2:
        return None
    points = array.reshape(-1, array.shape[-1])
    if points.shape[1] == 2 and width == 3:
        points = np.column_stack([points, np.zeros(len(points))])
    return points if points.shape[1] == width and len(points) >= 3 else None


FORMAT = CornerFormat(
    tool="scripts with OpenCV (JSON, YAML, XML, npz of objectPoints and imagePoints), MATLAB (.mat of imagePoints and "
    "worldPoints)",
    meaning="m where points of the board lie no more than 1 apart, else mm; (0, 0) is the centre of the first pixel, "
    "in .mat (1, 1), converted",
    example='{"objectPoints": [[[0, 0, 0], [0.025, 0, 0], [0, 0.025, 0], [0.025, 0.025, 0]]], '
    '"imagePoints": [[[95.0, 129.8], [123.7, 139.1], [88.2, 158.3], [116.9, 168.0]]]}\n',
    recognise=recognise,
    read=read,
    suffixes=(".json", ".yaml", ".yml", ".xml", ".npz", ".mat"),
)
