"""Do 95 % intervals hold the truth in 95 of 100? Simulated cameras, arms and hand-eyes, with errors of every kind.

    python tools/study_intervals.py                100 runs of every scenario: half an hour
    python tools/study_intervals.py --quick        3 runs of a few scenarios, without bounds
    python tools/study_intervals.py --only "brown_conrady 12" --runs 400 --json

Errors that are independent, and errors that the corners of a view, the rows of a pose or of a session share. Per
scenario, over runs and parameters: shares within one and two stated standard deviations, the share of 95 % intervals
that hold the truth, their width against that of independent errors with as many corners, and the same share for those.
Exits with 1 and the shortfalls, the worst last, where a share is out of its bounds by more than two standard errors.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np

from calib import plugins
from calib.arrays import Array
from calib.camera import Camera, CameraCalibration, Observations, View, calibrate
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.bow import Bow
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.simulation.hand_eye import Noise
from calib.cell.simulation.hand_eye import simulate as simulate_hand_eye
from calib.errors import CalibError
from calib.estimate import NORMAL_QUANTILE_975, quantile_975
from calib.geometry import se3, so3
from calib.robot import calibrate as calibrate_arm
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import simulate as simulate_arm

BOARD = Checkerboard(9, 6, 0.025).corners_in_board
SIGMA_PX, SHIFT_PX, BLUR_PX, BOW_M = 0.2, 0.3, 0.15, 3e-4
LASTING = 0.7  # share of a drifting error that is still there in the next view
POOL = 200  # poses drawn once per lens; every run takes its own views from them
VIEWS = (6, 12, 40)
INDEPENDENT = {"within_1": (0.66, 0.71), "within_2": (0.94, 0.96), "width": (0.0, 1.1)}
SHARED = {"inside": (0.91, 0.98)}
QUICK = ("brown_conrady 12 views, independent", "brown_conrady 12 views, bow", "ur5e position, 3 targets, pose noise")
NOISY_JOINT_RAD, POSES, DRIFT_M = 1e-4, 60, 1e-4


@dataclass(frozen=True)
class Estimates:
    """One run: errors (k,), their stated standard deviations, their quantiles, and what independent errors make of
    them."""

    error: Array
    sigma: Array
    quantile: Array
    plain: Array


@dataclass
class Scenario:
    """A kind of data and what its runs came to."""

    name: str
    bounds: dict[str, tuple[float, float]]
    run: Callable[[int], Estimates]
    found: list[Estimates] = field(default_factory=list)
    failures: int = 0

    def draw(self, runs: int) -> None:
        """Make the runs."""
        for seed in range(runs):
            try:
                self.found.append(self.run(seed))
            except CalibError:
                self.failures += 1

    def figures(self) -> dict[str, tuple[float, float]]:
        """Mean over the runs and its standard error, per figure."""
        each: dict[str, Callable[[Estimates], Array]] = {
            "within_1": lambda e: np.abs(e.error) < e.sigma,
            "within_2": lambda e: np.abs(e.error) < 2 * e.sigma,
            "inside": lambda e: np.abs(e.error) < e.quantile * e.sigma,
            "width": lambda e: e.quantile * e.sigma / (NORMAL_QUANTILE_975 * e.plain),
            "plain": lambda e: np.abs(e.error) < NORMAL_QUANTILE_975 * e.plain,
        }
        count = len(self.found)
        out = {}
        for name, figure in each.items():
            means = np.array([np.mean(figure(one)) for one in self.found if len(one.error)])
            if len(means):
                out[name] = float(means.mean()), float(means.std() / np.sqrt(max(count - 1, 1)))
        return out

    def shortfalls(self) -> list[str]:
        """What is out of bounds, in words."""
        figures = self.figures()
        if not figures:
            return [f"{self.name}: no run succeeded"]
        missed = []
        for name, (low, high) in self.bounds.items():
            mean, error = figures[name]
            if not low - 2 * error <= mean <= high + 2 * error:
                missed.append(f"{self.name}: {name} {mean:.3f} +- {error:.3f}, must be {low} to {high}")
        return missed

    def __str__(self) -> str:
        cells = "".join(f"{mean:9.3f}" for mean, _ in self.figures().values())
        return f"{self.name:40s}{cells}" + (f"   {self.failures} failed" if self.failures else "")


def main() -> None:
    """Run, print the table, judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="per scenario")
    parser.add_argument("--quick", action="store_true", help="3 runs of a few scenarios")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    runs = 3 if arguments.quick else arguments.runs
    some = [s for s in scenarios() if arguments.only in s.name and not (arguments.quick and s.name not in QUICK)]
    if not arguments.json:
        print(f"{'':40s}" + "".join(f"{head:>9s}" for head in ("<1", "<2", "in 95 %", "width", "plain")))
    for scenario in some:
        scenario.draw(runs)
        if not arguments.json:
            print(scenario, flush=True)
    missed = [] if arguments.quick else [text for scenario in some for text in scenario.shortfalls()]
    if arguments.json:
        rows = [{"name": s.name, "failures": s.failures, **s.figures()} for s in some]
        print(json.dumps({"scenarios": rows, "shortfalls": missed}, indent=2))
    if missed:
        print("\n".join(missed), file=sys.stderr)
        raise SystemExit(1)


def scenarios() -> Iterator[Scenario]:
    """All of them."""
    for lens in plugins.discover("calib.camera.lenses"):
        for views in VIEWS if lens == "brown_conrady" else VIEWS[1:2]:
            for kind in ("independent", "shift", "blur", "bow"):
                bounds = INDEPENDENT if kind == "independent" else SHARED
                yield Scenario(f"{lens} {views} views, {kind}", bounds, partial(see, lens, views, kind, ()))
    yield Scenario("brown_conrady 40 views, drift", SHARED, partial(see, "brown_conrady", 40, "drift", ()))
    for kind in ("independent", "blur", "bow"):
        bounds = INDEPENDENT if kind == "independent" else SHARED
        fix = ("cx", "cy", "k3")
        yield Scenario(f"brown_conrady 12 views, {kind}, --fix", bounds, partial(see, "brown_conrady", 12, kind, fix))
    for views in VIEWS:
        for k3 in (0.0, -0.05, 0.1):
            yield Scenario(f"auto {views} views, k3 = {k3:g}", SHARED, partial(choose, views, k3))
    for measurement, targets in (("pose", 1), ("position", 3)):
        for kind in ("independent", "pose noise", "drift"):
            bounds = INDEPENDENT if kind == "independent" else SHARED
            name = f"ur5e {measurement}, {targets} target{'s' * (targets > 1)}, {kind}"
            yield Scenario(name, bounds, partial(move, measurement, targets, kind))
    for setup in ("eye-in-hand", "eye-to-hand"):
        yield Scenario(f"{setup}, independent", INDEPENDENT, partial(mount, setup, 0.0))
    yield Scenario("eye-in-hand, bow", SHARED, partial(mount, "eye-in-hand", BOW_M))


def see(lens: str, views: int, kind: str, fix: Sequence[str], seed: int) -> Estimates:
    """A camera calibrated from views with errors of one kind."""
    camera = typical_camera(lens)
    seen = draw(camera, views, kind, seed)
    # at the truth: a value held where it is wrong says nothing of the others' intervals
    held = [f"{name}={camera.value(name + unit)!r}" for name in fix for unit in ("_px" if name[0] == "c" else "",)]
    return errors_of(calibrate(seen, lens, fix=held), camera)


def choose(views: int, k3: float, seed: int) -> Estimates:
    """A camera whose lens is chosen, and whose k3 the views may or may not show."""
    ordinary = typical_camera("brown_conrady")
    camera = replace(ordinary, parameters=np.array([*ordinary.parameters[:-1], k3]))
    return errors_of(calibrate(draw(camera, views, "independent", seed)), camera)


def draw(camera: Camera, views: int, kind: str, seed: int) -> Observations:
    """Views with errors of one kind."""
    rng = np.random.default_rng([seed, 1])
    poses = _pool(camera.lens.name)[rng.choice(POOL, views, replace=False)]
    board = Bow.over(BOARD, BOW_M).bend(BOARD) if kind == "bow" else BOARD
    seen, error = [], np.zeros((1, 2))
    for i, pose in enumerate(poses):
        px = camera.project(se3.apply(pose, board)) + rng.normal(0.0, SIGMA_PX, (len(board), 2))
        error = shared_error(kind, rng) + (LASTING * error if kind == "drift" else 0.0)
        px = px + error
        seen.append(View(f"view_{i + 1:03d}.png", px, BOARD))
    return Observations(tuple(seen), camera.image_size_px)


def errors_of(found: CameraCalibration, camera: Camera) -> Estimates:
    """Of every parameter that the truth has as well, and that no prior keeps in place by custom."""
    plain = found.solution.uncertainty
    known = [label for label in found.solution.layout.shared_labels() if label in camera.lens.labels]
    labels = [label for label in known if label not in camera.lens.weak]
    estimates = [found.parameters[label] for label in labels]
    return Estimates(
        np.array([one.value - camera.value(label) for one, label in zip(estimates, labels, strict=True)]),
        np.array([one.sigma for one in estimates]),
        np.array([quantile_975(one.degrees_of_freedom) for one in estimates]),
        found.noise_px * np.array([plain.sigma(label) for label in labels]),
    )


@cache
def _pool(lens: str) -> Array:
    """Poses that show the whole board."""
    return draw_views(typical_camera(lens), BOARD, views=POOL, noise_px=0.0, seed=2).camera_from_board


def shared_error(kind: str, rng: np.random.Generator) -> Array:
    """What all corners of a view have in common: an offset, which its pose absorbs, or a smooth field of defocus."""
    if kind == "shift":
        return rng.normal(0.0, SHIFT_PX, (1, 2))
    if kind not in ("blur", "drift"):
        return np.zeros((1, 2))
    middle, half = (BOARD.min(axis=0) + BOARD.max(axis=0)) / 2, np.ptp(BOARD, axis=0) / 2
    u, v = ((BOARD - middle) / np.where(half > 0, half, 1.0)).T[:2]
    return np.stack([u * v, u**2, v**2, u**3, v**3], axis=1) @ rng.normal(0.0, BLUR_PX, (5, 2))


def move(measurement: str, targets: int, kind: str, seed: int) -> Estimates:
    """An arm identified from poses with errors of one kind, against the same rows without any."""
    spread = Spread(joint_noise_rad=NOISY_JOINT_RAD if kind == "pose noise" else 0.0)
    silent = replace(spread, sigma_m=0.0, sigma_rad=0.0, joint_noise_rad=0.0)
    noisy, exact = (
        simulate_arm("ur5e", measurement=measurement, poses=POSES, targets=targets, spread=each, seed=seed)
        for each in (spread, silent)
    )
    table = noisy.table
    if kind == "drift":  # the instrument wanders through the session
        steps = np.random.default_rng([seed, 7]).normal(0.0, DRIFT_M / np.sqrt(POSES), (POSES, 3))
        assert table.position is not None
        table = replace(table, position=table.position + np.cumsum(steps, axis=0)[table.pose])
    found, truth = (calibrate_arm(one, "ur5e", measurement=measurement, seed=seed) for one in (table, exact.table))
    plain, scale = found.fit.solution.uncertainty, np.sqrt(found.fit.variance_factor)
    labels = [label for label in found.labels if 0 < found.parameters[label].sigma < np.inf]
    labels = [label for label in labels if label not in found.fit.prior_dominated and not truth.parameters[label].held]
    estimates = [found.parameters[label] for label in labels]
    return Estimates(
        np.array([one.value - truth.parameters[label].value for one, label in zip(estimates, labels, strict=True)]),
        np.array([one.sigma for one in estimates]),
        np.array([quantile_975(one.degrees_of_freedom) for one in estimates]),
        scale * np.array([plain.sigma(label) for label in labels]),
    )


def mount(setup: Any, bow_m: float, seed: int) -> Estimates:
    """A camera mounted on or beside an arm: the pose of the camera."""
    camera = typical_camera("brown_conrady")
    simulated = simulate_hand_eye(camera, BOARD, setup=setup, views=30, noise=Noise(bow_m=bow_m), seed=seed)
    found = calibrate_hand_eye(simulated.observations, simulated.table, camera=camera, setup=setup)
    turned = found.mount_from_camera[:3, :3] @ simulated.mount_from_camera[:3, :3].T
    off = found.mount_from_camera[:3, 3] - simulated.mount_from_camera[:3, 3]
    sigma = np.sqrt(np.diagonal(found.place.covariance))  # along the mount's axes
    return Estimates(np.concatenate([off, so3.log(turned)]), sigma, np.full(6, found.place.quantile), sigma)


if __name__ == "__main__":
    main()
