"""`calib demo`: the main job on shipped data."""

from __future__ import annotations

from importlib.resources import as_file

import typer

from calib.cli.arguments.options import AsJson, Quiet, Verbose
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting
from calib.cli.running.terminal import say
from calib.config import shipped_folder

BOARD = "checkerboard:9x6:25mm"

HELP = """Calibrate a camera from shipped images.

\b
Examples:
  calib demo
  calib demo --json"""


def command(context: typer.Context, as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """See HELP."""
    from calib.camera import calibrate, detect

    with (
        reporting(as_json, quiet, verbose, context.obj) as reporter,
        as_file(shipped_folder("datasets").joinpath("demo_camera")) as data,
    ):
        if not (as_json or quiet):
            say(f"calib camera --images datasets/demo_camera/images --board {BOARD}\n")
        corners = detect(data / "images", BOARD, on_progress=reporter.on_progress("corners"))
        deliver(calibrate(corners, on_iteration=reporter.on_iteration), None, reporter)
