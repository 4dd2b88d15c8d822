"""Square markers in an image, by OpenCV: which of a dictionary's are seen, and where their corners are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.arrays import Array, Grey, Index, Mask
from calib.camera.images import opencv
from calib.camera.shapes import cell_rectangles
from calib.errors import UsageError, did_you_mean

# Families that a user may have, of each the largest: a smaller one's markers are the first of it.
FAMILIES = ("4X4_1000", "5X5_1000", "6X6_1000", "7X7_1000", "ARUCO_ORIGINAL",
            "APRILTAG_16h5", "APRILTAG_25h9", "APRILTAG_36h10", "APRILTAG_36h11")  # fmt: skip
SEVERAL_FAMILIES = ("5X5_1000", "6X6_1000", "7X7_1000")  # of which one marker is no accident; 4X4 is in texture
_SMALLEST = 0.006  # of the image's longer side is a marker's outline; OpenCV's .03 misses markers of 10 px


@dataclass(frozen=True, eq=False)
class Markers:
    """Markers seen in an image."""

    number: Index
    """(n,) which of the dictionary each is."""
    corners_px: Array
    """(n, 4, 2) clockwise as the dictionary draws them, the first up and left."""


def dictionary(name: str) -> Any:
    """OpenCV's dictionary, such as 4X4_1000 or APRILTAG_36h11; None where it has none of that name."""
    aruco = opencv.load().aruco
    which = getattr(aruco, f"DICT_{name}", None)
    return None if which is None else aruco.getPredefinedDictionary(which)


def dictionaries() -> list[str]:
    """The names `dictionary` knows."""
    return sorted(name.removeprefix("DICT_") for name in dir(opencv.load().aruco) if name.startswith("DICT_"))


def dictionary_called(text: str) -> str:
    """A dictionary's name, of what a user may write of it: DICT_4X4_50, 4x4_50, apriltag_36H11."""
    return text.upper().replace("-", "_").removeprefix("DICT_").replace("H", "h")


def require_dictionary(name: str) -> int:
    """How many markers a dictionary has. Raises UsageError `config-value` for one that OpenCV does not know."""
    known = dictionary(name)
    if known is None:
        advice = did_you_mean(name, dictionaries())
        raise UsageError(f"unknown dictionary {name!r}", code="config-value", advice=advice)
    return len(known.bytesList)


def marker_cells(name: str, number: int, border_bits: int = 1, upside_down: bool = False) -> Mask:
    """(k, k) which cells of a dictionary's marker are black, the border among them."""
    known = dictionary(name)
    size = known.markerSize + 2 * border_bits
    drawn = opencv.load().aruco.generateImageMarker(known, number, size, borderBits=border_bits)
    return np.asarray((drawn[::-1, ::-1] if upside_down else drawn) == 0)


def marker_rectangles(
    name: str, corners: Array, side: float, border_bits: int = 1, upside_down: bool = False, first: int = 0
) -> Array:
    """Rectangles (n, 4) of the black cells of markers, numbered from the first on, with their upper left corners (m, 2)
    and their side."""
    each = [
        cell_rectangles(marker_cells(name, first + i, border_bits, upside_down), corner, side)
        for i, corner in enumerate(corners)
    ]
    return np.concatenate(each)


def find_markers(image: Grey, name: str, border_bits: int = 1, *, refined: bool = False) -> Markers:
    """The markers of a dictionary in an image; each number once, the largest where it is seen twice.

    border_bits: the width of the markers' black border, in cells; Kalibr's AprilGrids have 2. refined: corners to
    some tenths of a pixel, where nothing finer follows or can be relied on.
    """
    aruco = opencv.load().aruco
    parameters = aruco.DetectorParameters()
    parameters.markerBorderBits = border_bits
    if refined:
        parameters.cornerRefinementMethod = aruco.CORNER_REFINE_SUBPIX
    parameters.minMarkerPerimeterRate = 4 * _SMALLEST
    corners, numbers, _ = aruco.ArucoDetector(dictionary(name), parameters).detectMarkers(image)
    if numbers is None:
        return Markers(np.zeros(0, np.intp), np.zeros((0, 4, 2)))
    at, number = np.reshape(corners, (-1, 4, 2)).astype(np.float64), np.ravel(numbers).astype(np.intp)
    sides = np.roll(at, -1, axis=1) - at
    order = np.argsort(-np.hypot(sides[..., 0], sides[..., 1]).sum(axis=1), kind="stable")
    _, first = np.unique(number[order], return_index=True)
    return Markers(number[order][first], at[order][first])


def projection(source: Array, target: Array) -> Array:
    """The projective map (3, 3) of four points (4, 2) to four others."""
    matrix = opencv.load().getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    return np.asarray(matrix, np.float64)


def fit_projection(source: Array, target: Array) -> Array | None:
    """The projective map (3, 3) nearest to points (n, 2) and others in the sense of least squares; None without one."""
    matrix, _ = opencv.load().findHomography(source, target, 0)
    return None if matrix is None else np.asarray(matrix, np.float64)


def project(matrix: Array, points: Array) -> Array:
    """Points (n, 2) by a projective map (3, 3)."""
    whole = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(whole[:, :2] / whole[:, 2:])
