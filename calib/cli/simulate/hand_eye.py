"""`calib simulate handeye`: a camera on a hand, or beside the robot, and what both say."""

from __future__ import annotations

from typing import Any

import typer

from calib.cli.options import Board, ImageSize, Lens, Output, Render, Seed, Setup
from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress, reporting, written
from calib.errors import UsageError

HELP = """Simulate a hand-eye calibration: corners.csv, poses.csv, camera.yaml, truth.yaml and, with --render, images.

The camera sees a board from all sides; the robot says where its flange stood, with noise. With --time-offset-ms the arm
moves all the while: poses.csv is a stream with times, times.csv says when images were taken, by another clock. With
--cameras several see it: camera1.csv, camera2.csv, ... hold their corners.

\b
Examples:
  calib simulate handeye --output sim
  calib handeye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate handeye --output sim --render
  calib handeye --images sim/images --board checkerboard:9x6:25mm --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate handeye --output sim --setup eye-to-hand --views 40 --noise-deg 0.1 --wrong-share 0.1 --seed 7
  calib simulate handeye --output sim --views 60 --time-offset-ms 35
  calib handeye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml --image-times sim/times.csv
  calib simulate handeye --output sim --setup eye-to-hand --cameras 2
  calib handeye --corners sim/camera1.csv --corners sim/camera2.csv --poses sim/poses.csv"""


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
    cameras: int = typer.Option(1, min=1, max=20, help="Number of cameras; of several, one table of corners each."),
    stream_hz: float = typer.Option(125.0, min=1.0, max=10_000.0, help="Poses a second, of an arm that moves."),
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
        from calib.cell.hand_eye.frame_loop import read_setup
        from calib.cell.simulation.documents import rig_files, simulation_files
        from calib.cell.simulation.hand_eye import Noise, simulate
        from calib.cell.simulation.moving_arm import simulate_moving
        from calib.cell.simulation.rig import simulate_rig

        moving = time_offset_ms is not None
        _check(moving, {"--wrong-share": wrong_share > 0}, "poses of a stream belong to no image")
        others = {"--wrong-share": wrong_share > 0, "--bow-mm": bow_mm != 0, "--render": render}
        _check(cameras > 1, {"--time-offset-ms": moving, **others}, "simulate one camera, or none of this")
        target = folder.reserve(output, "")
        kind = read_board(board)
        common: dict[str, Any] = {
            "setup": read_setup(setup),
            "noise": Noise(noise_px, noise_mm / 1000, radians(noise_deg), bow_mm / 1000, wrong_share),
            "seed": seed,
            "board": kind.name,
        }
        seen = typical_camera(lens, read_size(image_size)), kind.corners_in_board
        if cameras > 1:
            files = rig_files(simulate_rig(*seen, cameras=cameras, poses=views, **common))
        elif time_offset_ms is not None:
            offset_s = time_offset_ms / 1000
            moved = simulate_moving(*seen, views=views, time_offset_s=offset_s, stream_hz=stream_hz, **common)
            files = simulation_files(moved, kind if render else None, progress("rendering", False))
        else:
            simulation = simulate(*seen, views=views, **common)
            files = simulation_files(simulation, kind if render else None, progress("rendering", False))
        folder.write(target, files)
        typer.echo(written(target, files))


def _check(chosen: bool, others: dict[str, bool], advice: str) -> None:
    """Raise UsageError `option-conflict` for what is of no use with the kind of simulation chosen."""
    if chosen and (idle := [option for option, given in others.items() if given]):
        raise UsageError(f"{idle[0]} is of no use here", code="option-conflict", where=idle[0], advice=advice)
