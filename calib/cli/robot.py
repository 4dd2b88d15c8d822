"""`calib robot`: from a table of measured poses to an accurate arm."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from calib.cli.observing import check_sources, observed
from calib.cli.options import AsJson, Columns, EitherSetup, Euler, LensUnlessGiven, names, tolerance_of
from calib.cli.reporting import progress, reporting
from calib.cli.robot_images import arm_and_setup, from_images
from calib.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calib.cell.arms.image_measurement import ArmViews
    from calib.cell.arms.joint_lens import LensOfArm
    from calib.robot.calibrated_arm import CalibratedArm
    from calib.robot.calibration import ArmCalibration
    from calib.robot.table.read import PoseTable

DETECTION_S = 20.0  # time limit per image

HELP = """Identify a robot arm from measured poses, positions or distances, or from images of a board.

\b
Examples:
  calib robot --poses poses.csv
  calib robot --poses poses.csv --arm ur10e --model auto --output my_arm
  calib robot --poses poses.csv --compensate network
  calib robot --poses monday.csv --validate tuesday.csv --json
  calib robot --poses joints.csv --images photos/ --board checkerboard:9x6:25mm
  calib robot --poses joints.csv --corners corners.csv --camera camera.yaml --refine lens
  calib robot --poses tracker.csv --euler XYZ --columns j1_rad=shoulder_pan,x_mm=X,rx_deg=RX

Without --arm: `arm:` in a calib.yaml beside the table, else the shipped arm that fits. Writes a folder with arm.yaml
(loads again), result.json and, if the lens is estimated with the arm, camera.yaml. Exit status: 0 good or usable, 1 do
not use, 2 usage or configuration, 3 unusable input, 4 the poses cannot determine the arm, 5 no convergence."""


def command(
    poses: Path = typer.Option(..., help="Table of joint values and what was measured there (CSV)."),
    arm: str | None = typer.Option(None, help="Shipped name (`calib list arms`), YAML or URDF file."),
    model: str = typer.Option("geometry", help="offsets, geometry, full (with effects) or auto (those that help)."),
    compensate: str | None = typer.Option(None, metavar="KIND", help="Learn what the model leaves: network."),
    images: Path | None = typer.Option(None, help="Folder of images of a board, one per row of joint values."),
    corners: Path | None = typer.Option(None, help="Corners found elsewhere, instead of images; see `calib camera`."),
    board: str | None = typer.Option(None, help="checkerboard:9x6:25mm, a shipped name or a YAML file, with --images."),
    camera: Path | None = typer.Option(None, help="camera.yaml. Default: estimated jointly, from the same images."),
    lens: LensUnlessGiven = "brown_conrady",
    refine: list[str] | None = typer.Option(None, metavar="WHAT", help="lens: estimate that of --camera jointly too."),
    setup: EitherSetup = None,
    measurement: str | None = typer.Option(
        None, help="pose, view, position, distance, point or plane. Default: what the columns say."
    ),
    fix: list[str] | None = typer.Option(None, metavar="LABELS", help="Hold parameters at nominal, e.g. a2,alpha3."),
    free: list[str] | None = typer.Option(None, metavar="LABELS", help="Estimate parameters held by default."),
    euler: Euler = None,
    columns: Columns = None,
    tolerance: str | None = typer.Option(None, metavar="MM,DEG", help="Prior on the arm, such as 0.5mm,0.1deg."),
    holdout: float | None = typer.Option(None, help="Share of poses to judge by. Default: 0.2."),
    holdout_by: str | None = typer.Option(
        None, metavar="COLUMN", help="Hold out whole groups of this column, or COLUMN=VALUE."
    ),
    train_rows: int | None = typer.Option(None, help="Fit so many rows, judge by all others."),
    validate: Path | None = typer.Option(None, help="Judge by another table."),
    refit_frames: bool = typer.Option(True, help="Fit base and target anew to that table."),
    seed: int = typer.Option(0, min=0, help="Seed of the random split."),
    global_start: bool = typer.Option(
        False, "--global-start", help="Search for the joints' zero positions, if nobody knows them; half a minute."
    ),
    fix_conventions: bool = typer.Option(
        False, "--fix-conventions", help="Accept other units, orders and signs if they are what fits."
    ),
    robust: bool = typer.Option(True, "--robust/--no-robust", help="Leave rows out that do not fit."),
    output: Path | None = typer.Option(None, help="Folder to create. Default: calib_robot_result."),
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    with reporting(as_json):
        started = time.perf_counter()
        from calib import folder
        from calib.robot.calibration import identify
        from calib.robot.identification.free_parameters import check_travel, free_set
        from calib.robot.measurement import measurement_of
        from calib.robot.table.columns import parse_columns
        from calib.robot.table.read import read_poses
        from calib.robot.table.settings import arm_beside, settings_beside

        target = folder.reserve(output, "calib_robot_result")
        settings = settings_beside(poses)
        mapping = parse_columns(columns) if columns is not None else settings.columns
        sequence = euler or settings.euler
        kind = measurement or settings.measurement
        table = read_poses(poses, euler=sequence, columns=mapping)
        other = read_poses(validate, euler=sequence, columns=mapping) if validate else None
        named, views, side = arm or arm_beside(poses, settings), None, None
        if images is not None or corners is not None:
            unfit = {"--validate": validate, "--measurement": kind, "--compensate": compensate}
            views = _views(table, images, corners, board, camera, lens, names(refine), robust, as_json, unfit)
            nominal, side, notes = arm_and_setup(views, named, setup, seed)
            table, kind = views.table(side), "pose"
        else:
            if refine:
                advice = "calib robot --poses joints.csv --images photos/ --camera camera.yaml --refine lens"
                raise UsageError("--refine goes with images", code="option-conflict", advice=advice)
            measurement_of(table, kind)  # before an arm is looked for
            if global_start and named is None:
                advice = "calib robot --poses poses.csv --arm my_arm.yaml --global-start"
                raise UsageError("--global-start needs --arm", code="arm-needed", advice=advice)
            nominal, table, notes = _arm(named, table, kind, fix_conventions, seed)
        wish = free_set(nominal.shape or nominal.arm, model, names(fix), names(free))
        check_travel(nominal.arm, table, wish.fixed)  # a column that stands still fits no arm, and this is why
        if global_start:
            nominal, mended = _with_offsets(nominal, table, kind, seed, as_json)
        else:
            nominal, table, mended = _understood(nominal, table, kind, fix_conventions, seed)
        if other is not None:
            _, other, _ = _understood(nominal, other, kind, fix_conventions, seed)
        identified = partial(
            identify,
            nominal,
            model=model,
            compensate=compensate,
            fix=names(fix),
            free=names(free),
            robust=robust,
            tolerance=tolerance_of(tolerance) if tolerance else None,
            holdout=holdout,
            holdout_by=holdout_by,
            train_rows=train_rows,
            validate=other,
            refit_frames=refit_frames,
            seed=seed,
            notes=(*notes, *mended),
        )
        if views is not None and side is not None:
            _finish(*from_images(identified, views, side, table), target, as_json, started)
        else:
            _finish(identified(table, measurement=kind), None, target, as_json, started)


def _views(
    table: PoseTable,
    images: Path | None,
    corners: Path | None,
    board: str | None,
    camera: Path | None,
    lens: str,
    refine: Sequence[str],
    robust: bool,
    quiet: bool,
    unfit: Mapping[str, object],
) -> ArmViews:
    """What the camera saw from the rows of a table of joint values. unfit: options that do not go with images."""
    from calib.camera.camera import load_camera
    from calib.camera.lens import read_lens
    from calib.cell.arms.image_measurement import check_refinable, views_of_arm

    check_sources(images, corners, board, None, "calib robot --poses joints.csv --images photos/")
    for option, value in unfit.items():
        if value is not None:
            what = f"{option} is of no use with images"
            raise UsageError(what, code="option-conflict", advice=f"leave {option} out")
    read_lens(lens)  # slips of the keys show before the long work
    check_refinable(refine)
    given = load_camera(camera) if camera is not None else None
    observations = observed(images, corners, board, None, None, DETECTION_S, quiet)
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
    arm: CalibratedArm, table: PoseTable, kind: str | None, seed: int, quiet: bool
) -> tuple[CalibratedArm, tuple[str, ...]]:
    """The arm with joint offsets found by search, and a remark."""
    from calib.robot.calibrated_arm import CalibratedArm
    from calib.robot.conventions.zero_positions import find_offsets

    found = find_offsets(arm.arm, table, kind, seed=seed, callback=progress("search", quiet))
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


def _finish(calibration: ArmCalibration, lens: LensOfArm | None, target: Path, as_json: bool, started: float) -> None:
    """Write the folder, print the summary or the document, and end with the verdict's exit status."""
    from calib import documents, folder
    from calib.report.robot_summary import summary
    from calib.robot.calibrated_arm import calibrated_arm_as_yaml
    from calib.robot.evaluation.documents import as_document
    from calib.robot.evaluation.verdict import judge

    verdict = judge(calibration)
    document = as_document(calibration, verdict, round(time.perf_counter() - started, 3))
    document["output"] = str(target)
    files = {"arm.yaml": calibrated_arm_as_yaml(calibration.arm)}
    if lens is not None:
        document["camera"] = lens.document()
        files["camera.yaml"] = documents.to_yaml(lens.file(), "The camera, its lens estimated jointly with the arm.")
    files["result.json"] = documents.to_json(document)
    folder.write(target, files)
    typer.echo(documents.to_json(document).rstrip() if as_json else summary(calibration, verdict, str(target)))
    if verdict.grade == "do not use":
        raise typer.Exit(1)
