"""`calib demo`: the main job on shipped data."""

from __future__ import annotations

import time
from importlib.resources import as_file

import typer

from calib.cli.options import AsJson
from calib.cli.reporting import progress, reporting
from calib.config import shipped

HELP = """Calibrate a camera from shipped images, and print what you would see with your own.

\b
Example:
  calib demo"""


def command(
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    from calib.camera.detection.detect import detect
    from calib.cli.camera import finish

    with reporting(as_json), as_file(shipped("datasets").joinpath("demo_camera")) as data:
        started = time.perf_counter()
        if not as_json:
            typer.echo("calib camera --images datasets/demo_camera/images --board checkerboard:9x6:25mm\n")
        found = detect(data / "images", "checkerboard:9x6:25mm", progress=progress("corners", as_json))
        finish(found, "brown_conrady", [], [], True, None, as_json, started)
