"""`calib simulate cell`: several arms with errors before one instrument, or one board before their cameras."""

from __future__ import annotations

import typer

from calib.cli.options import Board, ImageSize, Lens, Output, Render, Seed, names
from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress, reporting, written
from calib.errors import UsageError, did_you_mean

MEASUREMENTS = ("pose", "images")

HELP = """Simulate a cell: several arms in one world; cell.yaml, a table per arm and truth.yaml.

One instrument measures all arms or, with --measurement images, a camera on each hand sees one board; then every arm has
a folder, as `calib simulate robot-images` writes it.

\b
Examples:
  calib simulate cell --output sim && calib cell --config sim/cell.yaml
  calib simulate cell --output sim --arms ur5e,ur10e,iiwa14 --poses 100 --noise-mm 0.03 --seed 7
  calib simulate cell --output sim --measurement images --poses 40 --render"""


def command(
    output: Output,
    arms: list[str] | None = typer.Option(None, metavar="NAMES", help="Shipped arms. Default: ur5e,ur10e."),
    measurement: str = typer.Option("pose", help="pose (by an instrument) or images (by cameras on the hands)."),
    poses: int = typer.Option(80, min=1, max=1_000_000, help="Number of poses of each arm."),
    noise_mm: float = typer.Option(0.05, min=0.0, help="Standard deviation of a measured coordinate."),
    noise_deg: float = typer.Option(0.006, min=0.0, help="Standard deviation of a measured orientation, per axis."),
    noise_px: float = typer.Option(0.15, min=0.0, help="Standard deviation of a corner's coordinate, with images."),
    error_mm: float = typer.Option(
        0.3, min=0.0, help="Standard deviation of the arms' true lengths from their tables."
    ),
    error_deg: float = typer.Option(0.06, min=0.0, help="Standard deviation of their true angles from their tables."),
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
    image_size: ImageSize = "1280x720",
    render: Render = False,
    seed: Seed = 0,
) -> None:
    """See HELP."""
    with reporting(False):
        from math import radians

        from calib import folder
        from calib.camera.board import read_board
        from calib.camera.simulation.simulate import typical_camera
        from calib.cell.simulation.cell import simulated_cell, simulated_cell_in_images
        from calib.robot.simulation.simulate import Spread

        _check(measurement, render)
        target = folder.reserve(output, "")
        spread = Spread(error_mm / 1000, radians(error_deg), noise_mm / 1000, radians(noise_deg))
        chosen = tuple(names(arms) or ("ur5e", "ur10e"))
        files: dict[str, str | bytes]
        if measurement == "pose":
            files = {**simulated_cell(chosen, poses, spread, seed)}
        else:
            files = simulated_cell_in_images(
                chosen,
                typical_camera(lens, read_size(image_size)),
                read_board(board),
                poses,
                noise_px,
                spread,
                seed,
                with_images=render,
                progress=progress("rendering", False),
            )
        folder.write(target, files)
        typer.echo(written(target, files))


def _check(measurement: str, render: bool) -> None:
    """Raise UsageError `unknown-measurement`, `option-conflict` for pictures where no camera looks."""
    if measurement not in MEASUREMENTS:
        raise UsageError(
            f"a cell is not simulated by {measurement!r}",
            code="unknown-measurement",
            advice=did_you_mean(measurement, MEASUREMENTS),
        )
    if render and measurement != "images":
        raise UsageError(
            "there are no images to render where an instrument measures",
            code="option-conflict",
            where="--render",
            advice="calib simulate cell --measurement images --render",
        )
