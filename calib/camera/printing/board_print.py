"""A board to be printed: its sheets, its picture and the file that describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from calib.camera.board import Board, load_board
from calib.camera.board_text import UNITS_M, parse_length_m
from calib.camera.printing.pdf import write_pdf
from calib.camera.printing.png import rasterise, write_png
from calib.camera.printing.sheets import Paper, lay_out
from calib.camera.shapes import Shapes
from calib.documents import heading, to_yaml
from calib.errors import UsageError
from calib.result import Output

INCH_M = UNITS_M["in"]
_MOST_PIXELS = 100_000_000
_PLAUSIBLE = (0.5, 2.0)  # ratio of a measured length to the one that was drawn


@dataclass(frozen=True, eq=False, repr=False)
class BoardPrint(Output):
    """A board on paper, or as it was measured there."""

    board: Board
    """As it is drawn, or as it was measured."""
    paper: str = "A4"
    """A name, or a size."""
    dpi: float = 300.0
    """Pixels to the inch, of the picture."""
    measured_m: float | None = None
    """Width of what was printed, metres; None for a board that is to be printed."""

    @cached_property
    def shapes_mm(self) -> Shapes:
        """What is dark on it, millimetres."""
        return self.board.shapes().place(1e3, np.zeros(2))

    @property
    def width_mm(self) -> float:
        """From the left edge of what is dark to the right one: what `--measured` takes."""
        return float(np.ptp(self.shapes_mm.bounds, axis=0)[0])

    @cached_property
    def sheets(self) -> list[Any]:
        """The pages; none of a board that was measured."""
        return [] if self.measured_m is not None else lay_out(self.shapes_mm, Paper.of(self.paper), self._words())

    def _words(self) -> str:
        return f"{self.board.name}   {self.width_mm:.2f} mm wide over all: measure it, then calib board ... --measured"

    def summary(self) -> str:
        """What it is, and what to do with it."""
        width, height = np.ptp(self.shapes_mm.bounds, axis=0)
        size = f"{self.board.name}, {width:.2f} x {height:.2f} mm of dark"
        if self.measured_m is not None:
            return f"{size}, as measured"
        pages = "1 page" if len(self.sheets) == 1 else f"{len(self.sheets)} pages to be glued"
        return (
            f"{size}, {pages} of {self.paper}, PNG at {self.dpi:g} dpi\n"
            "print at 100 %, glue it to a flat plate, and measure the width of the dark part over all:\n"
            f"  calib board {self.board.name} --measured WIDTH_IN_M"
        )

    def document(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **heading("board"),
            "board": self.board.name,
            "corners": len(self.board.corners_in_board),
            "width_m": self.width_mm / 1e3,
            "pages": len(self.sheets),
            "measured_m": self.measured_m,
        }

    def files(self) -> Mapping[str, str | bytes]:
        """board.yaml and, unless it was measured, board.pdf and board.png."""
        described = {"kind": self.board.name.partition(":")[0], **self.board.document()}
        yaml = {"board.yaml": to_yaml(described)}
        if self.measured_m is not None:
            return yaml
        pixel_mm = INCH_M * 1e3 / self.dpi
        size = np.prod(np.ptp(self.shapes_mm.bounds, axis=0) + 2 * self.shapes_mm.margin) / pixel_mm**2
        if size > _MOST_PIXELS:
            raise UsageError(
                f"the picture has {size / 1e6:.0f} million pixels",
                code="picture-too-large",
                where="--dpi",
                advice=f"--dpi {self.dpi * np.sqrt(_MOST_PIXELS / size):.0f} or less; the PDF has no pixels",
            )
        picture = write_png(rasterise(self.shapes_mm, pixel_mm), pixel_mm / 1e3)
        return {"board.pdf": write_pdf(self.sheets, self.board.name), "board.png": picture, **yaml}


def print_board(board: Board | str, *, paper: str = "A4", dpi: float = 300.0) -> BoardPrint:
    """A board on paper of a size (A4, Letter, 600x400mm), in tiles where it is larger, and as a picture.

    Raises UsageError `scale-needed` for a board without a size, `bad-paper`, `board-too-large`, and as `load_board`.
    """
    drawn = BoardPrint(_require_size(board), paper, dpi)
    lay_out(drawn.shapes_mm, Paper.of(paper), "")  # what is wrong is told before anything is written
    return drawn


def measured_board(board: Board | str, width: float | str) -> BoardPrint:
    """A board whose lengths are those of a print that is so wide over all its dark parts: metres, or with a unit.

    Raises UsageError `measured-implausible`, `bad-value`, and as `print_board`.
    """
    measured_m = parse_length_m(width) if isinstance(width, str) else width
    nominal: Any = _require_size(board)  # a dataclass, which no protocol can state
    width_m = float(np.ptp(nominal.shapes().bounds, axis=0)[0])
    ratio = measured_m / width_m
    if not _PLAUSIBLE[0] < ratio < _PLAUSIBLE[1]:
        raise UsageError(
            f"a measured width of {measured_m:g} m where {width_m:.4g} m was drawn",
            code="measured-implausible",
            where="--measured",
            advice="measure what is dark from its left edge to its right one; in metres, or with a unit: 248.1mm",
        )
    # lengths are the fields that end in their unit, whatever the kind of board
    lengths = {each.name: getattr(nominal, each.name) for each in fields(nominal) if each.name.endswith("_m")}
    scaled = {name: value * ratio for name, value in lengths.items() if value is not None}
    return BoardPrint(replace(nominal, **scaled), measured_m=measured_m)


def _require_size(board: Board | str) -> Board:
    loaded = load_board(board) if isinstance(board, str) else board
    if not loaded.scale_known:
        raise UsageError(
            f"{loaded.name} has no size",
            code="scale-needed",
            advice=f"give it with its unit: calib board {loaded.name}:25mm",
        )
    return loaded
