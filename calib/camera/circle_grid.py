"""What every grid of circles is: counts, lengths that may be unknown, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from calib import config
from calib.arrays import Array, Index
from calib.camera.board import Board, BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text, rounded_mm
from calib.camera.shapes import Shapes
from calib.errors import UsageError

FEWEST, MOST = 3, 100


@dataclass(frozen=True)
class CircleGrid(Board):
    """Circles in rows; the kinds differ in where they stand."""

    columns: int
    """Circles of a row."""
    rows: int
    """Rows."""
    spacing_m: float | None = None
    """Of rows, middle to middle, metres; None: not known, it is the unit."""
    diameter_m: float | None = None
    """Of a circle, metres; None: measured in every image."""

    kind: ClassVar[str]
    """As its names begin."""
    fewest_columns: ClassVar[int]
    """Below which it has no rows."""
    nearest: ClassVar[float]
    """Distance of two circles, in spacings."""
    typical: ClassVar[float]
    """Diameter in spacings, of a grid that is drawn and does not state it."""
    syntax: ClassVar[str]
    """How it is named."""

    def __post_init__(self) -> None:
        if not (self.fewest_columns <= self.columns <= MOST and FEWEST <= self.rows <= MOST):
            why = f"expected {self.fewest_columns} to {MOST} columns and {FEWEST} to {MOST} rows"
            self._refuse(f"{self.columns}x{self.rows} circles", why)
        if self.spacing_m is not None and not 1e-6 <= self.spacing_m <= 100.0:
            self._refuse(f"a spacing of {self.spacing_m} m", "expected 1 um to 100 m")
        if self.diameter_m is None:
            return
        if self.spacing_m is None or not 0.01 * self.spacing_m <= self.diameter_m < self.nearest * self.spacing_m:
            why = f"spacing {self.spacing_m} m, diameter {self.diameter_m} m"
            self._refuse("a circle is as wide as circles are apart", why)

    def _refuse(self, what: str, why: str) -> None:
        raise UsageError(what, code="config-value", why=why, advice=self.syntax)

    @property
    def name(self) -> str:
        sizes = [length_text(each) for each in (self.spacing_m, self.diameter_m) if each is not None]
        return ":".join([self.kind, f"{self.columns}x{self.rows}", *sizes])

    @property
    def scale_known(self) -> bool:
        return self.spacing_m is not None

    @property
    def spacing(self) -> float:
        """In the unit of the corners."""
        return 1.0 if self.spacing_m is None else self.spacing_m

    @property
    def radius(self) -> float:
        """Of the circles, in the unit of the corners; a typical one where it is not stated."""
        return (self.typical * self.spacing if self.diameter_m is None else self.diameter_m) / 2

    def shapes(self) -> Shapes:
        """The circles."""
        discs = self.corners_in_board.copy()
        discs[:, 2] = self.radius
        return Shapes(discs=discs, margin=self.spacing)

    def as_corners(self, centre_px: Array, index: Index, steps: float) -> tuple[BoardCorners | None, str]:
        """Circles of an image as corners of the board, in its order. steps: their radius, in those of neighbours."""
        radius = steps * self.nearest * self.spacing if self.diameter_m is None else self.diameter_m / 2
        if not np.isfinite(radius):
            return None, "too few circles are seen for their diameter; state it with the board"
        order = np.argsort(index, kind="stable")
        return BoardCorners(centre_px[order], index[order], np.full(len(index), radius)), ""

    def document(self) -> dict[str, Any]:
        """Its keys with their values, those left out that are not known."""
        lengths = {"spacing_mm": self.spacing_m, "diameter_mm": self.diameter_m}
        known = {key: rounded_mm(each) for key, each in lengths.items() if each is not None}
        return {"columns": self.columns, "rows": self.rows, **known}

    @classmethod
    def from_config(cls, document: Any, where: str) -> Self:
        """Keys: columns, rows, spacing_mm, diameter_mm (both may be left out)."""
        keys = config.build(_CircleKeys, document, where)
        lengths = (None if each is None else each * 1e-3 for each in (keys.spacing_mm, keys.diameter_mm))
        return built_from_file(lambda: cls(keys.columns, keys.rows, *lengths), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> Self:
        """Fields: `9x6`, the spacing and the diameter with their units (both may be left out)."""
        text = BoardText("a grid of circles", fields, cls.syntax)
        text.require(1, 3, "circles, their spacing and their diameter are named")
        lengths = [text.length_m(at, of) for at, of in ((1, "the spacing"), (2, "the diameter")) if at < len(fields)]
        return text.build(lambda: cls(*text.counts(), *lengths))


@dataclass(frozen=True)
class _CircleKeys:
    """The keys of the YAML file of a grid of circles, besides its kind."""

    columns: int
    rows: int
    spacing_mm: float | None = None
    diameter_mm: float | None = None


def inside(place: Array, size: tuple[int, int]) -> Array:
    """Whether places (2, ...) are those of a grid of columns and rows."""
    return np.asarray(np.all([(each >= 0) & (each < most) for each, most in zip(place, size, strict=True)], axis=0))


def sheet_around(last: Array, spacing: float) -> tuple[Array, Array]:
    """The corners of a sheet that goes on beyond the outermost circles, whose middles are 0 and last (2,)."""
    margin = 1.5 * spacing
    return np.full(2, -margin), last + margin
