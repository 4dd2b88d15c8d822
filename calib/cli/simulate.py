"""`calib simulate`: noisy data sets whose truth is known."""

from __future__ import annotations

from pathlib import Path

import typer

from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress, reporting

app = typer.Typer(
    help="Write simulated, seeded data sets with their truth.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CAMERA_HELP = """Simulate the views of a camera: corners.csv, truth.yaml and, with --render, images.

\b
Examples:
  calib simulate camera --output sim
  calib simulate camera --output sim --lens kannala_brandt --views 30 --noise-px 0.2 --seed 7
  calib simulate camera --output sim --render && calib camera --images sim/images"""


@app.command("camera", help=CAMERA_HELP)
def camera(
    output: Path = typer.Option(..., help="Folder to create."),
    lens: str = typer.Option("brown_conrady", help="Lens model; see `calib list lenses`."),
    board: str = typer.Option("checkerboard:9x6:25mm", help="Board, as for `calib camera`."),
    views: int = typer.Option(20, min=1, max=100_000, help="Number of views."),
    noise_px: float = typer.Option(0.1, min=0.0, help="Standard deviation of a corner's coordinate."),
    seed: int = typer.Option(0, min=0, help="Seed; the same seed gives the same bytes."),
    wild_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of corners moved by 8 px."),
    garbage_views: int = typer.Option(0, min=0, help="Views whose corners are scattered at random."),
    image_size: str = typer.Option("1280x720", metavar="WxH", help="Image size in pixels."),
    render: bool = typer.Option(False, "--render", help="Also render the images (with noise and blur)."),
) -> None:
    """See CAMERA_HELP."""
    with reporting(False):
        from calib.camera.board import read_board
        from calib.camera.simulation import simulate, typical_camera
        from calib.camera.simulation_files import simulation_files
        from calib.report import folder

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
        typer.echo(f"written: {target} ({', '.join(sorted({name.split('/')[0] for name in files}))})")
