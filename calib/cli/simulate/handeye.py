"""`calib simulate handeye`: a camera on a hand, or beside the robot, and what both say."""

from __future__ import annotations

import typer

from calib.cli.options import Board, ImageSize, Lens, Output, Render, Seed, Setup
from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress, reporting, written
from calib.errors import UsageError

HELP = """Simulate a hand-eye calibration: corners.csv, poses.csv, camera.yaml, truth.yaml and, with --render, images.

The camera sees a board from all sides; the robot says where its flange stood, with noise. With --time-offset-ms the arm
moves all the while: poses.csv is a stream with times, times.csv says when images were taken, by another clock.

\b
Examples:
  calib simulate handeye --output sim
  calib handeye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate handeye --output sim --render
  calib handeye --images sim/images --board checkerboard:9x6:25mm --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate handeye --output sim --setup eye-to-hand --views 40 --noise-deg 0.1 --wrong-share 0.1 --seed 7
  calib simulate handeye --output sim --views 60 --time-offset-ms 35
  calib handeye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml --image-times sim/times.csv"""


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
    time_offset_ms: float | None = typer.Option(
        None, help="The arm moves: what the clock of its poses shows more than that of the images."
    ),
    stream_hz: float = typer.Option(125.0, min=1.0, max=10_000.0, help="Poses a second, of an arm that moves."),
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
        from calib.cell.moving_simulation import simulate_moving
        from calib.cell.simulation import Noise, simulate
        from calib.report import folder
        from calib.report.simulated_handeye import simulation_files

        if time_offset_ms is not None and wrong_share:
            what = "--wrong-share is of no use with --time-offset-ms"
            raise UsageError(what, code="option-conflict", advice="poses of a stream belong to no image")
        target = folder.reserve(output, "")
        kind = read_board(board)
        moving = {} if time_offset_ms is None else {"time_offset_s": time_offset_ms / 1000, "stream_hz": stream_hz}
        simulation = (simulate_moving if moving else simulate)(
            typical_camera(lens, read_size(image_size)),
            kind.corners_in_board,
            setup=read_setup(setup),
            views=views,
            noise=Noise(noise_px, noise_mm / 1000, radians(noise_deg), bow_mm / 1000, wrong_share),
            seed=seed,
            board=kind.name,
            **moving,
        )
        files = simulation_files(simulation, kind if render else None, progress("rendering", False))
        folder.write(target, files)
        typer.echo(written(target, files))
