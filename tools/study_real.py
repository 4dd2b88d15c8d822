"""Are the stated uncertainties true on measured data? Halves of every real set, compared by their own sigmas.

    python tools/study_real.py                    every set under ../shared/data: 6 random splits, and one by order
    python tools/study_real.py --quick            2 random splits of the smaller sets
    python tools/study_real.py --only tello,fr3 --runs 20 --json

A set is split in halves, views or poses at random and by their order; the halves are calibrated with the lens or the
arm of the whole set, and every parameter's difference is divided by its standard deviation. 68 % should lie within 1
and 95 % within 2. Beside it the same with errors taken as independent. For cameras also where far points appear, at the
places of the corners: rms difference of the halves in pixels, and what they state of it.

Halves by order are compared by what they state. Halves at random have a board and a session in common: what the shape
of the one and the drift of the other do to both is in what they state and not in their difference, and is left out of
what they are compared by.

Beside halves by order: how many times wider the whole set's intervals are for drift, of which a half sees only its
own. Then the whole of every camera set: verdict, what two halves differ by in its covered area, and why. Exits with 1
and the shortfalls, the worst last, where a pooled share is out of bounds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from coverage import HEAD, Shares, shortfalls

from calib.arrays import Array
from calib.camera import CameraCalibration, Observations, View, calibrate, detect, read_corners
from calib.camera.calibration.uncertainty import sigma_at
from calib.engine import Uncertainty
from calib.errors import CalibError
from calib.robot import ArmCalibration, read_poses
from calib.robot import calibrate as calibrate_arm
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.select import select_rows

DATA = Path(__file__).resolve().parent.parent.parent / "shared/data"
SIZES = {
    "az_uw": (848, 800), "boof_bumblebee_left": (640, 480), "boof_fisheye_chess": (640, 720),
    "boof_sony_chess": (640, 480), "boof_trinocular_left": (1224, 1024), "coytk": (640, 480),
    "greninja": (1980, 891), "hawk_old": (1280, 720), "ksonod": (768, 1024), "sourish_stereo1_left": (640, 360),
    "sourish_stereo2_left": (270, 180), "stereopi_left": (640, 480), "tello": (960, 720),
    "ucl_charuco_left": (720, 576), "yz_eye_in_hand": (960, 540), "camera-fisheye-passes-as-usable": (960, 600),
}  # fmt: skip
CASES = ("camera-fisheye-passes-as-usable",)  # of the cases, the set that is no copy of a corner table, nor spoilt
ARMS = {
    "ur10_b": ("ur10_leica_pose/series_b.csv", "ur10_cb3"),
    "ur10_c": ("ur10_leica_pose/series_c.csv", "ur10_cb3"),
    "irb120": ("irb120_tracker_position/poses.csv", "irb120"),
    "fr3": ("fr3_camera_pose/poses.csv", None),
}
SMALL = ("boof_sony_chess", "coytk", "yz_eye_in_hand", "fr3")  # for --quick
RANDOM, ORDER = ((0.60, 0.76), (0.90, 0.98)), ((0.0, 1.0), (0.85, 1.0))
FEWEST_VIEWS = 6  # of a set, since a half needs three: Zhang's own has five
PLACES = 500
HOLDOUT = 0.02  # of an arm's poses, so that nearly all of a half identify it


@dataclass
class Places:
    """Where far points appear at the corners' places: pixels by which halves differ, and that they state."""

    differs_px: list[float] = field(default_factory=list)
    stated_px: list[float] = field(default_factory=list)

    @property
    def note(self) -> str:
        if not self.differs_px:
            return ""
        return f"halves differ by {rms(self.differs_px):.2f} px, {rms(self.stated_px):.2f} stated"


def main() -> None:
    """Run, print the tables, judge the pooled shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the measured sets")
    parser.add_argument("--runs", type=int, default=6, help="random splits per set")
    parser.add_argument("--quick", action="store_true", help="2 splits of the smaller sets, without bounds")
    parser.add_argument("--only", default="", metavar="SET,SET", help="only these sets")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    only = [*filter(None, arguments.only.split(","))] or (SMALL if arguments.quick else ())
    runs = 2 if arguments.quick else arguments.runs
    cameras = {name: read for name, read in camera_sets(arguments.data) if not only or name in only}
    arms = {name: read for name, read in arm_sets(arguments.data) if not only or name in only}
    if not cameras and not arms:
        print(f"no measured data in {arguments.data}: nothing to study")
        return
    say = (lambda *_, **__: None) if arguments.json else partial(print, flush=True)
    say(HEAD)
    tables = [split_camera(name, read(), runs, say) for name, read in cameras.items()]
    rows = [*tables, *(split_arm(name, *read(), runs, say) for name, read in arms.items())]
    pooled = [
        pool(f"{kind}, {how}", [row[how] for row in some])
        for kind, some in (("cameras", rows[: len(cameras)]), ("arms", rows[len(cameras) :]))
        for how in ("random", "order")
        if some
    ]
    say("", *pooled, sep="\n")
    verdicts = [row["whole"] for row in tables]
    say(
        "",
        *(f"{w['set']:42s}{w['verdict']:12s}{w['lens']:16s}{w['differs']:28s}{w['reason']}" for w in verdicts),
        sep="\n",
    )
    bounds = {"random": RANDOM, "order": ORDER}
    missed = [text for each in pooled for text in shortfalls(each, *bounds[each.name.split(", ")[1]])]
    if arguments.json:
        sets = {f"{row[how].name}": row[how].figures() for row in rows for how in ("random", "order")}
        document = {"sets": sets, "pooled": {each.name: each.figures() for each in pooled}, "verdicts": verdicts}
        print(json.dumps({**document, "shortfalls": missed}, indent=2))
    if missed and not only:
        print("\n".join(missed), file=sys.stderr)
        raise SystemExit(1)


def camera_sets(data: Path) -> Iterator[tuple[str, Callable[[], Observations]]]:
    """Every set of corners and images, by name, to be read when it is its turn."""
    tables = sorted((data / "camera/corner_tables").glob("*.csv"))
    cases = [data / "cases" / name / "corners.csv" for name in CASES]
    for path in [*tables, *(path for path in cases if path.exists())]:
        name = path.parent.name if path.stem == "corners" else path.stem
        yield name, partial(read_corners, path, SIZES.get(name))
    for side in ("left", "right"):
        images = sorted((data / "camera/opencv_stereo").glob(f"{side}[0-9]*.jpg"))
        if images:
            yield f"opencv_stereo_{side}", partial(detect, images, "checkerboard:9x6")


def arm_sets(data: Path) -> Iterator[tuple[str, Callable[[], tuple[PoseTable, str | None]]]]:
    """Every measured arm, by name."""
    for name, (file, arm) in ARMS.items():
        if (data / "robot" / file).exists():
            yield name, lambda file=file, arm=arm: (read_poses(data / "robot" / file), arm)


def halves(count: int, runs: int) -> Iterator[tuple[str, Array]]:
    """How a set of so many units is split, and which of them (count,) are in the first half."""
    rng = np.random.default_rng(0)
    for _ in range(runs):
        first = np.zeros(count, bool)
        first[rng.permutation(count)[: count // 2]] = True
        yield "random", first
    yield "order", np.arange(count) < count // 2


def split_camera(name: str, seen: Observations, runs: int, say: Callable[..., object]) -> dict[str, Any]:
    """The halves of one camera's views against each other, and the verdict on the whole."""
    found: dict[str, Any] = {how: Shares(f"{name}, {how}") for how in ("random", "order")}
    places = {how: Places() for how in ("random", "order")}
    whole = calibrate(seen)
    views = [fit.view for fit in whole.views]
    lens = whole.camera.lens
    fixed = [label for label in lens.labels if label in whole.held and label not in lens.held]
    free = [label for label in lens.labels if label in lens.held and label not in whole.held]
    for how, first in halves(len(views), runs):
        if len(views) < FEWEST_VIEWS:
            break
        try:
            a, b = (calibrate(half_of(seen, views, which), lens, fix=[*fixed], free=free) for which in (first, ~first))
        except CalibError:
            found[how].failures += 1
            continue
        difference = a.fit.parameters - b.fit.parameters
        stated = [SIGMAS[how](one.uncertainty, lens.labels) for one in (a, b)]
        plain = [plain_sigmas(one, lens.labels) for one in (a, b)]
        found[how].add(difference, np.hypot(*stated), np.hypot(*plain))
        add_places(places[how], whole, difference, a.covariance + b.covariance)
    for how in ("random", "order"):
        found[how].note = places[how].note
        if how == "order":
            found[how].note += drift_note(whole.uncertainty)
        say(found[how])
    verdict = whole.verdict
    found["whole"] = {
        "set": name,
        "lens": lens.name,
        "verdict": verdict.grade,
        "reason": verdict.reason,
        "differs": f"{rms(places['random'].differs_px):.2f} px, {rms(places['random'].stated_px):.2f} stated",
    }
    return found


def half_of(seen: Observations, views: list[View], which: Array) -> Observations:
    """Some of the views."""
    chosen = tuple(view for view, taken in zip(views, which.tolist(), strict=True) if taken)
    return Observations(chosen, seen.image_size_px, seen.board, seen.scale_known)


def stated_sigmas(known: Uncertainty, labels: Sequence[str]) -> Array:
    """As every result states them."""
    return np.array([known.sigma(label) for label in labels])


def own_sigmas(known: Uncertainty, labels: Sequence[str]) -> Array:
    """The same less what halves at random have in common: the drift, and shifts by what is left out of the model."""
    at = [known.labels.index(label) if label in known.labels else None for label in labels]
    shifted = sum((shift.shared**2 for shift in known.shifts), np.zeros(len(known.labels)))
    common = np.array([0.0 if i is None else shifted[i] for i in at])
    drift = known.scatter.drift.inflation if known.scatter else 1.0
    return np.asarray(np.sqrt(np.maximum(stated_sigmas(known, labels) ** 2 - common, 0.0) / drift))


def drift_note(whole: Uncertainty) -> str:
    """How much wider the intervals of a whole set are for drift."""
    wider = np.sqrt(whole.scatter.drift.inflation) if whole.scatter else 1.0
    return f"; of the whole {wider:.2f} x as wide for drift"


SIGMAS = {"random": own_sigmas, "order": stated_sigmas}


def plain_sigmas(found: CameraCalibration, labels: tuple[str, ...]) -> Array:
    """As if every corner's error were its own."""
    plain = found.solution.uncertainty
    return found.noise_px * np.array([plain.sigma(label) for label in labels])


def add_places(places: Places, whole: CameraCalibration, difference: Array, covariance: Array) -> None:
    """rms over the corners' places, both coordinates together."""
    px = whole.fit.corners_used.px
    px = np.ascontiguousarray(px[:, :: max(1, px.shape[1] // PLACES)].T)
    for known, square in ((places.differs_px, np.outer(difference, difference)), (places.stated_px, covariance)):
        sigma = sigma_at(whole.camera, square, px)
        known.append(float(np.sqrt(2 * np.mean(sigma[np.isfinite(sigma)] ** 2))))


def split_arm(name: str, table: PoseTable, arm: str | None, runs: int, say: Callable[..., object]) -> dict[str, Any]:
    """The halves of one arm's poses against each other."""
    found: dict[str, Any] = {how: Shares(f"{name}, {how}") for how in ("random", "order")}
    poses, of_row = np.unique(table.pose, return_inverse=True)
    for how, first in halves(len(poses), runs):
        try:
            a, b = (
                calibrate_arm(select_rows(table, np.flatnonzero(which[of_row.ravel()])), arm, holdout=HOLDOUT)
                for which in (first, ~first)
            )
        except CalibError as error:
            found[how].failures += 1
            found[how].note = str(error).splitlines()[0]
            continue
        labels = [label for label in a.labels if label not in a.fit.prior_dominated and not a.parameters[label].held]
        stated = [SIGMAS[how](one.fit.uncertainty, labels) for one in (a, b)]
        plain = [plain_arm_sigmas(one, labels) for one in (a, b)]
        difference = np.array([a.parameters[label].value - b.parameters[label].value for label in labels])
        found[how].add(difference, np.hypot(*stated), np.hypot(*plain))
    found["order"].note += drift_note(calibrate_arm(table, arm, holdout=HOLDOUT).fit.uncertainty)
    for how in ("random", "order"):
        say(found[how])
    return found


def plain_arm_sigmas(found: ArmCalibration, labels: list[str]) -> Array:
    """As if every row's error were its own."""
    plain = found.fit.solution.uncertainty
    return np.sqrt(found.fit.variance_factor) * np.array([plain.sigma(label) for label in labels])


def pool(name: str, some: list[Shares]) -> Shares:
    together = Shares(name)
    for each in some:
        together.take(each)
    return together


def rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values else float("nan")


if __name__ == "__main__":
    main()
