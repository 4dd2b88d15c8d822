"""`calib simulate robot`: an arm with errors before an instrument."""

from __future__ import annotations

import typer

from calib.cli.options import Arm, Output, Seed, names
from calib.cli.reporting import reporting, written

HELP = """Simulate a measured arm: poses.csv, calib.yaml and truth.yaml.

The arm differs from its table by random errors, stands in random poses within its limits, and is measured with noise.

\b
Examples:
  calib simulate robot --output sim --arm ur5e && calib robot --poses sim/poses.csv
  calib simulate robot --output sim --arm ur10e --measurement position --targets 3 --poses 200 --noise-mm 0.03
  calib simulate robot --output sim --arm franka_panda --effects compliance,gear_harmonics --seed 7"""


def command(
    output: Output,
    arm: Arm = "ur5e",
    measurement: str = typer.Option("pose", help="pose, position, distance, plane or point."),
    poses: int = typer.Option(60, min=1, max=1_000_000, help="Number of poses of the arm."),
    targets: int = typer.Option(1, min=1, max=100, help="Targets on the flange; planes or points to touch."),
    noise_mm: float = typer.Option(0.05, min=0.0, help="Standard deviation of a measured coordinate."),
    noise_deg: float = typer.Option(0.006, min=0.0, help="Standard deviation of a measured orientation, per axis."),
    joint_noise_deg: float = typer.Option(0.0, min=0.0, help="Standard deviation of a joint (mm where it slides)."),
    error_mm: float = typer.Option(0.3, min=0.0, help="Standard deviation of the arm's true lengths from its table."),
    error_deg: float = typer.Option(0.06, min=0.0, help="Standard deviation of its true angles from its table."),
    effects: list[str] | None = typer.Option(None, metavar="NAMES", help="Effects beyond geometry, e.g. compliance."),
    outlier_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of rows that are wrong."),
    outlier_mm: float = typer.Option(20.0, min=0.0, help="How far wrong rows are off."),
    seed: Seed = 0,
) -> None:
    """See HELP."""
    with reporting(False):
        from math import radians

        from calib import folder
        from calib.report.simulated_arm import simulation_files
        from calib.robot.arm.read import load_arm
        from calib.robot.simulation.simulate import Spread, simulate

        target = folder.reserve(output, "")
        simulation = simulate(
            load_arm(arm),
            measurement=measurement,
            poses=poses,
            targets=targets,
            effects=names(effects),
            spread=Spread(
                error_m=error_mm / 1000,
                error_rad=radians(error_deg),
                sigma_m=noise_mm / 1000,
                sigma_rad=radians(noise_deg),
                sigma_joint_m=joint_noise_deg / 1000,
                sigma_joint_rad=radians(joint_noise_deg),
                outlier_share=outlier_share,
                outlier_m=outlier_mm / 1000,
            ),
            seed=seed,
        )
        files = simulation_files(simulation)
        folder.write(target, files)
        typer.echo(written(target, files))
