"""`calib simulate handeye`: a camera on a hand, or beside the robot, and what both say."""

from __future__ import annotations

import typer

from calib.cli.options import Board, ImageSize, Lens, Output, Render, Seed, Setup
from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress, reporting, written

HELP = """Simulate a hand-eye calibration: corners.csv, poses.csv, camera.yaml, truth.yaml and, with --render, images.

The camera sees a board from all sides; the robot says where its flange stood, with noise.

\b
Examples:
  calib simulate handeye --output sim
  calib handeye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate handeye --output sim --render
  calib handeye --images sim/images --board checkerboard:9x6:25mm --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate handeye --output sim --setup eye-to-hand --views 40 --noise-deg 0.1 --wrong-share 0.1 --seed 7"""


def command(
    output: Output,
    setup: Setup = "eye-in-hand",
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
    views: int = typer.Option(30, min=1, max=100_000, help="Number of images."),
    noise_px: float = typer.Option(0.2, min=0.0, help="Standard deviation of a corner's coordinate."),
    noise_mm: float = typer.Option(0.2, min=0.0, help="Standard deviation of the flange's position, per axis."),
    noise_deg: float = typer.Option(0.05, min=0.0, help="Standard deviation of the flange's orientation, per axis."),
    bow_mm: float = typer.Option(0.0, help="Height of the board's middle over its ends."),
    wrong_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of images with another image's pose."),
    image_size: ImageSize = "1280x720",
    render: Render = False,
    seed: Seed = 0,
) -> None:
    """See HELP."""
    with reporting(False):
        from math import radians

        from calib.camera.board import read_board
        from calib.camera.simulation import typical_camera
        from calib.cell.chain import read_setup
        from calib.cell.simulation import Noise, simulate
        from calib.report import folder
        from calib.report.simulated_handeye import simulation_files

        target = folder.reserve(output, "")
        kind = read_board(board)
        simulation = simulate(
            typical_camera(lens, read_size(image_size)),
            kind.corners_in_board,
            setup=read_setup(setup),
            views=views,
            noise=Noise(noise_px, noise_mm / 1000, radians(noise_deg), bow_mm / 1000, wrong_share),
            seed=seed,
            board=kind.name,
        )
        files = simulation_files(simulation, kind if render else None, progress("rendering", False))
        folder.write(target, files)
        typer.echo(written(target, files))
