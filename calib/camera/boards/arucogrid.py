"""The ArUco grid board: numbered markers in rows with gaps between them (OpenCV's GridBoard), found in parts too."""

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
    dictionary_called,
    find_markers,
    marker_cells,
    marker_rectangles,
    require_dictionary,
)
from calib.camera.detection.outlines import refine_squares
from calib.camera.drawing import lightness
from calib.camera.printing.png import drawing_of
from calib.camera.shapes import Shapes
from calib.errors import UsageError

_SYNTAX = (
    "arucogrid:COLUMNSxROWS:MARKER:GAP:DICTIONARY:FIRST, counted in markers, such as arucogrid:5x7:40mm:10mm:6X6_250; "
    "FIRST, the number of the marker up and left, is 0 where it is left out"
)


@dataclass(frozen=True)
class ArucoGrid(Board):
    """A grid of ArUco markers."""

    columns: int
    """Markers along x."""
    rows: int
    """Markers along y."""
    marker_m: float
    """Side of a marker, its black border included, metres."""
    gap_m: float
    """Between two markers, metres."""
    markers: str
    """OpenCV's dictionary, such as 6X6_250."""
    first: int = 0
    """Number of the marker up and left; they run row by row."""

    def __post_init__(self) -> None:
        count = require_dictionary(self.markers)
        if not (min(self.columns, self.rows) >= 1 and self.first >= 0 and 2 <= self._count <= count - self.first):
            why = f"{self.markers} has {count} markers"
            what = f"{self.columns}x{self.rows} markers from number {self.first} on"
            raise UsageError(what, code="config-value", why=why, advice=_SYNTAX)
        if not (1e-5 <= self.marker_m <= 100.0 and 0.01 * self.marker_m <= self.gap_m <= 10 * self.marker_m):
            why = f"marker {self.marker_m} m, gap {self.gap_m} m"
            raise UsageError("a marker or a gap is out of range", code="config-value", why=why, advice=_SYNTAX)

    @property
    def _count(self) -> int:
        return self.columns * self.rows

    @property
    def name(self) -> str:
        first = f":{self.first}" if self.first else ""
        lengths = f"{length_text(self.marker_m)}:{length_text(self.gap_m)}"
        return f"arucogrid:{self.columns}x{self.rows}:{lengths}:{self.markers}{first}"

    @property
    def hint(self) -> str:
        return "columns x rows count markers; check the dictionary, and that markers are at least 10 px wide"

    @property
    def corners_in_board(self) -> Array:
        """(4 * markers, 3), marker by marker, row by row, each clockwise from its upper left corner; the first at the
        origin."""
        row, column = np.divmod(np.arange(self._count), self.columns)
        first = np.column_stack((column, row, np.zeros(len(row)))) * (self.marker_m + self.gap_m)
        square = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]) * self.marker_m
        return np.asarray((first[:, None] + square).reshape(-1, 3))

    @cached_property
    def _drawing(self) -> tuple[Array, Array, float]:
        return drawing_of(self.shapes(), self.marker_m)

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): markers on white paper, grey beyond."""
        drawing, (left, top), scale = self._drawing
        return lightness(drawing, (x * scale + left, y * scale + top), (width_x * scale, width_y * scale))

    def shapes(self) -> Shapes:
        """The black cells of the markers."""
        corners = self.corners_in_board[::4, :2]
        cell = self.marker_m / len(marker_cells(self.markers, self.first))
        return Shapes(marker_rectangles(self.markers, corners, self.marker_m, first=self.first), margin=2 * cell)

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The corners of the markers that are seen, to sub-pixels by their sides."""
        seen = find_markers(image, self.markers, refined=True)
        place = seen.number - self.first
        own = (place >= 0) & (place < self._count)
        if not own.any():
            others = f"; others are: {seen.number.tolist()[:5]}" if len(seen.number) else ""
            return None, f"none of its {self._count} markers is seen{others}"
        index = (4 * place[own, None] + np.arange(4)).ravel()
        corners = refine_squares(image, seen.corners_px[own], 1 / len(marker_cells(self.markers, self.first)))
        return BoardCorners(corners.reshape(-1, 2), index), ""

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """Nothing: several markers are named by the ChArUco board, which has the same."""
        return ""

    def document(self) -> dict[str, Any]:
        """Its keys."""
        lengths = {"marker_mm": rounded_mm(self.marker_m), "gap_mm": rounded_mm(self.gap_m)}
        counts = {"columns": self.columns, "rows": self.rows}
        return {**counts, **lengths, "dictionary": self.markers, "first": self.first}

    @classmethod
    def from_config(cls, document: Any, where: str) -> ArucoGrid:
        """Keys: columns, rows, marker_mm, gap_mm, dictionary, first (may be left out)."""
        keys = config.build(_MarkerGridKeys, document, where)
        lengths, name = (keys.marker_mm * 1e-3, keys.gap_mm * 1e-3), dictionary_called(keys.dictionary)
        return built_from_file(lambda: cls(keys.columns, keys.rows, *lengths, name, keys.first), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> ArucoGrid:
        """Fields: `5x7`, a marker's side and the gap with their units, the dictionary, the first number."""
        text = BoardText("an ArUco grid board", fields, _SYNTAX)
        text.require(4, 5, "markers, the side of one, the gap between them and the dictionary are needed")
        lengths = (text.length_m(1, "the side of a marker"), text.length_m(2, "the gap"))
        first = text.whole_number(4, "the number of the first marker") if fields[4:] else 0
        return text.build(lambda: cls(*text.counts(), *lengths, dictionary_called(fields[3]), first))


@dataclass(frozen=True)
class _MarkerGridKeys:
    """The keys of a grid board's YAML file, besides its kind."""

    columns: int
    rows: int
    marker_mm: float
    gap_mm: float
    dictionary: str
    first: int = 0


BOARD = ArucoGrid
