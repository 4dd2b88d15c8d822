"""`calib robot`: from a table of measured poses to an accurate arm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calib.camera.timeout import TIMEOUT_S
from calib.cli.arguments.inputs import one_of, require_table
from calib.cli.arguments.observing import Detection, load_cameras
from calib.cli.arguments.options import (
    AsJson,
    At,
    BoardOfImages,
    Columns,
    Corners,
    Euler,
    Exclude,
    FixConventions,
    ImageSize,
    Jobs,
    Lens,
    Model,
    Need,
    Overlays,
    PoseFormat,
    Quiet,
    Robust,
    ScaleCamera,
    Setup,
    SplitSeed,
    TimeLimit,
    Tip,
    Verbose,
    result_folder,
)
from calib.cli.arguments.values import length_and_angle, split_commas, stated_need
from calib.cli.running import shipped
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting
from calib.cli.running.shipped import AUTO
from calib.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calib.camera import Camera
    from calib.robot import Arm

FOLDER = "calib_robot_result"

HELP = """Calibrate a robot arm from measurements or images.

The table holds joint values and what was measured there: poses, positions or distances of a target on the flange, or
nothing but joint values where a plane or a point was touched, or where a camera took an image of a board.

\b
Examples:
  calib robot poses.csv
  calib robot --poses poses.csv --arm ur10e --model auto --output my_arm
  calib robot --poses poses.csv --compensate network
  calib robot --poses monday.csv --validate tuesday.csv --json
  calib robot --poses poses.csv --need 0.5mm,0.1deg --at 0mm,0mm,150mm
  calib robot --table joints.csv --images photos/ --board checkerboard:9x6:25mm
  calib robot --table joints.csv --corners corners.csv --camera camera.yaml --refine lens
  calib robot --poses tracker.csv --euler XYZ --columns j1_rad=shoulder_pan,x_mm=X,rx_deg=RX

Without --arm: the shipped arm with the smallest residual. Writes a folder
with arm.yaml (loads again), result.json and, if the lens is estimated with the arm, camera.yaml. Exit status: 0 good or
usable, 1 do not use, 2 usage or configuration, 3 unusable input, 4 the rows do not determine the arm, 5 no
convergence."""


def command(
    context: typer.Context,
    given: Path | None = typer.Argument(None, metavar="[TABLE]", help="The same as --table, without the option."),
    table: Path | None = typer.Option(
        None, "--table", "--poses", help="Table of joint values and of what was measured there (CSV); needed."
    ),
    arm: str | None = typer.Option(
        None, help="Shipped arm (`calib list arms`), YAML or URDF file, or result folder.", autocompletion=shipped.arms
    ),
    tip: Tip = None,
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
    scale_camera: ScaleCamera = None,
    lens: Lens = AUTO,
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
    pose_format: PoseFormat = None,
    joints: Path | None = typer.Option(
        None, help="File of the joint values, where --poses holds the measurements alone; paired by name or order."
    ),
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
    scale: str | None = typer.Option(
        None, metavar="free", help="Estimate the instrument's scale; the arm's lengths are nominal on average then."
    ),
    base: str | None = typer.Option(
        None,
        metavar="X,Y,Z,RX,RY,RZ",
        help="Known base in the world, held: 412mm,0mm,0.8m,0deg,0deg,90deg, or a YAML file.",
    ),
    tool: str | None = typer.Option(
        None, metavar="X,Y,Z[,RX,RY,RZ]", help="Known target on the flange, held: 0mm,0mm,120mm, or a YAML file."
    ),
    seed: SplitSeed = 0,
    global_start: bool = typer.Option(
        False, "--global-start", help="Search for the joints' zero positions if they are unknown; takes half a minute."
    ),
    fix_conventions: FixConventions = False,
    exclude: Exclude = None,
    overlays: Overlays = False,
    robust: Robust = True,
    need: Need = None,
    at: At = None,
    output: Annotated[Path | None, result_folder(FOLDER)] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, verbose, context.obj) as reporter:
        from calib.formats import read_poses
        from calib.robot import calibrate, parse_columns

        wanted = stated_need(need, at)
        table = one_of(table, given, "--table", "calib robot --table poses.csv")
        require_table(table, "--poses", "calib robot", "--table joints.csv --images {images}")
        if corners is not None:
            require_table(corners, "--corners", f"calib robot --table {table}", "--images {images}")
        folder = reporter.reserve(output, FOLDER)
        nominal = _arm(arm, tip)
        mapping = parse_columns(columns) if columns is not None else {}
        reading: dict[str, Any] = {"euler": euler, "columns": mapping, "format_name": pose_format}
        reading |= {} if nominal is None else {"joint_names": nominal.geometry.joint_names, "joints": nominal.joints}
        poses = read_poses(table, joints_path=joints, **reading)
        other = read_poses(validate, **reading) if validate else None
        options: dict[str, Any] = {
            "model": model,
            "fix": split_commas(fix),
            "free": split_commas(free),
            "fix_conventions": fix_conventions,
            "global_start": global_start,
            "robust": robust,
            "tolerance": length_and_angle(tolerance, "--tolerance") if tolerance else None,
            "holdout": holdout,
            "holdout_by": holdout_by,
            "train_rows": train_rows,
            "seed": seed,
            "on_iteration": reporter.on_iteration,
            "on_progress": reporter.on_progress("search"),
        }
        if images is None and corners is None:
            _require_unused({"--camera": camera, "--scale-camera": scale_camera}, "needs --images or --corners")
            _require_unused({"--refine": refine, "--board": board, "--setup": setup}, "needs --images or --corners")
            options |= {
                "compensate": compensate,
                "measurement": measurement,
                "validate": other,
                "refit_frames": refit_frames,
                "scale": scale,
                "base": base,
                "tool": tool,
            }
            deliver(calibrate(poses, nominal, **options).for_need(wanted), folder, reporter)
            return
        from calib.cell import calibrate_arm_from_images, require_refinable_with_arm, require_setup

        of_tables = {"--validate": validate, "--measurement": measurement, "--compensate": compensate}
        _require_unused(
            of_tables | {"--scale": scale, "--base": base, "--tool": tool}, "cannot be combined with images"
        )
        detection = Detection(board, image_size, jobs, timeout_s, exclude or (), overlays=overlays)
        detection.check(images, corners, "calib robot --table joints.csv --images photos/")
        refined = split_commas(refine)
        require_refinable_with_arm(refined)  # misspelt values are reported before the long work
        options |= {"camera": _camera(camera, scale_camera, lens), "lens": lens, "refine": refined}
        options["setup"] = require_setup(setup) if setup is not None else None
        seen = detection.observe(images, corners, reporter)
        deliver(calibrate_arm_from_images(seen, poses, nominal, **options).for_need(wanted), folder, reporter)


def _arm(named: str | None, tip: str | None) -> Arm | None:
    """The arm named, as far as the tip, else None. Raises as `load_any_arm`; `arm-needed` for a tip alone."""
    if named is None and tip is not None:
        advice = "calib robot --poses poses.csv --arm my_arm.urdf --tip LINK"
        raise UsageError("--tip needs --arm", code="arm-needed", where="--tip", advice=advice)
    from calib.formats import load_any_arm

    return None if named is None else load_any_arm(named, tip=tip)


def _camera(path: Path | None, scale: str | None, lens: str) -> Camera | None:
    """The camera given, else None. Raises UsageError `unknown-lens` for the kind of one to be calibrated."""
    from calib.camera import require_lens

    require_lens(lens)
    given = load_cameras([path] if path is not None else [], scale)
    return given[0] if given else None


def _require_unused(options: Mapping[str, object], what: str) -> None:
    """Raise UsageError `option-conflict` for the first option that is given."""
    for option, value in options.items():
        if value:
            raise UsageError(f"{option} {what}", code="option-conflict", advice=f"leave {option} out")
