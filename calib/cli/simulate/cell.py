"""`calib simulate cell`: several arms with errors before one instrument."""

from __future__ import annotations

import typer

from calib.cli.options import Output, Seed, names
from calib.cli.reporting import reporting, written

HELP = """Simulate a cell: several arms measured in one world; cell.yaml, a table per arm and truth.yaml.

\b
Examples:
  calib simulate cell --output sim && calib cell --config sim/cell.yaml
  calib simulate cell --output sim --arms ur5e,ur10e,iiwa14 --poses 100 --noise-mm 0.03 --seed 7"""


def command(
    output: Output,
    arms: list[str] | None = typer.Option(None, metavar="NAMES", help="Shipped arms. Default: ur5e,ur10e."),
    poses: int = typer.Option(80, min=1, max=1_000_000, help="Number of poses of each arm."),
    noise_mm: float = typer.Option(0.05, min=0.0, help="Standard deviation of a measured coordinate."),
    noise_deg: float = typer.Option(0.006, min=0.0, help="Standard deviation of a measured orientation, per axis."),
    error_mm: float = typer.Option(
        0.3, min=0.0, help="Standard deviation of the arms' true lengths from their tables."
    ),
    error_deg: float = typer.Option(0.06, min=0.0, help="Standard deviation of their true angles from their tables."),
    seed: Seed = 0,
) -> None:
    """See HELP."""
    with reporting(False):
        from math import radians

        from calib.report import folder
        from calib.report.simulated_cell import simulated_cell
        from calib.robot.simulation import Spread

        target = folder.reserve(output, "")
        spread = Spread(error_mm / 1000, radians(error_deg), noise_mm / 1000, radians(noise_deg))
        files = simulated_cell(tuple(names(arms) or ("ur5e", "ur10e")), poses, spread, seed)
        folder.write(target, files)
        typer.echo(written(target, files))
