"""Does `calib check` see what changed, and nothing where nothing did? Simulated devices, calibrated once each.

    python tools/study_check.py             100 devices of each kind
    python tools/study_check.py --runs 20   fewer

Of every device a few new measurements are made twice: unchanged, and with one change. Camera: 3 images, the focus .5 %
longer. Camera on a hand: 5 images with robot poses, the camera moved by .3 mm. Arm: 5 poses, the zero of one joint
turned by .02 deg. Each line states how often the change was detected, how often the right thing was named, alone or
among those that cannot be told apart, and how often the unchanged device raised an alarm. Exits with 1 where fewer than
95 % are detected or more than 5 % are false alarms.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calib.arrays import Array
from calib.camera import Camera, calibrate, load_board, load_lens
from calib.camera.observations import Observations, View
from calib.cell import Noise, calibrate_hand_eye
from calib.cell.simulation.hand_eye import add_robot_noise, draw_pose, pose_table, simulate
from calib.check.check import check
from calib.check.result import ResultCheck
from calib.geometry import se3
from calib.robot import PoseTable
from calib.robot import calibrate as calibrate_arm
from calib.robot import simulate as simulate_arm
from calib.robot.table.select import select_rows

DETECTED, FALSE_ALARMS = 0.95, 0.05
SIZE = (1280, 960)
LENS = np.array([1000.0, 1002.0, 0.0, 642.0, 477.0, -0.12, 0.08, 5e-4, -3e-4, 0.0])  # fx fy skew cx cy k1 k2 p1 p2 k3
TRUTH = Camera(load_lens("brown_conrady"), LENS, SIZE)
BOARD = load_board("checkerboard:9x6:25mm").corners_in_board
# Of a cobot at rest, and of sharp images, which leave .06 to .13 px a coordinate.
NOISE = Noise(sigma_px=0.1, sigma_m=1e-4, sigma_rad=float(np.deg2rad(0.02)))
SQUARE_SIGMA = 5e-4  # of a board that was measured


@dataclass(frozen=True)
class Trial:
    """A device's two checks, and what was changed in the second."""

    unchanged: ResultCheck
    changed: ResultCheck
    culprit: str


def views(camera: Camera, poses: Array, rng: np.random.Generator) -> Observations:
    """Images of the board at camera_from_board (n, 4, 4)."""
    px = camera.project(se3.apply(poses[:, None], BOARD))
    px = px + rng.normal(0.0, NOISE.sigma_px, px.shape)
    return Observations(tuple(View(f"{i:03d}.png", own, BOARD) for i, own in enumerate(px)), SIZE)


def poses_of_board(count: int, rng: np.random.Generator) -> Array:
    """camera_from_board (n, 4, 4)."""
    return np.stack([draw_pose(TRUTH, BOARD, rng) for _ in range(count)])


def refocused(seed: int, folder: Path, change: float = 0.005, images: int = 3) -> Trial:
    """A camera whose focal length grew by a share."""
    rng = np.random.default_rng(seed)
    calibrate(views(TRUTH, poses_of_board(20, rng), rng), "brown_conrady").save(folder)
    longer = LENS * np.array([1 + change, 1 + change, *np.ones(8)])
    seen = [views(each, poses_of_board(images, rng), rng) for each in (TRUTH, replace(TRUTH, parameters=longer))]
    return Trial(*(check(folder, observations=each) for each in seen), "focal length")


def bumped(seed: int, folder: Path, change_m: float = 3e-4, images: int = 5) -> Trial:
    """A camera on the hand that was moved by a length, in any direction."""
    rng = np.random.default_rng(seed)
    made = simulate(TRUTH, BOARD, noise=NOISE, seed=seed)
    calibrate_hand_eye(
        made.observations, made.table, camera=TRUTH, setup="eye-in-hand", square_sigma=SQUARE_SIGMA
    ).save(folder)
    direction = rng.normal(size=3)
    moved = se3.compose(np.eye(3), change_m * direction / np.linalg.norm(direction))
    found = []
    for mount_from_camera in (made.mount_from_camera, made.mount_from_camera @ moved):
        c = poses_of_board(images, rng)
        flange = made.fixture_from_board @ se3.inverse(mount_from_camera @ c)
        table = pose_table(add_robot_noise(flange, NOISE, rng), {})
        found.append(check(folder, observations=views(TRUTH, c, rng), table=table))
    return Trial(*found, "position of the camera")


def slipped(seed: int, folder: Path, change_rad: float = float(np.deg2rad(0.02)), poses: int = 5) -> Trial:
    """An arm one of whose joints, any but the last, has another zero."""
    rng = np.random.default_rng(seed)
    made = simulate_arm("ur5e", poses=65 + poses, seed=seed)
    kept = np.arange(len(made.table.joints)) < 65
    calibrate_arm(select_rows(made.table, kept), "ur5e").save(folder)
    joint = int(rng.integers(made.nominal.joints - 1))
    fresh = select_rows(made.table, ~kept)
    return Trial(check(folder, table=fresh), check(folder, table=_turned(fresh, joint, change_rad)), _zero(joint))


def _zero(joint: int) -> str:
    return f"zero of joint {joint + 1}"


def _turned(table: PoseTable, joint: int, angle: float) -> PoseTable:
    """What is measured when a joint stands further on than it says: the same places, reported at smaller angles."""
    joints = table.joints.copy()
    joints[:, joint] -= angle
    return replace(table, joints=joints)


KINDS: dict[str, Callable[[int, Path], Trial]] = {
    "camera, focus .5 % longer, 3 images": refocused,
    "camera on the hand moved by .3 mm, 5 images": bumped,
    "joint zero turned by .02 deg, 5 poses": slipped,
}


def shares(kind: Callable[[int, Path], Trial], runs: int) -> tuple[float, float, float]:
    """Of changes detected, of culprits named, of false alarms."""
    seen = []
    for seed in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            trial = kind(seed, Path(folder) / "result")
        named = trial.culprit in {change.suspect.name for change in trial.changed.found.alarming}
        seen.append((trial.changed.verdict.exit_status, named, trial.unchanged.verdict.exit_status))
    detected, named, false = np.mean(np.array(seen, float), axis=0).tolist()
    return detected, named, false


def main() -> None:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="devices of each kind")
    runs = parser.parse_args().runs
    short = False
    for name, kind in KINDS.items():
        detected, named, false = shares(kind, runs)
        print(f"{name:46s} detected {detected:6.1%}  named {named:6.1%}  false alarms {false:6.1%}", flush=True)
        short |= detected < DETECTED or false > FALSE_ALARMS
    sys.exit(int(short))


if __name__ == "__main__":
    main()
