"""`calib simulate`: noisy data sets whose truth is known. One file per kind."""

from __future__ import annotations

import typer

from calib.cli.arguments.configured import ConfiguredCommand
from calib.cli.running.commands import Commands
from calib.cli.simulate import camera, cell, hand_eye, robot, robot_images

app = typer.Typer(
    cls=Commands,
    help="Write simulated data sets with their truth.\n\n\b\nExamples:\n"
    "  calib simulate camera --output sim && calib camera --corners sim/corners.csv\n"
    "  calib simulate robot --output sim_arm --arm ur5e && calib robot --poses sim_arm/poses.csv",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("camera", cls=ConfiguredCommand, help=camera.HELP)(camera.command)
app.command("robot", cls=ConfiguredCommand, help=robot.HELP)(robot.command)
app.command("hand-eye", cls=ConfiguredCommand, help=hand_eye.HELP)(hand_eye.command)
app.command("handeye", cls=ConfiguredCommand, help=hand_eye.HELP, hidden=True)(hand_eye.command)
app.command("robot-images", cls=ConfiguredCommand, help=robot_images.HELP)(robot_images.command)
app.command("cell", cls=ConfiguredCommand, help=cell.HELP)(cell.command)
