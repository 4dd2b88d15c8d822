"""`calib simulate`: noisy data sets whose truth is known. One file per kind."""

from __future__ import annotations

import typer

from calib.cli.commands import Command, Commands
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
app.command("camera", help=camera.HELP, cls=Command)(camera.command)
app.command("robot", help=robot.HELP, cls=Command)(robot.command)
app.command("hand-eye", help=hand_eye.HELP, cls=Command)(hand_eye.command)
app.command("handeye", help=hand_eye.HELP, hidden=True, cls=Command)(hand_eye.command)
app.command("robot-images", help=robot_images.HELP, cls=Command)(robot_images.command)
app.command("cell", help=cell.HELP, cls=Command)(cell.command)
