"""`calib handeye`: from images and flange poses to where the camera is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from calib.cli.observing import camera_names, check_sources, observed
from calib.cli.options import (
    AsJson,
    Columns,
    EitherSetup,
    Euler,
    Jobs,
    LensUnlessGiven,
    SizeOfCorners,
    TimeLimit,
    names,
    tolerance_of,
)
from calib.cli.reporting import reporting

if TYPE_CHECKING:
    from calib.cell.hand_eye.calibrate import HandEye
    from calib.cell.rig.calibrate import Cameras

HELP = """Find where a camera stands on the hand, or beside the robot, from images of a board and poses of the flange.

\b
Examples:
  calib handeye --images photos/ --board checkerboard:9x6:25mm --poses poses.csv
  calib handeye --images photos/ --board checkerboard:9x6:25mm --poses poses.csv --camera camera.yaml
  calib handeye --corners corners.csv --poses poses.csv --setup eye-to-hand --refine lens,board
  calib handeye --corners corners.csv --poses poses.csv --euler ZYX --columns x_mm=X,y_mm=Y,z_mm=Z --json
  calib handeye --images photos/ --board checkerboard:9x6:25mm --poses stream.csv --image-times times.csv
  calib handeye --images left/ --images right/ --board checkerboard:9x6:25mm --poses poses.csv --setup eye-to-hand

The table holds flange in base: x_m y_m z_m (or _mm) with qx qy qz qw, a rotation vector rx_rad ry_rad rz_rad (or _deg),
or Euler angles with --euler; a column `image` names the image, else order decides. Poses recorded as a stream have a
column time_s (_ms, _us, _ns) and images theirs by --image-times, or in names that are plain time stamps; the offset of
the two clocks is then estimated. Several cameras, each with its --images or --corners (and --camera, in that order),
are calibrated together, with one place of the board; each finds its poses by the same names, or by order. Writes a
folder with hand_eye.yaml, the 4 x 4 matrix, camera.yaml (of several cameras, a folder each) and result.json.
Exit status: 0 good or usable, 1 do not use, 2 usage or configuration, 3 unusable input or another convention, 4 the
poses cannot determine the camera's place, 5 no convergence."""


def command(
    poses: Path = typer.Option(..., help="Table of poses of the flange in the base (CSV)."),
    images: list[Path] | None = typer.Option(None, help="Folder of images of the board; once for each camera."),
    corners: list[Path] | None = typer.Option(
        None, help="Table of corners found elsewhere: image,x_px,y_px,X_m,Y_m and optional Z_m,sigma_px; as --images."
    ),
    board: str | None = typer.Option(None, help="checkerboard:9x6:25mm, a shipped name or a YAML file."),
    camera: list[Path] | None = typer.Option(
        None, help="camera.yaml, once for each camera. Default: calibrated from the same images."
    ),
    lens: LensUnlessGiven = "brown_conrady",
    setup: EitherSetup = None,
    method: str | None = typer.Option(None, help="Closed form to start from: shah, park, daniilidis or tsai-lenz."),
    refine: list[str] | None = typer.Option(
        None, metavar="WHAT", help="lens and/or board (its shape), e.g. lens,board."
    ),
    robot_noise: str | None = typer.Option(
        None, metavar="MM,DEG", help="The robot's noise, such as 0.2mm,0.05deg. Default: estimated."
    ),
    euler: Euler = None,
    columns: Columns = None,
    image_times: Path | None = typer.Option(
        None, help="Table image,time_s: when images were taken. The poses are then a stream with times of their own."
    ),
    max_offset: float = typer.Option(
        1.0, min=0.0, metavar="SECONDS", help="Largest offset between the clocks of images and poses; 0: none."
    ),
    fix_conventions: bool = typer.Option(
        False, "--fix-conventions", help="Accept other units, orders and pairings if they are what fits."
    ),
    robust: bool = typer.Option(True, "--robust/--no-robust", help="Leave images out that do not fit."),
    image_size: SizeOfCorners = None,
    output: Path | None = typer.Option(None, help="Folder to create. Default: calib_handeye_result."),
    jobs: Jobs = None,
    timeout_s: TimeLimit = 20.0,
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    with reporting(as_json):
        started = time.perf_counter()
        check_sources(
            images[0] if images else None,
            corners[0] if corners else None,
            board,
            image_size,
            "calib handeye --images photos/ --poses poses.csv",
        )
        seen_by = camera_names(images or corners or [], camera or [], image_times)
        from calib import folder
        from calib.camera.camera import load_camera
        from calib.camera.lens import read_lens
        from calib.cell.hand_eye.calibrate import calibrate_hand_eye, check_refinable
        from calib.cell.hand_eye.closed_forms import read_method
        from calib.cell.hand_eye.frame_loop import read_setup
        from calib.cell.pairing.timestamps import read_image_times
        from calib.cell.rig.calibrate import calibrate_cameras
        from calib.robot.table.columns import parse_columns
        from calib.robot.table.read import read_poses

        read_lens(lens)  # a slip of the keys shows before the long work
        chosen = read_setup(setup) if setup is not None else None
        if method is not None:
            read_method(method)
        wish = check_refinable(names(refine))
        noise = tolerance_of(robot_noise, "--robot-noise") if robot_noise else None
        given = [load_camera(path) for path in camera or []]
        mapping = parse_columns(columns) if columns is not None else {}
        times = read_image_times(image_times) if image_times is not None else None
        table = read_poses(poses, euler=euler, columns=mapping, joints_needed=False)
        target = folder.reserve(output, "calib_handeye_result")
        seen = [
            observed(*source, board, image_size, jobs, timeout_s, as_json)
            for source in (*((path, None) for path in images or []), *((None, path) for path in corners or []))
        ]
        options: dict[str, Any] = {
            "lens": lens,
            "setup": chosen,
            "method": method,
            "refine": wish,
            "robot_noise": noise,
            "fix_conventions": fix_conventions,
            "robust": robust,
        }
        if len(seen) > 1:
            together = calibrate_cameras(seen, table, seen_by, cameras=given or None, **options)
            _finish_all(together, target, as_json, started)
        else:
            own = given[0] if given else None
            calibration = calibrate_hand_eye(
                seen[0], table, camera=own, image_times=times, max_offset_s=max_offset, **options
            )
            _finish(calibration, target, as_json, started)


def _finish(calibration: HandEye, target: Path, as_json: bool, started: float) -> None:
    """Write the folder, print the summary or the document, and end with the verdict's exit status."""
    from calib import documents, folder
    from calib.cell.hand_eye.documents import as_camera_file, as_document, as_hand_eye_file, matrix_text
    from calib.cell.hand_eye.summary import summary
    from calib.cell.hand_eye.verdict import judge

    verdict = judge(calibration)
    document = as_document(calibration, verdict, round(time.perf_counter() - started, 3))
    document["output"] = str(target)
    mount = calibration.mount
    title = (
        f"Where the camera is: matrix is {mount}_from_camera, metres; the camera's z points forward, x right, y down."
    )
    files = {
        "hand_eye.yaml": documents.to_yaml(as_hand_eye_file(calibration), title),
        f"{mount}_from_camera.txt": matrix_text(calibration),
        "camera.yaml": documents.to_yaml(as_camera_file(calibration), "The camera of this calibration."),
        "result.json": documents.to_json(document),
    }
    folder.write(target, files)
    typer.echo(documents.to_json(document).rstrip() if as_json else summary(calibration, verdict, str(target)))
    if verdict.grade == "do not use":
        raise typer.Exit(1)


def _finish_all(calibration: Cameras, target: Path, as_json: bool, started: float) -> None:
    """The same for several cameras: a folder for each, and one document."""
    from calib import documents, folder
    from calib.cell.hand_eye.documents import as_hand_eye_file, matrix_text
    from calib.cell.rig.documents import as_cameras_document, as_cameras_file, as_lens_file, verdicts, worst
    from calib.cell.rig.summary import cameras_summary

    found = verdicts(calibration)
    document = as_cameras_document(calibration, found, round(time.perf_counter() - started, 3))
    document["output"] = str(target)
    mount = calibration.mount
    title = f"Where the camera is: matrix is {mount}_from_camera, metres; z points forward, x right, y down."
    files = {
        "cameras.yaml": documents.to_yaml(
            as_cameras_file(calibration), title.replace("the camera is", "the cameras are")
        ),
        "result.json": documents.to_json(document),
    }
    for k, (name, h) in enumerate(zip(calibration.names, calibration.together, strict=True)):
        files |= {
            f"{name}/hand_eye.yaml": documents.to_yaml(as_hand_eye_file(h, name), title),
            f"{name}/{mount}_from_camera.txt": matrix_text(h),
            f"{name}/camera.yaml": documents.to_yaml(as_lens_file(calibration, k), "The camera of this calibration."),
        }
    folder.write(target, files)
    typer.echo(documents.to_json(document).rstrip() if as_json else cameras_summary(calibration, found, str(target)))
    if worst(found).grade == "do not use":
        raise typer.Exit(1)
