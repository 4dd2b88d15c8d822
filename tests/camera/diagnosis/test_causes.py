"""Causes of misfit are named where they are true, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.camera import good
from cases.causes import MAKERS, Made
from cases.paths import REAL_DATA

from calib import plugins
from calib.camera import CameraCalibration, calibrate, read_corners
from calib.camera.adjustment.view_systems import LinearViews
from calib.camera.diagnosis.evidence import CAUSES, LEVELS, Cause
from calib.camera.diagnosis.grouping import named_partitions
from calib.errors import CalibError
from calib.verdict import GRADES

CASES, TABLES = REAL_DATA / "cases", REAL_DATA / "camera" / "corner_tables"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=f"no measured data in {CASES}")
needs_tables = pytest.mark.skipif(not TABLES.is_dir(), reason=f"no measured data in {TABLES}")


def first_cause(made: Made) -> tuple[str, str, CameraCalibration | None]:
    """The strongest cause, its sentence, and the calibration, if it solves."""
    try:
        found = calibrate(made.observations)
    except CalibError as error:
        return error.code.replace("-", "_"), str(error), None
    name = next(iter(found.causes), "")
    return name, found.verdict.reason if name else "", found


def check(maker: str, seed: int) -> None:
    cause, make = MAKERS[maker]
    made = make(np.random.default_rng([seed, 7]))
    name, sentence, found = first_cause(made)
    assert name == cause
    assert all(word in sentence for word in made.words), sentence
    if found is not None:
        assert GRADES.index(found.verdict.grade) >= GRADES.index(made.grade)  # type: ignore[arg-type]
        assert "try --lens" not in str(found)


QUICK = [
    name for name in MAKERS if name not in ("side_by_side", "exchanged", "sheared", "two_zooms_far_apart", "askew")
]


@pytest.mark.parametrize("maker", QUICK)
def test_a_cause_is_named_where_it_is_true(maker: str) -> None:
    check(maker, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("maker", MAKERS)
def test_a_cause_is_named_whatever_the_noise(maker: str, seed: int) -> None:
    check(maker, seed)


def test_every_cause_has_a_maker_and_keeps_its_contract() -> None:
    assert set(plugins.discover(CAUSES)) == {cause for cause, _ in MAKERS.values()}
    for name in plugins.discover(CAUSES):
        check_contract(name)


def check_contract(name: str) -> None:
    """Of any cause: it says what it is, and its effects are finite and more than poses take up."""
    cause: Cause = plugins.pick(CAUSES, "CAUSE", name)
    assert cause.level in LEVELS
    assert cause.looks_for
    assert plugins.title(CAUSES, name)
    fit = calibrate(good(views=8, seed=3).observations, "brown_conrady").fit
    linear = LinearViews.at(fit, np.arange(8))
    for effect, columns_of in cause.effects.items():
        columns = columns_of(linear, fit)
        assert columns.shape[:2] == linear.residuals.shape, effect
        assert np.isfinite(columns).all()
        left = linear.triangles(columns)[:, :-1, :-1]
        assert (np.linalg.norm(left, axis=(1, 2)) > 0).all()


@pytest.mark.parametrize("lens", ["pinhole", "brown_conrady", "kannala_brandt"])
@pytest.mark.parametrize("views", [6, 16])
def test_no_cause_is_named_on_clean_views(lens: str, views: int) -> None:
    assert calibrate(good(lens, views=views).observations, lens).causes == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_no_cause_is_named_on_many_clean_views(seed: int) -> None:
    for lens in ("pinhole", "brown_conrady", "rational", "kannala_brandt"):
        for views, sigma_px in ((8, 0.5), (16, 0.1), (40, 0.2)):
            assert calibrate(good(lens, views, sigma_px, seed).observations, lens).causes == {}


def test_a_board_with_y_upwards_is_called_usable_not_mirrored_alone() -> None:
    made = MAKERS["mirrored"][1](np.random.default_rng(0))
    verdict = calibrate(made.observations).verdict
    assert verdict.grade == "usable"
    assert "Y_m runs upwards" in verdict.reason
    assert "write -Y_m" in verdict.advice[0]


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (["left1.png", "left2.png", "left10.png", "r1.png", "r2.png", "r3.png"], {("left*.png", "r*.png")}),
        ([f"cam{i % 2}_{i:03d}.jpg" for i in range(8)], {("cam0_*.jpg", "cam1_*.jpg")}),
        ([f"{i:02d}_{'LR'[i % 2]}.png" for i in range(8)], {("*_L.png", "*_R.png")}),
        ([f"IMG_{i:04d}.jpg" for i in range(95, 105)], set()),
        ([f"view_{i}.png" for i in range(2)], set()),
    ],
)
def test_groups_are_told_by_the_names_of_images(names: list[str], called: set[tuple[str, ...]]) -> None:
    assert {patterns for _, patterns in named_partitions(names)} == called


REAL = {
    "camera-two-cameras-mixed/corners.csv": ((640, 360), "two_cameras", ("left_view*", "right_view*")),
    "camera-side-by-side-stereo/corners.csv": ((1280, 480), "side_by_side", ("the left half", "the right half")),
    "camera-swapped-xy/corners.csv": (None, "mirrored", ("x and y are swapped",)),
    "camera-corner-order/corners_swapped.csv": ((1920, 1080), "corner_order", ("rows and columns are exchanged",)),
    "camera-corner-order/corners_asked.csv": ((1920, 1080), "sheared_grid", ("no rectangular grid",)),
}


@needs_cases
@pytest.mark.slow
@pytest.mark.parametrize("case", REAL)
def test_the_cause_of_a_reported_case_is_named(case: str) -> None:
    size, cause, words = REAL[case]
    name, sentence, found = first_cause(Made(read_corners(CASES / case, size), words, "do not use"))
    assert name == cause
    assert all(word in sentence for word in words)
    assert found is None or found.verdict.grade == ("usable" if cause == "two_cameras" else "do not use")


# Sets of one camera that stood still, and their sizes. Of the others, coytk alternates between two cameras, tello is a
# drone's rolling shutter, boof_fisheye_chess has a board that is .5 % longer along one side.
SOUND = {
    "boof_sony_chess": (640, 480),
    "boof_bumblebee_left": (640, 480),
    "boof_trinocular_left": (1224, 1024),
    "sourish_stereo1_left": (640, 360),
    "sourish_stereo2_left": (270, 180),
    "stereopi_left": (640, 480),
    "ucl_charuco_left": (720, 576),
    "yz_eye_in_hand": (960, 540),
    "ksonod": (768, 1024),
    "greninja": (1980, 891),
    "hawk_old": (1280, 720),
    "az_uw": (848, 800),
}


@needs_tables
@pytest.mark.slow
@pytest.mark.parametrize("table", SOUND)
def test_no_cause_is_named_on_real_sets_of_one_camera(table: str) -> None:
    path: Path = TABLES / f"{table}.csv"
    assert calibrate(read_corners(path, SOUND[table])).causes == {}
