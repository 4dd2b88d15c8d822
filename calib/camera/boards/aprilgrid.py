"""Kalibr's AprilGrid: numbered AprilTags in rows, small black squares between their corners.

E. Olson, "AprilTag: a robust and flexible visual fiducial system", ICRA 2011; the layout is Kalibr's: tag 0 at the
lower left, numbers rising to the right, then up; black borders two cells wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array, Grey, Index
from calib.camera.board import Board, BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text
from calib.camera.detection.markers import Markers, dictionary, find_markers, fit_projection, marker_rectangles, project
from calib.camera.detection.saddles import blur, find_saddles
from calib.camera.drawing import lightness
from calib.camera.images import opencv
from calib.camera.shapes import Shapes, squares
from calib.errors import UsageError

FAMILY = "APRILTAG_36h11"
BORDER_BITS = 2
_SYNTAX = (
    "aprilgrid:COLUMNSxROWS:TAG:SPACING, the side of a tag's black square and the gap in parts of it, such as "
    "aprilgrid:6x6:88mm:0.3"
)
_CELLS_PER_TAG = 40  # of the drawing that a reflectance is taken from: a tag has ten
_WINDOW = 0.4  # half of it, in parts of the black squares between tags
_NEAR = 0.5  # of a black square: how far a marker's corner may be from the saddle that it is
_SEARCH = 0.3  # half the window of the search for gradients, in the same
_MARGIN_PX = 4.0  # corners nearer to the frame have no window to be located in
_MIN_EXPLAINED = 0.5  # of the grey values' variance by two crossing edges
_MIN_TAGS = 2
_SEVERAL = 6  # tags that show how many there are in a row
_MOST_COLUMNS = 24


@dataclass(frozen=True)
class AprilGrid(Board):
    """An AprilGrid, described as Kalibr's target.yaml does."""

    columns: int
    """Tags along x."""
    rows: int
    """Tags along y."""
    tag_m: float
    """Side of a tag's black square, metres."""
    spacing: float
    """Gap between tags, in parts of a tag's side."""

    def __post_init__(self) -> None:
        if not (min(self.columns, self.rows) >= 1 and 2 <= self.columns * self.rows <= 587):
            why = "expected 2 to 587 tags, as many as the family 36h11 has"
            raise UsageError(f"{self.columns}x{self.rows} tags", code="config-value", why=why, advice=_SYNTAX)
        if not (1e-5 <= self.tag_m <= 100.0 and 0.01 <= self.spacing <= 2.0):
            why = f"tag {self.tag_m} m, spacing {self.spacing}; the spacing is a ratio, .3 for Kalibr's own boards"
            raise UsageError("a tag's size or spacing is out of range", code="config-value", why=why, advice=_SYNTAX)

    @property
    def name(self) -> str:
        return f"aprilgrid:{self.columns}x{self.rows}:{length_text(self.tag_m)}:{self.spacing:.10g}"

    @property
    def hint(self) -> str:
        return "columns x rows count tags; the size is that of a tag's black square, the spacing a part of it"

    @property
    def corners_in_board(self) -> Array:
        """(4 * tags, 3), tag by tag, each clockwise from its upper left corner; the first tag, the lower left one,
        starts at the origin."""
        row, column = np.divmod(np.arange(self.columns * self.rows), self.columns)
        first = np.column_stack((column, -row, np.zeros(len(row)))) * (1 + self.spacing)
        square = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
        return np.asarray((first[:, None] + square).reshape(-1, 3) * self.tag_m)

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): tags and the squares between them on white paper, grey beyond."""
        paper, first = self._paper()
        scale = _CELLS_PER_TAG / self.tag_m
        return lightness(paper, (x * scale + first[0], y * scale + first[1]), (width_x * scale, width_y * scale))

    def _paper(self) -> tuple[Array, tuple[int, int]]:
        """The drawing, and the pixel (column, row) of the first tag's upper left corner in it."""
        aruco, fine, gap = opencv.load().aruco, _CELLS_PER_TAG, round(self.spacing * _CELLS_PER_TAG)
        pitch = fine + gap
        width, height = self.columns * pitch + gap, self.rows * pitch + gap
        paper = np.ones((height, width))
        for row in range(self.rows + 1):
            for column in range(self.columns + 1):
                paper[row * pitch : row * pitch + gap, column * pitch : column * pitch + gap] = 0.0
        for number in range(self.columns * self.rows):
            row, column = divmod(number, self.columns)
            top, left = (self.rows - 1 - row) * pitch + gap, column * pitch + gap
            tag = aruco.generateImageMarker(dictionary(FAMILY), number, fine, borderBits=BORDER_BITS)
            paper[top : top + fine, left : left + fine] = tag[::-1, ::-1] / 255.0
        paper = np.pad(np.pad(paper, fine // 2, constant_values=1.0), 1, constant_values=0.5)
        margin = fine // 2 + 1
        return paper, (margin + gap, margin + (self.rows - 1) * pitch + gap)

    def shapes(self) -> Shapes:
        """The black cells of the tags, and the squares between them."""
        gap, pitch = self.tag_m * self.spacing, self.tag_m * (1 + self.spacing)
        first = self.corners_in_board[::4, :2]
        row, column = (each.ravel() for each in np.indices((self.rows + 1, self.columns + 1)))
        between = np.column_stack((column * pitch - gap, self.tag_m - row * pitch))
        tags = marker_rectangles(FAMILY, first, self.tag_m, BORDER_BITS, upside_down=True)
        return Shapes(np.concatenate([squares(between, gap), tags]), margin=gap)

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The corners of the tags that are seen, to sub-pixels."""
        markers = find_markers(image, FAMILY, BORDER_BITS)
        own = markers.number < self.columns * self.rows
        if own.sum() < _MIN_TAGS:
            other = f"; others are: {markers.number.tolist()[:5]}" if len(markers.number) > own.sum() else ""
            return None, f"{int(own.sum())} of its {self.columns * self.rows} tags are seen{other}"
        rough = _nearest_saddles(image, markers.corners_px[own], self.spacing)
        corners = self._refine(image, markers.number[own], rough)
        index = np.flatnonzero(np.isfinite(corners[:, 0]))
        if len(index) < 4 * _MIN_TAGS:
            return None, f"{int(own.sum())} of its tags are seen, too blurred to be located"
        return BoardCorners(corners[index], index), ""

    def _refine(self, image: Grey, number: Index, rough: Array) -> Array:
        """All corners of the board (4 * tags, 2), moved to where tag and black square meet, NaN where that is not seen.

        Where the windows are too small for the fit of two edges, the point that all gradients point past.
        """
        from calib.camera.detection.subpixel import refine

        # As lines of corners, with a line more on every side: a window is as wide as the lines are apart on average.
        lines = np.full((2 * self.rows + 2, 2 * self.columns + 2, 2), np.nan)
        row, column = np.divmod(np.arange(self.columns * self.rows), self.columns)
        down, right = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0])  # clockwise
        at = (2 * (self.rows - 1 - row)[:, None] + down + 1, 2 * column[:, None] + right + 1)
        upside_down = (np.arange(4) + 2) % 4  # Kalibr's tags are so, beside OpenCV's
        lines[at[0][number][:, upside_down], at[1][number][:, upside_down]] = rough
        limit = np.array([image.shape[1], image.shape[0]]) - _MARGIN_PX
        lines[((lines < _MARGIN_PX) | (lines > limit)).any(axis=2)] = np.nan
        refined = refine(image, lines, _WINDOW * 2 * self.spacing / (1 + self.spacing))
        fitted = np.isfinite(refined.corners_px[..., 0]) & (refined.explained >= _MIN_EXPLAINED)
        return np.asarray(np.where(fitted[..., None], refined.corners_px, lines)[at].reshape(-1, 2))

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """Its tags, in as many columns as leave them on one plane."""
        markers = find_markers(image, FAMILY, BORDER_BITS)
        if len(markers.number) < _SEVERAL:
            return ""
        columns = min(range(2, _MOST_COLUMNS + 1), key=lambda count: _unevenness(markers, count))
        rows = int(markers.number.max()) // columns + 1
        return f"aprilgrid:{columns}x{rows}:TAG:SPACING"

    def document(self) -> dict[str, Any]:
        """Its keys, as Kalibr's."""
        counts = {"tagCols": self.columns, "tagRows": self.rows}
        return {**counts, "tagSize": float(f"{self.tag_m:.10g}"), "tagSpacing": self.spacing}

    @classmethod
    def from_config(cls, document: Any, where: str) -> AprilGrid:
        """Keys, as Kalibr's: tagCols, tagRows, tagSize (metres), tagSpacing (a part of the size)."""
        keys = config.build(_GridKeys, document, where)
        return built_from_file(lambda: cls(keys.tagCols, keys.tagRows, keys.tagSize, keys.tagSpacing), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> AprilGrid:
        """Fields: `6x6`, the side of a tag such as `88mm`, and the spacing such as `0.3`."""
        text = BoardText("an AprilGrid", fields, _SYNTAX)
        text.require(3, 3, "tags, the side of one and their spacing are needed")
        side_m = text.length_m(1, "the side of a tag")
        spacing = text.number(2, "the gap between tags, in parts of a tag's side,")
        return text.build(lambda: cls(*text.counts(), side_m, spacing))


@dataclass(frozen=True)
class _GridKeys:
    """The keys of Kalibr's target.yaml, besides its kind."""

    tagCols: int
    tagRows: int
    tagSize: float
    tagSpacing: float


def _nearest_saddles(image: Grey, rough: Array, spacing: float) -> Array:
    """The saddles next to markers' corners (tags, 4, 2), to tenths of a pixel; NaN where there is none."""
    cv2 = opencv.load()
    saddles = find_saddles(blur(image)).position_px
    sides = np.roll(rough, -1, axis=1) - rough
    gaps = spacing * np.hypot(sides[..., 0], sides[..., 1]).min(axis=1)
    found = np.full_like(rough, np.nan)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 1e-3)
    for i, gap in enumerate(gaps if len(saddles) else ()):
        distance = np.hypot(*(saddles[:, None] - rough[i]).transpose(2, 0, 1))
        near = distance.min(axis=0) < max(_NEAR * gap, 1.5)
        start = saddles[distance.argmin(axis=0)]
        points, half = np.ascontiguousarray(start, np.float32).reshape(4, 1, 2), max(2, int(_SEARCH * gap))
        moved = cv2.cornerSubPix(image, points, (half, half), (-1, -1), criteria).reshape(4, 2)
        near &= np.hypot(*(moved - start).T) < 1.5
        found[i, near] = moved[near]
    return found


def _unevenness(markers: Markers, columns: int) -> float:
    """How far the tags' middles, px, are from those of a plane with so many columns."""
    row, column = np.divmod(markers.number, columns)
    place = np.column_stack((column, -row)).astype(np.float64)
    middle = markers.corners_px.mean(axis=1)
    matrix = fit_projection(place, middle)
    return np.inf if matrix is None else float(np.median(np.hypot(*(project(matrix, place) - middle).T)))


BOARD = AprilGrid
