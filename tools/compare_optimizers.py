"""Gradient descent with four learning rates and Levenberg-Marquardt with three dampings on the Rosenbrock function.

Prints iterations and evaluations until half the squared sum is below 1e-10, and draws the paths, in 3-D and from above
(needs matplotlib). Exit status 1 if adaptive Levenberg-Marquardt does not get there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.engine import Options, ParameterBlock, Problem, ResidualBlock, Solution, solve
from calib.engine.damping import Fixed
from calib.engine.methods.gradient_descent import Rate, gradient_descent

START = (-1.2, 1.0)
TARGET = 1e-10
# J'J has a largest eigenvalue of 677 at the start and of 501 at the minimum: rates are stable below 0.003 to 0.004.
RATES = {
    "gradient, small rate 1e-3": Rate(1e-3),
    "gradient, large rate 2.9e-3": Rate(2.9e-3),
    "gradient, 1e-3 and momentum 0.9": Rate(1e-3, momentum=0.9),
    "gradient, 2.9e-3 decayed to 1e-3": Rate(2.9e-3, decay=0.999, floor=1e-3),
}
PLAIN = {"polish": False, "geodesic": "never", "scaling": "identity"}


@dataclass(frozen=True)
class Path2:
    """points (n, 2), the start included. costs (n,). iterations, evaluations: to the target, -1 if never."""

    name: str
    points: Array
    costs: Array
    iterations: int
    evaluations: int
    end: str


def evaluate(values: Any, rows: Any) -> tuple[Array, Sequence[Array]]:
    """Residuals 10 (y - x^2) and 1 - x."""
    x, y = values["point"][0]
    return np.array([[10 * (y - x * x), 1 - x]]), (np.array([[[-20 * x, 10.0], [-1.0, 0.0]]]),)


def follow(name: str, method: Callable[[Problem], Solution]) -> Path2:
    """Run a method, noting every point it evaluates."""
    seen: list[Array] = []

    def noted(values: Any, rows: Any) -> tuple[Array, Sequence[Array]]:
        seen.append(values["point"][0].copy())
        return evaluate(values, rows)

    block = ParameterBlock("point", np.array([START]), ("x", "y"))
    solution = method(Problem((block,), (ResidualBlock("valley", 1, 2, {"point": None}, noted),)))
    # with neither acceleration nor polish evaluation i + 1 is the trial of step i
    taken = [0] + [i for i, step in enumerate(solution.history, start=1) if step.accepted]
    points = np.array(seen)[taken]
    costs = 0.5 * np.sum(np.stack([10 * (points[:, 1] - points[:, 0] ** 2), 1 - points[:, 0]]) ** 2, axis=0)
    there = np.flatnonzero(costs <= TARGET)
    evaluations = taken[there[0]] + 1 if len(there) else -1
    return Path2(name, points, costs, int(there[0]) if len(there) else -1, evaluations, solution.status.name.lower())


def paths(iterations: int) -> list[Path2]:
    """Every method's path from the classic start."""
    found = [follow(name, lambda p, r=rate: gradient_descent(p, r, iterations)) for name, rate in RATES.items()]
    dampings = {
        "Levenberg-Marquardt, adaptive": Options(**PLAIN),
        "Levenberg-Marquardt, mu = 0.05": Options(**PLAIN, damping=Fixed(0.05), max_iterations=iterations),
        "Levenberg-Marquardt, mu = 8e-8": Options(**PLAIN, damping=Fixed(8e-8), max_iterations=iterations),
    }
    return found + [follow(name, lambda p, o=options: solve(p, o)) for name, options in dampings.items()]


def draw(found: Sequence[Path2], file: Path) -> None:
    """The paths on the surface log10(1 + cost), and from above."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    x, y = np.meshgrid(np.linspace(-2, 2, 160), np.linspace(-4.2, 3, 160))
    height = np.log10(1 + 0.5 * (100 * (y - x * x) ** 2 + (1 - x) ** 2))
    figure = plt.figure(figsize=(15, 6.5), layout="constrained")
    surface = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
    surface.plot_surface(x, y, height, cmap="Greys", alpha=0.55, linewidth=0, zorder=1)
    top = figure.add_subplot(1, 2, 2)
    top.contour(x, y, height, 25, cmap="Greys", linewidths=0.7)
    for path in found:
        inside = (np.abs(path.points[:, 0]) <= 2) & (path.points[:, 1] >= -4.2) & (path.points[:, 1] <= 3)
        px, py = np.where(inside[:, None], path.points, np.nan).T
        count = f"{path.iterations}" if path.iterations >= 0 else "never"
        dots = "o-" if len(px) < 200 else "-"
        top.plot(px, py, dots, ms=4, lw=1.3, label=f"{path.name}: {count}")
        surface.plot(px, py, np.log10(1 + path.costs) + 0.02, dots, ms=3, lw=1.3, zorder=3)
    top.plot(1, 1, "k*", ms=13)
    top.plot(*START, "ks", ms=6)
    top.set(xlabel="x", ylabel="y", title="from above: start (square), minimum (star); iterations to 1e-10")
    top.legend(fontsize=8, loc="upper center", framealpha=1, bbox_to_anchor=(0.5, -0.08), ncols=2)
    surface.set(xlabel="x", ylabel="y", zlabel="log10(1 + cost)", title="Rosenbrock's valley")
    surface.view_init(42, -120)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> int:
    """Run, print, draw, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=100_000, help="at most, per method")
    parser.add_argument("--figure", type=Path, help="write the picture here (.png)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    found = paths(arguments.iterations)
    table = [{"method": p.name, "iterations": p.iterations, "evaluations": p.evaluations, "end": p.end} for p in found]
    adaptive = next(p for p in found if p.name.endswith("adaptive"))
    if arguments.figure:
        draw(found, arguments.figure)
    if arguments.json:
        print(json.dumps({"target": TARGET, "methods": table}, indent=1))
    else:
        print(f"{'method':36} {'iterations':>10} {'evaluations':>11}  to a cost of {TARGET:g}")
        for row in table:
            shown = [str(row[key]) if row[key] != -1 else "never" for key in ("iterations", "evaluations")]
            print(f"{row['method']:36} {shown[0]:>10} {shown[1]:>11}  then {row['end']}")
    if adaptive.iterations < 0:
        print("missed: adaptive Levenberg-Marquardt did not reach the target")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
