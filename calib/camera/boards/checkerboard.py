"""The checkerboard: named by its inner corners, columns x rows, where four squares meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array, Grey
from calib.camera.board import BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text, rounded_mm
from calib.camera.shapes import Shapes, squares
from calib.errors import UsageError

_CORNERS = (3, 200)  # two corners a side leave a square whose rotations are alike; no camera resolves 200
_PLAIN = 20  # corners of a grid that is no accident
_BEYOND = 0.5  # how light the background is drawn
_SYNTAX = (
    "checkerboard:COLUMNSxROWS:SIZE, inner corners and the square's size with its unit, such as checkerboard:9x6:25mm"
)


@dataclass(frozen=True)
class Checkerboard:
    """A checkerboard, described by its inner corners."""

    columns: int
    """Inner corners along x."""
    rows: int
    """Inner corners along y."""
    square_m: float | None = None
    """A square's side in metres; None: not known, the square is the unit."""

    def __post_init__(self) -> None:
        for name, count in (("columns", self.columns), ("rows", self.rows)):
            if not _CORNERS[0] <= count <= _CORNERS[1]:
                raise UsageError(
                    f"{count} {name} of inner corners",
                    code="config-value",
                    why=f"a checkerboard has {_CORNERS[0]} to {_CORNERS[1]}",
                    advice="count the corners where four squares meet: 10 x 7 squares are checkerboard:9x6",
                )
        if self.square_m is not None and not 1e-6 <= self.square_m <= 100.0:
            raise UsageError(
                f"a square of {self.square_m} m",
                code="config-value",
                why="expected 1 um to 100 m",
                advice=f"give the side of a square with its unit: checkerboard:{self.columns}x{self.rows}:25mm",
            )

    @property
    def name(self) -> str:
        size = "" if self.square_m is None else f":{length_text(self.square_m)}"
        return f"checkerboard:{self.columns}x{self.rows}{size}"

    @property
    def scale_known(self) -> bool:
        return self.square_m is not None

    @property
    def grid(self) -> tuple[int, int]:
        return self.columns, self.rows

    @property
    def hint(self) -> str:
        whole = "the whole board must be in the image, sharp, flat, and larger than a tenth of it"
        return f"{whole}; columns x rows count inner corners, where four squares meet"

    @property
    def corners_in_board(self) -> Array:
        """(rows * columns, 3), row by row, the first corner at the origin."""
        row, column = np.mgrid[: self.rows, : self.columns]
        side = 1.0 if self.square_m is None else self.square_m
        return np.column_stack((column.ravel() * side, row.ravel() * side, np.zeros(row.size)))

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): the square outside the first corner is dark; a square of margin, grey beyond."""
        side = 1.0 if self.square_m is None else self.square_m
        inside_x, wave_x, sheet_x = _averages(x / side, width_x / side, self.columns)
        inside_y, wave_y, sheet_y = _averages(y / side, width_y / side, self.rows)
        dark = (inside_x * inside_y + wave_x * wave_y) / 2
        sheet = sheet_x * sheet_y
        return sheet - dark + _BEYOND * (1.0 - sheet)

    def shapes(self) -> Shapes:
        """The dark squares: that outside the first corner, and every other one."""
        side = 1.0 if self.square_m is None else self.square_m
        row, column = np.nonzero(np.indices((self.rows + 1, self.columns + 1)).sum(axis=0) % 2 == 0)
        return Shapes(squares(np.column_stack((column, row)).astype(float) * side - side, side), margin=side)

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """Its corners, by linked saddles and, where these do not suffice, by OpenCV's detectors."""
        from calib.camera.detection.checkered import board_corners
        from calib.camera.detection.search import find_grid

        found, reason = find_grid(image, self.grid)
        return (None, reason) if found is None else (board_corners(found, self.grid), "")

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """Its size, of a grid too large to be anything else."""
        from calib.camera.detection.search import find_any_grid

        grid, _ = find_any_grid(image)
        if grid is None or grid.columns * grid.rows < _PLAIN:
            return ""
        return f"checkerboard:{max(grid.columns, grid.rows)}x{min(grid.columns, grid.rows)}:SQUARE"

    def document(self) -> dict[str, Any]:
        """Its keys."""
        size = {} if self.square_m is None else {"square_mm": rounded_mm(self.square_m)}
        return {"columns": self.columns, "rows": self.rows, **size}

    @classmethod
    def from_config(cls, document: Any, where: str) -> Checkerboard:
        """Keys: columns, rows (inner corners), square_mm (may be left out)."""
        keys = config.build(_CheckerboardKeys, document, where)
        square_m = None if keys.square_mm is None else keys.square_mm * 1e-3
        return built_from_file(lambda: cls(keys.columns, keys.rows, square_m), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> Checkerboard:
        """Fields: `9x6`, and a size such as `25mm`, `2.5cm`, `1in` (may be left out)."""
        text = BoardText("a checkerboard", fields, _SYNTAX)
        text.require(1, 2, "the corners, columns x rows, and the square's size are named")
        size = [text.length_m(1, "the square's size")] if fields[1:] else []
        return text.build(lambda: cls(*text.counts(), *size))


@dataclass(frozen=True)
class _CheckerboardKeys:
    """The keys of a checkerboard's YAML file, besides its kind."""

    columns: int
    rows: int
    square_mm: float | None = None


def _averages(place: Array, width: Array, corners: int) -> tuple[Array, Array, Array]:
    """Averages over intervals along one side, in squares: of being on squares, of their alternation, of being on paper.

    The squares run from -1 to `corners`, the alternation is +1 on the first of them, -1 on the second, ...
    """
    start, stop = place - width / 2, place + width / 2

    def overlap(low: float, high: float) -> Array:
        return (np.clip(stop, low, high) - np.clip(start, low, high)) / width

    def wave(at: Array) -> Array:
        return 1.0 - np.abs(np.mod(np.clip(at, -1.0, corners) + 1.0, 2.0) - 1.0)  # the alternation's integral

    return overlap(-1.0, corners), (wave(stop) - wave(start)) / width, overlap(-2.0, corners + 1.0)


BOARD = Checkerboard
