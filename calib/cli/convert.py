"""`calib convert` and `calib export`: files of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from calib.cli.arguments.options import AsJson, Columns, Euler, Tip
from calib.cli.running import shipped
from calib.cli.running.reporting import reporting
from calib.cli.running.terminal import say

HELP = """Convert a camera, an arm or poses into the format of another tool.

\b
Examples:
  calib convert camchain.yaml --to opencv
  calib convert camera.yaml --to colmap --output cameras.txt
  calib convert camera.yaml --to kalibr --refit
  calib convert poses.csv --to kuka --columns 1=x_m,2=y_m,3=z_m,4=qx,5=qy,6=qz,7=qw
  calib convert poses.dat --to tum
  calib convert ur5e --to urdf
  calib convert arm.urdf --tip tool0 --to dh_table

The name of the format tells whether a camera, an arm or poses are meant (`calib list formats`). Units, pixel origin,
order of quaternions and sequence of angles are converted; what the format cannot hold is printed, and a lens that it
does not have is refused, or with --refit replaced by the nearest, the largest difference in px stated."""

EXPORT = """Write a result in the format of another tool.

\b
Examples:
  calib export calib_camera_result --to opencv
  calib export calib_camera_result --to ros --output camera_info.yaml
  calib export calib_hand_eye_result --to ros2_static_transform
  calib export calib_hand_eye_result --to ros2_launch --parent tool0 --child camera_color_optical_frame
  calib export calib_hand_eye_result --to easy_handeye
  calib export calib_cell_result --to ros2_launch
  calib export calib_robot_result --to urdf --urdf my_arm.urdf
  calib export calib_robot_result --to ur_kinematics

A result of `calib hand-eye` holds a camera, too. An arm calibrated with `--arm my_arm.urdf` is written into that URDF:
only numbers of `origin` change. Units, pixel origin and order of quaternions are converted; what the format cannot hold
is printed, and a lens that it does not have is refused, or with --refit replaced by the nearest, the largest difference
in px stated."""

To = typer.Option(..., "--to", metavar="FORMAT", help="See `calib list formats`.", autocompletion=shipped.formats)
Output = typer.Option(None, "--output", help="File to write. Default: the usual name of the format.")
Refit = typer.Option(
    False, "--refit", help="Write the nearest lens that the format holds, where it lacks the camera's."
)
Urdf = typer.Option(None, "--urdf", help="URDF of the arm, to be written with other joint origins.")


def convert_command(
    file: Path = typer.Argument(..., help="A camera, an arm, or poses, of any format that is read."),
    to: str = To,
    output: Path | None = Output,
    euler: Euler = None,
    columns: Columns = None,
    urdf: Path | None = Urdf,
    tip: Tip = None,
    refit: bool = Refit,
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    with reporting(as_json):
        from calib.robot import parse_columns

        named = parse_columns(columns) if columns is not None else None
        _write(file, to, output, as_json, columns=named, euler=euler, urdf=urdf, tip=tip, refit=refit)


def export_command(
    result: Path = typer.Argument(..., help="Folder of a result, or a file in it."),
    to: str = To,
    output: Path | None = Output,
    urdf: Path | None = Urdf,
    tip: Tip = None,
    parent: str | None = typer.Option(None, help="Name of the frame that carries a camera or a base, as ROS has it."),
    child: str | None = typer.Option(None, help="Name of the camera's own frame: the optical one, z forward."),
    refit: bool = Refit,
    as_json: AsJson = False,
) -> None:
    """See EXPORT."""
    with reporting(as_json):
        _write(result, to, output, as_json, urdf=urdf, tip=tip, parent=parent, child=child, refit=refit)


def _write(path: Path, to: str, output: Path | None, as_json: bool, **options: Any) -> None:
    from calib.documents import to_json
    from calib.formats import convert

    done = convert(path, to, output, **options)
    if as_json:
        files = [str(each) for each in done.files]
        document = {"files": files, "format": done.format_name, "meaning": done.meaning, "loses": done.loses}
        say(to_json(document | {"remark": done.remark}), end="")
    else:
        say(str(done))
