"""`calib hand-eye`: from images and flange poses to the pose of the camera."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from calib.camera.timeout import TIMEOUT_S
from calib.cli.arguments.inputs import GivenImages, Images, images_of_cameras, one_of, require_table
from calib.cli.arguments.observing import Detection, camera_names, load_cameras
from calib.cli.arguments.options import (
    AsJson,
    At,
    BoardOfImages,
    Columns,
    Euler,
    Exclude,
    Fix,
    FixConventions,
    Free,
    GlobalStart,
    ImageSize,
    Jobs,
    Lens,
    Need,
    Overlays,
    PoseFormat,
    Quiet,
    Robust,
    ScaleCamera,
    Setup,
    TimeLimit,
    Verbose,
    result_folder,
)
from calib.cli.arguments.values import length_and_angle, lengths_by_name, split_commas, stated_need
from calib.cli.running import shipped
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting
from calib.cli.running.shipped import AUTO
from calib.errors import UsageError

FOLDER = "calib_hand_eye_result"

HELP = """Calibrate the pose of a camera on or beside a robot.

The camera is hand-mounted (eye-in-hand) or fixed (eye-to-hand) and observes a board.

\b
Examples:
  calib hand-eye --images photos/ --board checkerboard:9x6:25mm --poses poses.csv
  calib hand-eye --images photos/ --board checkerboard:9x6:25mm --poses poses.csv --camera camera.yaml
  calib hand-eye --corners corners.csv --poses poses.csv --setup eye-to-hand --refine lens,board
  calib hand-eye --corners corners.csv --poses poses.csv --euler ZYX --columns x_mm=X,y_mm=Y,z_mm=Z --json
  calib hand-eye --images photos/ --board checkerboard:9x6:25mm --poses stream.csv --image-times times.csv
  calib hand-eye --corners corners.csv --poses poses.csv --need 0.5mm --at 0mm,0mm,400mm
  calib hand-eye --images left/ --images right/ --board checkerboard:9x6:25mm --poses poses.csv --setup eye-to-hand
  calib hand-eye --board-poses markers.json --poses poses.csv --setup eye-to-hand

The table holds flange in base: x_m y_m z_m (or _mm) with qx qy qz qw, a rotation vector rx_rad ry_rad rz_rad (or _deg),
or Euler angles with --euler. A column `image` names the image of a row; without it rows are paired by order. Poses
recorded as a stream have a column time_s (_ms, _us, _ns), and images theirs by --image-times or as file names that are
plain time stamps; the offset between the two clocks is then estimated. Several cameras, each with its --images or
--corners (and --camera, in that order), are calibrated together with one board pose. With --board-poses no image is
needed: the two files hold a pose each for every image, in any format that `calib guide formats` names. Writes a folder
with hand_eye.yaml, the 4 x 4 matrix, camera.yaml (of several cameras, a folder each) and result.json. Exit status: 0
good or usable, 1 do not use, 2 usage or configuration, 3 unusable input or another convention, 4 the poses do not
determine the pose of the camera, 5 no convergence."""


def command(
    context: typer.Context,
    given_images: GivenImages = None,
    poses: Path | None = typer.Option(None, help="Table of poses of the flange in the base (CSV); needed."),
    images: list[Path] | None = typer.Option(
        None, metavar="FOLDER", help="Folder of images of the board; once for each camera."
    ),
    corners: list[Path] | None = typer.Option(
        None,
        metavar="FILE",
        help="Table of corners instead: image,x_px,y_px,X_m,Y_m and optional Z_m,sigma_px; once for each camera.",
    ),
    board_poses: Path | None = typer.Option(
        None,
        metavar="FILE",
        help="Poses of the board in the camera instead, as a detector or ROS gives them.",
    ),
    board_noise: str | None = typer.Option(
        None, metavar="LENGTH,ANGLE", help="Noise of the board's poses, e.g. 0.5mm,0.2deg. Default: estimated."
    ),
    board_columns: str | None = typer.Option(
        None, metavar="OURS=THEIRS,...", help="As --columns, of the board's poses."
    ),
    board_euler: str | None = typer.Option(None, metavar="SEQUENCE", help="As --euler, of the board's poses."),
    board: BoardOfImages = None,
    camera: list[Path] | None = typer.Option(
        None, metavar="FILE", help="camera.yaml, once for each camera. Default: calibrated from the same images."
    ),
    scale_camera: ScaleCamera = None,
    lens: Lens = AUTO,
    fix: Fix = None,
    free: Free = None,
    global_start: GlobalStart = False,
    setup: Setup = None,
    method: str | None = typer.Option(
        None, help="Closed form to start from; see `calib list methods`. Default: all.", autocompletion=shipped.methods
    ),
    refine: list[str] | None = typer.Option(None, metavar="WHAT", help="lens, board (its shape) or both: lens,board."),
    robot_noise: str | None = typer.Option(
        None, metavar="LENGTH,ANGLE", help="Noise of the robot's poses, e.g. 0.2mm,0.05deg. Default: estimated."
    ),
    square_sigma: float = typer.Option(
        0.3, min=0.0, help="Standard deviation of the board's size in %, as printers leave it; 0: exact."
    ),
    hold: str | None = typer.Option(
        None,
        metavar="X=LENGTH,...",
        help="Camera's position in its mount, where a robot that turns little leaves it open, e.g. z=412mm.",
    ),
    euler: Euler = None,
    columns: Columns = None,
    pose_format: PoseFormat = None,
    image_times: Path | None = typer.Option(
        None, help="Table image,time_s of when images were taken; the poses are then a stream with their own times."
    ),
    max_time_offset_s: float = typer.Option(
        1.0, min=0.0, help="Largest offset between the clocks of images and poses; 0: none."
    ),
    fix_conventions: FixConventions = False,
    exclude: Exclude = None,
    overlays: Overlays = False,
    robust: Robust = True,
    image_size: ImageSize = None,
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
        detection = Detection(board, image_size, jobs, timeout_s, exclude or (), overlays=overlays)
        found = _images([*(images or []), *(given_images or [])], poses)
        poses = one_of(poses, None, "--poses", "calib hand-eye --images photos/ --poses poses.csv")
        require_table(poses, "--poses", "calib hand-eye", "--images {images} --poses poses.csv")
        if board_poses is None:
            detection.check(found, corners, f"calib hand-eye --images photos/ --poses {poses}")
        else:
            _require_alone(board_poses, {"--images": found, "--corners": corners, "--camera": camera, "--board": board})
        for each in corners or []:
            require_table(each, "--corners", f"calib hand-eye --poses {poses}", "--images {images}")
        named = camera_names(found or corners or [], camera or [], image_times)
        from calib.cell import BoardPoses, HandEyeRequest, calibrate_cameras, calibrate_hand_eye, read_image_times
        from calib.formats import read_poses
        from calib.robot import parse_columns

        options: dict[str, Any] = {
            "lens": lens,
            "fix": split_commas(fix),
            "free": split_commas(free),
            "global_start": global_start,
            "setup": setup,
            "method": method,
            "refine": split_commas(refine),
            "robot_noise": length_and_angle(robot_noise, "--robot-noise") if robot_noise else None,
            "hold": lengths_by_name(hold, "--hold") if hold else {},
            "square_sigma": square_sigma / 100,
            "fix_conventions": fix_conventions,
            "robust": robust,
            "image_times": read_image_times(image_times) if image_times is not None else None,
            "max_time_offset_s": max_time_offset_s,
            "on_iteration": reporter.on_iteration,
            "on_progress": reporter.on_progress("search"),
        }
        HandEyeRequest(**options).require_own_lens(camera)  # a misspelt value is reported before the long work
        given = load_cameras(camera or [], scale_camera)
        mapping = parse_columns(columns) if columns is not None else {}
        table = read_poses(poses, euler=euler, columns=mapping, joints_needed=False, format_name=pose_format)
        if board_poses is not None:
            theirs = parse_columns(board_columns) if board_columns is not None else {}
            poses_seen = read_poses(board_poses, euler=board_euler, columns=theirs, joints_needed=False, of_board=True)
            noise = length_and_angle(board_noise, "--board-noise") if board_noise else None
            folder = reporter.reserve(output, FOLDER)
            deliver(calibrate_hand_eye(BoardPoses(poses_seen, noise), table, **options), folder, reporter)
            return
        folder = reporter.reserve(output, FOLDER)
        sources = [*((path, None) for path in found), *((None, path) for path in corners or [])]
        seen = [detection.observe(*source, reporter) for source in sources]
        if len(seen) > 1:
            several = calibrate_cameras(seen, table, named, given or None, **options)
            deliver(several.for_need(wanted), folder, reporter)
        else:
            one = calibrate_hand_eye(seen[0], table, given[0] if given else None, **options)
            deliver(one.for_need(wanted), folder, reporter)


def _require_alone(board_poses: Path, others: dict[str, object]) -> None:
    """Raise UsageError `option-conflict` for images, corners or a camera beside poses of the board."""
    for option, given in others.items():
        if given:
            raise UsageError(
                f"{option} does not apply to --board-poses",
                code="option-conflict",
                where=option,
                why="poses of the board are in the place of images, and hold no lens",
                advice=f"calib hand-eye --board-poses {board_poses} --poses poses.csv, or leave --board-poses out",
            )


def _images(given: list[Path], poses: Path | None) -> list[Images]:
    """The images of each camera; errors as of `images_of_cameras`."""
    lines = f"--corners {{table}} --poses {poses}" if poses is not None else "--images {images} --poses {table}"
    return images_of_cameras(given, "calib hand-eye", f"calib hand-eye {lines}")
