"""Measure how time and memory grow with the number of rows, views and poses, each stage in a process of its own.

    python tools/scale.py                  a million rows, 1,000 to 10,000 views, 10,000 to 100,000 poses
    python tools/scale.py --quick
    python tools/scale.py --only camera --factor 0.5

Every stage is what a user runs, on simulated data: tables are read, `calib camera`, `calib robot` and `calib hand-eye`
run whole. Seconds are CPU seconds of the process, user and system, with one thread for linear algebra; memory is its
peak, also per row beyond what the imports take. A growth exponent is that of the CPU time between the two sizes, less
that of starting. Exits 1 with the shortfall as its last line if a figure exceeds its limit.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
READ_ROWS = 1_000_000
BOARD, CORNERS_PER_VIEW = "checkerboard:11x8:25mm", 88
QUICK = 0.02  # of every size; limits are not for so few rows
DRAWN_VIEWS = 500  # simulating views takes longer than solving them: views are drawn once, and given new noise
NOISE_PX, NOISE_M = 0.1, 5e-5


@dataclass(frozen=True)
class Limits:
    """What a stage may take at its largest size."""

    cpu_s: float = math.inf
    """Seconds of CPU."""
    peak_mb: float = math.inf
    """Peak memory of the process."""
    exponent: float = math.inf
    """Growth of CPU time with size."""
    kb_per_row: float = math.inf
    """Peak memory beyond the imports', per row."""


@dataclass(frozen=True)
class Stage:
    """One workload at two sizes or one."""

    name: str
    """What is done."""
    sizes: tuple[int, ...]
    """Of rows, views or poses."""
    unit: str
    """What is counted."""
    make: Callable[[Path, int], list[str]]
    """Write the input of a size to a folder, and return the arguments of the Python process to measure."""
    rows_per_unit: int
    """Rows of the table for each."""
    limits: Limits
    """At the largest size."""


@dataclass(frozen=True)
class Measured:
    """What a stage took."""

    stage: str
    """Its name."""
    size: int
    """Rows, views or poses."""
    unit: str
    """What is counted."""
    cpu_s: float
    """User and system."""
    peak_mb: float
    """Of the process."""
    kb_per_row: float
    """Peak memory beyond the imports', per row."""
    exponent: float | None = None
    """Growth of CPU time from the smaller size."""
    status: int = 0
    """Exit status."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[stage.name for stage in STAGES], action="append", help="these stages")
    parser.add_argument("--factor", type=float, default=1.0, help="of every size")
    parser.add_argument("--quick", action="store_true", help=f"sizes times {QUICK}, without limits")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    factor = QUICK if options.quick else options.factor
    found: list[Measured] = []
    short: list[str] = []
    for stage in STAGES:
        if options.only and stage.name not in options.only:
            continue
        measured = run_stage(stage, factor)
        found += measured
        short += shortfalls(stage, measured, limited=not options.quick)
        if not options.json:
            print_rows(measured, header=len(found) == len(measured))
    if options.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    if short:
        print("missed: " + " | ".join(short), file=sys.stderr if options.json else sys.stdout)
    return int(bool(short))


def run_stage(stage: Stage, factor: float) -> list[Measured]:
    """The stage at each size, the smallest first."""
    idle_s, idle_mb, _ = measure(["-c", "import calib.camera.calibration.calibrate, calib.robot.calibration"])
    out: list[Measured] = []
    for size in sorted({max(60, round(size * factor)) for size in stage.sizes}):  # 60: enough for every command
        with tempfile.TemporaryDirectory() as folder:
            cpu_s, peak_mb, status = measure(stage.make(Path(folder), size))
        rows = size * stage.rows_per_unit
        exponent = None
        if out:
            grown = (cpu_s - idle_s) / max(out[-1].cpu_s - idle_s, 0.01)
            exponent = math.log(max(grown, 1e-3)) / math.log(size / out[-1].size)
        per_row = 1000 * max(peak_mb - idle_mb, 0.0) / rows
        out.append(Measured(stage.name, size, stage.unit, cpu_s, peak_mb, per_row, exponent, status))
    return out


def measure(arguments: list[str]) -> tuple[float, float, int]:
    """CPU seconds, peak memory in MB and exit status of a Python process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, child.returncode


def shortfalls(stage: Stage, measured: list[Measured], limited: bool) -> list[str]:
    """What is not as it must be, in words."""
    last = measured[-1]
    name = f"{stage.name} at {last.size} {stage.unit}"
    found = [f"{name}: exit status {each.status}" for each in measured if each.status]
    if not limited:
        return found
    for value, limit, what in (
        (last.cpu_s, stage.limits.cpu_s, "s of CPU"),
        (last.peak_mb, stage.limits.peak_mb, "MB"),
        (last.exponent or 0.0, stage.limits.exponent, "as growth exponent"),
        (last.kb_per_row, stage.limits.kb_per_row, "kB per row"),
    ):
        if value > limit:
            found.append(f"{name}: {value:.3g} {what}, limit {limit:g}")
    return found


def print_rows(measured: list[Measured], header: bool) -> None:
    """The table's lines of one stage."""
    if header:
        print(f"{'stage':<14}{'size':>9} {'':<7}{'CPU':>10}{'peak':>10}{'per row':>11}{'growth':>8}")
    for each in measured:
        growth = "" if each.exponent is None else f"{each.exponent:.2f}"
        print(
            f"{each.stage:<14}{each.size:>9} {each.unit:<7}{each.cpu_s:>8.1f} s{each.peak_mb:>7.0f} MB"
            f"{each.kb_per_row:>8.2f} kB{growth:>8}",
            flush=True,
        )


# ------------------------------------------------------------------------------------------------ workloads


def make_corner_table(folder: Path, rows: int) -> list[str]:
    """A million corners at full precision."""
    rng = np.random.default_rng(0)
    with (folder / "corners.csv").open("w") as file:
        file.write("image,x_px,y_px,X_m,Y_m\n")
        for begin in range(0, rows, CORNERS_PER_VIEW):
            pixels = rng.uniform(0, 1000, (min(CORNERS_PER_VIEW, rows - begin), 2)).tolist()
            file.writelines(
                f"view_{begin:08d}.png,{x!r},{y!r},{0.025 * (i % 11)!r},{0.025 * (i // 11)!r}\n"
                for i, (x, y) in enumerate(pixels)
            )
    return ["-c", f"from calib.camera import read_corners; read_corners({str(folder / 'corners.csv')!r})"]


def make_pose_table(folder: Path, rows: int) -> list[str]:
    """A million poses at full precision."""
    rng = np.random.default_rng(0)
    with (folder / "poses.csv").open("w") as file:
        file.write(",".join([*(f"j{i + 1}_rad" for i in range(6)), "x_m,y_m,z_m,qx,qy,qz,qw"]) + "\n")
        for begin in range(0, rows, 10_000):
            values = rng.normal(size=(min(10_000, rows - begin), 13))
            values[:, 9:] /= np.linalg.norm(values[:, 9:], axis=1, keepdims=True)
            file.writelines(",".join(map(repr, row)) + "\n" for row in values.tolist())
    return ["-c", f"from calib.robot import read_poses; read_poses({str(folder / 'poses.csv')!r})"]


def make_views(folder: Path, views: int) -> list[str]:
    """`calib camera` on views of 88 corners."""
    from calib.camera import simulate

    rng = np.random.default_rng(0)
    drawn = simulate("brown_conrady", BOARD, views=min(views, DRAWN_VIEWS), noise_px=NOISE_PX).observations.views
    with (folder / "corners.csv").open("w") as file:
        file.write("image,x_px,y_px,X_m,Y_m\n")
        for i in range(views):
            view = drawn[i % len(drawn)]
            seen = view.corners_px + NOISE_PX * rng.normal(size=view.corners_px.shape) * (i >= len(drawn))
            rows = np.concatenate([seen, view.corners_in_board[:, :2]], axis=1).tolist()
            file.writelines(f"view_{i:06d}.png," + ",".join(map(repr, row)) + "\n" for row in rows)
    output = str(folder / "result")
    table = str(folder / "corners.csv")
    return ["-m", "calib", "camera", "--corners", table, "--image-size", "1280x720", "--output", output, "-q"]


def make_poses(folder: Path, poses: int) -> list[str]:
    """`calib robot` on measured poses of an arm with errors, conventions checked, a fifth held out."""
    run_quietly("simulate", "robot", "--arm", "ur5e", "--poses", str(poses), "--output", str(folder / "sim"))
    output = str(folder / "result")
    return ["-m", "calib", "robot", "--poses", str(folder / "sim" / "poses.csv"), "--output", output, "-q"]


def make_hand_eye(folder: Path, views: int) -> list[str]:
    """`calib hand-eye` on corners and poses."""
    sim = folder / "sim"
    run_quietly("simulate", "hand-eye", "--views", str(views), "--output", str(sim))
    tables = ["--corners", str(sim / "corners.csv"), "--poses", str(sim / "poses.csv")]
    camera, output = str(sim / "camera.yaml"), str(folder / "result")
    return ["-m", "calib", "hand-eye", *tables, "--camera", camera, "--output", output, "-q"]


def run_quietly(*arguments: str) -> None:
    """A command of calib that prepares data; it must succeed."""
    _, _, status = measure(["-m", "calib", *arguments, "-q"])
    if status:
        raise SystemExit(f"calib {' '.join(arguments)} ended with {status}")


TABLE = Limits(cpu_s=10, peak_mb=1000)
STAGES = (
    Stage("read-corners", (READ_ROWS,), "rows", make_corner_table, 1, TABLE),
    Stage("read-poses", (READ_ROWS,), "rows", make_pose_table, 1, TABLE),
    Stage("camera", (1_000, 10_000), "views", make_views, CORNERS_PER_VIEW, Limits(exponent=1.1, kb_per_row=2.5)),
    Stage("robot", (10_000, 100_000), "poses", make_poses, 1, Limits(cpu_s=10, peak_mb=1000)),
    Stage("hand-eye", (100, 1_000), "views", make_hand_eye, 54, Limits()),
)


if __name__ == "__main__":
    sys.exit(main())
