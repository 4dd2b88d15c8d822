"""`calib check`: whether an earlier result still holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from calib.camera.timeout import TIMEOUT_S
from calib.cli.arguments.observing import Detection
from calib.cli.arguments.options import (
    AsJson,
    BoardOfImages,
    Columns,
    Corners,
    Euler,
    Images,
    ImageSize,
    Jobs,
    PoseFormat,
    Quiet,
    TimeLimit,
    Verbose,
)
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting

HELP = """Check by a few new images or poses whether a result still holds.

\b
Examples:
  calib check calib_camera_result --images today/
  calib check calib_hand_eye_result --images today/ --board checkerboard:9x6:25mm --poses today.csv
  calib check calib_robot_result --poses today.csv
  calib check calib_robot_result --poses today.csv --json --no-history

A camera needs 3 images, a camera on or beside a robot 5 images with their poses, an arm 5 measured poses, in the frames
of the calibration: nothing is estimated anew but what may have changed (focus, principal point, the camera's or the
board's place, the zero of a joint, base or target), each alone, against the result's own covariance and noise. Each is
stated with the change that would have shown. An unchanged device raises an alarm in 3 of 100 checks. Adds a line to
checks.csv in the result's folder. Exit status, for a scheduler: 0 still holds, 1 changed, 2 usage, 3 unusable input."""


def command(
    context: typer.Context,
    result: Path = typer.Argument(..., help="Result folder of calib camera, hand-eye or robot."),
    images: Images = None,
    corners: Corners = None,
    board: BoardOfImages = None,
    image_size: ImageSize = None,
    poses: Path | None = typer.Option(None, help="Table of new poses (CSV), as the calibration read it."),
    euler: Euler = None,
    columns: Columns = None,
    pose_format: PoseFormat = None,
    history: bool = typer.Option(True, help="Add a line to checks.csv in the result's folder."),
    jobs: Jobs = None,
    timeout_s: TimeLimit = TIMEOUT_S,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, verbose, context.obj) as reporter:
        from calib.check.check import check, require_checkable
        from calib.check.history import add_to_history
        from calib.storage.result_folder import read_result

        document = read_result(result)
        require_checkable(document, {"images": images or corners, "poses": poses}, str(result))
        seen = table = None
        if images is not None or corners is not None:
            stated = board or (document.get("board") if images is not None else None)
            detection = Detection(stated, image_size, jobs, timeout_s)
            detection.check(images, corners, f"calib check {result} --images today/")
            seen = detection.observe(images, corners, reporter)
        if poses is not None:
            table = _table(document, poses, euler, columns, pose_format)
        checked = check(result, observations=seen, table=table)
        if history:
            add_to_history(checked, result if result.is_dir() else result.parent)
        deliver(checked, None, reporter)


def _table(document: Any, poses: Path, euler: str | None, columns: str | None, pose_format: str | None) -> Any:
    """The table of new poses; joint values are needed of an arm."""
    from calib.formats import read_poses
    from calib.robot import parse_columns

    mapping = parse_columns(columns) if columns is not None else {}
    needed = document["kind"] == "arm"
    return read_poses(poses, euler=euler, columns=mapping, format_name=pose_format, joints_needed=needed)
