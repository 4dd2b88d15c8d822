"""Monte Carlo study of camera calibration: is the stated uncertainty true, and do wrong views and corners do harm?

    python tools/study_camera.py                 500 seeds, every lens: some minutes
    python tools/study_camera.py --quick         40 seeds, with bounds as wide as so few allow
    python tools/study_camera.py --lens brown_conrady --runs 2000 --json

First table: chi squared per degree of freedom, and the share of 95 % intervals that hold the truth, per parameter.
Second: the error against the truth (rms projection error over the image, after the best rotation) with a fifth of the
views scattered and 2 % of the corners 8 px off, relative to the same views clean; and, as "by hand", with exactly the
wrong views and corners left out of clean data, which no method can beat: a fifth of the views is lost for good.
Exits with 1 and the shortfalls, the worst last, where a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from calib import plugins
from calib.arrays import Array
from calib.camera import Camera, Observations, View, calibrate
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.calibration.uncertainty import projection_difference
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.errors import CalibError
from calib.geometry import se3

BOARD = Checkerboard(9, 6, 0.025).corners_in_board
SIGMA_PX = 0.2
POOL = 200  # poses drawn once per lens; every run takes its own views from them
VIEWS, ROBUST_VIEWS = 20, 40
SCATTERED_SHARE, WILD_SHARE, WILD_PX = 0.2, 0.02, 8.0
CHI_BOUNDS, COVERAGE_BOUNDS = (0.98, 1.02), (0.925, 0.975)
MOST_HARM = 1.2  # times the clean error; or, where the views that are left give no better, NEAREST times theirs
NEAREST = 1.02
FULL_RUNS = 500  # what the bounds above are for; with fewer runs they widen as chance does


@dataclass(frozen=True)
class Recovery:
    """What a lens' runs found. coverage: per label, the share of 95 % intervals that hold the truth."""

    lens: str
    runs: int
    failures: int
    chi_squared_per_dof: float
    coverage: dict[str, float]
    conservative: tuple[str, ...]
    error_px: float


@dataclass(frozen=True)
class Robustness:
    """Errors against the truth, rms over the runs; found: shares of scattered views and wild corners named."""

    lens: str
    runs: int
    failures: int
    clean_px: float
    by_hand_px: float
    spoilt_px: float
    scattered_found: float
    wild_found: float
    good_left_out: float

    @property
    def harm(self) -> float:
        return self.spoilt_px / self.clean_px


def main() -> None:
    """Run the study, print it, and judge it."""
    options = _options()
    started = time.perf_counter()
    recoveries, robustness = [], []
    for lens in options.lens or plugins.discover("calib.camera.lenses"):
        camera = typical_camera(lens)
        pool = draw_views(camera, BOARD, views=POOL, noise_px=0.0, seed=2).camera_from_board
        recoveries.append(recover(camera, pool, options.runs))
        robustness.append(spoil(camera, pool, options.runs))
    shortfalls = _shortfalls(recoveries, robustness)
    if options.json:
        document = {
            "recovery": [asdict(r) for r in recoveries],
            "robustness": [{**asdict(r), "harm": r.harm} for r in robustness],
            "shortfalls": shortfalls,
            "seconds": round(time.perf_counter() - started, 1),
        }
        print(json.dumps(document, indent=2))
    else:
        _print(recoveries, robustness)
    if shortfalls:
        print("\n".join(shortfalls), file=sys.stderr)
        raise SystemExit(1)


def recover(camera: Camera, pool: Array, runs: int) -> Recovery:
    """Calibrate noisy data sets of one camera and count how often its intervals hold the truth."""
    lens = camera.lens
    labels = [label for label in lens.labels if label not in lens.held]
    truth = np.array([camera.value(label) for label in labels])
    within = stats.norm.ppf(0.975)
    chi, freedom, failures, errors = 0.0, 0, 0, []
    inside = np.zeros(len(labels), int)
    for seed in range(runs):
        poses = pool[np.random.default_rng([seed, 1]).choice(POOL, VIEWS, replace=False)]
        try:
            found = calibrate(_seen(camera, poses, seed), lens)
        except CalibError:
            failures += 1
            continue
        residuals = np.concatenate([fit.residuals_px[fit.used] for fit in found.views])
        chi += float(np.sum(residuals**2)) / SIGMA_PX**2
        freedom += residuals.size - len(labels) - 6 * len(found.views)
        sigma = np.array([found.sigma[label] for label in labels])
        inside += np.abs(np.array([found.camera.value(label) for label in labels]) - truth) < within * sigma
        errors.append(projection_difference(found.camera, camera))
    share = (inside / max(runs - failures, 1)).tolist()
    coverage = dict(zip(labels, share, strict=True))
    return Recovery(lens.name, runs, failures, chi / freedom, coverage, tuple(lens.weak), _rms(errors))


def spoil(camera: Camera, pool: Array, runs: int) -> Robustness:
    """Calibrate the same views clean and with scattered views and wild corners among them."""
    lens = camera.lens
    clean, by_hand, spoilt, failures = [], [], [], 0
    scattered_found, wild_found, wild_total, left_out, good_total = 0, 0, 0, 0, 0
    scattered = round(SCATTERED_SHARE * ROBUST_VIEWS)
    for seed in range(runs):
        rng = np.random.default_rng([seed, 2])
        poses = pool[rng.choice(POOL, ROBUST_VIEWS, replace=False)]
        observations = _seen(camera, poses, 100_000 + seed)
        bad, wild = _spoilt(observations, scattered, rng)
        try:
            reference, found = calibrate(observations, lens), calibrate(bad, lens)
            rest = calibrate(_rest(observations, wild), lens)
        except CalibError:
            failures += 1
            continue
        clean.append(projection_difference(reference.camera, camera))
        by_hand.append(projection_difference(rest.camera, camera))
        spoilt.append(projection_difference(found.camera, camera))
        aside = {a.image for a in found.excluded}
        scattered_found += sum(view.image in aside for view in bad.views[-scattered:])
        for fit in found.views:
            wrong = wild.get(fit.view.image, np.zeros(len(fit.used), bool))
            wild_found += int((wrong & ~fit.used).sum())
            wild_total += int(wrong.sum())
            left_out += int((~wrong & ~fit.used).sum())
            good_total += int((~wrong).sum())
    return Robustness(
        lens.name,
        runs,
        failures,
        _rms(clean),
        _rms(by_hand),
        _rms(spoilt),
        scattered_found / max(scattered * (runs - failures), 1),
        wild_found / max(wild_total, 1),
        left_out / max(good_total, 1),
    )


def _seen(camera: Camera, poses: Array, seed: int) -> Observations:
    rng = np.random.default_rng(seed)
    views = []
    for i, pose in enumerate(poses):
        px = camera.project(se3.apply(pose, BOARD))
        views.append(View(f"view_{i + 1:03d}.png", px + SIGMA_PX * rng.normal(size=px.shape), BOARD))
    return Observations(tuple(views), camera.image_size_px)


def _spoilt(
    observations: Observations, scattered: int, rng: np.random.Generator
) -> tuple[Observations, dict[str, NDArray[np.bool_]]]:
    """The same observations, the last views scattered at random and corners of the others moved; which were."""
    assert observations.image_size_px is not None
    width, height = observations.image_size_px
    views, moved = [], {}
    for i, view in enumerate(observations.views):
        count = len(view.corners_px)
        if i >= len(observations.views) - scattered:
            px = rng.uniform((0, 0), (width - 1, height - 1), (count, 2))
        else:
            wild, angle = rng.random(count) < WILD_SHARE, rng.uniform(0, 2 * np.pi, count)
            px = view.corners_px + WILD_PX * wild[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            moved[view.image] = wild
        views.append(replace(view, corners_px=px))
    return replace(observations, views=tuple(views)), moved


def _rest(observations: Observations, wild: dict[str, NDArray[np.bool_]]) -> Observations:
    """The clean observations without the views and corners that are spoilt in the others."""
    views = [
        View(view.image, view.corners_px[~wild[view.image]], view.corners_in_board[~wild[view.image]])
        for view in observations.views
        if view.image in wild
    ]
    return replace(observations, views=tuple(views))


def _rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values else float("nan")


def _shortfalls(recoveries: list[Recovery], robustness: list[Robustness]) -> list[str]:
    """Every bound that was missed, in words, the worst last."""
    missed: list[tuple[float, str]] = []
    for r in recoveries:
        wider = max(1.0, np.sqrt(FULL_RUNS / max(r.runs, 1)))
        low, high = (1 + (bound - 1) * wider for bound in CHI_BOUNDS)
        if not low <= r.chi_squared_per_dof <= high:
            text = (
                f"{r.lens}: chi squared per degree of freedom {r.chi_squared_per_dof:.4f}, needed {low:.3f}-{high:.3f}"
            )
            missed.append((abs(r.chi_squared_per_dof - 1) / 0.02, text))
        for label, share in r.coverage.items():
            low, high = (0.95 + (bound - 0.95) * wider for bound in COVERAGE_BOUNDS)
            high = 1.0 if label in r.conservative else min(high, 1.0)  # a prior may only make intervals hold more often
            if not low <= share <= high:
                text = f"{r.lens} {label}: truth in {share:.1%} of the 95 % intervals, needed {low:.1%}-{high:.1%}"
                missed.append((abs(share - 0.95) / 0.025, text))
        if r.failures:
            missed.append((r.failures, f"{r.lens}: {r.failures} of {r.runs} runs did not calibrate"))
    for s in robustness:
        most = 1 + (MOST_HARM - 1) * max(1.0, np.sqrt(FULL_RUNS / s.runs))
        most = max(most, NEAREST * s.by_hand_px / s.clean_px)
        if not s.harm <= most:
            text = f"{s.lens}: scattered and wild corners raise the error {s.harm:.2f} times, allowed {most:.2f}"
            missed.append((s.harm / most, text))
        if s.failures:
            missed.append((s.failures, f"{s.lens}: {s.failures} of {s.runs} spoilt runs did not calibrate"))
    return [text for _, text in sorted(missed)]


def _print(recoveries: list[Recovery], robustness: list[Robustness]) -> None:
    print(f"{VIEWS} views x {len(BOARD)} corners, noise {SIGMA_PX} px")
    for r in recoveries:
        head = f"{r.lens}: {r.runs} runs, {r.failures} failed, chi2/dof {r.chi_squared_per_dof:.4f}, "
        print(head + f"error {r.error_px:.3f} px rms; truth in the 95 % intervals:")
        cells = [f"{label}{'*' if label in r.conservative else ''} {s:.1%}" for label, s in r.coverage.items()]
        print("  " + "  ".join(cells))
    if any(r.conservative for r in recoveries):
        print("  * with a weak prior: intervals may hold the truth more often than they say")
    print(
        f"\n{ROBUST_VIEWS} views, {SCATTERED_SHARE:.0%} scattered, {WILD_SHARE:.0%} of the corners {WILD_PX:g} px off"
    )
    heads = ("runs", "clean px", "by hand px", "spoilt px", "ratio", "scattered named", "wild named", "good left out")
    print(f"{'lens':<16}" + "".join(f"{head:>{max(8, len(head) + 2)}}" for head in heads))
    for s in robustness:
        print(
            f"{s.lens:<16}{s.runs:>8}{s.clean_px:>10.4f}{s.by_hand_px:>12.4f}{s.spoilt_px:>11.4f}{s.harm:>8.3f}"
            f"{s.scattered_found:>15.1%}{s.wild_found:>12.1%}{s.good_left_out:>15.3%}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=FULL_RUNS, help="seeds per lens")
    parser.add_argument("--quick", action="store_true", help="40 runs")
    parser.add_argument("--lens", action="append", help="only this lens; may be repeated")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    options.runs = 40 if options.quick else max(2, options.runs)
    return options


if __name__ == "__main__":
    main()
