"""`calib simulate camera`: views of a board with noise, and pictures of them."""

from __future__ import annotations

import typer

from calib.cli.arguments.options import AsJson, Board, Lens, NewFolder, NoisePx, Quiet, Render, Seed, SimulatedSize
from calib.cli.arguments.values import parse_size
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting

HELP = """Simulate images of a board by a camera.

Writes corners.csv, truth.yaml and, with --render, images.

\b
Examples:
  calib simulate camera --output sim
  calib simulate camera --output sim --lens kannala_brandt --views 30 --noise-px 0.2 --seed 7
  calib simulate camera --output sim --render && calib camera --images sim/images"""


def command(
    context: typer.Context,
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
    with reporting(as_json, quiet, invocation=context.obj) as reporter:
        from calib.camera import simulate

        folder = reporter.reserve(output)
        simulation = simulate(
            lens,
            board,
            image_size_px=parse_size(image_size),
            views=views,
            noise_px=noise_px,
            seed=seed,
            outlier_share=outlier_share,
            scattered_views=scattered_views,
            render=render,
            on_progress=reporter.on_progress("rendering"),
        )
        deliver(simulation, folder, reporter)
