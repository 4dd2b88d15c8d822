"""`calib simulate camera`: views of a board with noise, and pictures of them."""

from __future__ import annotations

import typer

from calib.cli.deliver import deliver
from calib.cli.options import AsJson, Board, Lens, NewFolder, NoisePx, Quiet, Render, Seed, SimulatedSize
from calib.cli.reporting import reporting
from calib.cli.values import parse_size

HELP = """Simulate images of a board by a camera.

Writes corners.csv, truth.yaml and, with --render, images.

\b
Examples:
  calib simulate camera --output sim
  calib simulate camera --output sim --lens kannala_brandt --views 30 --noise-px 0.2 --seed 7
  calib simulate camera --output sim --render && calib camera --images sim/images"""


def command(
    output: NewFolder,
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
    views: int = typer.Option(20, min=1, max=100_000, help="Number of views."),
    noise_px: NoisePx = 0.1,
    seed: Seed = 0,
    outlier_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of corners displaced by 8 px."),
    scattered_views: int = typer.Option(0, min=0, help="Views whose corners are scattered at random."),
    image_size: SimulatedSize = "1280x720",
    render: Render = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet) as reporter:
        from calib.camera.board import read_board
        from calib.camera.simulation.documents import simulation_files
        from calib.camera.simulation.simulate import simulate, typical_camera
        from calib.cli import adapters
        from calib.folder import reserve

        folder = reserve(output, "")
        kind = read_board(board)
        simulation = simulate(
            typical_camera(lens, parse_size(image_size)),
            kind.corners_in_board,
            views=views,
            sigma_px=noise_px,
            seed=seed,
            wild_share=outlier_share,
            garbage_views=scattered_views,
            board=board,
        )
        files = simulation_files(simulation, kind, render, reporter.on_progress("rendering"))
        deliver(adapters.simulation(files), folder, reporter)
