"""The symmetric grid of circles: named by its circles, columns x rows, and their spacing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array, Grey, Index
from calib.camera.board import BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text, rounded_mm
from calib.camera.detection.dotted import find_dots, is_whole, most_upright, turns
from calib.camera.drawing import sheet_with_discs
from calib.camera.shapes import Shapes
from calib.errors import UsageError

_TYPICAL = 0.5  # diameter in spacings, of a grid that is drawn and does not state it
_COUNTS = (3, 100)
_SYNTAX = (
    "circles:COLUMNSxROWS:SPACING:DIAMETER, from middle to middle, such as circles:9x6:25mm:12mm; the diameter may be "
    "left out and is then measured in the images"
)


@dataclass(frozen=True)
class Circles:
    """A grid of circles at the corners of squares."""

    columns: int
    """Circles along x."""
    rows: int
    """Circles along y."""
    spacing_m: float | None = None
    """From middle to middle, metres; None: not known, the spacing is the unit."""
    diameter_m: float | None = None
    """Of a circle, metres; None: measured in every image."""

    def __post_init__(self) -> None:
        require_counts(self.columns, self.rows, _SYNTAX)
        require_sizes(self.spacing_m, self.diameter_m, 1.0, _SYNTAX)

    @property
    def name(self) -> str:
        sizes = [length_text(each) for each in (self.spacing_m, self.diameter_m) if each is not None]
        return ":".join(["circles", f"{self.columns}x{self.rows}", *sizes])

    @property
    def scale_known(self) -> bool:
        return self.spacing_m is not None

    @property
    def grid(self) -> None:
        return None

    @property
    def hint(self) -> str:
        return "columns x rows count circles; all of them must be in the image, 6 px wide or more, clear of each other"

    @property
    def spacing(self) -> float:
        """In the unit of the corners."""
        return 1.0 if self.spacing_m is None else self.spacing_m

    @property
    def radius(self) -> float:
        """Of the circles, in the unit of the corners; a typical one where it is not stated."""
        return (_TYPICAL * self.spacing if self.diameter_m is None else self.diameter_m) / 2

    @property
    def corners_in_board(self) -> Array:
        """(rows * columns, 3) the circles' middles, row by row, the first at the origin."""
        row, column = np.mgrid[: self.rows, : self.columns]
        return np.column_stack((column.ravel(), row.ravel(), np.zeros(row.size))) * self.spacing

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): dark circles on a sheet that goes on for a spacing around them, grey beyond."""
        place = np.stack([x, y])
        nearest = np.rint(place / self.spacing)
        off = np.where(inside(nearest, (self.columns, self.rows)), place - nearest * self.spacing, np.inf)
        last = self.corners_in_board[-1, :2]
        return sheet_with_discs((x, y), (width_x, width_y), off, self.radius, sheet_around(last, self.spacing))

    def shapes(self) -> Shapes:
        """The circles."""
        discs = self.corners_in_board.copy()
        discs[:, 2] = self.radius
        return Shapes(discs=discs, margin=self.spacing)

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The middles of the areas of its circles' images."""
        dots, reason = find_dots(image)
        if dots is None:
            return None, reason
        size = np.array([self.columns, self.rows]) - 1
        whole = [place for place in turns(dots.place) if (place.max(axis=0) == size).all()]
        if not whole or not is_whole(len(dots.place), self.columns * self.rows):
            return None, f"{size_text(dots.place)} circles are seen, not {self.columns}x{self.rows}"
        place = most_upright(dots.centre_px, whole)
        return found_circles(dots.centre_px, place[:, 1] * self.columns + place[:, 0], self._radius(dots.radius_steps))

    def _radius(self, steps: float) -> float:
        return steps * self.spacing if self.diameter_m is None else self.diameter_m / 2

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """Its size, of a grid that is complete."""
        dots, _ = find_dots(image)
        if dots is None:
            return ""
        columns, rows = sorted((dots.place.max(axis=0) + 1).tolist(), reverse=True)
        if rows < _COUNTS[0] or len(dots.place) < columns * rows:
            return ""
        return f"circles:{columns}x{rows}"

    def document(self) -> dict[str, Any]:
        """Its keys."""
        return circle_document(self.columns, self.rows, self.spacing_m, self.diameter_m)

    @classmethod
    def from_config(cls, document: Any, where: str) -> Circles:
        """Keys: columns, rows, spacing_mm, diameter_mm (both may be left out)."""
        keys = config.build(CircleKeys, document, where)
        return built_from_file(lambda: cls(keys.columns, keys.rows, *keys.lengths_m), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> Circles:
        """Fields: `9x6`, the spacing and the diameter with their units (both may be left out)."""
        text = BoardText("a grid of circles", fields, _SYNTAX)
        return text.build(lambda: cls(*text.counts(), *circle_lengths(text)))


@dataclass(frozen=True)
class CircleKeys:
    """The keys of the YAML file of a grid of circles, besides its kind."""

    columns: int
    rows: int
    spacing_mm: float | None = None
    diameter_mm: float | None = None

    @property
    def lengths_m(self) -> tuple[float | None, ...]:
        """The spacing and the diameter."""
        return tuple(None if each is None else each * 1e-3 for each in (self.spacing_mm, self.diameter_mm))


def circle_document(columns: int, rows: int, spacing_m: float | None, diameter_m: float | None) -> dict[str, Any]:
    """The keys with their values, those left out that are not known."""
    lengths = {"spacing_mm": spacing_m, "diameter_mm": diameter_m}
    known = {key: rounded_mm(each) for key, each in lengths.items() if each is not None}
    return {"columns": columns, "rows": rows, **known}


def circle_lengths(text: BoardText) -> tuple[float, ...]:
    """The spacing and the diameter of an inline name, as far as they are given."""
    text.require(1, 3, "circles, their spacing and their diameter are named")
    return tuple(text.length_m(at, of) for at, of in ((1, "the spacing"), (2, "the diameter")) if at < len(text.fields))


def require_counts(columns: int, rows: int, syntax: str, fewest: int = _COUNTS[0]) -> None:
    """Raise UsageError `config-value` for a grid that is none."""
    if not (fewest <= columns <= _COUNTS[1] and _COUNTS[0] <= rows <= _COUNTS[1]):
        why = f"expected {fewest} to {_COUNTS[1]} columns and {_COUNTS[0]} to {_COUNTS[1]} rows"
        raise UsageError(f"{columns}x{rows} circles", code="config-value", why=why, advice=syntax)


def require_sizes(spacing_m: float | None, diameter_m: float | None, nearest: float, syntax: str) -> None:
    """Raise UsageError `config-value` for lengths that no board has. nearest: two circles, in spacings."""
    if spacing_m is not None and not 1e-6 <= spacing_m <= 100.0:
        raise UsageError(
            f"a spacing of {spacing_m} m", code="config-value", why="expected 1 um to 100 m", advice=syntax
        )
    if diameter_m is None:
        return
    if spacing_m is None or not 0.01 * spacing_m <= diameter_m < nearest * spacing_m:
        why = f"spacing {spacing_m} m, diameter {diameter_m} m"
        raise UsageError("a circle is as wide as circles are apart", code="config-value", why=why, advice=syntax)


def inside(place: Array, size: tuple[int, int]) -> Array:
    """Whether places (2, ...) are those of a grid of columns and rows."""
    return np.asarray(np.all([(each >= 0) & (each < most) for each, most in zip(place, size, strict=True)], axis=0))


def sheet_around(last: Array, spacing: float) -> tuple[Array, Array]:
    """The corners of a sheet that goes on beyond the outermost circles, whose middles are 0 and last (2,)."""
    margin = 1.5 * spacing
    return np.full(2, -margin), last + margin


def size_text(place: Index) -> str:
    """How many circles are seen, as columns x rows."""
    columns, rows = sorted((place.max(axis=0) - place.min(axis=0) + 1).tolist(), reverse=True)
    return f"{columns}x{rows}"


def found_circles(centre_px: Array, index: Index, radius: float) -> tuple[BoardCorners | None, str]:
    """Circles as corners of the board, in its order."""
    if not np.isfinite(radius):
        return None, "too few circles are seen for their diameter; state it with the board"
    order = np.argsort(index, kind="stable")
    return BoardCorners(centre_px[order], index[order], np.full(len(index), radius)), ""


BOARD = Circles
