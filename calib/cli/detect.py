"""`calib detect`: from a folder of images to the corners of a board, in a table and in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calib.camera.timeout import TIMEOUT_S
from calib.cli.arguments.inputs import GivenImages, images_of_camera
from calib.cli.arguments.observing import Detection
from calib.cli.arguments.options import AsJson, BoardOfImages, Images, Jobs, Overlays, Quiet, TimeLimit, result_folder
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting

FOLDER = "calib_corners"

HELP = """Find the corners of a board in images.

\b
Examples:
  calib detect photos/
  calib detect --images photos/ --board charuco:11x8:20mm:15mm --output corners
  calib camera --corners calib_corners/corners.csv --image-size 1280x720

Writes a folder with corners.csv (image,x_px,y_px,X_m,Y_m; --corners of the other commands reads it) and overlays/:
every image with its corners joined in the board's order, the first in a square, or with the reason why it has none.
Exit status: 0 corners were found, 2 usage or configuration, 3 unusable input."""


def command(
    context: typer.Context,
    given: GivenImages = None,
    images: Images = None,
    board: BoardOfImages = None,
    overlays: Overlays = True,
    output: Annotated[Path | None, result_folder(FOLDER)] = None,
    jobs: Jobs = None,
    timeout_s: TimeLimit = TIMEOUT_S,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, False, context.obj) as reporter:
        detection = Detection(board, None, jobs, timeout_s, overlays=overlays)
        named = [*([images] if images is not None else []), *(given or [])]
        found = images_of_camera(named, "calib detect", "calib camera --corners {table}")
        detection.check(found, None, "calib detect --images photos/")
        folder = reporter.reserve(output, FOLDER)
        from calib.camera import FoundCorners

        deliver(FoundCorners(detection.observe(found, None, reporter)), folder, reporter)
