"""`calib simulate robot-images`: an arm with errors, and images from a camera on its hand or beside it."""

from __future__ import annotations

import typer

from calib.cli.arguments.options import (
    AsJson,
    Board,
    ErrorDeg,
    ErrorMm,
    Lens,
    NewFolder,
    NoisePx,
    Quiet,
    Render,
    Seed,
    SimulatedArm,
    SimulatedSetup,
    SimulatedSize,
    Tip,
)
from calib.cli.arguments.values import parse_size
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting

HELP = """Simulate an arm with a camera.

Writes joints.csv, corners.csv, camera.yaml, calib.yaml and truth.yaml. The arm's parameters deviate from its table; a
camera on the hand observes a board, or a fixed camera a board on the hand. With --render the images are written as
well.

\b
Examples:
  calib simulate robot-images --output sim
  calib robot --table sim/joints.csv --corners sim/corners.csv --camera sim/camera.yaml
  calib simulate robot-images --output sim --render
  calib robot --table sim/joints.csv --images sim/images --board checkerboard:9x6:25mm --camera sim/camera.yaml
  calib simulate robot-images --output sim --arm iiwa14 --setup eye-to-hand --views 60 --seed 7"""


def command(
    context: typer.Context,
    output: NewFolder,
    arm: SimulatedArm = "ur5e",
    tip: Tip = None,
    setup: SimulatedSetup = "eye-in-hand",
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
    views: int = typer.Option(40, min=1, max=10_000, help="Number of images."),
    noise_px: NoisePx = 0.15,
    error_mm: ErrorMm = 0.3,
    error_deg: ErrorDeg = 0.04,
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
        from calib.cell import simulate_arm_in_images
        from calib.formats import load_any_arm
        from calib.robot import Spread

        folder = reporter.reserve(output)
        simulation = simulate_arm_in_images(
            load_any_arm(arm, tip=tip),
            typical_camera(lens, parse_size(image_size)),
            board,
            setup=setup,
            views=views,
            noise_px=noise_px,
            spread=Spread(error_m=error_mm / 1000, error_rad=radians(error_deg)),
            seed=seed,
            render=render,
            on_progress=reporter.on_progress("rendering"),
        )
        deliver(simulation, folder, reporter)
