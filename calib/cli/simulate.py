"""`calib simulate`: noisy data sets whose truth is known."""

from __future__ import annotations

from pathlib import Path

import typer

from calib.cli.options import image_size as read_size
from calib.cli.options import names
from calib.cli.reporting import progress, reporting

app = typer.Typer(
    help="Write simulated, seeded data sets with their truth.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CAMERA_HELP = """Simulate the views of a camera: corners.csv, truth.yaml and, with --render, images.

\b
Examples:
  calib simulate camera --output sim
  calib simulate camera --output sim --lens kannala_brandt --views 30 --noise-px 0.2 --seed 7
  calib simulate camera --output sim --render && calib camera --images sim/images"""


@app.command("camera", help=CAMERA_HELP)
def camera(
    output: Path = typer.Option(..., help="Folder to create."),
    lens: str = typer.Option("brown_conrady", help="Lens model; see `calib list lenses`."),
    board: str = typer.Option("checkerboard:9x6:25mm", help="Board, as for `calib camera`."),
    views: int = typer.Option(20, min=1, max=100_000, help="Number of views."),
    noise_px: float = typer.Option(0.1, min=0.0, help="Standard deviation of a corner's coordinate."),
    seed: int = typer.Option(0, min=0, help="Seed; the same seed gives the same bytes."),
    wild_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of corners moved by 8 px."),
    garbage_views: int = typer.Option(0, min=0, help="Views whose corners are scattered at random."),
    image_size: str = typer.Option("1280x720", metavar="WxH", help="Image size in pixels."),
    render: bool = typer.Option(False, "--render", help="Also render the images (with noise and blur)."),
) -> None:
    """See CAMERA_HELP."""
    with reporting(False):
        from calib.camera.board import read_board
        from calib.camera.simulation import simulate, typical_camera
        from calib.report import folder
        from calib.report.simulated_camera import simulation_files

        target = folder.reserve(output, "")
        kind = read_board(board)
        simulation = simulate(
            typical_camera(lens, read_size(image_size)),
            kind.corners_in_board,
            views=views,
            sigma_px=noise_px,
            seed=seed,
            wild_share=wild_share,
            garbage_views=garbage_views,
            board=board,
        )
        files = simulation_files(simulation, kind, render, progress("rendering", False))
        folder.write(target, files)
        typer.echo(f"written: {target} ({', '.join(sorted({name.split('/')[0] for name in files}))})")


ROBOT_HELP = """Simulate a measured arm: poses.csv, calib.yaml and truth.yaml.

The arm differs from its table by random errors, stands in random poses within its limits, and is measured with noise.

\b
Examples:
  calib simulate robot --output sim --arm ur5e && calib robot --poses sim/poses.csv
  calib simulate robot --output sim --arm ur10e --measurement position --targets 3 --poses 200 --noise-mm 0.03
  calib simulate robot --output sim --arm franka_panda --effects compliance,gear_harmonics --seed 7"""


@app.command("robot", help=ROBOT_HELP)
def robot(
    output: Path = typer.Option(..., help="Folder to create."),
    arm: str = typer.Option("ur5e", help="Shipped arm, see `calib list arms`, or a .yaml or .urdf file."),
    measurement: str = typer.Option("pose", help="pose, position, distance, plane or point."),
    poses: int = typer.Option(60, min=1, max=1_000_000, help="Number of poses of the arm."),
    targets: int = typer.Option(1, min=1, max=100, help="Targets on the flange; planes or points to touch."),
    noise_mm: float = typer.Option(0.05, min=0.0, help="Standard deviation of a measured coordinate."),
    noise_deg: float = typer.Option(0.006, min=0.0, help="Standard deviation of a measured orientation, per axis."),
    joint_noise_deg: float = typer.Option(0.0, min=0.0, help="Standard deviation of a joint (mm where it slides)."),
    error_mm: float = typer.Option(0.3, min=0.0, help="Standard deviation of the arm's true lengths from its table."),
    error_deg: float = typer.Option(0.06, min=0.0, help="Standard deviation of its true angles from its table."),
    effects: list[str] | None = typer.Option(None, metavar="NAMES", help="Effects beyond geometry, e.g. compliance."),
    outlier_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of rows that are wrong."),
    outlier_mm: float = typer.Option(20.0, min=0.0, help="How far wrong rows are off."),
    seed: int = typer.Option(0, min=0, help="Seed; the same seed gives the same bytes."),
) -> None:
    """See ROBOT_HELP."""
    with reporting(False):
        from math import radians

        from calib.report import folder
        from calib.report.simulated_arm import simulation_files
        from calib.robot.arm_file import load_arm
        from calib.robot.simulation import Spread, simulate

        target = folder.reserve(output, "")
        simulation = simulate(
            load_arm(arm),
            measurement=measurement,
            poses=poses,
            targets=targets,
            effects=names(effects),
            spread=Spread(
                error_m=error_mm / 1000,
                error_rad=radians(error_deg),
                sigma_m=noise_mm / 1000,
                sigma_rad=radians(noise_deg),
                sigma_joint_m=joint_noise_deg / 1000,
                sigma_joint_rad=radians(joint_noise_deg),
                outlier_share=outlier_share,
                outlier_m=outlier_mm / 1000,
            ),
            seed=seed,
        )
        files = simulation_files(simulation)
        folder.write(target, files)
        typer.echo(f"written: {target} ({', '.join(sorted(files))})")


HANDEYE_HELP = """Simulate a hand-eye calibration: corners.csv, poses.csv, camera.yaml and truth.yaml.

The camera sees a board from all sides; the robot says where its flange stood, with noise.

\b
Examples:
  calib simulate handeye --output sim
  calib handeye --corners sim/corners.csv --poses sim/poses.csv --camera sim/camera.yaml
  calib simulate handeye --output sim --setup eye-to-hand --views 40 --noise-deg 0.1 --wrong-share 0.1 --seed 7"""


@app.command("handeye", help=HANDEYE_HELP)
def handeye(
    output: Path = typer.Option(..., help="Folder to create."),
    setup: str = typer.Option("eye-in-hand", help="eye-in-hand or eye-to-hand."),
    lens: str = typer.Option("brown_conrady", help="Lens model; see `calib list lenses`."),
    board: str = typer.Option("checkerboard:9x6:25mm", help="Board, as for `calib camera`."),
    views: int = typer.Option(30, min=1, max=100_000, help="Number of images."),
    noise_px: float = typer.Option(0.2, min=0.0, help="Standard deviation of a corner's coordinate."),
    noise_mm: float = typer.Option(0.2, min=0.0, help="Standard deviation of the flange's position, per axis."),
    noise_deg: float = typer.Option(0.05, min=0.0, help="Standard deviation of the flange's orientation, per axis."),
    bow_mm: float = typer.Option(0.0, help="Height of the board's middle over its ends."),
    wrong_share: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of images with another image's pose."),
    image_size: str = typer.Option("1280x720", metavar="WxH", help="Image size in pixels."),
    seed: int = typer.Option(0, min=0, help="Seed; the same seed gives the same bytes."),
) -> None:
    """See HANDEYE_HELP."""
    with reporting(False):
        from math import radians

        from calib.camera.board import read_board
        from calib.camera.simulation import typical_camera
        from calib.cell.chain import read_setup
        from calib.cell.simulation import Noise, simulate
        from calib.report import folder
        from calib.report.simulated_handeye import simulation_files

        target = folder.reserve(output, "")
        kind = read_board(board)
        simulation = simulate(
            typical_camera(lens, read_size(image_size)),
            kind.corners_in_board,
            setup=read_setup(setup),
            views=views,
            noise=Noise(noise_px, noise_mm / 1000, radians(noise_deg), bow_mm / 1000, wrong_share),
            seed=seed,
            board=kind.name,
        )
        files = simulation_files(simulation)
        folder.write(target, files)
        typer.echo(f"written: {target} ({', '.join(sorted(files))})")


IMAGES_HELP = """Simulate an arm before a camera: joints.csv, corners.csv, camera.yaml, calib.yaml and truth.yaml.

The arm differs from its table; a camera on its hand sees a board, or a fixed one a board on the hand.

\b
Examples:
  calib simulate robot-images --output sim
  calib robot --poses sim/joints.csv --corners sim/corners.csv --camera sim/camera.yaml
  calib simulate robot-images --output sim --arm iiwa14 --setup eye-to-hand --views 60 --seed 7"""


@app.command("robot-images", help=IMAGES_HELP)
def robot_images(
    output: Path = typer.Option(..., help="Folder to create."),
    arm: str = typer.Option("ur5e", help="Shipped arm, see `calib list arms`, or a .yaml or .urdf file."),
    setup: str = typer.Option("eye-in-hand", help="eye-in-hand or eye-to-hand."),
    lens: str = typer.Option("brown_conrady", help="Lens model; see `calib list lenses`."),
    board: str = typer.Option("checkerboard:9x6:25mm", help="Board, as for `calib camera`."),
    views: int = typer.Option(40, min=1, max=10_000, help="Number of images."),
    noise_px: float = typer.Option(0.15, min=0.0, help="Standard deviation of a corner's coordinate."),
    error_mm: float = typer.Option(0.3, min=0.0, help="Standard deviation of the arm's true lengths from its table."),
    error_deg: float = typer.Option(0.04, min=0.0, help="Standard deviation of its true angles from its table."),
    image_size: str = typer.Option("1280x720", metavar="WxH", help="Image size in pixels."),
    seed: int = typer.Option(0, min=0, help="Seed; the same seed gives the same bytes."),
) -> None:
    """See IMAGES_HELP."""
    with reporting(False):
        from math import radians

        from calib.camera.board import read_board
        from calib.camera.simulation import typical_camera
        from calib.cell.arm_simulation import simulate_arm
        from calib.cell.chain import read_setup
        from calib.report import folder
        from calib.report.simulated_images import simulation_files
        from calib.robot.arm_file import load_arm
        from calib.robot.simulation import Spread

        target = folder.reserve(output, "")
        kind = read_board(board)
        simulation = simulate_arm(
            typical_camera(lens, read_size(image_size)),
            kind.corners_in_board,
            load_arm(arm),
            setup=read_setup(setup),
            views=views,
            unseen=0,
            sigma_px=noise_px,
            spread=Spread(error_m=error_mm / 1000, error_rad=radians(error_deg)),
            seed=seed,
            board=kind.name,
        )
        files = simulation_files(simulation)
        folder.write(target, files)
        typer.echo(f"written: {target} ({', '.join(sorted(files))})")


CELL_HELP = """Simulate a cell: several arms measured in one world; cell.yaml, a table per arm and truth.yaml.

\b
Examples:
  calib simulate cell --output sim && calib cell --config sim/cell.yaml
  calib simulate cell --output sim --arms ur5e,ur10e,iiwa14 --poses 100 --noise-mm 0.03 --seed 7"""


@app.command("cell", help=CELL_HELP)
def cell(
    output: Path = typer.Option(..., help="Folder to create."),
    arms: list[str] | None = typer.Option(None, metavar="NAMES", help="Shipped arms. Default: ur5e,ur10e."),
    poses: int = typer.Option(80, min=1, max=1_000_000, help="Number of poses of each arm."),
    noise_mm: float = typer.Option(0.05, min=0.0, help="Standard deviation of a measured coordinate."),
    noise_deg: float = typer.Option(0.006, min=0.0, help="Standard deviation of a measured orientation, per axis."),
    error_mm: float = typer.Option(
        0.3, min=0.0, help="Standard deviation of the arms' true lengths from their tables."
    ),
    error_deg: float = typer.Option(0.06, min=0.0, help="Standard deviation of their true angles from their tables."),
    seed: int = typer.Option(0, min=0, help="Seed; the same seed gives the same bytes."),
) -> None:
    """See CELL_HELP."""
    with reporting(False):
        from math import radians

        from calib.report import folder
        from calib.report.simulated_cell import simulated_cell
        from calib.robot.simulation import Spread

        target = folder.reserve(output, "")
        spread = Spread(error_mm / 1000, radians(error_deg), noise_mm / 1000, radians(noise_deg))
        files = simulated_cell(tuple(names(arms) or ("ur5e", "ur10e")), poses, spread, seed)
        folder.write(target, files)
        typer.echo(f"written: {target} ({', '.join(sorted(files))})")
