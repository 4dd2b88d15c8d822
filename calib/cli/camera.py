"""`calib camera`: from a folder of images, or a table of corners, to a calibrated camera."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calib.camera.timeout import TIMEOUT_S
from calib.cli.arguments.inputs import GivenImages, images_of_camera, require_table
from calib.cli.arguments.observing import Detection
from calib.cli.arguments.options import (
    AsJson,
    At,
    BoardOfImages,
    CornerColumns,
    Corners,
    Exclude,
    Fix,
    Free,
    GlobalStart,
    Images,
    ImageSize,
    Jobs,
    Lens,
    Need,
    Overlays,
    Quiet,
    Robust,
    TimeLimit,
    Verbose,
    result_folder,
)
from calib.cli.arguments.values import split_commas, stated_need
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting
from calib.cli.running.shipped import AUTO

FOLDER = "calib_camera_result"

HELP = """Calibrate a camera from images of a board.

\b
Examples:
  calib camera photos/
  calib camera --images photos/ --board checkerboard:9x6:25mm --output my_camera
  calib camera --images film.mp4 --board checkerboard:9x6:25mm
  calib camera --images photos/ --lens kannala_brandt --json
  calib camera --corners corners.csv --image-size 1280x720 --free skew --fix p1,p2,k3
  calib camera --images photos/ --fix fx=812.5,fy=812.5
  calib camera --images photos/ --board checkerboard:9x6:25mm --refine board
  calib camera --images photos/ --need 0.2px

Without --board the grid is inferred from the images and the square is one unit of length. Writes a folder with
camera.yaml (loads again) and result.json. Exit status: 0 good or usable, 1 do not use, 2 usage or configuration,
3 unusable input, 4 the views do not determine the camera, 5 no convergence."""


def command(
    context: typer.Context,
    given: GivenImages = None,
    images: Images = None,
    corners: Corners = None,
    board: BoardOfImages = None,
    lens: Lens = AUTO,
    fix: Fix = None,
    free: Free = None,
    refine: list[str] | None = typer.Option(None, metavar="WHAT", help="board: its shape, if held-out views gain."),
    image_size: ImageSize = None,
    columns: CornerColumns = None,
    exclude: Exclude = None,
    overlays: Overlays = False,
    robust: Robust = True,
    global_start: GlobalStart = False,
    need: Need = None,
    at: At = None,
    output: Annotated[Path | None, result_folder(FOLDER)] = None,
    jobs: Jobs = None,
    timeout_s: TimeLimit = TIMEOUT_S,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, verbose, context.obj) as reporter:
        wanted = stated_need(need, at)
        detection = Detection(board, image_size, jobs, timeout_s, exclude or (), columns, overlays, films=True)
        named = [*([images] if images is not None else []), *(given or [])]
        found = images_of_camera(named, "calib camera", "calib camera --corners {table}")
        detection.check(found, corners, "calib camera --images photos/")
        if corners is not None:
            require_table(corners, "--corners", "calib camera", "--images {images}")
        from calib.camera import calibrate, require_lens, require_refinable

        held, estimated, refined = split_commas(fix), split_commas(free), split_commas(refine)
        require_lens(lens, held, estimated)  # what is misspelt is reported before the long work
        require_refinable(refined)
        folder = reporter.reserve(output, FOLDER)
        calibration = calibrate(
            detection.observe(found, corners, reporter),
            lens,
            fix=held,
            free=estimated,
            refine=refined,
            robust=robust,
            global_start=global_start,
            on_iteration=reporter.on_iteration,
            on_progress=reporter.on_progress("search"),
        )
        deliver(calibration.for_need(wanted), folder, reporter)
