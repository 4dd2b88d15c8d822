"""`calib robot`: from a table of measured poses to an accurate arm."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from calib.cli.reporting import Reporter, reporting
from calib.cli.robot_images import arm_and_setup, from_images
from calib.cli.values import length_and_angle, split_commas
from calib.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calib.cell.arms.image_measurement import ArmViews
    from calib.robot.calibrated_arm import CalibratedArm
    from calib.robot.table.read import PoseTable

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
        from calib.cli import adapters
        from calib.folder import reserve
        from calib.robot.calibration import identify
        from calib.robot.identification.free_parameters import check_travel, free_set
        from calib.robot.measurement import measurement_of
        from calib.robot.table.columns import parse_columns
        from calib.robot.table.read import read_poses
        from calib.robot.table.settings import arm_beside, settings_beside

        target = reserve(output, FOLDER)
        settings = settings_beside(table)
        mapping = parse_columns(columns) if columns is not None else settings.columns
        sequence = euler or settings.euler
        kind = measurement or settings.measurement
        poses = read_poses(table, euler=sequence, columns=mapping)
        other = read_poses(validate, euler=sequence, columns=mapping) if validate else None
        named, views, side = arm or arm_beside(table, settings), None, None
        if images is not None or corners is not None:
            detection = Detection(board, image_size, jobs, timeout_s)
            unfit = {"--validate": validate, "--measurement": kind, "--compensate": compensate}
            views = _views(
                poses, images, corners, detection, camera, lens, split_commas(refine), robust, reporter, unfit
            )
            nominal, side, notes = arm_and_setup(views, named, setup, seed)
            poses, kind = views.table(side), "pose"
        else:
            if refine:
                advice = "calib robot --table joints.csv --images photos/ --camera camera.yaml --refine lens"
                raise UsageError("--refine needs --images or --corners", code="option-conflict", advice=advice)
            measurement_of(poses, kind)  # before an arm is looked for
            if global_start and named is None:
                advice = "calib robot --poses poses.csv --arm my_arm.yaml --global-start"
                raise UsageError("--global-start needs --arm", code="arm-needed", advice=advice)
            nominal, poses, notes = _arm(named, poses, kind, fix_conventions, seed)
        wish = free_set(nominal.shape or nominal.arm, model, split_commas(fix), split_commas(free))
        check_travel(nominal.arm, poses, wish.fixed)  # a column that stands still fits no arm, and this is why
        if global_start:
            nominal, mended = _with_offsets(nominal, poses, kind, seed, reporter)
        else:
            nominal, poses, mended = _understood(nominal, poses, kind, fix_conventions, seed)
        if other is not None:
            _, other, _ = _understood(nominal, other, kind, fix_conventions, seed)
        identified = partial(
            identify,
            nominal,
            model=model,
            compensate=compensate,
            fix=split_commas(fix),
            free=split_commas(free),
            robust=robust,
            tolerance=length_and_angle(tolerance, "--tolerance") if tolerance else None,
            holdout=holdout,
            holdout_by=holdout_by,
            train_rows=train_rows,
            validate=other,
            refit_frames=refit_frames,
            seed=seed,
            notes=(*notes, *mended),
        )
        if views is not None and side is not None:
            deliver(adapters.arm(*from_images(identified, views, side, poses)), target, reporter)
        else:
            deliver(adapters.arm(identified(poses, measurement=kind), None), target, reporter)


def _views(
    table: PoseTable,
    images: Path | None,
    corners: Path | None,
    detection: Detection,
    camera: Path | None,
    lens: str,
    refine: Sequence[str],
    robust: bool,
    reporter: Reporter,
    unfit: Mapping[str, object],
) -> ArmViews:
    """What the camera saw from the rows of a table of joint values. unfit: options that do not go with images."""
    from calib.camera.camera import load_camera
    from calib.camera.lens import load_lens
    from calib.cell.arms.image_measurement import check_refinable, views_of_arm

    detection.check(images, corners, "calib robot --table joints.csv --images photos/")
    for option, value in unfit.items():
        if value is not None:
            what = f"{option} cannot be combined with images"
            raise UsageError(what, code="option-conflict", advice=f"leave {option} out")
    load_lens(lens)  # slips of the keys show before the long work
    check_refinable(refine)
    given = load_camera(camera) if camera is not None else None
    observations = detection.observe(images, corners, reporter)
    return views_of_arm(observations, table, given, lens, robust, refine)


def _arm(
    arm: str | None, table: PoseTable, kind: str | None, fix_conventions: bool, seed: int
) -> tuple[CalibratedArm, PoseTable, tuple[str, ...]]:
    """The arm of that name or file, else the shipped one that fits; the table as it is then meant; remarks."""
    from calib.robot.calibrated_arm import CalibratedArm, load_calibrated_arm
    from calib.robot.conventions.find_arm import find_arm

    if arm is not None:
        return load_calibrated_arm(arm), table, ()
    search = find_arm(table, kind, fix=fix_conventions, seed=seed)
    notes = (f"no arm was named; the one that fits: {search}",)
    if search.finding is None:
        return CalibratedArm(search.arm), table, notes
    return CalibratedArm(search.arm), search.finding.apply(table), (*notes, f"read differently: {search.finding}")


def _with_offsets(
    arm: CalibratedArm, table: PoseTable, kind: str | None, seed: int, reporter: Reporter
) -> tuple[CalibratedArm, tuple[str, ...]]:
    """The arm with joint offsets found by search, and a remark."""
    from calib.robot.calibrated_arm import CalibratedArm
    from calib.robot.conventions.zero_positions import find_offsets

    found = find_offsets(arm.arm, table, kind, seed=seed, callback=reporter.on_progress("search"))
    return CalibratedArm(found.arm), (str(found),)


def _understood(
    arm: CalibratedArm, table: PoseTable, kind: str | None, fix_conventions: bool, seed: int
) -> tuple[CalibratedArm, PoseTable, tuple[str, ...]]:
    """Arm and table in the units, orders and signs that fit, if that was asked for; else an error that names them."""
    import numpy as np

    from calib.robot.calibrated_arm import CalibratedArm
    from calib.robot.conventions.diagnose import diagnose, residual

    name = kind or table.measurement
    if name in ("joints", "point", "plane") or table.joints.shape[1] != arm.joints:
        return arm, table, ()
    found = diagnose(arm.arm, table, kind, seed=seed)
    if found and fix_conventions:
        changed = found[0].apply_to_arm(arm.arm)
        meant = arm if changed is arm.arm else CalibratedArm(changed)
        return meant, found[0].apply(table), (f"read differently: {found[0]}",)
    if found:
        raise InputError(
            f"the table does not fit the arm as it is read; it does if {found[0].reading.name}",
            code="conventions",
            where=table.name,
            why="; or if ".join(str(each) for each in found[:3]),
            advice="mend the table or the options, or accept the first with --fix-conventions",
        )
    left = residual(arm.arm, table, kind, seed=seed)
    if np.isfinite(left.position_m) and not left.fits:  # else the poses tell nothing, and identification says why
        raise InputError(
            f"the table does not fit the arm {arm.arm.name}: off by {left} at the median",
            code="arm-does-not-fit",
            where=table.name,
            advice="leave --arm out to have every shipped arm tried; check joint values and their order; "
            "--global-start if nobody knows their zero positions",
        )
    return arm, table, ()
