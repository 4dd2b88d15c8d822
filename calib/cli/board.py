"""`calib board`: a board to be printed, and the file that describes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calib.cli.arguments.options import AsJson, Quiet, result_folder
from calib.cli.running import shipped
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting

FOLDER = "calib_board"

HELP = """Draw a board to be printed at true size.

\b
Examples:
  calib board checkerboard:9x6:25mm
  calib board charuco:11x8:20mm:15mm:4X4_100 --paper A3 --output my_board
  calib board acircles_4x11_20mm_16mm --paper Letter
  calib board checkerboard:9x6:25mm --measured 0.2481

Writes a folder with board.pdf (vectors; in tiles if the board is larger than the paper, with a ruler on every page),
board.png and board.yaml, for --board. Print at 100 %, then measure the dark part over its width, from edge to edge:
--measured writes the board.yaml of the print, its lengths scaled to that. Kinds of boards: calib guide boards."""


def command(
    context: typer.Context,
    board: str = typer.Argument(..., help="Inline text, a shipped name or a file.", autocompletion=shipped.boards),
    paper: str = typer.Option("A4", help="A4, A3, Letter, ..., or its own size, such as 600x400mm."),
    dpi: float = typer.Option(300.0, min=30.0, max=2400.0, help="Pixels to the inch, of board.png."),
    measured: str | None = typer.Option(
        None, metavar="WIDTH", help="Width of the printed dark part, metres or with a unit: 0.2481, 248.1mm."
    ),
    output: Annotated[Path | None, result_folder(FOLDER)] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, False, context.obj) as reporter:
        from calib.camera import measured_board, print_board

        drawn = print_board(board, paper=paper, dpi=dpi) if measured is None else measured_board(board, measured)
        deliver(drawn, reporter.reserve(output, FOLDER), reporter)
