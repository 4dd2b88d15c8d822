"""The command line: parse, call, deliver. One file per command; nothing heavy is imported before it runs."""

from __future__ import annotations

import typer

from calib.cli import (
    apply,
    board,
    camera,
    cell,
    check,
    compare,
    convert,
    demo,
    detect,
    guide,
    hand_eye,
    installation,
    listing,
    robot,
    show,
    simulate,
)
from calib.cli.arguments.configured import ConfiguredCommand
from calib.cli.running.commands import Command, Commands
from calib.cli.running.terminal import open_closed_descriptors, say

app = typer.Typer(
    name="calib",
    cls=Commands,
    help="Calibrate cameras and robot arms, with uncertainties.\n\n"
    "calib camera --images photos/    a camera, from images of a checkerboard\n\n"
    "calib robot --poses poses.csv    an arm, from measured poses\n\n"
    "calib hand-eye --images photos/ --poses poses.csv    the pose of a camera, hand-mounted or fixed\n\n"
    "calib cell --config cell.yaml    several arms in one world",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command("camera", help=camera.HELP, cls=ConfiguredCommand)(camera.command)
app.command("detect", help=detect.HELP, cls=Command)(detect.command)
app.command("demo", help=demo.HELP, cls=ConfiguredCommand)(demo.command)
app.command("robot", help=robot.HELP, cls=ConfiguredCommand)(robot.command)
app.command("hand-eye", help=hand_eye.HELP, cls=ConfiguredCommand)(hand_eye.command)
app.command("handeye", help=hand_eye.HELP, hidden=True, cls=ConfiguredCommand)(hand_eye.command)
app.command("cell", help=cell.HELP, cls=ConfiguredCommand)(cell.command)
app.command("board", help=board.HELP, cls=Command)(board.command)
app.command("check", help=check.HELP, cls=ConfiguredCommand)(check.command)
app.command("compare", help=compare.HELP, cls=Command)(compare.command)
app.command("export", help=convert.EXPORT, cls=Command)(convert.export_command)
app.command("convert", help=convert.HELP, cls=Command)(convert.convert_command)
app.command("apply", help=apply.HELP, cls=Command)(apply.command)
app.command("doctor", help=installation.HELP, cls=Command)(installation.command)
app.command("guide", help=guide.HELP, cls=Command)(guide.command)
app.command("show", help=show.HELP, cls=Command)(show.command)
app.command("list", help=listing.HELP, cls=Command)(listing.command)
app.add_typer(simulate.app, name="simulate")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from calib import __version__

        say(f"calib {__version__}")
        raise typer.Exit


def run() -> None:
    """Run the command that was typed, and exit with its status."""
    open_closed_descriptors()
    app()
