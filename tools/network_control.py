"""Supervised control: a net trained on-line takes over the tracking of an arm from the controller that supervises it.

    python tools/network_control.py [--quick] [--runs 5] [--picture control.png] [--json]

The arm is one simulated joint with a load, viscous and dry friction and gravity. A PD controller keeps it on a
trajectory that repeats after 100 s only. A 3-10-1 net is shown the motion that came about, position, velocity and
acceleration, and learns the torque that made it; asked for the motion wanted, it adds its torque to the supervisor's,
who has the less to do the better it knows the arm (D. Psaltis, A. Sideris, A. A. Yamamura, "A multilayered neural
network controller", IEEE Control Systems Magazine 8, 1988). After every 0.1 s a Levenberg-Marquardt step is taken on
the motion since and on older samples. Compared: tracking error with the PD controller alone, and after learning;
then with the PD gains cut to a tenth, without and with the net; and the share of the torque the PD controller gives.
Rivals are plain gradient descent on the same samples, and the PD controller that knows the arm's inertia and gravity
but not its friction. Exit status 1 if the error does not fall by the factor wanted.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

from calib.arrays import Array

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.engine.damping import Damping
from calib.engine.methods.mini_batch import BatchState, batch_step
from calib.network import Net
from calib.network.backpropagation import forward
from calib.network.batches import Floored
from calib.network.net import Scaling, bank_of
from calib.network.shape import feed_forward
from calib.network.start import nguyen_widrow
from calib.network.training_problem import samples, training_problem

INERTIA, VISCOUS, DRY, GRAVITY = 0.5, 0.4, 0.6, 8.0  # kg m^2, N m s / rad, N m, N m: a 2 kg load on 0.4 m
SMOOTH = 0.1  # rad / s over which dry friction turns round
P, D = 60.0, 8.0  # N m / rad, N m s / rad
STEP_S, CONTROL = 0.001, 5  # of the simulation; steps per control
LEARN, OLDER = 20, 200  # control steps between trainings, and older samples that join them in one
HIDDEN = 10
FLOOR = 1e-3  # of the damping: the next batch is another one; 1e-2 ends at twice the error
FADED = 0.1  # share of the PD gains that is left when the net has taken over
FACTOR = 10.0  # by which the tracking error must fall
TRAJECTORY = ((0.8, 0.23), (0.5, 0.51), (0.3, 0.97))  # amplitudes in rad, frequencies in Hz
# position, velocity and acceleration that the trajectory reaches, onto [-1, 1]; torques as large as gravity's
INPUTS, TORQUE = Scaling(np.zeros(3), np.array([1.6, 4.6, 18.0])), Scaling(np.zeros(1), np.array([GRAVITY]))

Torque = Callable[[Array], float]
Learn = Callable[[Net, Damping, Array, Array], tuple[Net, Damping]]


@dataclass(frozen=True, eq=False)
class Trace:
    """A simulated run, per control step. wanted, reached: rad; total, supervisor: torques, N m."""

    wanted: Array
    reached: Array
    total: Array
    supervisor: Array

    def error_mrad(self, last_s: float) -> float:
        """Rms tracking error over the last seconds."""
        count = round(last_s / (STEP_S * CONTROL))
        return float(1000 * np.sqrt(np.mean((self.wanted - self.reached)[-count:] ** 2)))

    def share(self, last_s: float) -> float:
        """Of the torque's rms, what the supervisor gave over the last seconds."""
        count = round(last_s / (STEP_S * CONTROL))
        return float(np.sqrt(np.mean(self.supervisor[-count:] ** 2) / np.mean(self.total[-count:] ** 2)))


@dataclass(frozen=True)
class Row:
    """One controller: medians over runs. share: of the torque that the PD controller gives."""

    controller: str
    error_mrad: float
    share: float
    us_per_step: float | None
    runs: int


def wanted(seconds: float, phases: Array) -> Array:
    """Position, velocity and acceleration (3,) of the trajectory."""
    out = np.zeros(3)
    for (size, frequency), phase in zip(TRAJECTORY, phases, strict=True):
        w = 2 * math.pi * frequency
        at = w * seconds + phase
        out += size * np.array([math.sin(at), w * math.cos(at), -w * w * math.sin(at)])
    return out


def accelerated(q: float, v: float, torque: float) -> float:
    """The arm's acceleration, rad / s^2."""
    friction = VISCOUS * v + DRY * math.tanh(v / SMOOTH)
    return (torque - friction - GRAVITY * math.sin(q)) / INERTIA


def simulate(
    seconds: float, phases: Array, gain: float, net: Net | None, learn: Learn | None, feedforward: Torque | None = None
) -> tuple[Trace, Net | None, float]:
    """Follow the trajectory, with `gain` times the PD gains; returns the net as it then is, and seconds per training.

    feedforward: another torque for what is wanted. learn: net and damping after a batch of motions (n, 3) and torques
    (n, 1).
    """
    q, v, _ = wanted(0.0, phases)
    steps = round(seconds / (STEP_S * CONTROL))
    motion, log = np.empty((steps, 3)), np.empty((steps, 4))
    busy, trainings = 0.0, 0
    draw, damping = np.random.default_rng(0), Damping(FLOOR)
    held = STEP_S * CONTROL
    for k in range(steps):
        now, ahead = wanted(k * held, phases), wanted((k + 0.5) * held, phases)  # a torque is held over a control step
        supervisor = gain * (P * (now[0] - q) + D * (now[1] - v))
        torque = supervisor
        if net is not None:
            torque += float(net(ahead[None])[0, 0])
        if feedforward is not None:
            torque += feedforward(ahead)
        log[k] = now[0], q, torque, supervisor
        before = q, v
        for _ in range(CONTROL):  # semi-implicit Euler
            v += STEP_S * accelerated(q, v, torque)
            q += STEP_S * v
        motion[k] = 0.5 * (before[0] + q), 0.5 * (before[1] + v), (v - before[1]) / held
        if net is not None and learn is not None and k % LEARN == LEARN - 1:
            began = time.process_time()
            rows = np.concatenate([np.arange(k + 1 - LEARN, k + 1), draw.integers(0, k + 1, OLDER)])
            net, damping = learn(net, damping, motion[rows], log[rows, 2:3])
            busy += time.process_time() - began
            trainings += 1
    return Trace(*log.T), net, busy / max(trainings, 1)


def levenberg_marquardt(net: Net, damping: Damping, inputs: Array, torques: Array) -> tuple[Net, Damping]:
    """A step on a batch, its damping carried along."""
    problem = training_problem(bank_of(net), samples(bank_of(net), inputs, torques))
    stands = batch_step(problem, BatchState(problem.start, damping), Floored(floor=FLOOR))
    return net.with_weights(stands.values["net 1"][0]), stands.damping


def descent(net: Net, damping: Damping, inputs: Array, torques: Array) -> tuple[Net, Damping]:
    """A step of gradient descent on a batch, half of what is stable."""
    passed = forward(net.shape, net.weights, net.input_scaling.apply(inputs))
    across = passed.jacobian()[:, 0]
    residuals = (passed.outputs - net.output_scaling.apply(torques))[:, 0]
    return net.with_weights(net.weights - across.T @ residuals / np.linalg.norm(across, 2) ** 2), damping


def known(at: Array) -> float:
    """The torque of a model that knows inertia and gravity, not friction."""
    return float(INERTIA * at[2] + GRAVITY * math.sin(at[0]))


def untrained(seed: int) -> Net:
    """A net that gives no torque yet."""
    shape = feed_forward((3, HIDDEN, 1))
    weights = nguyen_widrow(shape, np.random.default_rng(seed))
    weights[-shape.last :] = 0.0
    return Net(shape, weights, INPUTS, TORQUE)


def compare(runs: int, learning_s: float, judged_s: float) -> tuple[list[Row], Trace]:
    """Every controller on trajectories of random phases, judged on one that is new to them; and the first training."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    first: Trace | None = None
    for seed in range(runs):
        phases, other = np.random.default_rng(seed).uniform(0, 2 * math.pi, (2, len(TRAJECTORY)))

        def judge(name: str, gain: float, net: Net | None, cost: float = math.nan, model: Torque | None = None) -> None:
            trace, _, _ = simulate(judged_s, other, gain, net, None, model)  # noqa: B023
            # the first second is spent in getting onto the trajectory
            found.setdefault(name, []).append((trace.error_mrad(judged_s - 1), trace.share(judged_s - 1), cost))

        learned, net, cost = simulate(learning_s, phases, 1.0, untrained(seed), levenberg_marquardt)
        first = first or learned
        _, slow, slow_cost = simulate(learning_s, phases, 1.0, untrained(seed), descent)
        judge("PD", 1.0, None)
        judge("PD + known inertia and gravity", 1.0, None, model=known)
        judge("PD + net by gradient descent", 1.0, slow, slow_cost)
        judge("PD + net by LM", 1.0, net, cost)
        judge(f"{FADED:g} PD", FADED, None)
        judge(f"{FADED:g} PD + net by LM", FADED, net, cost)
    assert first is not None
    rows = []
    for name, each in found.items():
        error, share, cost = np.median(each, axis=0).tolist()
        rows.append(Row(name, error, share, None if math.isnan(cost) else 1e6 * cost, runs))
    return rows, first


def shortfalls(rows: Sequence[Row]) -> list[str]:
    """What the net does not keep."""
    error = {row.controller: row.error_mrad for row in rows}
    missed = []
    for name in ("PD + net by LM", f"{FADED:g} PD + net by LM"):
        if error[name] > error["PD"] / FACTOR:
            missed.append(f"{name}: {error[name]:.2f} mrad, PD alone {error['PD']:.2f}: wanted a {FACTOR:g}th")
    return missed


def draw(trace: Trace, path: Path) -> None:
    """The tracking error and the two torques while the net learns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots(2, 1, sharex=True)
    seconds = STEP_S * CONTROL * np.arange(len(trace.wanted))
    axes[0].plot(seconds, 1000 * (trace.wanted - trace.reached), linewidth=0.8)
    axes[0].set_ylabel("tracking error, mrad")
    axes[0].set_title("a net learns on-line to do what the PD controller did")
    axes[1].plot(seconds, trace.total - trace.supervisor, linewidth=0.8, label="net")
    axes[1].plot(seconds, trace.supervisor, linewidth=0.8, label="PD controller")
    axes[1].set_ylabel("torque, N m")
    axes[1].set_xlabel("s")
    figure.legend(loc="outside lower right", ncols=2)
    figure.savefig(path, dpi=110)


def main() -> int:
    """Simulate, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="trajectories")
    parser.add_argument("--quick", action="store_true", help="one trajectory")
    parser.add_argument("--picture", type=Path, help="where to draw the first run's learning (png)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    rows, first = compare(1 if arguments.quick else arguments.runs, learning_s=60.0, judged_s=11.0)
    missed = shortfalls(rows)
    if arguments.picture:
        draw(first, arguments.picture)
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "missed": missed}, indent=1))
        return 1 if missed else 0
    print(f"{'controller':31} {'rms error, mrad':>16} {'torque by PD':>13} {'us/training':>12}")
    for row in rows:
        cost = "-" if row.us_per_step is None else f"{row.us_per_step:.0f}"
        print(f"{row.controller:31} {row.error_mrad:16.3f} {100 * row.share:11.1f} % {cost:>12}")
    if arguments.picture:
        print(f"drawn: {arguments.picture}")
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
