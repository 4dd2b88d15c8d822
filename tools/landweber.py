"""An ill-posed identification: a six-axis arm with all 24 Denavit-Hartenberg parameters free, from flange positions.

Several of them are redundant, so the data leave directions open. Landweber (plain, derivative frozen, doubly perturbed
double loop) and the iteratively regularised Gauss-Newton method, both stopped by the discrepancy principle, beside
truncated SVD, a prior and the plain solve, over four decades of noise. The error is that of the parameters, scaled by
their columns and divided by the nominal table's; the truth has no part in the directions that the data cannot see.
(A prior, which weighs metres against radians, picks another of the arms that explain the data as well.) Exit status 1
if Landweber's error does not fall with the noise.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.engine import Options, ParameterBlock, Problem, ResidualBlock, Solution, prior, solve
from calib.engine.methods.irgn import irgn
from calib.engine.methods.landweber import NoiseBounds, Sweeps, landweber
from calib.engine.normal_equations.dense import dense_rows
from calib.engine.normal_equations.layout import layout_of

# theta, d, a, alpha per joint: a UR10's, metres and radians (Universal Robots, DH parameters for calculations)
NOMINAL = np.array(
    [
        [0.0, 0.1273, 0.0, np.pi / 2],
        [0.0, 0.0, -0.612, 0.0],
        [0.0, 0.0, -0.5723, 0.0],
        [0.0, 0.163941, 0.0, np.pi / 2],
        [0.0, 0.1157, 0.0, -np.pi / 2],
        [0.0, 0.0922, 0.0, 0.0],
    ]
)
UNITS = {"theta": "rad", "d": "m", "a": "m", "alpha": "rad"}
LABELS = tuple(f"{kind}{joint}_{unit}" for joint in range(1, 7) for kind, unit in UNITS.items())
SIZE = 3e-3  # metres and radians by which the true arm differs from its table
TRUNCATED = 1e-2  # relative singular value below which the truncated SVD sees nothing: the visible ones end at 0.1


def positions(table: Array, q: Array) -> tuple[Array, Array]:
    """Flange positions (n, 3) of joint angles q (n, 6), and their derivatives (n, 3, 24) by the table (6, 4)."""
    n = len(q)
    frame = np.broadcast_to(np.eye(4), (n, 4, 4))
    axes, origins = [], []
    for joint, (theta, d, a, alpha) in enumerate(table):
        c, s, ca, sa = np.cos(q[:, joint] + theta), np.sin(q[:, joint] + theta), np.cos(alpha), np.sin(alpha)
        axes.append(frame[:, :3, 2])
        origins.append(frame[:, :3, 3])
        link = np.zeros((n, 4, 4))
        link[:, 0, 0], link[:, 0, 1], link[:, 0, 2], link[:, 0, 3] = c, -s * ca, s * sa, a * c
        link[:, 1, 0], link[:, 1, 1], link[:, 1, 2], link[:, 1, 3] = s, c * ca, -c * sa, a * s
        link[:, 2, 1], link[:, 2, 2], link[:, 2, 3], link[:, 3, 3] = sa, ca, d, 1
        frame = frame @ link
        axes.append(frame[:, :3, 0])  # x of the link: the common normal
        origins.append(frame[:, :3, 3])
    end = frame[:, :3, 3]
    slopes = np.empty((n, 3, 24))
    for joint in range(6):
        z, x = axes[2 * joint], axes[2 * joint + 1]
        slopes[:, :, 4 * joint] = np.cross(z, end - origins[2 * joint])
        slopes[:, :, 4 * joint + 1] = z
        slopes[:, :, 4 * joint + 2] = x
        slopes[:, :, 4 * joint + 3] = np.cross(x, end - origins[2 * joint + 1])
    return end, np.where(np.abs(slopes) < 1e-14, 0.0, slopes)  # z x z is rounding's dust, not a column


def pose(q: Array, seen: Array, wrong_by: float = 0.0) -> Problem:
    """The identification from the nominal table; derivatives wrong by a share, as of a model known to within h."""
    block = ParameterBlock("arm", NOMINAL.reshape(1, 24), LABELS)
    error = np.random.default_rng(9).normal(size=(len(q), 3, 24)) / np.sqrt(3 * len(q))

    def evaluate(values: Any, rows: Any) -> tuple[Array, Sequence[Array]]:
        end, slopes = positions(values["arm"].reshape(6, 4), q[rows])
        wrong = wrong_by * error[rows] * np.sqrt(np.sum(slopes**2, axis=(0, 1)))
        # the model that is held is the wrong one: residuals move along with its derivative
        shift = np.einsum("mdt,t->md", wrong, (values["arm"] - NOMINAL.reshape(1, 24))[0])
        return end + shift - seen[rows], (slopes + wrong,)

    return Problem((block,), (ResidualBlock("seen", len(q), 3, {"arm": None}, evaluate),))


@dataclass(frozen=True)
class Outcome:
    """One method at one noise level. error: of the parameters, over that of the nominal table. moved: how far the
    answer went in directions the data cannot see, same unit. held_out_mm: rms at new poses."""

    method: str
    noise_m: float
    error: float
    moved: float
    held_out_mm: float
    iterations: int
    seconds: float
    end: str


@dataclass(frozen=True)
class Arm:
    """The true arm, poses to fit and to test, and the projector (24, 24) on what the data see, in scaled units."""

    truth: Array
    q: Array
    test_q: Array
    scale: Array
    visible: Array


def arm(poses: int) -> Arm:
    """An arm that differs from its table in visible directions only."""
    rng = np.random.default_rng(0)
    q, test_q = rng.uniform(-2.5, 2.5, (2, poses, 6))
    slopes = positions(NOMINAL, q)[1].reshape(-1, 24)
    scale = np.linalg.norm(slopes, axis=0)
    scale[scale == 0] = 1.0
    _, s, vt = np.linalg.svd(slopes / scale)
    visible = vt[s > TRUNCATED * s[0]]
    deviation = SIZE * scale * rng.normal(size=24)
    return Arm(NOMINAL.ravel() + visible.T @ (visible @ deviation) / scale, q, test_q, scale, visible.T @ visible)


def truncated_svd(problem: Problem) -> tuple[Array, int]:
    """Gauss-Newton with a truncated singular value decomposition: the peers' remedy. Values (24,) and iterations."""
    layout, values = layout_of(problem), problem.start
    iteration, length = 0, np.inf
    while length > 1e-12 and iteration < 30:
        iteration += 1
        jacobian, residuals = dense_rows(layout, values)
        norms = np.linalg.norm(jacobian, axis=0)
        norms[norms == 0] = 1.0
        step = -np.linalg.lstsq(jacobian / norms, residuals, rcond=TRUNCATED)[0] / norms
        values = {"arm": values["arm"] + step}
        length = float(np.linalg.norm(step * norms))
    return values["arm"][0], iteration


def outcomes(body: Arm, noise_m: float, wrong_by: float, most: int) -> list[Outcome]:
    """Every method at one noise level; noise_m is the norm of the noise over the root of the number of positions."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(len(body.q), 3))
    delta = noise_m * np.sqrt(len(body.q))
    seen = positions(body.truth.reshape(6, 4), body.q)[0] + noise * delta / np.linalg.norm(noise)
    problem = pose(body.q, seen)
    block = problem.parameters[0]
    drawn = prior(block, dict(zip(LABELS, NOMINAL.ravel(), strict=True)), dict.fromkeys(LABELS, SIZE * 1.7 / noise_m))
    known = NoiseBounds(delta)
    methods: dict[str, Callable[[], Solution]] = {
        "Landweber": lambda: landweber(problem, known, Sweeps(most=most)),
        "Landweber, frozen": lambda: landweber(problem, known, Sweeps(inner=0, most=most)),
        "Landweber, double loop, h > 0": lambda: landweber(
            pose(body.q, seen, wrong_by), NoiseBounds(delta, operator=wrong_by), Sweeps(inner=25, most=most)
        ),
        "IRGN": lambda: irgn(problem, known),
        "prior": lambda: solve(Problem(problem.parameters, (*problem.residuals, drawn))),
        "plain solve": lambda: solve(problem, Options(max_iterations=100)),
    }
    found = []
    for name, method in methods.items():
        began = time.perf_counter()
        solution = method()
        spent = time.perf_counter() - began
        values = solution.values["arm"][0]
        found.append(_judged(name, body, noise_m, values, len(solution.history), spent, solution.status.name.lower()))
    began = time.perf_counter()
    values, iterations = truncated_svd(problem)
    found.append(
        _judged("truncated SVD", body, noise_m, values, iterations, time.perf_counter() - began, "steps vanished")
    )
    return found


def _judged(name: str, body: Arm, noise_m: float, values: Array, count: int, seconds: float, end: str) -> Outcome:
    off, whole = (values - body.truth) * body.scale, (NOMINAL.ravel() - body.truth) * body.scale
    hidden = off - body.visible @ off
    apart = positions(values.reshape(6, 4), body.test_q)[0] - positions(body.truth.reshape(6, 4), body.test_q)[0]
    held_out = 1e3 * float(np.sqrt(np.mean(np.sum(apart**2, axis=1))))
    size = float(np.linalg.norm(whole))
    error, moved = float(np.linalg.norm(off)) / size, float(np.linalg.norm(hidden)) / size
    return Outcome(name, noise_m, error, moved, held_out, count, seconds, end)


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--poses", type=int, default=24)
    parser.add_argument("--most", type=int, default=20_000, help="Landweber steps at most")
    parser.add_argument("--quick", action="store_true", help="two decades instead of four")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    body = arm(arguments.poses)
    levels = (1e-3, 1e-4, 1e-5) if arguments.quick else (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
    found = [o for level in levels for o in outcomes(body, level, wrong_by=level, most=arguments.most)]
    missed = []
    for method in ("Landweber", "Landweber, double loop, h > 0"):
        own = [o for o in found if o.method == method]
        if not all(o.end == "discrepancy" for o in own) or not all(b.error < a.error for a, b in pairwise(own)):
            missed.append(f"{method}: errors {', '.join(f'{o.error:.2e}' for o in own)} do not fall with the noise")
    if arguments.json:
        print(json.dumps({"missed": missed, "outcomes": [asdict(o) for o in found]}, indent=1))
        return 1 if missed else 0
    print(f"{'method':30} {'noise_m':>8} {'error':>9} {'unseen':>9} {'new poses':>12} {'steps':>7} {'s':>7}  end")
    for o in found:
        figures = (
            f"{o.noise_m:8.0e} {o.error:9.2e} {o.moved:9.2e} {o.held_out_mm:9.5f} mm {o.iterations:7} {o.seconds:7.2f}"
        )
        print(f"{o.method:30} {figures}  {o.end}")
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
