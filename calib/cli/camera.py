"""`calib camera`: from a folder of images, or a table of corners, to a calibrated camera."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from calib.cli.observing import check_sources, observed
from calib.cli.options import AsJson, Jobs, Lens, SizeOfCorners, TimeLimit, names
from calib.cli.reporting import progress, reporting

if TYPE_CHECKING:
    from calib.camera import Observations

HELP = """Calibrate a camera from images of a checkerboard.

\b
Examples:
  calib camera --images photos/
  calib camera --images photos/ --board checkerboard:9x6:25mm --output my_camera
  calib camera --images photos/ --lens kannala_brandt --json
  calib camera --corners corners.csv --free skew --fix p1,p2,k3
  calib camera --images photos/ --fix fx=812.5,fy=812.5

Writes a folder with camera.yaml (loads again) and result.json. Exit status: 0 good or usable, 1 do not use,
2 usage or configuration, 3 unusable input, 4 the views cannot determine the camera, 5 no convergence."""


def command(
    images: Path | None = typer.Option(None, help="Folder of images of the board (JPEG, PNG, BMP, TIFF)."),
    corners: Path | None = typer.Option(
        None, help="Table of corners found elsewhere: image,x_px,y_px,X_m,Y_m and optional Z_m,sigma_px."
    ),
    board: str | None = typer.Option(
        None, help="checkerboard:9x6:25mm (inner corners), a shipped name or a YAML file. Default: inferred."
    ),
    lens: Lens = "brown_conrady",
    fix: list[str] | None = typer.Option(
        None, metavar="LABELS", help="Hold parameters: k3,p1,p2 at 0, cx,cy in the middle, fx=812.5 there."
    ),
    free: list[str] | None = typer.Option(None, metavar="LABELS", help="Estimate parameters held by default: skew."),
    image_size: SizeOfCorners = None,
    robust: bool = typer.Option(True, "--robust/--no-robust", help="Set wrong views and corners aside."),
    global_start: bool = typer.Option(
        False, "--global-start", help="Search for a start, for a lens of which nothing is known; takes half a minute."
    ),
    output: Path | None = typer.Option(None, help="Folder to create. Default: calib_camera_result."),
    jobs: Jobs = None,
    timeout_s: TimeLimit = 20.0,
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    with reporting(as_json):
        started = time.perf_counter()
        check_sources(images, corners, board, image_size, "calib camera --images photos/")
        from calib import folder
        from calib.camera.lens import held_labels, read_lens

        held_labels(read_lens(lens), names(fix), names(free))  # a slip of the keys shows before the long work
        target = folder.reserve(output, "calib_camera_result")
        observations = observed(images, corners, board, image_size, jobs, timeout_s, as_json)
        finish(observations, lens, names(fix), names(free), robust, target, as_json, started, search=global_start)


def finish(
    observations: Observations,
    lens: str,
    fix: list[str],
    free: list[str],
    robust: bool,
    target: Path | None,
    as_json: bool,
    started: float,
    search: bool = False,
) -> None:
    """Calibrate, write the folder if there is one, print the summary or document, end with the verdict's status."""
    from calib import documents, folder
    from calib.camera.calibration.calibrate import calibrate
    from calib.camera.calibration.documents import as_camera_file, as_document
    from calib.camera.calibration.verdict import judge
    from calib.report.camera_summary import summary

    searching = progress("search", as_json) if search else None
    calibration = calibrate(observations, lens, fix=fix, free=free, robust=robust, search=search, searching=searching)
    verdict = judge(calibration)
    document = as_document(calibration, verdict, round(time.perf_counter() - started, 3))
    if target is not None:
        document["output"] = str(target)
        title = "A calibrated camera. Pixels: x right, y down, the centre of the first pixel is (0, 0)."
        camera = documents.to_yaml(as_camera_file(calibration), title)
        folder.write(target, {"camera.yaml": camera, "result.json": documents.to_json(document)})
    typer.echo(documents.to_json(document).rstrip() if as_json else summary(calibration, verdict, target))
    if verdict.grade == "do not use":
        raise typer.Exit(1)
