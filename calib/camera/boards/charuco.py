"""The ChArUco board: a checkerboard with a numbered marker in every light square, found in parts as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array, Grey
from calib.camera.board import Board, BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text, rounded_mm
from calib.camera.detection.markers import (
    FAMILIES,
    Markers,
    dictionary,
    dictionary_called,
    find_markers,
    marker_rectangles,
    project,
    projection,
    require_dictionary,
)
from calib.camera.drawing import lightness
from calib.camera.images import opencv
from calib.camera.shapes import Shapes, squares
from calib.errors import UsageError

_SYNTAX = (
    "charuco:COLUMNSxROWS:SQUARE:MARKER:DICTIONARY, counted in squares, such as charuco:11x8:20mm:15mm:4X4_100; the "
    "dictionary may be left out"
)
_CELLS_PER_SQUARE = 48  # of the drawing that a reflectance is taken from
_AGREE = 0.2  # of a square: how near to each other two markers put the corner between them
_MARGIN_PX = 4.0  # corners nearer to the frame have no window to be located in
_CLEAR = 0.9  # of the way from a corner to the marker beside it may be looked at
_MIN_CORNERS = 6
_SEVERAL = 4  # markers that are no accident
_MIN_EXPLAINED = 0.5  # of the grey values' variance by two crossing edges


@dataclass(frozen=True)
class Charuco(Board):
    """A ChArUco board, described by its squares."""

    columns: int
    """Squares along x."""
    rows: int
    """Squares along y."""
    square_m: float
    """A square's side, metres."""
    marker_m: float
    """A marker's side, its black border included, metres."""
    markers: str | None = None
    """OpenCV's dictionary, such as 4X4_100; None: the one that the image shows."""

    def __post_init__(self) -> None:
        if not (min(self.columns, self.rows) >= 3 and max(self.columns, self.rows) <= 100):
            why = "expected 3 to 100; a ChArUco board is counted in squares"
            raise UsageError(f"{self.columns}x{self.rows} squares", code="config-value", why=why, advice=_SYNTAX)
        if not 1e-6 <= self.marker_m < self.square_m <= 100.0:
            why = f"square {self.square_m} m, marker {self.marker_m} m"
            raise UsageError("a marker is smaller than its square", code="config-value", why=why, advice=_SYNTAX)
        if self.markers is not None:
            require_dictionary(self.markers)

    @property
    def name(self) -> str:
        sides = f"{length_text(self.square_m)}:{length_text(self.marker_m)}"
        return f"charuco:{self.columns}x{self.rows}:{sides}" + (f":{self.markers}" if self.markers else "")

    @property
    def hint(self) -> str:
        return "columns x rows count squares; check the dictionary, and that markers are at least 10 px wide"

    @property
    def corners_in_board(self) -> Array:
        """((rows - 1) * (columns - 1), 3), row by row, the first corner at the origin."""
        row, column = np.mgrid[: self.rows - 1, : self.columns - 1]
        return np.column_stack((column.ravel(), row.ravel(), np.zeros(row.size))) * self.square_m

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): the board on white paper half a square wider, grey beyond."""
        fine = _CELLS_PER_SQUARE
        size = (self.columns * fine, self.rows * fine)
        paper = self._layout(self.markers or FAMILIES[0], legacy=False).generateImage(size) / 255.0
        paper = np.pad(np.pad(paper, fine // 2, constant_values=1.0), 1, constant_values=0.5)
        first = fine + fine // 2 + 1  # the first corner is one square inside the board
        scale = fine / self.square_m
        return lightness(paper, (x * scale + first, y * scale + first), (width_x * scale, width_y * scale))

    def shapes(self) -> Shapes:
        """The dark squares, and the black cells of the markers in the others; number 0 in the first light square."""
        layout = self._layout(self.markers or FAMILIES[0], legacy=False)
        corner = np.asarray(layout.getObjPoints())[:, 0, :2] * self.square_m - self.square_m
        row, column = np.nonzero(np.indices((self.rows, self.columns)).sum(axis=0) % 2 == 0)
        dark = squares(np.column_stack((column, row)).astype(float) * self.square_m - self.square_m, self.square_m)
        markers = marker_rectangles(self.markers or FAMILIES[0], corner, self.marker_m)
        return Shapes(np.concatenate([dark, markers]), margin=self.square_m)

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The corners beside markers that are seen, of the layout and dictionary that fit."""
        from calib.camera.detection.subpixel import refine

        names = (self.markers,) if self.markers else FAMILIES
        seen = [(find_markers(image, name), name) for name in names]
        markers, name = max(seen, key=lambda each: len(each[0].number))
        if not len(markers.number):
            which = f"dictionary {self.markers}" if self.markers else "any dictionary"
            return None, f"no marker of {which} is seen"
        corners = max((self._corners_beside(markers, name, legacy) for legacy in (False, True)), key=_count)
        limit = np.array([image.shape[1], image.shape[0]]) - _MARGIN_PX
        corners[((corners < _MARGIN_PX) | (corners > limit)).any(axis=2)] = np.nan
        if _count(corners) < _MIN_CORNERS:
            return None, f"{len(markers.number)} markers of {name} are seen, and not {_MIN_CORNERS} corners beside them"
        refined = refine(image, corners, _CLEAR * (1 - self.marker_m / self.square_m) / 2)
        good = np.isfinite(refined.corners_px[..., 0]) & (refined.explained >= _MIN_EXPLAINED)
        index = np.flatnonzero(good)
        if len(index) < _MIN_CORNERS:
            return None, f"{_count(corners)} corners are seen beside markers of {name}, too blurred to be located"
        return BoardCorners(refined.corners_px.reshape(-1, 2)[index], index), ""

    def _layout(self, name: str, legacy: bool) -> Any:
        aruco = opencv.load().aruco
        size = (self.columns, self.rows)
        board = aruco.CharucoBoard(size, 1.0, self.marker_m / self.square_m, dictionary(name))
        board.setLegacyPattern(legacy)
        return board

    def _corners_beside(self, markers: Markers, name: str, legacy: bool) -> Array:
        """Where markers put the corners of their squares, (rows - 1, columns - 1, 2); NaN where none does, or where
        those beside a corner disagree."""
        # In squares, from the board's outer corner.
        layout = np.asarray(self._layout(name, legacy).getObjPoints())[..., :2]
        guesses: dict[tuple[int, int], list[tuple[Array, float]]] = {}
        for number, at in zip(markers.number, markers.corners_px, strict=True):
            if number >= len(layout):
                continue
            to_image = projection(layout[number], at)
            column, row = np.floor(layout[number].mean(axis=0)).astype(int)
            square = np.array([(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)])
            places = project(to_image, square.astype(float))
            side = float(np.hypot(*(places[2] - places[0]))) / np.sqrt(2)
            for (i, j), place in zip(square.tolist(), places, strict=True):
                if 0 < i < self.columns and 0 < j < self.rows:
                    guesses.setdefault((i - 1, j - 1), []).append((place, side))
        corners = np.full((self.rows - 1, self.columns - 1, 2), np.nan)
        for (i, j), each in guesses.items():
            places, sides = np.array([place for place, _ in each]), [side for _, side in each]
            if np.ptp(places, axis=0).max() < _AGREE * min(sides):
                corners[j, i] = places.mean(axis=0)
        return _without_islands(corners)

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """The dictionary of which it shows several markers."""
        seen = [(len(find_markers(image, name).number), name) for name in FAMILIES]
        count, name = max(seen)
        return f"charuco:COLUMNSxROWS:SQUARE:MARKER:{name}" if count >= _SEVERAL else ""

    def document(self) -> dict[str, Any]:
        """Its keys."""
        sides = {"square_mm": rounded_mm(self.square_m), "marker_mm": rounded_mm(self.marker_m)}
        names = {} if self.markers is None else {"dictionary": self.markers}
        return {"columns": self.columns, "rows": self.rows, **sides, **names}

    @classmethod
    def from_config(cls, document: Any, where: str) -> Charuco:
        """Keys: columns, rows (squares), square_mm, marker_mm, dictionary (may be left out)."""
        keys = config.build(_CharucoKeys, document, where)
        sides_m = (keys.square_mm * 1e-3, keys.marker_mm * 1e-3)
        return built_from_file(lambda: cls(keys.columns, keys.rows, *sides_m, keys.dictionary), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> Charuco:
        """Fields: `11x8`, the sides of a square and of a marker with their units, and the dictionary."""
        text = BoardText("a ChArUco board", fields, _SYNTAX)
        text.require(3, 4, "squares, the side of a square and that of a marker are needed")
        sides_m = (text.length_m(1, "the square's side"), text.length_m(2, "the marker's side"))
        name = dictionary_called(fields[3]) if fields[3:] else None
        return text.build(lambda: cls(*text.counts(), *sides_m, name))


@dataclass(frozen=True)
class _CharucoKeys:
    """The keys of a ChArUco board's YAML file, besides its kind."""

    columns: int
    rows: int
    square_mm: float
    marker_mm: float
    dictionary: str | None = None


def _count(corners: Array) -> int:
    return int(np.isfinite(corners[..., 0]).sum())


def _without_islands(corners: Array) -> Array:
    """Without corners that have no neighbour along a row or none along a column: their square's size is not known."""
    seen = np.pad(np.isfinite(corners[..., 0]), 1)
    beside = (seen[1:-1, :-2] | seen[1:-1, 2:]) & (seen[:-2, 1:-1] | seen[2:, 1:-1])
    return np.where(beside[..., None], corners, np.nan)


BOARD = Charuco
