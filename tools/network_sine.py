"""One function, three ways to train: a sine-composite on a 4-10-1 net by gradient descent, by Levenberg-Marquardt, and
by Levenberg-Marquardt from a global start.

    python tools/network_sine.py [--quick] [--runs 10] [--json]

The function is sin(x1 + 2 x2) + sin(x3 x4) / 2 on [-1, 1]^4, 500 points. Counted are the steps, evaluations and CPU
seconds until the mean squared error has come down to the same share of the function's variance, from the same random
weights; medians over runs, and how many of them arrived. Gradient descent is back-propagation with momentum, at the
rate that the curvature at the start allows. The global start is a differential evolution over all 61 weights; its
evaluations count. The second start is ours: Nguyen-Widrow weights with the output layer solved for. scipy's
Levenberg-Marquardt runs beside from the random weights. Exit status 1 if Levenberg-Marquardt does not arrive in nine
runs of ten, or not in fewer steps than gradient descent.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

from calib.arrays import Array

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from calib.engine import Iteration, Options, Problem, solve
from calib.engine.methods.gradient_descent import Rate, gradient_descent
from calib.engine.methods.multi_start import global_start
from calib.network import new_net
from calib.network.net import bank_of
from calib.network.training_problem import samples, solve_outputs_first, training_problem

POINTS, HIDDEN = 500, 10
SHARE = 1e-3  # of the variance: the error to reach
MOST_DESCENT = 20_000  # steps of gradient descent
MOST_LM = 300
GENERATIONS, POPULATION, REACH = 30, 1, 3.0  # of the global search: per weight, and the box's half-width
MOMENTUM = 0.9
ARRIVE = 0.9
TRAINING = Options(MOST_LM, 1.0, scaling="identity", geodesic="always", polish=None)


@dataclass(frozen=True)
class Run:
    """One training. steps: until the error was reached, None if it never was."""

    method: str
    seed: int
    steps: int | None
    evaluations: int
    seconds: float


def composite(seed: int) -> tuple[Array, Array]:
    """Inputs (n, 4) drawn from [-1, 1], and the function (n, 1)."""
    x = np.random.default_rng(seed).uniform(-1, 1, (POINTS, 4))
    return x, (np.sin(x[:, 0] + 2 * x[:, 1]) + 0.5 * np.sin(x[:, 2] * x[:, 3]))[:, None]


def posed(seed: int) -> tuple[Problem, Problem, float]:
    """The problem from small random weights, from ours, and the cost at which the error is reached."""
    inputs, targets = composite(seed)
    net = new_net(inputs, targets, (HIDDEN,), seed)
    data = samples(bank_of(net), inputs, targets)
    ours = training_problem(solve_outputs_first(bank_of(net), data), data)
    weights = np.random.default_rng(seed).uniform(-0.5, 0.5, net.shape.count)
    goal = 0.5 * SHARE * float(np.sum((data.targets - data.targets.mean()) ** 2))
    return training_problem(bank_of(net.with_weights(weights)), data), ours, goal


def until(goal: float) -> tuple[Callable[[Iteration], bool], list[int]]:
    """A watcher that stops at the cost wanted, and where it writes down the step."""
    reached: list[int] = []

    def look(step: Iteration) -> bool:
        if step.cost <= goal and not reached:
            reached.append(step.index)
        return bool(reached)

    return look, reached


def fastest(problem: Problem) -> float:
    """The largest rate at which gradient descent with momentum is stable at the start, halved."""
    _, jacobians = problem.residuals[0].evaluate(problem.start, slice(0, POINTS))
    largest = np.linalg.norm(jacobians[0][:, 0], 2) ** 2
    return float((1 + MOMENTUM) / largest)


def by_descent(problem: Problem, goal: float) -> tuple[list[int], int]:
    """Back-propagation with momentum."""
    look, reached = until(goal)
    found = gradient_descent(problem, Rate(fastest(problem), MOMENTUM), MOST_DESCENT, on_iteration=look)
    return reached, found.evaluations


def by_lm(problem: Problem, goal: float) -> tuple[list[int], int]:
    """Levenberg-Marquardt as nets are trained."""
    look, reached = until(goal)
    return reached, solve(problem, TRAINING, look).evaluations


def by_global_start(problem: Problem, goal: float) -> tuple[list[int], int]:
    """A global search in a box, then Levenberg-Marquardt: its steps, and all evaluations."""
    block = problem.parameters[0]
    box = dict.fromkeys(block.labels, (-REACH, REACH))
    # the search returns a solution; of no step, so that the steps after it can be watched
    start = global_start(problem, box, generations=GENERATIONS, population=POPULATION, options=Options(0, polish=None))
    reached, evaluations = by_lm(problem.with_values(start.values), goal)
    return reached, evaluations + (GENERATIONS + 1) * POPULATION * len(block.labels)


def by_scipy(problem: Problem, goal: float) -> tuple[list[int], int]:
    """MINPACK's Levenberg-Marquardt with the same Jacobian; its steps are its evaluations of it."""
    from scipy.optimize import least_squares

    evaluate, rows = problem.residuals[0].evaluate, slice(0, POINTS)
    reached: list[int] = []
    steps = 0

    def jacobian(weights: Array) -> Array:
        nonlocal steps
        residuals, jacobians = evaluate({"net 1": weights[None]}, rows)
        if 0.5 * float(np.sum(residuals**2)) <= goal:
            reached.append(steps)
            raise StopIteration
        steps += 1
        return jacobians[0][:, 0]

    start = problem.parameters[0].values[0]
    try:
        least_squares(
            lambda w: evaluate({"net 1": w[None]}, rows)[0][:, 0], start, jac=jacobian, method="lm", max_nfev=MOST_LM
        )
    except StopIteration:
        return reached, steps
    return reached, steps


METHODS: dict[str, Callable[[Problem, float], tuple[list[int], int]]] = {
    "gradient descent": by_descent,
    "scipy lm": by_scipy,
    "lm": by_lm,
    "global start + lm": by_global_start,
}


def run(method: str, name: str, problem: Problem, goal: float, seed: int) -> Run:
    """Train once."""
    began = time.process_time()
    reached, evaluations = METHODS[method](problem, goal)
    seconds = time.process_time() - began
    return Run(name, seed, reached[0] if reached else None, evaluations, seconds)


def summarise(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Per method: runs, arrivals, and medians over all runs; a run that never arrives counts the most steps allowed."""
    out = {}
    for method in dict.fromkeys(each.method for each in runs):
        own = [each for each in runs if each.method == method]
        out[method] = {
            "runs": len(own),
            "arrived": sum(each.steps is not None for each in own),
            "steps": float(np.median([MOST_DESCENT if each.steps is None else each.steps for each in own])),
            "evaluations": float(np.median([each.evaluations for each in own])),
            "seconds": float(np.median([each.seconds for each in own])),
        }
    return out


def shortfalls(summary: dict[str, dict[str, float]]) -> list[str]:
    """What Levenberg-Marquardt does not keep."""
    missed = []
    for method in ("lm", "global start + lm", "lm, our start"):
        own = summary[method]
        if own["arrived"] < ARRIVE * own["runs"]:
            missed.append(f"{method}: {own['arrived']} of {own['runs']} runs arrived")
        if own["steps"] >= summary["gradient descent"]["steps"]:
            missed.append(f"{method}: {own['steps']:g} steps, no fewer than gradient descent")
    return missed


def main() -> int:
    """Train, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="seeds")
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    runs = []
    for seed in range(2 if arguments.quick else arguments.runs):
        problem, ours, goal = posed(seed)
        runs += [run(method, method, problem, goal, seed) for method in METHODS]
        runs.append(run("lm", "lm, our start", ours, goal, seed))
    summary = summarise(runs)
    missed = shortfalls(summary)
    if arguments.json:
        print(json.dumps({"summary": summary, "missed": missed, "runs": [asdict(each) for each in runs]}, indent=1))
        return 1 if missed else 0
    print(f"4-{HIDDEN}-1 on {POINTS} points, to {SHARE:g} of the variance\n")
    print(f"{'method':19} {'arrived':>9} {'steps':>7} {'evaluations':>12} {'seconds':>8}")
    for method, own in summary.items():
        arrived = f"{own['arrived']:.0f} of {own['runs']:.0f}"
        print(f"{method:19} {arrived:>9} {own['steps']:7.0f} {own['evaluations']:12.0f} {own['seconds']:8.2f}")
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
