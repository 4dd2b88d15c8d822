"""The More-Garbow-Hillstrom problems from x0, 10 x0 and 100 x0: how many runs reach the global minimum.

One default configuration, the portfolio of strategies and starts, and scipy's trf (same Jacobian, tightest tolerances)
in the same run. A run counts if its sum of squares is within 1e-4 of the lowest known. Exit status 1 if a figure is
missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from typing import Any

import numpy as np
from mgh_problems import PROBLEMS, TestProblem

from calib.engine import ParameterBlock, Problem, ResidualBlock, solve
from calib.engine.derivatives import complex_step
from calib.engine.methods.multi_start import best, portfolio

FACTORS = (1, 10, 100)
NEAR = 1e-4  # relative; and 1e-12 where the minimum is zero
ABOVE = 0.07  # of all runs, by which the portfolio must beat scipy
SCIPY_EVALUATIONS = 2000


@dataclass(frozen=True)
class Run:
    """One solve. squares: sum of squares reached. end: why it stopped. reached: the global minimum."""

    solver: str
    problem: str
    factor: int
    squares: float
    reached: bool
    evaluations: int
    seconds: float
    end: str


def pose(problem: TestProblem, factor: float) -> Problem:
    """A test problem as one row of residuals of this engine."""
    start = factor * problem.start
    block = ParameterBlock("x", start[None].copy(), tuple(f"x{i + 1}" for i in range(len(start))))
    dimension = len(problem.residuals(problem.start))

    def residuals(values: Any, rows: Any) -> Any:
        return problem.residuals(values["x"][0])[None]

    evaluate = complex_step([block], residuals)
    return Problem((block,), (ResidualBlock(problem.name, 1, dimension, {"x": None}, evaluate),))


def run_default(problem: TestProblem, factor: int) -> tuple[float, int, str]:
    """One solve with the default options."""
    found = solve(pose(problem, factor))
    return 2 * found.cost, found.evaluations, found.status.name


def run_portfolio(problem: TestProblem, factor: int) -> tuple[float, int, str]:
    """The best of the portfolio."""
    attempts = portfolio(pose(problem, factor))
    lowest = best(attempts)
    return 2 * lowest.solution.cost, sum(a.solution.evaluations for a in attempts), lowest.name


def run_scipy(problem: TestProblem, factor: int) -> tuple[float, int, str]:
    """scipy.optimize.least_squares, trf."""
    from scipy.optimize import least_squares

    evaluate = pose(problem, factor).residuals[0].evaluate

    def at(x: Any) -> Any:
        return evaluate({"x": x[None]}, slice(0, 1))

    try:
        found = least_squares(
            lambda x: at(x)[0][0],
            factor * problem.start,
            jac=lambda x: at(x)[1][0][0],
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=SCIPY_EVALUATIONS,
        )
    except (ValueError, np.linalg.LinAlgError) as error:  # residuals not finite
        return float("inf"), 0, str(error)
    return 2 * float(found.cost), int(found.nfev), f"status {found.status}"


SOLVERS = {"calib": run_default, "portfolio": run_portfolio, "scipy trf": run_scipy}


def run(task: tuple[int, int]) -> list[Run]:
    """Every solver on one problem from one start."""
    problem, factor = PROBLEMS[task[0]], task[1]
    runs = []
    with np.errstate(all="ignore"):
        for solver, function in SOLVERS.items():
            began = time.perf_counter()
            squares, evaluations, end = function(problem, factor)
            reached = bool(squares <= problem.minimum * (1 + NEAR) + 1e-12)
            seconds = time.perf_counter() - began
            runs.append(Run(solver, problem.name, factor, squares, reached, evaluations, seconds, end))
    return runs


def shortfalls(runs: Sequence[Run]) -> list[str]:
    """What misses its figure."""
    count = {solver: sum(r.reached for r in runs if r.solver == solver) for solver in SOLVERS}
    wanted = count["scipy trf"] + ABOVE * len(runs) / len(SOLVERS)
    missed = []
    if count["calib"] < count["scipy trf"]:
        missed.append(f"default: {count['calib']} runs, scipy trf {count['scipy trf']}")
    if count["portfolio"] < wanted:
        missed.append(f"portfolio: {count['portfolio']} runs, wanted {wanted:.1f}")
    return missed


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every fifth problem only")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    chosen = range(0, len(PROBLEMS), 5 if arguments.quick else 1)
    tasks = [(i, factor) for i in chosen for factor in FACTORS]
    if arguments.jobs > 1:
        with Pool(arguments.jobs) as pool:
            groups = pool.map(run, tasks, chunksize=1)
    else:
        groups = [run(task) for task in tasks]
    runs = [one for group in groups for one in group]
    missed = shortfalls(runs)
    if arguments.json:
        print(json.dumps({"missed": missed, "runs": [asdict(one) for one in runs]}, indent=1))
        return 1 if missed else 0
    by_name = {problem.name: problem for problem in PROBLEMS}
    for solver in SOLVERS:
        own = [one for one in runs if one.solver == solver]
        print(f"\n{solver}: does not reach the minimum from")
        for one in own:
            if not one.reached:
                lowest = by_name[one.problem].minimum
                start = f"{one.factor} x0"
                print(f"  {one.problem:26} {start:>6}  {one.squares:12.6g} (lowest {lowest:.6g})  {one.end.lower()}")
    print(f"\n{'solver':10} {'reached':>10} {'evaluations':>12} {'s':>8}")
    for solver in SOLVERS:
        own = [one for one in runs if one.solver == solver]
        reached = f"{sum(one.reached for one in own)} of {len(own)}"
        spent = f"{sum(one.evaluations for one in own):12} {sum(one.seconds for one in own):8.1f}"
        print(f"{solver:10} {reached:>10} {spent}")
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
