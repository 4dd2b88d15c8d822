"""One ArUco marker: four corners, for a target small enough for a gripper. A pose, but no lens, can be had from it.

S. Garrido-Jurado et al., "Automatic generation and detection of highly reliable fiducial markers under occlusion",
Pattern Recognition 47, 2014; the dictionary is one of OpenCV's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array, Grey
from calib.camera.board import Board, BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text, rounded_mm
from calib.camera.detection.markers import (
    SEVERAL_FAMILIES,
    dictionary_called,
    find_markers,
    marker_cells,
    require_dictionary,
)
from calib.camera.detection.outlines import refine_squares
from calib.camera.drawing import lightness
from calib.camera.printing.png import drawing_of
from calib.camera.shapes import Shapes, cell_rectangles
from calib.errors import UsageError

_SYNTAX = "aruco:DICTIONARY:SIZE:NUMBER, the side of the black square, such as aruco:4X4_50:40mm:7"


@dataclass(frozen=True)
class ArucoMarker(Board):
    """An ArUco marker as a calibration board."""

    markers: str
    """OpenCV's dictionary, such as 4X4_50."""
    side_m: float
    """Side of the black square, metres."""
    number: int | None = None
    """Which marker of the dictionary; None for any."""

    def __post_init__(self) -> None:
        count = require_dictionary(self.markers)
        if not 1e-5 <= self.side_m <= 100.0:
            what = f"a marker of {self.side_m} m"
            raise UsageError(what, code="config-value", why="expected 10 um to 100 m", advice=_SYNTAX)
        if self.number is not None and not 0 <= self.number < count:
            what = f"marker {self.number}"
            why = f"{self.markers} has the numbers 0 to {count - 1}"
            raise UsageError(what, code="config-value", why=why, advice=_SYNTAX)

    @property
    def name(self) -> str:
        number = "" if self.number is None else f":{self.number}"
        return f"aruco:{self.markers}:{length_text(self.side_m)}{number}"

    @property
    def hint(self) -> str:
        return f"check the dictionary ({self.markers}) and that the marker has a white rim"

    @property
    def corners_in_board(self) -> Array:
        """(4, 3) clockwise, the first at the origin."""
        return np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]) * self.side_m

    @cached_property
    def _drawing(self) -> tuple[Array, Array, float]:
        return drawing_of(self.shapes(), self.side_m)

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): the marker on white paper, grey beyond."""
        drawing, (left, top), scale = self._drawing
        return lightness(drawing, (x * scale + left, y * scale + top), (width_x * scale, width_y * scale))

    def shapes(self) -> Shapes:
        """The black cells of the marker, number 0 where any is meant."""
        cells = marker_cells(self.markers, self.number or 0)
        return Shapes(cell_rectangles(cells, np.zeros(2), self.side_m), margin=2 * self.side_m / len(cells))

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The marker's corners, found by OpenCV, to sub-pixels by its sides."""
        seen = find_markers(image, self.markers, refined=True)
        which = np.flatnonzero((seen.number == self.number) | (self.number is None))
        if not len(which):
            others = f"it shows the markers {seen.number.tolist()[:8]}, not {self.number}"
            return None, others if len(seen.number) else f"it shows no marker of {self.markers}"
        if len(which) > 1:
            return None, f"it shows {len(which)} markers; give the number of one, as in {self.name}:{seen.number[0]}"
        corners = refine_squares(image, seen.corners_px[which], 1 / len(marker_cells(self.markers, 0)))
        return BoardCorners(corners[0], np.arange(4)), ""

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """The dictionary and the number of the one marker it shows."""
        seen = {name: find_markers(image, name).number for name in SEVERAL_FAMILIES}
        alone = [f"aruco:{name}:SIZE:{number[0]}" for name, number in seen.items() if len(number) == 1]
        return alone[0] if len(alone) == 1 else ""

    def document(self) -> dict[str, Any]:
        """Its keys."""
        number = {} if self.number is None else {"number": self.number}
        return {"dictionary": self.markers, "side_mm": rounded_mm(self.side_m), **number}

    @classmethod
    def from_config(cls, document: Any, where: str) -> ArucoMarker:
        """Keys: dictionary, side_mm, number (may be left out)."""
        keys = config.build(_MarkerKeys, document, where)
        name = dictionary_called(keys.dictionary)
        return built_from_file(lambda: cls(name, keys.side_mm * 1e-3, keys.number), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> ArucoMarker:
        """Fields: `4X4_50`, a size such as `40mm`, and the marker's number (may be left out)."""
        text = BoardText("an ArUco marker", fields, _SYNTAX)
        text.require(2, 3, "a dictionary and a size are needed")
        side_m = text.length_m(1, "the size")
        number = text.whole_number(2, "a marker's number") if fields[2:] else None
        return text.build(lambda: cls(dictionary_called(fields[0]), side_m, number))


@dataclass(frozen=True)
class _MarkerKeys:
    """The keys of a marker's YAML file, besides its kind."""

    dictionary: str
    side_mm: float
    number: int | None = None


BOARD = ArucoMarker
