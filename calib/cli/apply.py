"""`calib apply`: programs and tables of targets, corrected by an identified arm."""

from __future__ import annotations

from pathlib import Path

import typer

from calib.cli.arguments.options import AsJson, Columns, Euler, PoseFormat
from calib.cli.arguments.values import joint_values, split_commas
from calib.cli.running import shipped
from calib.cli.running.reporting import reporting
from calib.cli.running.terminal import say

HELP = """Correct targets so that the real arm reaches them.

For a controller whose own table of the arm nobody may change: it takes a pose to joint values by the nominal arm, and
the real arm goes elsewhere. Each target is replaced by the one whose joint values take the identified arm to it,
effects and learned compensation included. For targets that were computed, by CAD, a camera or an offline program:
those to which the arm was driven by hand are reached as they are (--skip).

\b
Examples:
  calib apply calib_robot_result --poses program.script
  calib apply calib_robot_result --poses program.src --tool 0mm,0mm,120mm --near 0deg,-90deg,90deg,0deg,90deg,0deg
  calib apply calib_robot_result --poses targets.csv --to kuka --output targets.dat
  calib apply arm.yaml --nominal ur10e --poses joints.csv

URScript, KUKA .dat and .src, ABB RAPID and FANUC .ls keep every byte but the numbers of their targets; tools, frames,
offsets and comments are no targets. Targets that are not reached, within the joint limits, are named with their line,
and nothing is written; those near a singularity are named."""


def command(
    result: Path = typer.Argument(..., help="Folder that `calib robot` wrote, or an arm.yaml with --nominal."),
    poses: Path = typer.Option(
        ..., "--poses", "--targets", help="Program, or table of poses or joint values, of any format that is read."
    ),
    to: str | None = typer.Option(
        None,
        metavar="FORMAT",
        help="Another format of poses. Default: as --poses.",
        autocompletion=shipped.pose_formats,
    ),
    output: Path | None = typer.Option(None, help="File to write. Default: NAME_corrected."),
    nominal: str | None = typer.Option(
        None,
        metavar="ARM",
        help="Arm by which the controller goes. Default: that from which the calibration began.",
        autocompletion=shipped.arms,
    ),
    tool: str | None = typer.Option(
        None, metavar="X,Y,Z[,RX,RY,RZ]", help="Tool on the flange whose poses these are: 0mm,0mm,120mm."
    ),
    frame: str | None = typer.Option(
        None, metavar="X,Y,Z[,RX,RY,RZ]", help="Frame in the base in which they are given: work object, user frame."
    ),
    near: str | None = typer.Option(
        None, metavar="J1,...", help="Joint values near the first target, to choose the branch: 0deg,-90deg,..."
    ),
    skip: list[str] | None = typer.Option(None, metavar="NAMES", help="Targets, by name or line, left as they are."),
    payload_kg: float | None = typer.Option(None, help="Load on the flange, for effects that depend on it."),
    temperature_degc: float | None = typer.Option(None, help="Of the arm, for effects that depend on it."),
    euler: Euler = None,
    columns: Columns = None,
    pose_format: PoseFormat = None,
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    with reporting(as_json):
        from calib.documents import to_json
        from calib.formats.application.apply import apply_result, reference_of
        from calib.robot import parse_columns
        from calib.robot.corrected_targets import Circumstances

        done = apply_result(
            result,
            poses,
            output,
            to=to,
            nominal=nominal,
            reference=reference_of(tool, frame),
            near=None if near is None else joint_values(near, "--near"),
            circumstances=Circumstances(payload_kg, temperature_degc),
            skip=split_commas(skip),
            columns=parse_columns(columns) if columns is not None else None,
            euler=euler,
            format_name=pose_format,
        )
        say(to_json(done.document()) if as_json else f"{done}\n", end="")
