"""Feed-forward nets on the engine: do they reach their figures, and in what time, beside other trainers?

    python tools/bench_network.py [--quick] [--runs 20] [--picture peaks.png] [--json]

    peaks     20 x 20 grid of the peaks surface, 2-10-10-1, 100 steps, tested on 40 x 40; medians over runs
    sinc      20,000 points of sin(x) / x on [-10, 10], 1-20-1, 100 steps
    digits    scikit-learn's 8 x 8 digits, 64-60-10, batches; a third held out; skipped where it is not installed
    arm       `calib robot --compensate network` on measured UR10s and a Franka, a fifth held out, three seeds; skipped
              where the data are not there

Errors are mean squares in the target's own unit; times are CPU time of one thread, per step. scipy's least squares
starts from the same weights with the same Jacobian; scikit-learn trains at its own defaults by L-BFGS and Adam. Exit
status 1, the shortfalls last, if a figure is missed.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

from calib.arrays import Array

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.network import Net, TrainingSettings, accuracy, new_net, one_hot, train, train_in_batches
from calib.network.net import Scaling, bank_of
from calib.network.training_problem import samples, solve_outputs_first, training_problem
from calib.robot import calibrate, load_arm, read_poses

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "robot"
STEPS = 100
PEAKS_MSE, PEAKS_MS = 2.5e-5, 3.0
SINC_POINTS, SINC_MSE = 20_000, 1e-10
DIGITS_HIDDEN, DIGITS_ACCURACY = 60, 0.97
SEEDS = 3
# Table, arm, and the most that may be left in mm, by mean over the seeds; None: learning must be declined.
ARMS = (
    ("ur10_leica_pose/series_c.csv", "ur10_cb3", 0.385),
    ("ur10_leica_pose/series_b.csv", "ur10_cb3", 0.310),
    ("fr3_camera_pose/poses.csv", "franka_fr3", None),
)


@dataclass(frozen=True)
class Row:
    """One trainer on one task. error: mean square, share of digits told right, or mean mm. new: the same on data that
    were not trained on. ms: per step. runs: over which it is the median, or, for digits and arms, the mean."""

    task: str
    trainer: str
    error: float | None
    new: float | None
    ms: float | None
    runs: int
    remark: str = ""


def peaks(points: int) -> tuple[Array, Array]:
    """Inputs (n, 2) on a grid over [-3, 3] and MATLAB's peaks surface (n, 1)."""
    axis = np.linspace(-3, 3, points)
    x, y = (values.ravel() for values in np.meshgrid(axis, axis))
    hills = 3 * (1 - x) ** 2 * np.exp(-(x**2) - (y + 1) ** 2) - np.exp(-((x + 1) ** 2) - y**2) / 3
    return np.stack([x, y], axis=1), (hills - 10 * (x / 5 - x**3 - y**5) * np.exp(-(x**2) - y**2))[:, None]


def sinc(points: int) -> tuple[Array, Array]:
    """Inputs (n, 1) over [-10, 10] and sin(x) / x."""
    x = np.linspace(-10, 10, points)[:, None]
    return x, np.sinc(x / np.pi)


def mean_square(predict: Callable[[Array], Array], inputs: Array, targets: Array) -> float:
    """Mean squared error in the targets' unit."""
    return float(np.mean((predict(inputs).reshape(targets.shape) - targets) ** 2))


def by_calib(inputs: Array, targets: Array, hidden: tuple[int, ...], seed: int) -> tuple[Net, float]:
    """Train; the net and milliseconds per step."""
    began = time.process_time()
    training = train(new_net(inputs, targets, hidden, seed), inputs, targets, TrainingSettings(STEPS))
    return training.net, 1000 * (time.process_time() - began) / len(training.mse)


def by_scipy(inputs: Array, targets: Array, hidden: tuple[int, ...], seed: int) -> tuple[Net, float]:
    """scipy.optimize.least_squares, MINPACK's Levenberg-Marquardt, from the same weights."""
    from scipy.optimize import least_squares

    net = new_net(inputs, targets, hidden, seed)
    data = samples(bank_of(net), inputs, targets)
    net = solve_outputs_first(bank_of(net), data).nets[0]
    evaluate = training_problem(bank_of(net), data).residuals[0].evaluate
    rows = slice(0, len(inputs))
    began = time.process_time()
    found = least_squares(
        lambda w: evaluate({"net 1": w[None]}, rows)[0][:, 0],
        net.weights,
        jac=lambda w: evaluate({"net 1": w[None]}, rows)[1][0][:, 0],
        method="lm",
        max_nfev=STEPS,
    )
    return net.with_weights(found.x), 1000 * (time.process_time() - began) / found.nfev


def by_sklearn(
    inputs: Array, targets: Array, hidden: tuple[int, ...], seed: int
) -> tuple[Callable[[Array], Array], float]:
    """scikit-learn's MLPRegressor, L-BFGS, on inputs and targets scaled as ours are."""
    from sklearn.neural_network import MLPRegressor

    net = new_net(inputs, targets, hidden, seed)
    model = MLPRegressor(
        hidden_layer_sizes=hidden, activation="tanh", solver="lbfgs", max_iter=STEPS, alpha=0.0, random_state=seed
    )
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the iterations are used up is what was asked
        model.fit(net.input_scaling.apply(inputs), net.output_scaling.apply(targets).ravel())
    ms = 1000 * (time.process_time() - began) / STEPS

    def predict(values: Array) -> Array:
        return net.output_scaling.undo(model.predict(net.input_scaling.apply(values))[:, None])

    return predict, ms


TRAINERS: dict[str, Callable[[Array, Array, tuple[int, ...], int], tuple[Callable[[Array], Array], float]]] = {
    "calib": by_calib,
    "scipy lm": by_scipy,
    "sklearn lbfgs": by_sklearn,
}


def surfaces(runs: int, points: int, names: Sequence[str]) -> list[Row]:
    """Peaks, and sinc with so many points, by every trainer."""
    rows = []
    tasks = (
        ("peaks", peaks(20), peaks(40), (10, 10), runs),
        ("sinc", sinc(points), sinc(points // 2 + 1), (20,), min(runs, SEEDS)),
    )
    for task, (inputs, targets), new, hidden, count in tasks:
        for name in names:
            found = []
            for seed in range(count):
                predict, ms = TRAINERS[name](inputs, targets, hidden, seed)
                found.append((mean_square(predict, inputs, targets), mean_square(predict, *new), ms))
            rows.append(Row(task, name, *np.median(found, axis=0).tolist(), count))
    return rows


def digits(runs: int) -> list[Row]:
    """The digits by batches, and by scikit-learn."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    images, labels = load_digits(return_X_y=True)
    scores: dict[str, list[tuple[float, float]]] = {}
    brightness = Scaling(np.full(64, 8.0), np.full(64, 8.0))  # 0 to 16 onto [-1, 1], the same for every pixel
    for seed in range(runs):
        order = np.random.default_rng(seed).permutation(len(labels))
        test, rest = order[: len(order) // 3], order[len(order) // 3 :]
        net = new_net(images[rest], one_hot(labels[rest], 10), (DIGITS_HIDDEN,), seed, input_scaling=brightness)
        net = train_in_batches(net, images[rest], one_hot(labels[rest], 10), seed).net
        right = accuracy(net(images[rest]), labels[rest]), accuracy(net(images[test]), labels[test])
        scores.setdefault("calib, batches", []).append(right)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # iterations used up
            for name, model in (
                ("sklearn adam", MLPClassifier((DIGITS_HIDDEN,), random_state=seed)),
                ("sklearn logistic", LogisticRegression()),
            ):
                model.fit(images[rest] / 16, labels[rest])
                right = model.score(images[rest] / 16, labels[rest]), model.score(images[test] / 16, labels[test])
                scores.setdefault(name, []).append(right)
    return [Row("digits", name, *np.mean(found, axis=0).tolist(), None, runs) for name, found in scores.items()]


def arms(folder: Path, runs: Mapping[str, int]) -> list[Row]:
    """Held-out errors of measured arms, without and with the nets, on so many seeds per model."""
    rows = []
    for name, arm, _ in ARMS:
        table = read_poses(folder / name)
        for model, count in runs.items():
            errors, reason = [], ""
            for seed in range(count):
                found = calibrate(table, load_arm(arm), model=model, seed=seed, compensate="network").compensation
                assert found is not None
                assert found.before.heldout is not None
                assert found.evaluation.heldout is not None
                held = found.before.heldout, found.evaluation.heldout
                errors.append([each.after.position_mm.mean for each in held])
                reason = found.reason
            alone, learned = np.mean(errors, axis=0).tolist()
            rows.append(Row(name, f"{model} alone", None, alone, None, count))
            rows.append(Row(name, f"{model} + network", None, learned, None, count, reason))
    return rows


def shortfalls(rows: Sequence[Row]) -> list[str]:
    """What misses its figure."""
    missed = []
    most = {("peaks", "calib"): PEAKS_MSE, ("sinc", "calib"): SINC_MSE}
    most_mm = {(name, "geometry + network"): mm for name, _, mm in ARMS}
    for row in rows:
        key = (row.task, row.trainer)
        if key in most and row.error is not None and row.error > most[key]:
            missed.append(f"{row.task}: mean square {row.error:.2g}, {most[key]:g} allowed")
        if key == ("peaks", "calib") and row.ms is not None and row.ms > PEAKS_MS:
            missed.append(f"peaks: {row.ms:.2f} ms a step, {PEAKS_MS:g} allowed")
        if key == ("digits", "calib, batches") and row.new is not None and row.new < DIGITS_ACCURACY:
            missed.append(f"digits: {100 * row.new:.1f} % right, {100 * DIGITS_ACCURACY:g} needed")
        if key in most_mm and row.new is not None:
            allowed = most_mm[key]
            if allowed is None and not row.remark.startswith("declined"):
                missed.append(f"{row.task}: {row.remark}")
            if allowed is not None and row.new > allowed:
                missed.append(f"{row.task}: {row.new:.3f} mm, {allowed:g} allowed")
    return missed


def draw(path: Path) -> None:
    """The surface, what a net trained on 20 x 20 points makes of it on 40 x 40, and the difference."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    net, _ = by_calib(*peaks(20), (10, 10), 0)
    inputs, targets = peaks(40)
    x, y = inputs.reshape(40, 40, 2).transpose(2, 0, 1)
    panels = (
        ("peaks, 40 x 40 points", targets),
        ("net 2-10-10-1, trained on 20 x 20", net(inputs)),
        ("net - peaks", net(inputs) - targets),
    )
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    for i, (title, values) in enumerate(panels, start=1):
        axes: Any = figure.add_subplot(1, 3, i, projection="3d")
        axes.plot_surface(x, y, values.reshape(40, 40), cmap="viridis", rstride=1, cstride=1, linewidth=0)
        axes.set_title(title)
        axes.set_xlabel("x")
        axes.set_ylabel("y")
    figure.savefig(path, dpi=110)


def show(rows: Sequence[Row]) -> None:
    """Print a table."""
    print(f"{'task':29} {'trainer':19} {'trained on':>11} {'new':>11} {'ms/step':>8} {'runs':>5}")
    for row in rows:
        share = row.task == "digits"
        cells = [
            "-" if value is None else f"{100 * value:.2f} %" if share else f"{value:.3g}"
            for value in (row.error, row.new)
        ]
        ms = "-" if row.ms is None else f"{row.ms:.2f}"
        unit = " mm" if row.task.endswith(".csv") else ""
        line = f"{row.task:29} {row.trainer:19} {cells[0]:>11} {cells[1] + unit:>11} {ms:>8} {row.runs:5}"
        print(f"{line}  {row.remark}".rstrip())


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="seeds of peaks; the others take three at most")
    parser.add_argument("--quick", action="store_true", help="five seeds of peaks, one of the others, no rivals")
    parser.add_argument("--picture", type=Path, help="where to draw the peaks surface and the net's (png)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the measured arms")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    runs = min(arguments.runs, 5) if arguments.quick else arguments.runs
    few = 1 if arguments.quick else min(runs, SEEDS)
    notes = []
    learner = importlib.util.find_spec("sklearn") is not None
    names = [name for name in TRAINERS if not arguments.quick or name == "calib"]
    if not learner:
        notes.append("scikit-learn is not installed: no digits, and it is not compared")
        names = [name for name in names if not name.startswith("sklearn")]
    rows = surfaces(runs, SINC_POINTS // 10 if arguments.quick else SINC_POINTS, names)
    if learner:
        rows += digits(few)
    if arguments.data.is_dir():
        rows += arms(arguments.data, {"geometry": few} if arguments.quick else {"geometry": few, "auto": 1})
    else:
        notes.append(f"no measured arms in {arguments.data}: skipped")
    if arguments.picture:
        draw(arguments.picture)
        notes.append(f"drawn: {arguments.picture}")
    missed = shortfalls(rows)
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "notes": notes, "missed": missed}, indent=1))
        return 1 if missed else 0
    show(rows)
    for note in notes:
        print(note)
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
