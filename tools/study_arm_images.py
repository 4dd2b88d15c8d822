"""An arm identified from images of a board: how far off its camera is at poses that were not seen.

    python tools/study_arm_images.py             100 arms, 40 images each
    python tools/study_arm_images.py --quick     12 arms
    python tools/study_arm_images.py --arm iiwa14 --runs 50 --json
    python tools/study_arm_images.py --own-lens  the lens from the same images: held as they tell it, and jointly

Every run draws a UR5e with errors of 0.3 mm and 0.04 deg per parameter, 40 poses from which it sees a 9 x 6 board with
corners of 0.15 px (`calib simulate robot-images`), and 300 more. Means over runs of the mean error of the camera's
place at those: with the hand-eye alone, with joint offsets, with all of the geometry. Exits with 1 and the shortfall
on the last line if the geometry leaves more than 0.12 mm, or finds another rank than 4R + 2P + 6; with --own-lens, if
arm and lens together leave more than 1.5 times what the arm alone does whose lens is known, or if the lens' errors are
not as large as their covariances say: their squared Mahalanobis length per parameter, 1, within 4 standard deviations.
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
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.simulation.simulate import typical_camera
from calib.cell.arms.image_measurement import views_of_arm
from calib.cell.arms.joint_lens import identify_in_view
from calib.cell.simulation.arm_in_images import ArmInImages, simulate_arm
from calib.robot.arm.read import load_geometry
from calib.robot.arm_model import Arm
from calib.robot.calibration import identify
from calib.robot.evaluation.arm_calibration import ArmCalibration
from calib.robot.identification.request import Request
from calib.robot.table.holdout import Split

BOARD = Checkerboard(9, 6, 0.025).corners_in_board
CAMERA = typical_camera("brown_conrady")
SETUP = "eye-in-hand"
RUNS, QUICK_RUNS = 100, 12
MOST_MM, MOST_TIMES, MOST_SIGMAS = 0.12, 1.5, 4.0
MODELS = ("hand-eye alone", "offsets", "geometry")
LENSES = ("lens known", "own lens, held", "own lens, jointly")
FREE = [i for i, label in enumerate(CAMERA.lens.labels) if label not in CAMERA.lens.held]


@dataclass
class Tally:
    """Of every arm: errors in mm by what was estimated, CPU seconds of the last of these. odd: other ranks than
    expected. off: errors of the lens' parameters over their standard deviations; lengths: Mahalanobis', squared."""

    errors: dict[str, list[float]]
    seconds: list[float] = field(default_factory=list)
    odd: int = 0
    off: list[Array] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)


def main() -> None:
    """Study, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} arms")
    parser.add_argument("--runs", type=int, help="arms")
    parser.add_argument("--arm", default="ur5e")
    parser.add_argument("--own-lens", action="store_true", help="the lens is not known either")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    runs = arguments.runs or (QUICK_RUNS if arguments.quick else RUNS)
    tally = Tally({name: [] for name in (LENSES if arguments.own_lens else MODELS)})
    for seed in range(runs):
        (study_lenses if arguments.own_lens else study_models)(arguments.arm, seed, tally)
    mean = {name: float(np.mean(each)) for name, each in tally.errors.items()}
    document = {"arm": arguments.arm, "runs": runs, "mean_mm": mean}
    document |= {"worst_mm": {name: float(np.max(each)) for name, each in tally.errors.items()}}
    document |= {"other_ranks": tally.odd, "seconds": float(np.median(tally.seconds))}
    if tally.off:
        document |= {"covered": float(np.mean(np.abs(tally.off) < 1.96))}  # by 95 % intervals
        document |= {"squares_per_parameter": float(np.mean(tally.lengths)) / len(FREE)}
    if arguments.json:
        print(json.dumps(document, indent=2))
    else:
        show(document)
    if short := shortfalls(document):
        print("short: " + "; ".join(short))
        sys.exit(1)


def study_models(arm: str, seed: int, tally: Tally) -> None:
    """One arm whose camera is known, by all models."""
    simulation = simulate_arm(CAMERA, BOARD, load_geometry(arm), seed=seed)
    views = views_of_arm(simulation.observations, simulation.table, CAMERA, "brown_conrady")
    table, measurement = views.table(SETUP), views.measurement(SETUP)
    for model in MODELS:
        started = time.process_time()
        fix = simulation.nominal.labels if model == MODELS[0] else ()
        name = "offsets" if fix else model
        found = identify(Arm(simulation.nominal), table, Request(name, tuple(fix)), Split(0.0), measurement=measurement)
        tally.errors[model].append(unseen_mm(simulation, found))
    tally.seconds.append(time.process_time() - started)
    tally.odd += found.identifiability.rank != found.identifiability.expected_rank


def study_lenses(arm: str, seed: int, tally: Tally) -> None:
    """One arm with all of its geometry, by what is known of its camera."""
    simulation = simulate_arm(CAMERA, BOARD, load_geometry(arm), seed=seed)
    identified = partial(identify, Arm(simulation.nominal), request=Request(), split=Split(0.0))
    known, own = (
        views_of_arm(simulation.observations, simulation.table, camera, "brown_conrady") for camera in (CAMERA, None)
    )
    for name, views in zip(LENSES, (known, replace(own, lens=()), own), strict=True):
        started = time.process_time()
        found = identify_in_view(views, SETUP, views.table(SETUP), identified)
        tally.errors[name].append(unseen_mm(simulation, found.calibration))
        tally.odd += found.calibration.identifiability.rank != found.calibration.identifiability.expected_rank
    tally.seconds.append(time.process_time() - started)
    assert found.lens is not None
    off = (found.lens.camera.parameters - CAMERA.parameters)[FREE]
    covariance = found.lens.covariance[np.ix_(FREE, FREE)]
    tally.off.append(off / np.sqrt(np.diagonal(covariance)))
    tally.lengths.append(float(off @ np.linalg.solve(covariance, off)))


def show(document: dict[str, Any]) -> None:
    """The document as a table."""
    runs, mean, worst = document["runs"], document["mean_mm"], document["worst_mm"]
    print(f"{document['arm']}, {runs} arms, 40 images each: error of the camera's place at 300 poses not seen")
    for name in mean:
        print(f"  {name:<18}{mean[name]:8.4f} mm mean over arms, {worst[name]:8.4f} the worst arm's")
    if "covered" in document:
        print(f"  95 % intervals hold {100 * document['covered']:.1f} % of the lens' parameters; ", end="")
        print(f"squared errors are {document['squares_per_parameter']:.3f} of what covariances say")
    print(f"  {document['other_ranks']} of {runs} with another rank than expected; ", end="")
    print(f"{document['seconds']:.3f} s CPU to identify")


def shortfalls(document: dict[str, Any]) -> list[str]:
    """What is not as good as it should be, in words."""
    mean, short = document["mean_mm"], []
    if document["other_ranks"]:
        short.append(f"{document['other_ranks']} other ranks")
    if "geometry" in mean:
        return [*short, f"{mean['geometry']:.4f} mm, {MOST_MM} wanted"] if mean["geometry"] > MOST_MM else short
    times = mean["own lens, jointly"] / mean["lens known"]
    if times > MOST_TIMES:
        short.append(f"{times:.2f} times as far off as with a lens that is known, {MOST_TIMES} wanted")
    squares = document["squares_per_parameter"]
    if abs(squares - 1) > MOST_SIGMAS * np.sqrt(2 / (len(FREE) * document["runs"])):
        short.append(f"squared errors of the lens are {squares:.3f} of what its covariances say")
    return short


def unseen_mm(simulation: ArmInImages, found: ArmCalibration) -> float:
    """Mean error of the camera's place at the poses not seen."""
    world, target = (found.frames[name].reshape(-1, 4, 4)[0] for name in ("world_from_base", "flange_from_target"))
    said = world @ found.arm.base_from_flange(simulation.unseen) @ target
    off = (said - simulation.world_from_target(simulation.unseen))[:, :3, 3]
    return float(1000 * np.mean(np.linalg.norm(off, axis=1)))


if __name__ == "__main__":
    main()
