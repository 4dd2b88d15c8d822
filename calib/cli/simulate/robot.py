"""`calib simulate robot`: an arm with errors, measured by an instrument."""

from __future__ import annotations

import typer

from calib.cli.arguments.options import AsJson, ErrorDeg, ErrorMm, NewFolder, Quiet, Seed, SimulatedArm, Tip
from calib.cli.arguments.values import split_commas
from calib.cli.running import shipped
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting

HELP = """Simulate measurements of an arm.

Writes poses.csv, calib.yaml and truth.yaml. The arm's parameters deviate from its table by random errors, its poses
are random within the joint limits, and the measurements carry noise.

\b
Examples:
  calib simulate robot --output sim --arm ur5e && calib robot --poses sim/poses.csv
  calib simulate robot --output sim --arm ur10e --measurement position --targets 3 --poses 200 --noise-mm 0.03
  calib simulate robot --output sim --arm franka_panda --effects compliance,gear_harmonics --seed 7"""


def command(
    context: typer.Context,
    output: NewFolder,
    arm: SimulatedArm = "ur5e",
    tip: Tip = None,
    measurement: str = typer.Option(
        "pose", help="Kind of measurement; see `calib list measurements`.", autocompletion=shipped.measurements
    ),
    poses: int = typer.Option(60, min=1, max=1_000_000, help="Number of poses of the arm."),
    targets: int = typer.Option(1, min=1, max=100, help="Targets on the flange; planes or points that are touched."),
    noise_mm: float = typer.Option(0.05, min=0.0, help="Standard deviation of a measured coordinate."),
    noise_deg: float = typer.Option(0.006, min=0.0, help="Standard deviation of a measured orientation, per axis."),
    joint_noise_mm: float = typer.Option(0.0, min=0.0, help="Standard deviation of a prismatic joint's value."),
    joint_noise_deg: float = typer.Option(0.0, min=0.0, help="Standard deviation of a revolute joint's value."),
    error_mm: ErrorMm = 0.3,
    error_deg: ErrorDeg = 0.06,
    effects: list[str] | None = typer.Option(
        None, metavar="NAMES", help="Effects beyond geometry; see `calib list effects`.", autocompletion=shipped.effects
    ),
    outlier_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of rows that are outliers."),
    outlier_mm: float = typer.Option(20.0, min=0.0, help="Displacement of an outlier."),
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, invocation=context.obj) as reporter:
        from math import radians

        from calib.formats import load_any_arm
        from calib.robot import Spread, simulate

        folder = reporter.reserve(output)
        simulation = simulate(
            load_any_arm(arm, tip=tip),
            measurement=measurement,
            poses=poses,
            targets=targets,
            effects=split_commas(effects),
            spread=Spread(
                error_m=error_mm / 1000,
                error_rad=radians(error_deg),
                sigma_m=noise_mm / 1000,
                sigma_rad=radians(noise_deg),
                joint_noise_m=joint_noise_mm / 1000,
                joint_noise_rad=radians(joint_noise_deg),
                outlier_share=outlier_share,
                outlier_m=outlier_mm / 1000,
            ),
            seed=seed,
        )
        deliver(simulation, folder, reporter)
