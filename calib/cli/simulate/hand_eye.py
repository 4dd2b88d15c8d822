"""`calib simulate hand-eye`: corners from a camera on the hand, or beside the robot, and poses of the flange."""

from __future__ import annotations

import typer

from calib.cli.arguments.options import (
    AsJson,
    Board,
    Lens,
    NewFolder,
    NoisePx,
    Quiet,
    Render,
    Seed,
    SimulatedSetup,
    SimulatedSize,
)
from calib.cli.arguments.values import parse_size
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting
from calib.errors import UsageError

HELP = """Simulate a hand-eye calibration.

Writes corners.csv, poses.csv, camera.yaml, truth.yaml and, with --render, images. The camera observes a board from all
sides; the robot reports the poses of its flange, with noise. With --time-offset-ms the arm moves throughout: poses.csv
is a stream with times, times.csv holds the image times by another clock. With --cameras several observe the board:
camera1.csv, camera2.csv, ... hold their corners.

\b
Examples:
  calib simulate hand-eye --output sim
  calib hand-eye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate hand-eye --output sim --render
  calib hand-eye --images sim/images --board checkerboard:9x6:25mm --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate hand-eye --output sim --setup eye-to-hand --views 40 --noise-deg 0.1 --mispaired-share 0.1 --seed 7
  calib simulate hand-eye --output sim --views 60 --time-offset-ms 35
  calib hand-eye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml --image-times sim/times.csv
  calib simulate hand-eye --output sim --setup eye-to-hand --cameras 2
  calib hand-eye --corners sim/camera1.csv --corners sim/camera2.csv --poses sim/poses.csv"""


def command(
    context: typer.Context,
    output: NewFolder,
    setup: SimulatedSetup = "eye-in-hand",
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
    views: int = typer.Option(30, min=1, max=100_000, help="Number of images."),
    noise_px: NoisePx = 0.2,
    noise_mm: float = typer.Option(0.2, min=0.0, help="Standard deviation of the flange's position, per axis."),
    noise_deg: float = typer.Option(0.05, min=0.0, help="Standard deviation of the flange's orientation, per axis."),
    bow_mm: float = typer.Option(0.0, help="Height of the board's centre over its ends."),
    mispaired_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of images with another image's pose."),
    time_offset_ms: float | None = typer.Option(
        None, help="The arm moves: the clock of its poses minus that of the images."
    ),
    cameras: int = typer.Option(1, min=1, max=20, help="Number of cameras, each with its table of corners."),
    stream_hz: float = typer.Option(125.0, min=1.0, max=10_000.0, help="Poses per second of a moving arm."),
    image_size: SimulatedSize = "1280x720",
    render: Render = False,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, invocation=context.obj) as reporter:
        from math import radians

        from calib.camera import typical_camera
        from calib.cell import Noise, Stream, simulate_cameras, simulate_hand_eye

        moving = time_offset_ms is not None
        _check(moving, {"--mispaired-share": mispaired_share > 0}, "poses of a stream are not paired with images")
        others = {"--mispaired-share": mispaired_share > 0, "--render": render}
        _check(cameras > 1, {"--time-offset-ms": moving, **others}, "these options need --cameras 1")
        folder = reporter.reserve(output)
        camera = typical_camera(lens, parse_size(image_size))
        noise = Noise(noise_px, noise_mm / 1000, radians(noise_deg), bow_mm / 1000, mispaired_share)
        if cameras > 1:
            rig = simulate_cameras(camera, board, cameras=cameras, setup=setup, poses=views, noise=noise, seed=seed)
            deliver(rig, folder, reporter)
            return
        simulation = simulate_hand_eye(
            camera,
            board,
            setup=setup,
            views=views,
            noise=noise,
            stream=None if time_offset_ms is None else Stream(time_offset_ms / 1000, stream_hz),
            seed=seed,
            render=render,
            on_progress=reporter.on_progress("rendering"),
        )
        deliver(simulation, folder, reporter)


def _check(chosen: bool, others: dict[str, bool], advice: str) -> None:
    """Raise UsageError `option-conflict` for an option that does not apply to the kind of simulation chosen."""
    if chosen and (idle := [option for option, given in others.items() if given]):
        raise UsageError(f"{idle[0]} does not apply", code="option-conflict", where=idle[0], advice=advice)
