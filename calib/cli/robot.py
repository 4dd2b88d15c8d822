"""`calib robot`: from a table of measured poses to an accurate arm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calib.camera.timeout import TIMEOUT_S
from calib.cli import shipped
from calib.cli.deliver import deliver
from calib.cli.observing import Detection
from calib.cli.options import (
    AsJson,
    BoardOfImages,
    Columns,
    Corners,
    Euler,
    FixConventions,
    ImageSize,
    Jobs,
    Lens,
    Model,
    Quiet,
    Robust,
    Setup,
    SplitSeed,
    TimeLimit,
    Verbose,
    result_folder,
)
from calib.cli.reporting import reporting
from calib.cli.values import length_and_angle, split_commas
from calib.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


FOLDER = "calib_robot_result"

HELP = """Calibrate a robot arm from measurements or images.

The table holds joint values and what was measured there: poses, positions or distances of a target on the flange, or
nothing but joint values where a plane or a point was touched, or where a camera took an image of a board.

\b
Examples:
  calib robot --poses poses.csv
  calib robot --poses poses.csv --arm ur10e --model auto --output my_arm
  calib robot --poses poses.csv --compensate network
  calib robot --poses monday.csv --validate tuesday.csv --json
  calib robot --table joints.csv --images photos/ --board checkerboard:9x6:25mm
  calib robot --table joints.csv --corners corners.csv --camera camera.yaml --refine lens
  calib robot --poses tracker.csv --euler XYZ --columns j1_rad=shoulder_pan,x_mm=X,rx_deg=RX

Without --arm: `arm:` in a calib.yaml beside the table, else the shipped arm with the smallest residual. Writes a folder
with arm.yaml (loads again), result.json and, if the lens is estimated with the arm, camera.yaml. Exit status: 0 good or
usable, 1 do not use, 2 usage or configuration, 3 unusable input, 4 the rows do not determine the arm, 5 no
convergence."""


def command(
    table: Path = typer.Option(
        ..., "--table", "--poses", help="Table of joint values and of what was measured there (CSV)."
    ),
    arm: str | None = typer.Option(
        None, help="Shipped arm (`calib list arms`), YAML or URDF file.", autocompletion=shipped.arms
    ),
    model: Model = "geometry",
    compensate: str | None = typer.Option(
        None,
        metavar="KIND",
        help="Learn the errors that the model leaves: network.",
        autocompletion=shipped.compensations,
    ),
    images: Path | None = typer.Option(None, help="Folder of images of a board, one per row of joint values."),
    corners: Corners = None,
    board: BoardOfImages = None,
    camera: Path | None = typer.Option(None, help="camera.yaml. Default: estimated jointly, from the same images."),
    lens: Lens = "brown_conrady",
    refine: list[str] | None = typer.Option(
        None, metavar="WHAT", help="lens: estimate the lens of --camera jointly, too."
    ),
    image_size: ImageSize = None,
    jobs: Jobs = None,
    timeout_s: TimeLimit = TIMEOUT_S,
    setup: Setup = None,
    measurement: str | None = typer.Option(
        None,
        help="Kind of measurement; see `calib list measurements`. Default: from the columns.",
        autocompletion=shipped.measurements,
    ),
    fix: list[str] | None = typer.Option(None, metavar="LABELS", help="Hold parameters at nominal, e.g. a2,alpha3."),
    free: list[str] | None = typer.Option(None, metavar="LABELS", help="Estimate parameters held by default."),
    euler: Euler = None,
    columns: Columns = None,
    tolerance: str | None = typer.Option(
        None, metavar="LENGTH,ANGLE", help="Standard deviation of a prior about the nominal arm, e.g. 0.5mm,0.1deg."
    ),
    holdout: float | None = typer.Option(None, help="Share of rows held out for validation. Default: 0.2."),
    holdout_by: str | None = typer.Option(
        None, metavar="COLUMN", help="Hold out whole groups of this column, or COLUMN=VALUE."
    ),
    train_rows: int | None = typer.Option(None, help="Fit this many rows, hold out all others."),
    validate: Path | None = typer.Option(None, help="Another table to validate by."),
    refit_frames: bool = typer.Option(True, help="Estimate base and target anew for that table."),
    seed: SplitSeed = 0,
    global_start: bool = typer.Option(
        False, "--global-start", help="Search for the joints' zero positions if they are unknown; takes half a minute."
    ),
    fix_conventions: FixConventions = False,
    robust: Robust = True,
    output: Annotated[Path | None, result_folder(FOLDER)] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, verbose) as reporter:
        from calib.camera import load_camera
        from calib.camera.lens import load_lens
        from calib.cell import calibrate_arm_from_images
        from calib.cell.arms.image_measurement import check_refinable
        from calib.cell.hand_eye.frame_loop import read_setup
        from calib.folder import reserve
        from calib.robot import calibrate, parse_columns, read_poses, settings_beside

        target = reserve(output, FOLDER)
        settings = settings_beside(table)
        mapping = parse_columns(columns) if columns is not None else settings.columns
        sequence = euler or settings.euler
        kind = measurement or settings.measurement
        poses = read_poses(table, euler=sequence, columns=mapping)
        other = read_poses(validate, euler=sequence, columns=mapping) if validate else None
        named = arm or settings.arm
        prior = length_and_angle(tolerance, "--tolerance") if tolerance else None
        search = reporter.on_progress("search")
        options: dict[str, Any] = {
            "model": model,
            "fix": split_commas(fix),
            "free": split_commas(free),
            "fix_conventions": fix_conventions,
            "global_start": global_start,
            "robust": robust,
            "tolerance": prior,
            "holdout": holdout,
            "holdout_by": holdout_by,
            "train_rows": train_rows,
            "seed": seed,
            "on_iteration": reporter.on_iteration,
            "on_progress": search,
        }
        if images is not None or corners is not None:
            detection = Detection(board, image_size, jobs, timeout_s)
            unfit = {"--validate": validate, "--measurement": kind, "--compensate": compensate}
            _check_images(images, corners, detection, unfit)
            load_lens(lens)  # misspelt values are reported before the long work
            check_refinable(split_commas(refine))
            given = load_camera(camera) if camera is not None else None
            side = read_setup(setup) if setup is not None else None
            seen, refined = detection.observe(images, corners, reporter), split_commas(refine)
            own: dict[str, Any] = {"camera": given, "lens": lens, "refine": refined, "setup": side}
            deliver(calibrate_arm_from_images(seen, poses, named, **own, **options), target, reporter)
            return
        if refine:
            advice = "calib robot --table joints.csv --images photos/ --camera camera.yaml --refine lens"
            raise UsageError("--refine needs --images or --corners", code="option-conflict", advice=advice)
        options |= {"compensate": compensate, "measurement": kind, "validate": other, "refit_frames": refit_frames}
        deliver(calibrate(poses, named, **options), target, reporter)


def _check_images(images: Path | None, corners: Path | None, detection: Detection, unfit: Mapping[str, object]) -> None:
    """Raise UsageError for sources that do not go together. unfit: options that cannot be combined with images."""
    detection.check(images, corners, "calib robot --table joints.csv --images photos/")
    for option, value in unfit.items():
        if value is not None:
            what = f"{option} cannot be combined with images"
            raise UsageError(what, code="option-conflict", advice=f"leave {option} out")
