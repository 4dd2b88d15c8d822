"""Write the simulated data sets that ship in datasets/, each with its truth.

    python tools/make_datasets.py [--output datasets] [--only demo_camera]

Text files come out byte for byte the same everywhere; images to within the rounding of the JPEG encoder.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from calib.camera.board import load_board
from calib.camera.images import opencv
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import simulate, typical_camera
from calib.cell.simulation.cell import simulate_cell
from calib.robot.scene import Spread
from calib.robot.simulation import simulate as robot_simulation

Files = dict[str, str | bytes]


def demo_camera() -> Files:
    """Twelve 640 x 480 pictures of a 9 x 6 board, as `calib demo` calibrates them."""
    board = load_board("checkerboard:9x6:25mm")
    camera = typical_camera("brown_conrady", (640, 480))
    simulation = simulate(camera, board, views=12, seed=11)
    files = dict(simulation.files())
    rays = PixelRays.of(camera.unproject, (640, 480))
    for i, view in enumerate(simulation.observations.views):
        image = render(board, simulation.camera_from_board[i], rays, noise=3.0, seed=i)
        cv2 = opencv.load()
        files[f"images/{view.image}"] = bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
    return {name.replace(".png", ".jpg"): _renamed(content) for name, content in files.items()}


def ur5e_pose() -> Files:
    """A UR5e seen by a tracker that measures position and orientation, 60 poses; 3 of them are wrong."""
    spread = Spread(outlier_share=0.05)
    return _robot("ur5e", measurement="pose", poses=60, spread=spread, seed=5)


def ur10e_position() -> Files:
    """Three reflectors on the flange of a UR10e seen by a tracker, 80 poses."""
    return _robot("ur10e", measurement="position", poses=80, targets=3, seed=10)


def panda_compliance() -> Files:
    """A Panda whose joints yield to its own weight, 200 poses."""
    return _robot("franka_panda", measurement="pose", poses=200, effects=("compliance",), seed=7)


def stanford_prismatic() -> Files:
    """A Stanford arm, whose third joint slides, 100 poses."""
    return _robot("stanford", measurement="pose", poses=100, seed=3)


def two_cobots() -> Files:
    """A UR5e and a UR10e measured by one tracker, 80 poses each."""
    return {**simulate_cell(("ur5e", "ur10e"), poses=80, spread=Spread(), seed=2).files()}


def _robot(arm: str, **options: Any) -> Files:
    return {**robot_simulation.simulate(arm, **options).files()}


def _renamed(content: str | bytes) -> str | bytes:
    """The tables name the pictures as they are stored."""
    return content.replace(".png", ".jpg") if isinstance(content, str) else content


DATASETS: dict[str, Callable[[], Files]] = {
    each.__name__: each
    for each in (demo_camera, ur5e_pose, ur10e_position, panda_compliance, stanford_prismatic, two_cobots)
}


def main() -> None:
    """Write every data set, or the one asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent.parent / "datasets")
    parser.add_argument("--only", choices=DATASETS)
    arguments = parser.parse_args()
    for name, files in DATASETS.items():
        if arguments.only in (None, name):
            for file, content in files().items():
                path = arguments.output / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            print(f"{name}: {arguments.output / name}")


if __name__ == "__main__":
    main()
