"""Camera calibration against OpenCV, on the same corners, start included, both to convergence, one thread.

    python tools/bench_camera.py            10, 100 and 1000 views of 88 corners
    python tools/bench_camera.py --quick    10 and 100 views, few repetitions
    python tools/bench_camera.py --json

CPU seconds, medians of interleaved repetitions: the lens named, as OpenCV is told it, without and with the rejection
of outliers; and `auto`, which chooses among all lenses. The covariance at 100 views, as the scatter between views shows
it and for independent errors, against what cv2.calibrateCameraExtended adds to cv2.calibrateCamera; memory at 1000
views in a process of its own. Exits with 1 and the shortfalls, the worst last, where a bound is missed. Times mean
little while the machine does other work.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import json
import math
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from calib.camera import Observations, View, calibrate
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.engine.covariance import uncertainty
from calib.geometry import se3

cv2.setNumThreads(1)


BOARD = Checkerboard(11, 8, 0.03).corners_in_board.astype(np.float32)  # 88 corners
LENS = "brown_conrady"
SIGMA_PX = 0.2
POOL = 100  # poses drawn once; more views are the same, moved a little
NEEDED = {10: 2.0, 100: 8.0, 1000: 10.0}  # times faster than OpenCV
MOST_AUTO = 2.0  # times the solve with its lens named
COVARIANCE_VIEWS, COVARIANCE_NEEDED = 100, 50.0
SAME_COST = 1e-8  # relative
MOST_MEMORY_MB = 200.0
MOST_EXPONENT = 1.1  # of time against views, from 100 to 1000
REPETITIONS = {10: 31, 100: 11, 1000: 5}
# OpenCV stops when its step is this small a share of the parameters
TO_CONVERGENCE = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 200, 1e-12)


@dataclass(frozen=True)
class Row:
    """CPU seconds for one number of views. cost_gap: ours less theirs over theirs, of the summed squares."""

    views: int
    ours_s: float
    robust_s: float
    auto_s: float
    opencv_s: float
    cost_gap: float

    @property
    def ratio(self) -> float:
        return self.opencv_s / self.ours_s


@dataclass(frozen=True)
class Covariance:
    """CPU seconds for the standard deviations alone, as measured and for independent errors; of the latter, the largest
    relative difference to OpenCV's."""

    views: int
    ours_s: float
    independent_s: float
    opencv_s: float
    difference: float

    @property
    def ratio(self) -> float:
        return self.opencv_s / self.ours_s


def main() -> None:
    """Run the benchmark, print it, and judge it."""
    options = _options()
    if options.memory_of:
        print(json.dumps(_memory_here(options.memory_of)))
        return
    sizes = (10, 100) if options.quick else (10, 100, 1000)
    scale = 3 if options.quick else 1
    rows = [solve_times(n, max(3, REPETITIONS[n] // scale)) for n in sizes]
    spread = covariance_times(COVARIANCE_VIEWS, 9 // scale)
    memory = None if options.quick else _memory_apart(1000)
    shortfalls = _shortfalls(rows, spread, memory)
    if options.json:
        document = {
            "opencv": cv2.__version__,
            "solve": [{**asdict(row), "ratio": row.ratio, "robust_ratio": row.opencv_s / row.robust_s} for row in rows],
            "covariance": {**asdict(spread), "ratio": spread.ratio},
            "memory_mb": memory,
            "exponent": _exponent(rows),
            "shortfalls": shortfalls,
        }
        print(json.dumps(document, indent=2))
    else:
        _print(rows, spread, memory)
    if shortfalls:
        print("\n".join(shortfalls), file=sys.stderr)
        raise SystemExit(1)


def solve_times(views: int, repetitions: int) -> Row:
    """Calibrate the same corners with both, in turn, after one round that is not counted."""
    observations = simulated(views)
    boards = [BOARD for _ in observations.views]
    corners = [view.corners_px.astype(np.float32) for view in observations.views]
    size = observations.image_size_px

    def ours() -> float:
        return calibrate(observations, LENS, robust=False).rms_px

    def robust() -> float:
        return calibrate(observations, LENS).rms_px

    def auto() -> float:
        return calibrate(observations).rms_px

    def theirs() -> float:
        return float(cv2.calibrateCamera(boards, corners, size, None, None, criteria=TO_CONVERGENCE)[0])

    times, answers = _interleaved([ours, robust, auto, theirs], repetitions)
    gap = (answers[0] / answers[3]) ** 2 - 1
    return Row(views, *times, cost_gap=gap)


def covariance_times(views: int, repetitions: int) -> Covariance:
    """Standard deviations alone: ours by elimination; theirs as the difference of the two entry points."""
    observations = simulated(views)
    boards = [BOARD for _ in observations.views]
    corners = [view.corners_px.astype(np.float32) for view in observations.views]
    size = observations.image_size_px
    found = calibrate(observations, LENS, robust=False)
    solution = found.solution

    def ours() -> object:
        return replace(solution).measured_uncertainty.private_covariance

    def independent() -> object:
        return uncertainty(solution.layout, solution.values, solution.normal).private_covariance

    def plain() -> object:
        return cv2.calibrateCamera(boards, corners, size, None, None, criteria=TO_CONVERGENCE)

    def extended() -> object:
        return cv2.calibrateCameraExtended(boards, corners, size, None, None, criteria=TO_CONVERGENCE)

    times, answers = _interleaved([ours, independent, plain, extended], max(3, repetitions))
    theirs = np.ravel(answers[3][5])[:9]
    labels = ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3")
    share = theirs / np.array([solution.uncertainty.sigma(label) for label in labels])
    # OpenCV before 5 divides by corners, not coordinates, less unknowns: one factor for all
    difference = float(np.abs(share / share.mean() - 1).max())
    return Covariance(views, *times[:2], max(times[3] - times[2], 0.0), difference)


def simulated(views: int) -> Observations:
    """Noisy corners as both take them: in single precision, OpenCV's."""
    camera, rng = typical_camera(LENS), np.random.default_rng(4)
    pool = draw_views(camera, BOARD.astype(float), views=min(views, POOL), noise_px=0.0, seed=4).camera_from_board
    poses = pool[np.arange(views) % len(pool)]
    nudge = rng.normal(size=(views, 6)) * (0.005, 0.005, 0.005, 0.02, 0.02, 0.02)
    poses = np.where((np.arange(views) < len(pool))[:, None, None], poses, se3.retract(poses, nudge))
    points = se3.apply(poses[:, None], BOARD.astype(float))
    px = camera.project(points) + SIGMA_PX * rng.normal(size=(views, len(BOARD), 2))
    px = px.astype(np.float32).astype(float)
    seen = [View(f"view_{i:05d}.png", own, BOARD.astype(float)) for i, own in enumerate(px)]
    return Observations(tuple(seen), camera.image_size_px)


def _interleaved(calls: list[Callable[[], object]], repetitions: int) -> tuple[list[float], list[object]]:
    """Median CPU seconds of every call, taken in turn, and the answers of an uncounted first round."""
    answers = [call() for call in calls]
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repetitions):
        for own, call in zip(times, calls, strict=True):
            begin = time.process_time()
            call()
            own.append(time.process_time() - begin)
    return [float(np.median(own)) for own in times], answers


def _memory_here(views: int) -> float:
    """Growth in MB of this process' largest resident size, beyond its imports, by making data and calibrating."""
    calibrate(simulated(10), LENS)  # what is loaded on first use counts as imports
    before = _peak_mb()
    calibrate(simulated(views), LENS)
    return _peak_mb() - before


def _peak_mb() -> float:
    """Largest resident size so far. Linux' getrusage begins at the parent's, so its own file is asked first."""
    status = Path("/proc/self/status")
    if status.is_file():
        return float(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _memory_apart(views: int) -> float:
    command = [sys.executable, __file__, "--memory-of", str(views)]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _exponent(rows: list[Row]) -> float | None:
    """Of CPU time against views, from the second largest to the largest size."""
    if len(rows) < 3:
        return None
    return math.log(rows[-1].ours_s / rows[-2].ours_s) / math.log(rows[-1].views / rows[-2].views)


def _shortfalls(rows: list[Row], spread: Covariance, memory: float | None) -> list[str]:
    """Every bound that was missed, in words, the worst last."""
    missed: list[tuple[float, str]] = []
    for row in rows:
        if row.ratio < NEEDED[row.views]:
            text = f"{row.views} views: {row.ratio:.2f} times as fast as OpenCV, needed {NEEDED[row.views]:g}"
            missed.append((NEEDED[row.views] / row.ratio, text))
        if row.auto_s > MOST_AUTO * row.robust_s:
            ratio = row.auto_s / row.robust_s
            text = f"{row.views} views: auto takes {ratio:.2f} times the solve, allowed {MOST_AUTO:g}"
            missed.append((ratio / MOST_AUTO, text))
        if abs(row.cost_gap) > SAME_COST:
            text = f"{row.views} views: the cost differs by {row.cost_gap:.1e} of OpenCV's, allowed {SAME_COST:g}"
            missed.append((abs(row.cost_gap) / SAME_COST, text))
    if spread.ratio < COVARIANCE_NEEDED:
        text = f"covariance: {spread.ratio:.1f} times as fast as OpenCV's, needed {COVARIANCE_NEEDED:g}"
        missed.append((COVARIANCE_NEEDED / max(spread.ratio, 1e-9), text))
    if memory is not None and memory > MOST_MEMORY_MB:
        missed.append((memory / MOST_MEMORY_MB, f"memory: {memory:.0f} MB above imports, allowed {MOST_MEMORY_MB:g}"))
    exponent = _exponent(rows)
    if exponent is not None and exponent > MOST_EXPONENT:
        missed.append((exponent, f"time grows as views^{exponent:.2f}, allowed {MOST_EXPONENT:g}"))
    return [text for _, text in sorted(missed)]


def _print(rows: list[Row], spread: Covariance, memory: float | None) -> None:
    print(f"OpenCV {cv2.__version__}; {len(BOARD)} corners a view, nine lens parameters; CPU ms, medians, one thread")
    print(
        f"{'views':>6}{'ours':>10}{'robust':>10}{'auto':>10}{'OpenCV':>10}"
        f"{'ratio':>8}{'robust':>8}{'needed':>8}{'auto/named':>12}{'cost gap':>11}"
    )
    for row in rows:
        milliseconds = "".join(f"{1e3 * t:>10.2f}" for t in (row.ours_s, row.robust_s, row.auto_s, row.opencv_s))
        ratios = f"{row.ratio:>8.2f}{row.opencv_s / row.robust_s:>8.2f}{NEEDED[row.views]:>8g}"
        print(f"{row.views:>6}{milliseconds}{ratios}{row.auto_s / row.robust_s:>12.2f}{row.cost_gap:>11.1e}")
    ours = f"{1e3 * spread.ours_s:.2f} ms (for independent errors {1e3 * spread.independent_s:.2f})"
    milliseconds = f"{ours}, OpenCV's {1e3 * spread.opencv_s:.2f} ms"
    print(f"covariance, {spread.views} views: {milliseconds}, ratio {spread.ratio:.1f}, needed {COVARIANCE_NEEDED:g}")
    print(f"  standard deviations agree to {spread.difference:.1e}")
    if memory is not None:
        print(f"memory, 1000 views: {memory:.0f} MB above imports, allowed {MOST_MEMORY_MB:g}")
    exponent = _exponent(rows)
    if exponent is not None:
        print(f"time grows as views^{exponent:.2f} from 100 to 1000")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10 and 100 views, a third of the repetitions")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
