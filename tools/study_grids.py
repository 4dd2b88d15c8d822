"""Are arms identified as well from grids, cubes, lines and planes as from poses that turn the flange?

    python tools/study_grids.py [--quick] [--runs 50] [--jobs 2] [--arm NAME] [--json FILE]

A tracker's user moves the flange along a grid without turning it, or turning it about one axis. Of every simulated arm
two tables of as many rows are drawn in the same region: one of that kind, one whose flange turns about all axes. Each
is identified, and each arm is judged on further rows of its own kind, as another table:

    ratio      error of those rows, over that of the fully turned table on its own: what few orientations cost
    validated  the same by `validate=` with base and target held, over that with both fitted anew
    named      runs in which a convention was blamed, or that were refused
    judged     runs whose verdict is usable and says so of the orientations

Ends with exit status 1 and the shortfall on the last line if a ratio is above 1.1 by more than
chance, or a run was refused.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one thread per process

import numpy as np

from calib.arrays import Array
from calib.errors import CalibError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange, flange_jacobian
from calib.robot.arm.read import load_geometry
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.calibration import calibrate
from calib.robot.evaluation.arm_calibration import ArmCalibration
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.select import select_rows

MIDDLE = {
    "ur5e": (0.4, -1.0, 1.5, -2.0, -1.57, 0.3),
    "irb120": (-0.2, 0.2, 0.4, 0.3, 0.8, -0.2),
    "tx2_90l": (0.3, 0.4, 1.2, 0.2, 0.9, 0.1),
    "xarm6": (0.2, -0.4, -1.0, 0.3, 1.2, 0.2),
    "crx10ia_l": (0.3, 0.2, 0.3, 0.4, -1.0, 0.2),
    "doosan_m0609": (0.3, 0.2, 1.4, 0.2, 1.1, 0.1),
}
"""Joint values in the middle of the region, per arm."""
SHAPES = {"cube": (5, 5, 5), "grid": (3, 6, 7), "plane": (1, 11, 11), "line": (1, 1, 120)}
"""Points along x, y and z of a cube of 0.25 m (ISO 9283 measures in one)."""
TURNS = {"constant": (0.0, 0.0, 0.0), "one axis": (0.0, 0.0, 0.6)}
FULL = (0.5, 0.5, 0.6)  # rad about each axis, of the tables to compare with
SIDE_M, FITTED = 0.25, 0.75  # of the rows; the others judge
ERROR_M, ERROR_RAD = 3e-4, 1e-3  # of the arm as built
SIGMA_M = 5e-5  # of the tracker
STEPS, FOUND = 30, 1e-9
WORST = 1.1
FEWEST_ROWS = 120  # of a table


@dataclass(frozen=True)
class Run:
    """One arm on one kind of table."""

    arm: str
    shape: str
    turn: str
    seed: int
    failure: str = ""
    error_mm: float = 0.0
    full_mm: float = 1.0
    held_mm: float = 0.0
    judged: bool = False


def main() -> None:
    """Run, print the table, say what falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50, help="seeds per arm, shape and turn")
    parser.add_argument("--quick", action="store_true", help="2 seeds each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--arm", action="append", choices=MIDDLE, help="only this arm")
    parser.add_argument("--json", type=Path, help="write every run")
    arguments = parser.parse_args()
    seeds = range(2 if arguments.quick else arguments.runs)
    cases = [
        (arm, shape, turn, seed)
        for arm in arguments.arm or MIDDLE
        for shape in SHAPES
        for turn in TURNS
        for seed in seeds
    ]
    with Pool(arguments.jobs) as pool:
        runs = pool.starmap(one_run, cases, chunksize=2)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(run) for run in runs], indent=1))
    short = report(runs)
    if short:
        print(f"short of the promise: {'; '.join(short)}")
        sys.exit(1)
    print(f"all promises kept in {len(runs)} runs")


def one_run(arm: str, shape: str, turn: str, seed: int) -> Run:
    """Draw an arm as built and its two tables, identify from each, judge on rows of the same kind."""
    nominal = load_geometry(arm)
    rng = np.random.default_rng([list(MIDDLE).index(arm), seed])
    built = as_built(nominal, rng)
    try:
        few, few_judge = judged_table(nominal, built, shape, TURNS[turn], rng)
        full, full_judge = judged_table(nominal, built, shape, FULL, rng)
        found = calibrate(few, nominal, validate=few_judge)
        held = calibrate(few, nominal, validate=few_judge, refit_frames=False)
        reference = calibrate(full, nominal, validate=full_judge)
    except CalibError as error:
        return Run(arm, shape, turn, seed, failure=error.code)
    verdict = found.verdict
    return Run(
        arm,
        shape,
        turn,
        seed,
        error_mm=decisive_rms(found),
        full_mm=decisive_rms(reference),
        held_mm=decisive_rms(held),
        judged=verdict.grade == "usable" and "orientation" in verdict.reason,
    )


def decisive_rms(found: ArmCalibration) -> float:
    """The rms error in mm on the table that judges."""
    comparison = found.evaluation.decisive
    assert comparison is not None
    return float(comparison.after.position_mm.rms)


def as_built(nominal: SerialArm, rng: np.random.Generator) -> Array:
    """Parameters of an arm off its drawing."""
    off = np.where([label.angular for label in nominal.labels], ERROR_RAD, ERROR_M)
    geometry = np.isin(nominal.labels, nominal.geometry_labels)
    return np.asarray(nominal.parameters + rng.normal(0, 1, len(off)) * off * geometry)


def judged_table(
    nominal: SerialArm, built: Array, shape: str, turn: Sequence[float], rng: np.random.Generator
) -> tuple[PoseTable, PoseTable]:
    """A table of positions, and further rows of its kind."""
    joints = joints_on(nominal, shape, turn, rng)
    base = se3.compose(so3.exp(np.array([0.3, -1.1, 2.0])), np.array([2.5, -0.7, 0.4]))
    target = np.array([0.04, -0.03, 0.11])
    position = se3.apply(base @ base_from_flange(nominal, joints, built), target)
    rows = len(joints)
    table = PoseTable(
        joints=joints,
        prismatic=nominal.prismatic,
        target=np.zeros(rows, dtype=np.intp),
        pose=np.arange(rows),
        lines=np.arange(rows) + 2,
        position=position + rng.normal(0, SIGMA_M, (rows, 3)),
    )
    fitted = rng.permutation(rows) < FITTED * rows
    return select_rows(table, fitted), select_rows(table, ~fitted)


def joints_on(arm: SerialArm, shape: str, turn: Sequence[float], rng: np.random.Generator) -> Array:
    """Joint values (n, joints) of the drawn arm on the grid, by Newton steps from its middle."""
    middle_joints = np.array(MIDDLE[arm.name])
    middle = base_from_flange(arm, middle_joints[None])[0]
    axes = [np.linspace(-0.5, 0.5, count) * SIDE_M if count > 1 else np.zeros(1) for count in SHAPES[shape]]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    turns = rng.uniform(-1.0, 1.0, (len(offsets), 3)) * np.array(turn)
    wanted = se3.compose(middle[:3, :3] @ so3.exp(turns), middle[:3, 3] + offsets)
    joints = np.tile(middle_joints, (len(wanted), 1))
    for _ in range(STEPS):
        flange, _, by_command = flange_jacobian(arm, joints, arm.parameters)
        off = se3.log(se3.inverse(flange) @ wanted)
        joints = joints + np.linalg.solve(by_command, off[..., None])[..., 0]
    reached = np.abs(off).max(axis=1) < FOUND
    return np.asarray(joints[reached])


def report(runs: Sequence[Run]) -> list[str]:
    """Print a line per shape and turn, one per arm, one of all; return what falls short."""
    heads = ("runs", "refused", "error mm", "full mm", "ratio", "validated", "judged")
    print(f"{'table':22}" + "".join(f"{head:>11}" for head in heads))
    groups = {f"{shape}, {turn}": [run for run in runs if (run.shape, run.turn) == (shape, turn)]
              for shape in SHAPES for turn in TURNS}  # fmt: skip
    groups |= {arm: [run for run in runs if run.arm == arm] for arm in dict.fromkeys(run.arm for run in runs)}
    short = []
    for name, some in {**groups, "all": list(runs)}.items():
        done = [run for run in some if not run.failure]
        why = ", ".join(sorted({run.failure for run in some if run.failure}))
        if len(done) < len(some):
            short.append(f"{name}: {len(some) - len(done)} refused ({why})")
        if not done:
            continue
        error, full, held = (
            rms([getattr(run, column) for run in done]) for column in ("error_mm", "full_mm", "held_mm")
        )
        judged = sum(run.judged for run in done)
        cells = (len(some), len(some) - len(done), error, full, error / full, held / error, judged)
        print(f"{name:22}" + "".join(f"{cell:11}" if isinstance(cell, int) else f"{cell:11.4f}" for cell in cells))
        # three standard deviations of a ratio of rms errors, each of many coordinates
        luck = 3 / float(np.sqrt(3 * len(done) * (1 - FITTED) * FEWEST_ROWS))
        checks = {
            f"error {error / full:.3f} of a full table's": error > (WORST + luck) * full,
            f"with frames held {held / error:.3f}": held > (WORST + luck) * error,
            f"{len(done) - judged} verdicts do not name the orientations": judged < len(done),
        }
        short += [f"{name}: {what}" for what, broken in checks.items() if broken]
    return short


def rms(values: Sequence[float]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


if __name__ == "__main__":
    main()
