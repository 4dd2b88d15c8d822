"""Several cameras with one robot and one board, on simulated data whose truth is known: together against alone.

    python tools/bench_cameras.py              100 runs of each case
    python tools/bench_cameras.py --runs 20

Every run draws 30 poses of a robot (0.2 mm, 0.05 deg) that carries a 9 x 6 board before fixed cameras 35 degrees from
each other, or cameras on its hand before a board at rest; a camera sees some two thirds of the poses, with 0.2 px.
Errors are medians over runs and cameras. Exits with 1 where 95 % intervals do not hold, or together is worse than
alone.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.simulation.simulate import typical_camera
from calib.cell.frame_loop import Setup
from calib.cell.rig.calibrate import calibrate_cameras
from calib.cell.simulation.rig import simulate_rig
from calib.geometry import se3, so3

BOARD = Checkerboard(9, 6, 0.025).corners_in_board
CAMERA = typical_camera("brown_conrady")
RUNS = 100


@dataclass(frozen=True)
class Case:
    """One kind of data. own_lens: each lens is calibrated from the camera's own images."""

    name: str
    cameras: int
    setup: Setup = "eye-to-hand"
    own_lens: bool = False


CASES = (
    Case("two fixed cameras", 2),
    Case("three fixed cameras", 3),
    Case("two fixed cameras, lenses from the same images", 2, own_lens=True),
    Case("two cameras on the hand", 2, setup="eye-in-hand"),
)


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each case")
    runs = parser.parse_args().runs
    short = [text for case in CASES for text in measured(case, runs)]
    for text in short:
        print(text, file=sys.stderr)
    raise SystemExit(1 if short else 0)


def measured(case: Case, runs: int) -> list[str]:
    """Print one case; what missed its bound."""
    found: dict[str, list[Any]] = {"together": [], "alone": [], "between": [], "between, alone": []}
    held, apart = [], []
    for seed in range(runs):
        s = simulate_rig(CAMERA, BOARD, cameras=case.cameras, setup=case.setup, seed=seed)
        names = [f"camera{k + 1}" for k in range(case.cameras)]
        lenses = None if case.own_lens else [CAMERA] * case.cameras
        rig = calibrate_cameras(s.observations, s.table, names, cameras=lenses, setup=case.setup)
        for h, own, truth in zip(rig.together, rig.alone, s.mount_from_camera, strict=True):
            found["together"].append(error(h.mount_from_camera, truth))
            found["alone"].append(error(own.mount_from_camera, truth))
            held.append(holds(h.mount_from_camera, truth, h.place.half_width_95_m, h.place.half_width_95_rad))
        for k, pair in enumerate(rig.relative, start=1):
            truth = se3.inverse(s.mount_from_camera[0]) @ s.mount_from_camera[k]
            one, other = (rig.alone[i].mount_from_camera for i in (0, k))
            found["between"].append(error(pair.a_from_b, truth))
            found["between, alone"].append(error(se3.inverse(one) @ other, truth))
            apart.append(holds(pair.a_from_b, truth, pair.half_width_95_m, pair.half_width_95_rad))
    medians = {name: np.median(errors, axis=0).tolist() for name, errors in found.items()}
    print(f"{case.name}: intervals hold {100 * np.mean(held):.1f} %, between cameras {100 * np.mean(apart):.1f} %")
    for name, (deg, mm) in medians.items():
        print(f"    {name:<16}{deg:.4f} deg {mm:.4f} mm")
    slack = 3 * np.sqrt(0.05 * 0.95 / (2 * runs))  # six coordinates of cameras that share a robot count two
    short = [
        f"{case.name}: intervals {name} hold {100 * np.mean(share):.1f} %"
        for name, share in (("in the mount", held), ("between cameras", apart))
        if abs(np.mean(share) - 0.95) > slack
    ]
    if max(medians["together"][i] / medians["alone"][i] for i in (0, 1)) > 1:
        short.append(f"{case.name}: together is worse than alone")
    return short


def error(x: Any, truth: Any) -> tuple[float, float]:
    """Degrees and mm between two places of a camera."""
    turn = so3.log(truth[:3, :3].T @ x[:3, :3])
    return float(np.degrees(np.linalg.norm(turn))), float(1000 * np.linalg.norm(x[:3, 3] - truth[:3, 3]))


def holds(x: Any, truth: Any, interval_m: Any, interval_rad: Any) -> Any:
    """Which of the six intervals hold the truth."""
    turn = np.abs(so3.log(x[:3, :3] @ truth[:3, :3].T))
    return np.concatenate([np.abs(x[:3, 3] - truth[:3, 3]) <= interval_m, turn <= interval_rad])


if __name__ == "__main__":
    main()
