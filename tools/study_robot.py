"""Does identification keep its promises? Simulated arms, whose truth is known, identified again and again.

    python tools/study_robot.py [--quick] [--runs 200] [--jobs 2] [--json FILE]

Six arms are measured in four ways. Every run draws an arm with errors, poses and noise, identifies it three times - as
measured, without noise, and with a tenth of the rows grossly wrong - and asks:

    exact      largest held-out error left without noise, um: the truth is recovered, up to what is redundant
    heldout    rms error of rows kept aside, over that of their noise; the best possible estimate stays above 1
    coverage   share of parameters whose 95 % interval holds the truth
    chi2/dof   squared residuals, in units of the true noise, per degree of freedom
    outliers   held-out error with wrong rows among those fitted, over that without; rows missed, rows named by mistake
    rank       runs that find another number of parameters determined than theory says

The truth of a parameter is what identification finds without noise: it holds the same redundant parameters at nominal.
Ends with exit status 1 and the shortfall on the last line if a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing import Pool
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one thread per process

import numpy as np

from calib.errors import CalibError
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.evaluation.arm_calibration import ArmCalibration
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import ArmSimulation, simulate

ARMS = ("ur5e", "irb120", "franka_panda", "iiwa14", "stanford", "r2000ic_165f")
POSES = {"pose": 100, "position": 200, "distance": 500, "point": 300}  # about ten numbers per parameter, or more
SPREAD = Spread()
OUTLIERS = 0.1
TWO_SIDED_95 = 1.959964  # standard deviations; Student's t at 300 degrees of freedom is 0.4 % more
LEAST_HELD_M = 1e-12  # parameters of smaller standard deviation are held

EXACT_UM, HELDOUT, COVERAGE, CHI2, COST = 0.01, 1.1, (0.93, 0.97), (0.97, 1.03), 1.1


@dataclass(frozen=True)
class Run:
    """One arm, identified three times. inside, intervals: parameters whose interval holds the truth, and all."""

    arm: str
    measurement: str
    seed: int
    failure: str = ""
    exact_um: float = 0.0
    heldout: float = 1.0
    heldout_coordinates: int = 1
    inside: int = 0
    intervals: int = 0
    squares: float = 0.0
    degrees: int = 0
    outlier_cost: float = 1.0
    missed: int = 0
    accused: int = 0
    rank_off: int = 0


def main() -> None:
    """Run, print the table, say what falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="seeds per arm and measurement")
    parser.add_argument("--quick", action="store_true", help="8 seeds each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--arm", action="append", choices=ARMS, help="only this arm")
    parser.add_argument("--measurement", action="append", choices=POSES, help="only this measurement")
    parser.add_argument("--json", type=Path, help="write every run")
    arguments = parser.parse_args()
    seeds = range(8 if arguments.quick else arguments.runs)
    cases = [
        (arm, kind, seed) for arm in arguments.arm or ARMS for kind in arguments.measurement or POSES for seed in seeds
    ]
    with Pool(arguments.jobs) as pool:
        runs = pool.starmap(one_run, cases, chunksize=8)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(run) for run in runs], indent=1))
    short = report(runs)
    if short:
        print(f"short of the promise: {'; '.join(short)}")
        sys.exit(1)
    print(f"all promises kept in {len(runs)} runs")


def one_run(arm: str, measurement: str, seed: int) -> Run:
    """Simulate, identify three times, compare with the truth."""
    nominal, poses = load_geometry(arm), POSES[measurement]
    draw = 1000 * ARMS.index(arm) + seed  # arms must not share their noise
    silent = replace(SPREAD, sigma_m=0.0, sigma_rad=0.0)
    try:
        noisy, exact, wild = (
            simulate(nominal, measurement=measurement, poses=poses, spread=spread, seed=draw)
            for spread in (SPREAD, silent, replace(SPREAD, outlier_share=OUTLIERS))
        )
        fitted, truth, robust = (
            calibrate(one.table, nominal, measurement=measurement, seed=seed) for one in (noisy, exact, wild)
        )
    except CalibError as error:
        return Run(arm, measurement, seed, failure=error.code)
    assert fitted.heldout is not None
    inside, intervals = coverage(fitted, truth)
    squares, degrees = chi_squared(fitted)
    named = np.isin(wild.table.lines, [outlier.line for outlier in robust.outliers])
    return Run(
        arm,
        measurement,
        seed,
        exact_um=1e6 * heldout_rms(truth, exact),
        heldout=heldout_rms(fitted, noisy) / noise_rms(noisy),
        heldout_coordinates=len(fitted.heldout.table.joints) * (1 if measurement == "distance" else 3),
        inside=inside,
        intervals=intervals,
        squares=squares,
        degrees=degrees,
        outlier_cost=heldout_rms(robust, wild) / heldout_rms(fitted, noisy),
        missed=int(np.sum(wild.outlier & ~named)),
        accused=int(np.sum(named & ~wild.outlier)),
        rank_off=fitted.identifiability.rank - (fitted.identifiability.expected_rank or fitted.identifiability.rank),
    )


def coverage(fitted: ArmCalibration, truth: ArmCalibration) -> tuple[int, int]:
    """Parameters of the arm whose interval holds the truth, and all that have one. Where the two identifications hold
    different parameters, their values mean different things: none is counted."""
    estimated = [label for label in fitted.labels if LEAST_HELD_M < fitted.parameters[label].sigma < np.inf]
    if estimated != [label for label in truth.labels if 0 < truth.parameters[label].sigma < np.inf]:
        return 0, 0
    off = np.array(
        [
            abs(fitted.parameters[label].value - truth.parameters[label].value) / fitted.parameters[label].sigma
            for label in estimated
        ]
    )
    return int(np.sum(off < TWO_SIDED_95)), len(off)


def chi_squared(fitted: ArmCalibration) -> tuple[float, int]:
    """Squared residuals of the rows fitted in units of the true noise, and their degrees of freedom."""
    true = {"orientation": SPREAD.sigma_rad}
    sizes = fitted.evaluation.fitted.sizes
    squares = sum(float(np.sum((size / true.get(name, SPREAD.sigma_m)) ** 2)) for name, size in sizes.items())
    rows = len(fitted.evaluation.fitted.table.joints)
    return squares, rows * fitted.measurement.dimension - fitted.identifiability.rank


def heldout_rms(fitted: ArmCalibration, simulation: ArmSimulation) -> float:
    """Rms error in m of the rows kept aside, without those that were simulated wrong."""
    assert fitted.heldout is not None
    wrong = simulation.table.lines[simulation.outlier]
    keep = ~np.isin(fitted.heldout.table.lines, wrong)
    first = next(iter(fitted.heldout.sizes.values()))
    return float(np.sqrt(np.mean(first[keep] ** 2)))


def noise_rms(simulation: ArmSimulation) -> float:
    """Expected length in m of the noise of a row."""
    coordinates = 1 if simulation.measurement == "distance" else 3
    return float(np.sqrt(coordinates)) * SPREAD.sigma_m


def report(runs: Sequence[Run]) -> list[str]:
    """Print a line per arm and measurement, one of all; return what falls short."""
    print(f"{'arm':14} {'measured':9} {'runs':>5} {'failed':>6} {'exact um':>9} {'heldout':>8} {'coverage':>9}"
          f" {'chi2/dof':>9} {'outliers':>9} {'missed':>7} {'accused':>7} {'rank':>5}")  # fmt: skip
    short = []
    groups = dict.fromkeys((run.arm, run.measurement) for run in runs)
    for arm, measurement in (*groups, ("all", "")):
        some = [run for run in runs if arm == "all" or (run.arm, run.measurement) == (arm, measurement)]
        done = [run for run in some if not run.failure]
        name = f"{arm} {measurement}".strip()
        if not done:
            short.append(f"{name}: all {len(some)} runs failed ({some[0].failure})")
            continue
        exact = max(run.exact_um for run in done)
        heldout = float(np.sqrt(np.mean([run.heldout**2 for run in done])))
        intervals = sum(run.intervals for run in done)
        covered = sum(run.inside for run in done) / intervals if intervals else np.nan
        chi2 = sum(run.squares for run in done) / sum(run.degrees for run in done)
        cost = float(np.mean([run.outlier_cost for run in done]))
        missed, accused = sum(run.missed for run in done), sum(run.accused for run in done)
        odd = sum(run.rank_off != 0 for run in done)
        print(f"{arm:14} {measurement:9} {len(some):5} {len(some) - len(done):6} {exact:9.2g} {heldout:8.3f}"
              f" {covered:9.3f} {chi2:9.3f} {cost:9.3f} {missed:7} {accused:7} {odd:5}")  # fmt: skip
        # three standard deviations of chi2/dof, and of a ratio of rms errors over the coordinates kept aside
        chance = 3 * float(np.sqrt(2 / sum(run.degrees for run in done)))
        luck = 3 * float(np.sqrt(0.5 / sum(run.heldout_coordinates for run in done)))
        checks = {
            f"{len(some) - len(done)} runs failed": len(done) < len(some),
            f"exact data leaves {exact:.2g} um": exact > EXACT_UM,
            f"held-out error {heldout:.3f} times the noise, {HELDOUT} allowed": heldout > HELDOUT + luck,
            f"outliers cost {cost:.3f}, {COST} allowed": cost > COST,
            f"chi2/dof {chi2:.3f}, {CHI2[0]} to {CHI2[1]} allowed": not CHI2[0] - chance <= chi2 <= CHI2[1] + chance,
            f"{odd} runs find another rank": odd > 0,
        }
        if arm == "all":  # intervals are judged pooled; a few seeds of one arm tell too little
            checks[f"intervals hold {covered:.3f}, {COVERAGE[0]} to {COVERAGE[1]} allowed"] = not (
                COVERAGE[0] <= covered <= COVERAGE[1]
            )
        short += [f"{name}: {what}" for what, broken in checks.items() if broken]
    return short


if __name__ == "__main__":
    main()
