"""An arm identified from images of a board: how far off its camera is at poses that were not seen.

    python tools/study_arm_images.py             100 arms, 40 images each
    python tools/study_arm_images.py --quick     12 arms
    python tools/study_arm_images.py --arm iiwa14 --runs 50 --json

Every run draws a UR5e with errors of 0.3 mm and 0.04 deg per parameter, 40 poses from which it sees a 9 x 6 board with
corners of 0.15 px (`calib simulate robot-images`), and 300 more. Means over runs of the mean error of the camera's
place at those: with the hand-eye alone, with joint offsets, with all of the geometry. Exits with 1 and the shortfall
on the last line if the geometry leaves more than 0.12 mm, or finds another rank than 4R + 2P + 6.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import json
import sys
import time

import numpy as np

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.simulation import typical_camera
from calib.cell.arm_in_images import views_of_arm
from calib.cell.arm_simulation import ArmInImages, simulate_arm
from calib.robot.arm_file import load_arm
from calib.robot.calibration import ArmCalibration, identify

BOARD = Checkerboard(9, 6, 0.025).corners_in_board
CAMERA = typical_camera("brown_conrady")
SETUP = "eye-in-hand"
RUNS, QUICK_RUNS = 100, 12
MOST_MM = 0.12
MODELS = ("hand-eye alone", "offsets", "geometry")


def main() -> None:
    """Study, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} arms")
    parser.add_argument("--runs", type=int, help="arms")
    parser.add_argument("--arm", default="ur5e")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    runs = arguments.runs or (QUICK_RUNS if arguments.quick else RUNS)
    errors: dict[str, list[float]] = {model: [] for model in MODELS}
    odd, seconds = 0, []
    for seed in range(runs):
        simulation = simulate_arm(CAMERA, BOARD, load_arm(arguments.arm), seed=seed)
        views = views_of_arm(simulation.observations, simulation.table, CAMERA, "brown_conrady")
        table, measurement = views.table(SETUP), views.measurement(SETUP)
        for model in MODELS:
            started = time.process_time()
            fix = simulation.nominal.labels if model == MODELS[0] else ()
            name = "offsets" if fix else model
            found = identify(simulation.nominal, table, name, measurement=measurement, fix=fix, holdout=0.0)
            errors[model].append(unseen_mm(simulation, found))
        seconds.append(time.process_time() - started)
        odd += found.identifiability.rank != found.expected_rank
    mean = {model: float(np.mean(each)) for model, each in errors.items()}
    worst = {model: float(np.max(each)) for model, each in errors.items()}
    if arguments.json:
        document = {"arm": arguments.arm, "runs": runs, "mean_mm": mean, "worst_mm": worst, "other_ranks": odd}
        print(json.dumps({**document, "seconds": float(np.median(seconds))}, indent=2))
    else:
        print(f"{arguments.arm}, {runs} arms, 40 images each: error of the camera's place at 300 poses not seen")
        for model in MODELS:
            print(f"  {model:<16}{mean[model]:8.4f} mm mean over arms, {worst[model]:8.4f} the worst arm's")
        print(f"  {odd} of {runs} with another rank than expected; {np.median(seconds):.3f} s CPU to identify")
    if mean["geometry"] > MOST_MM or odd:
        print(f"short: {mean['geometry']:.4f} mm, {MOST_MM} wanted; {odd} other ranks")
        sys.exit(1)


def unseen_mm(simulation: ArmInImages, found: ArmCalibration) -> float:
    """Mean error of the camera's place at the poses not seen."""
    world, target = (found.frames[name].reshape(-1, 4, 4)[0] for name in ("world_from_base", "flange_from_target"))
    said = world @ found.arm.base_from_flange(simulation.unseen) @ target
    off = (said - simulation.world_from_target(simulation.unseen))[:, :3, 3]
    return float(1000 * np.mean(np.linalg.norm(off, axis=1)))


if __name__ == "__main__":
    main()
