"""`calib simulate cell`: several arms with errors, measured by one instrument or by cameras that observe one board."""

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
    SimulatedSize,
)
from calib.cli.arguments.values import parse_size, split_commas
from calib.cli.running import shipped
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting
from calib.errors import UsageError, did_you_mean

MEASUREMENTS = ("pose", "images")

HELP = """Simulate several arms in one world.

Writes cell.yaml, a table per arm and truth.yaml. One instrument measures all arms or, with --measurement images, a
camera on each hand observes one board; then every arm has a folder, as `calib simulate robot-images` writes it.

\b
Examples:
  calib simulate cell --output sim && calib cell --config sim/cell.yaml
  calib simulate cell --output sim --arms ur5e,ur10e,iiwa14 --poses 100 --noise-mm 0.03 --seed 7
  calib simulate cell --output sim --measurement images --poses 40 --render"""


def command(
    context: typer.Context,
    output: NewFolder,
    arms: list[str] | None = typer.Option(
        None, metavar="NAMES", help="Shipped arms. Default: ur5e,ur10e.", autocompletion=shipped.arms
    ),
    measurement: str = typer.Option("pose", help="pose (by an instrument) or images (by cameras on the hands)."),
    poses: int = typer.Option(80, min=1, max=1_000_000, help="Number of poses of each arm."),
    noise_mm: float = typer.Option(0.05, min=0.0, help="Standard deviation of a measured coordinate."),
    noise_deg: float = typer.Option(0.006, min=0.0, help="Standard deviation of a measured orientation, per axis."),
    noise_px: NoisePx = 0.15,
    error_mm: ErrorMm = 0.3,
    error_deg: ErrorDeg = 0.06,
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
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
        from calib.cell import simulate_cell, simulate_cell_in_images
        from calib.robot import Spread

        _check(measurement, render)
        folder = reporter.reserve(output)
        spread = Spread(error_mm / 1000, radians(error_deg), noise_mm / 1000, radians(noise_deg))
        named = split_commas(arms) or ["ur5e", "ur10e"]
        if measurement == "pose":
            deliver(simulate_cell(named, poses=poses, spread=spread, seed=seed), folder, reporter)
            return
        simulation = simulate_cell_in_images(
            named,
            typical_camera(lens, parse_size(image_size)),
            board,
            views=poses,
            noise_px=noise_px,
            spread=spread,
            seed=seed,
            render=render,
            on_progress=reporter.on_progress("rendering"),
        )
        deliver(simulation, folder, reporter)


def _check(measurement: str, render: bool) -> None:
    """Raise UsageError `unknown-measurement`, `option-conflict` for images where an instrument measures."""
    if measurement not in MEASUREMENTS:
        raise UsageError(
            f"unknown measurement of a cell {measurement!r}",
            code="unknown-measurement",
            advice=did_you_mean(measurement, MEASUREMENTS),
        )
    if render and measurement != "images":
        raise UsageError(
            "--render needs a measurement by images",
            code="option-conflict",
            advice="calib simulate cell --measurement images --render",
        )
