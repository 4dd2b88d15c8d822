"""`calib simulate camera`: views of a board with noise, and pictures of them."""

from __future__ import annotations

import typer

from calib.cli.options import Board, ImageSize, Lens, Output, Render, Seed
from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress, reporting, written

HELP = """Simulate the views of a camera: corners.csv, truth.yaml and, with --render, images.

\b
Examples:
  calib simulate camera --output sim
  calib simulate camera --output sim --lens kannala_brandt --views 30 --noise-px 0.2 --seed 7
  calib simulate camera --output sim --render && calib camera --images sim/images"""


def command(
    output: Output,
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
    views: int = typer.Option(20, min=1, max=100_000, help="Number of views."),
    noise_px: float = typer.Option(0.1, min=0.0, help="Standard deviation of a corner's coordinate."),
    seed: Seed = 0,
    wild_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of corners moved by 8 px."),
    garbage_views: int = typer.Option(0, min=0, help="Views whose corners are scattered at random."),
    image_size: ImageSize = "1280x720",
    render: Render = False,
) -> None:
    """See HELP."""
    with reporting(False):
        from calib import folder
        from calib.camera.board import read_board
        from calib.camera.simulation.simulate import simulate, typical_camera
        from calib.report.simulated_camera import simulation_files

        target = folder.reserve(output, "")
        kind = read_board(board)
        simulation = simulate(
            typical_camera(lens, read_size(image_size)),
            kind.corners_in_board,
            views=views,
            sigma_px=noise_px,
            seed=seed,
            wild_share=wild_share,
            garbage_views=garbage_views,
            board=board,
        )
        files = simulation_files(simulation, kind, render, progress("rendering", False))
        folder.write(target, files)
        typer.echo(written(target, files))
