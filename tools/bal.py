"""Bundle adjustment in the large (S. Agarwal et al., ECCV 2010), problem-21-11315, as residual blocks of this engine.

Prints the cost (half the squared sum) against the best known and the time, beside pyceres where it is installed. Exit
status 1 if the cost is missed; 0, saying so, if the data are not there.
"""

from __future__ import annotations

import argparse
import bz2
import importlib.util
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.engine import Options, ParameterBlock, Problem, ResidualBlock, solve
from calib.geometry import so3

DATA = Path(__file__).resolve().parent.parent.parent / "shared/data/engine/bal/problem-21-11315-pre.txt.bz2"
KNOWN = 3.03786358e4
CAMERA = ("wx_rad", "wy_rad", "wz_rad", "tx", "ty", "tz", "f_px", "k1", "k2")


@dataclass(frozen=True)
class Scene:
    """cameras (c, 9), points (p, 3), and per observation its camera, its point and its place in the image (n, 2)."""

    cameras: Array
    points: Array
    camera: NDArray[np.intp]
    point: NDArray[np.intp]
    seen_px: Array


def read(path: Path) -> Scene:
    """Read a BAL file."""
    with bz2.open(path, "rt", encoding="ascii") as file:
        cameras, points, observations = map(int, file.readline().split())
        numbers = np.array(file.read().split(), float)
    table, rest = numbers[: 4 * observations].reshape(-1, 4), numbers[4 * observations :]
    return Scene(
        rest[: 9 * cameras].reshape(-1, 9),
        rest[9 * cameras :].reshape(points, 3),
        table[:, 0].astype(np.intp),
        table[:, 1].astype(np.intp),
        table[:, 2:],
    )


def few(scene: Scene, points: int) -> Scene:
    """The scene with its first points alone."""
    kept = scene.point < points
    return Scene(scene.cameras, scene.points[:points], scene.camera[kept], scene.point[kept], scene.seen_px[kept])


def pose(scene: Scene) -> Problem:
    """The reprojection problem: p = -P / P_z with P = R X + t, seen at f (1 + k1 |p|^2 + k2 |p|^4) p."""

    def evaluate(values: Any, rows: Any) -> tuple[Array, Sequence[Array]]:
        camera, X = values["camera"][scene.camera[rows]], values["point"][scene.point[rows]]
        rotation = so3.exp(values["camera"][:, :3])[scene.camera[rows]]
        turn = so3.left_jacobian(values["camera"][:, :3])[scene.camera[rows]]
        turned = np.einsum("mij,mj->mi", rotation, X)
        P = turned + camera[:, 3:6]
        p = -P[:, :2] / P[:, 2:]
        f, k1, k2 = camera[:, 6], camera[:, 7], camera[:, 8]
        s = np.einsum("mi,mi->m", p, p)
        radial = 1 + s * (k1 + s * k2)
        by_p = (f * radial)[:, None, None] * np.eye(2) + np.einsum("m,mi,mj->mij", 2 * f * (k1 + 2 * s * k2), p, p)
        by_P = np.empty((len(p), 2, 3))
        by_P[:, :, :2] = -by_p / P[:, 2, None, None]
        by_P[:, :, 2] = -np.einsum("mij,mj->mi", by_p, p) / P[:, 2:]
        by_camera = np.empty((len(p), 2, 9))
        by_camera[:, :, :3] = -by_P @ so3.hat(turned) @ turn
        by_camera[:, :, 3:6] = by_P
        by_camera[:, :, 6] = radial[:, None] * p
        by_camera[:, :, 7] = (f * s)[:, None] * p
        by_camera[:, :, 8] = (f * s * s)[:, None] * p
        return (f * radial)[:, None] * p - scene.seen_px[rows], (by_camera, by_P @ rotation)

    cameras = ParameterBlock("camera", scene.cameras, CAMERA)
    points = ParameterBlock("point", scene.points, ("x", "y", "z"))
    blocks = {"camera": scene.camera, "point": scene.point}
    return Problem((cameras, points), (ResidualBlock("seen", len(scene.seen_px), 2, blocks, evaluate),))


def run_calib(scene: Scene) -> dict[str, Any]:
    """Solve with this engine; cost evaluated anew at the values returned."""
    problem = pose(scene)
    began = time.perf_counter()
    solution = solve(problem, Options(geodesic="never", scaling="more"))
    seconds = time.perf_counter() - began
    residuals = problem.residuals[0].evaluate(solution.values, slice(None))[0]
    return {
        "solver": "calib",
        "cost": 0.5 * float(np.sum(residuals**2)),
        "seconds": seconds,
        "evaluations": solution.evaluations,
        "end": solution.sentence(),
    }


def run_pyceres(scene: Scene) -> dict[str, Any]:
    """Solve with Ceres, sparse Schur, through a cost function in Python: its time is mostly that of the crossing."""
    import pyceres

    class Seen(pyceres.CostFunction):
        """One observation, with the Jacobians of `pose`."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.set_num_residuals(2)
            self.set_parameter_block_sizes([9, 3])
            one = slice(row, row + 1)
            single = Scene(np.zeros((1, 9)), np.zeros((1, 3)), np.zeros(1, int), np.zeros(1, int), scene.seen_px[one])
            self.single = pose(single).residuals[0].evaluate

        def Evaluate(self, parameters: Any, residuals: Any, jacobians: Any) -> bool:
            values = {"camera": np.array(parameters[0])[None], "point": np.array(parameters[1])[None]}
            found, slopes = self.single(values, slice(0, 1))
            residuals[:] = found[0]
            for into, slope in zip(jacobians or (), slopes, strict=False):
                if into is not None:
                    into[:] = slope[0].ravel()
            return True

    cameras, points = [c.copy() for c in scene.cameras], [p.copy() for p in scene.points]
    problem = pyceres.Problem()
    for row, (c, p) in enumerate(zip(scene.camera, scene.point, strict=True)):
        problem.add_residual_block(Seen(row), None, [cameras[c], points[p]])
    options = pyceres.SolverOptions()
    options.linear_solver_type = pyceres.LinearSolverType.SPARSE_SCHUR
    options.max_num_iterations, options.num_threads = 200, 1
    options.function_tolerance = options.parameter_tolerance = 1e-12
    summary = pyceres.SolverSummary()
    began = time.perf_counter()
    pyceres.solve(options, problem, summary)
    seconds = time.perf_counter() - began
    return {
        "solver": "pyceres",
        "cost": float(summary.final_cost),
        "seconds": seconds,
        "evaluations": len(summary.iterations) if hasattr(summary, "iterations") else 0,
        "end": str(summary.BriefReport()),
    }


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="the .txt.bz2 file")
    parser.add_argument("--points", type=int, help="the first points only (no figure to meet)")
    parser.add_argument("--rivals", action="store_true", help="pyceres as well: several minutes")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        print(f"skipped: no BAL data at {arguments.data}")
        return 0
    scene = read(arguments.data)
    if arguments.points:
        scene = few(scene, arguments.points)
    results = [run_calib(scene)]
    if arguments.rivals and importlib.util.find_spec("pyceres"):
        results.append(run_pyceres(scene))
    off = results[0]["cost"] / KNOWN - 1
    missed = not arguments.points and off > 1e-6
    if arguments.json:
        print(json.dumps({"missed": missed, "known": KNOWN, "results": results}, indent=1))
        return int(missed)
    for result in results:
        print(f"{result['solver']:8} cost {result['cost']:.8e}  {result['seconds']:7.1f} s  {result['end']}")
    if not arguments.points:
        print(f"best known {KNOWN:.8e}; relative {off:+.1e}")
    if missed:
        print(f"missed: cost {results[0]['cost']:.8e} is {off:.1e} above the best known")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
