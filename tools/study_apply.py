"""Does the real arm reach what `calib apply` commands? Simulated cobots, identified and then sent to targets.

    python tools/study_apply.py [--runs 10] [--arm ur10e] [--json]

Each run draws an arm that differs from the drawings (geometry, gear harmonics, compliance), identifies it from measured
poses, writes targets as a UR script (as a table of joint values where a pose leaves joints open), corrects that with
`apply_result`, lets the controller take the corrected poses to joint values by the nominal arm, and moves the true arm
there. The error is the distance of the measured point from where it was to be, as of the rows held out in the
identification, which it must not exceed by more than 1.3.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from calib.arrays import Array
from calib.formats import read_poses
from calib.formats.application.apply import apply_result
from calib.formats.pose_format import NamedPoses, require_writer
from calib.geometry import se3
from calib.robot import Arm, ArmCalibration, ArmSimulation, calibrate, inverse_kinematics, simulate
from calib.robot.arm.workspace import random_commands
from calib.robot.corrected_targets import correct_joints
from calib.robot.effect import load_effect

POSES = 120
TARGETS = 30
EFFECTS = ("compliance", "gear_harmonics")
WORST = 1.3  # of the held-out error
SHARE = 0.6  # of every joint's range about its middle: programs stay clear of the ends
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True)
class Run:
    """One arm: mean distances in mm."""

    arm: str
    seed: int
    held_out_mm: float
    uncorrected_mm: float
    corrected_mm: float
    only_numbers_changed: bool

    @property
    def ratio(self) -> float:
        """Error at the targets over that of the rows held out."""
        return self.corrected_mm / self.held_out_mm


def run_arm(arm: str, seed: int, folder: Path) -> Run:
    """Identify one arm and send it to targets."""
    made = simulate(arm, measurement="pose", poses=POSES, effects=EFFECTS, seed=seed)
    found = calibrate(made.table, arm, model="full", measurement="pose", seed=seed)
    result = found.save(folder / f"{arm}_{seed}")
    commands = _targets(made, seed)
    sent, same = _correct(made, result, commands, folder / f"{arm}_{seed}_targets")
    heldout = found.heldout
    assert heldout is not None
    assert heldout.after is not None
    errors = (_error_mm(made, found, commands, each) for each in (commands, sent))
    return Run(arm, seed, heldout.after.position_mm.mean, *errors, same)


def _correct(made: ArmSimulation, result: Path, commands: Array, stem: Path) -> tuple[Array, bool]:
    """Joint values (n, joints) to which the controller takes the corrected targets; whether only numbers changed."""
    if made.nominal.joints > 6:
        names = ",".join(f"j{joint + 1}_rad" for joint in range(made.nominal.joints))
        text = "\n".join([names, *(",".join(map(repr, row)) for row in commands.tolist())])
        before, after = stem.with_suffix(".csv"), stem.with_suffix(".out.csv")
    else:
        lines = require_writer("universal_robots")(NamedPoses(made.nominal.base_from_flange(commands))).splitlines()
        text = "\n".join(f"  movel({line}, a=1.2, v=0.25)" for line in lines)
        before, after = stem.with_suffix(".script"), stem.with_suffix(".out.script")
    before.write_text(text + "\n")
    apply_result(result, before, after, near=commands[0].tolist())
    same = NUMBER.sub("#", before.read_text()) == NUMBER.sub("#", after.read_text())
    table = read_poses(after, joints_needed=False)
    if table.rotation is None or table.position is None:
        return table.joints, same
    poses = se3.compose(table.rotation, table.position)
    taken = [commands[0]]
    for pose in poses:  # a controller goes from where it is
        taken.append(inverse_kinematics(made.nominal, pose, near=taken[-1]).command)
    return np.array(taken[1:]), same


def _targets(made: ArmSimulation, seed: int) -> Array:
    """Joint values (n, joints) of targets, neighbours near each other and clear of singularities, as in a program."""
    rng = np.random.default_rng([seed, 1])
    nominal = Arm(made.nominal)
    middle = made.nominal.limits.clip(-np.pi, np.pi).mean(axis=1)
    share = np.linspace(0, 1, TARGETS)[:, None]
    while True:
        ends = middle + SHARE * (random_commands(made.nominal, 2, rng) - middle)
        noise = rng.normal(0, 0.05, (TARGETS, made.nominal.joints))
        commands = np.asarray((1 - share) * ends[0] + share * ends[1] + noise)
        if not correct_joints(nominal, nominal, commands).singular.any():
            return commands


def _error_mm(made: ArmSimulation, found: ArmCalibration, wanted: Array, sent: Array) -> float:
    """Mean distance of the measured point from where the nominal arm has it at `wanted`, when the true arm is sent."""
    effects = {
        name: dict(zip(load_effect(name).labels(made.nominal), values.tolist(), strict=True))
        for name, values in made.effects.items()
    }
    reached = _points(made.frames, Arm(made.arm, effects, made.nominal).base_from_flange(sent))
    off = reached - _points(found.frames, made.nominal.base_from_flange(wanted))
    return float(1000 * np.linalg.norm(off, axis=1).mean())


def _points(frames: object, base_from_flange: Array) -> Array:
    """Where the measured point is in the world, (n, 3)."""
    assert isinstance(frames, dict)
    base, target = (np.reshape(frames[name], (4, 4)) for name in ("world_from_base", "flange_from_target"))
    return np.asarray((base @ base_from_flange @ target)[:, :3, 3])


def report(runs: Sequence[Run]) -> bool:
    """Print a line per run and one of all; whether none falls short."""
    print(f"{'arm':12}{'seed':>5}{'held out':>10}{'as drawn':>10}{'corrected':>11}{'ratio':>8}  mm, mean")
    for run in runs:
        print(f"{run.arm:12}{run.seed:5}{run.held_out_mm:10.4f}{run.uncorrected_mm:10.3f}{run.corrected_mm:11.4f}"
              f"{run.ratio:8.3f}")  # fmt: skip
    worst = max(run.ratio for run in runs)
    print(f"largest ratio {worst:.3f}, allowed {WORST}; nothing but numbers changed in "
          f"{sum(run.only_numbers_changed for run in runs)} of {len(runs)} scripts")  # fmt: skip
    return worst <= WORST and all(run.only_numbers_changed for run in runs)


def main() -> None:
    """Exit status 1 where a ratio is too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="arms drawn of each kind")
    parser.add_argument("--arm", action="append", help="shipped arms; default ur10e, ur5e, franka_panda, irb120")
    parser.add_argument("--json", action="store_true", help="print the runs as JSON")
    options = parser.parse_args()
    arms = options.arm or ["ur10e", "ur5e", "franka_panda", "irb120"]
    with tempfile.TemporaryDirectory() as folder:
        runs = [run_arm(arm, seed, Path(folder)) for arm in arms for seed in range(options.runs)]
    if options.json:
        print(json.dumps([{**asdict(run), "ratio": run.ratio} for run in runs]))
        good = all(run.ratio <= WORST and run.only_numbers_changed for run in runs)
    else:
        good = report(runs)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
