"""`calib simulate robot-images`: an arm with errors, and what a camera on its hand or beside it sees."""

from __future__ import annotations

import typer

from calib.cli.options import Arm, Board, ImageSize, Lens, Output, Render, Seed, Setup
from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress, reporting, written

HELP = """Simulate an arm before a camera: joints.csv, corners.csv, camera.yaml, calib.yaml and truth.yaml.

The arm differs from its table; a camera on its hand sees a board, or a fixed one a board on the hand. With --render the
images are written as well.

\b
Examples:
  calib simulate robot-images --output sim
  calib robot --poses sim/joints.csv --corners sim/corners.csv --camera sim/camera.yaml
  calib simulate robot-images --output sim --render
  calib robot --poses sim/joints.csv --images sim/images --board checkerboard:9x6:25mm --camera sim/camera.yaml
  calib simulate robot-images --output sim --arm iiwa14 --setup eye-to-hand --views 60 --seed 7"""


def command(
    output: Output,
    arm: Arm = "ur5e",
    setup: Setup = "eye-in-hand",
    lens: Lens = "brown_conrady",
    board: Board = "checkerboard:9x6:25mm",
    views: int = typer.Option(40, min=1, max=10_000, help="Number of images."),
    noise_px: float = typer.Option(0.15, min=0.0, help="Standard deviation of a corner's coordinate."),
    error_mm: float = typer.Option(0.3, min=0.0, help="Standard deviation of the arm's true lengths from its table."),
    error_deg: float = typer.Option(0.04, min=0.0, help="Standard deviation of its true angles from its table."),
    image_size: ImageSize = "1280x720",
    render: Render = False,
    seed: Seed = 0,
) -> None:
    """See HELP."""
    with reporting(False):
        from math import radians

        from calib import folder
        from calib.camera.board import read_board
        from calib.camera.simulation.simulate import typical_camera
        from calib.cell.hand_eye.frame_loop import read_setup
        from calib.cell.simulation.arm_in_images import simulate_arm
        from calib.cell.simulation.arm_in_images_documents import simulation_files
        from calib.robot.arm.read import load_arm
        from calib.robot.simulation.simulate import Spread

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
        files = simulation_files(simulation, kind if render else None, progress("rendering", False))
        folder.write(target, files)
        typer.echo(written(target, files))
