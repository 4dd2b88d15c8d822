"""Views that cannot determine a camera are refused in words; views that can are not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from cases.camera import BOARD, CENTRED, LENSES, good, parallel_poses, poses_of, seen, tilted, with_views

from calib.camera import calibrate
from calib.camera.adjustment.reprojection import corners_of
from calib.camera.observations import Observations
from calib.camera.simulation.simulate import typical_camera
from calib.camera.views.degeneracy import check_tilts, check_views
from calib.errors import CalibError, DegenerateError, UsageError
from calib.geometry import se3

NOISES = (0.0, pytest.param(0.02, marks=pytest.mark.slow), 0.5)
LENSES_AND_NOISES = [
    # without noise the rational lens takes four times as long as any other case; with a little it does not
    pytest.param(lens, sigma_px, marks=pytest.mark.slow if sigma_px == (0.0 if lens == "rational" else 0.02) else ())
    for lens in LENSES
    for sigma_px in (0.0, 0.02, 0.5)
]


def refused(observations: Observations, lens: str, code: str, **options: object) -> DegenerateError:
    """The refusal of observations, after a check that it speaks and names no focal length."""
    with pytest.raises(DegenerateError) as caught:
        calibrate(observations, lens, **options)
    error = caught.value
    assert error.code == code
    assert error.exit_status == 4
    assert error.why
    assert error.advice
    assert not re.search(r"\d", error.what), "a refusal gives no number to take home"
    assert "nan" not in error.why
    assert "inf" not in error.why
    return error


@pytest.mark.parametrize("sigma_px", NOISES)
@pytest.mark.parametrize("lens", LENSES)
def test_one_view_is_refused(lens: str, sigma_px: float) -> None:
    refused(good(lens, views=1, sigma_px=sigma_px).observations, lens, "one-view")


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("lens", "sigma_px"), LENSES_AND_NOISES)
def test_fronto_parallel_boards_are_refused(lens: str, sigma_px: float, seed: int) -> None:
    nearest = 0.35 if lens != "kannala_brandt" else 0.15
    poses = parallel_poses(np.eye(3), 9, seed, nearest)
    case = seen(typical_camera(lens), poses, sigma_px, seed, CENTRED)
    error = refused(case.observations, lens, "parallel-boards")
    assert "tilt" in error.advice


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("lens", "sigma_px"), LENSES_AND_NOISES)
def test_boards_tilted_alike_are_refused(lens: str, sigma_px: float, seed: int) -> None:
    nearest = 0.35 if lens != "kannala_brandt" else 0.15
    poses = parallel_poses(tilted(30, 0.3 + seed), 9, seed, nearest)
    case = seen(typical_camera(lens), poses, sigma_px, seed, CENTRED)
    refused(case.observations, lens, "parallel-boards")


@pytest.mark.parametrize(("sigma_px", "seed"), [(0.0, 0), (0.02, 1), (0.5, 2)])
@pytest.mark.parametrize("lens", LENSES)
def test_a_camera_that_never_moved_is_refused(lens: str, sigma_px: float, seed: int) -> None:
    pose = poses_of(lens)[seed]
    case = seen(typical_camera(lens), np.repeat(pose[None], 8, axis=0), sigma_px, seed)
    error = refused(case.observations, lens, "static-camera")
    assert "neither the camera nor the board moved" in error.what


def test_two_parallel_views_are_refused() -> None:
    case = seen(typical_camera("pinhole"), parallel_poses(tilted(20), 2, 3), 0.1, 3, CENTRED)
    refused(case.observations, "pinhole", "parallel-boards")


def test_parallel_boards_are_refused_without_screening_too() -> None:
    case = seen(typical_camera("brown_conrady"), parallel_poses(np.eye(3), 9, 5), 0.1, 5, CENTRED)
    refused(case.observations, "brown_conrady", "parallel-boards", robust=False)


def test_parallel_boards_with_a_wrong_view_among_them_are_refused() -> None:
    case = seen(typical_camera("brown_conrady"), parallel_poses(np.eye(3), 9, 6), 0.1, 6, CENTRED)
    implausible = np.random.default_rng(6).uniform(0, 700, (len(CENTRED), 2))
    views = [*case.views[:-1], type(case.views[-1])("implausible.png", implausible, CENTRED)]
    refused(with_views(case, views), "brown_conrady", "parallel-boards")


def test_a_wobble_within_the_noise_is_no_tilt() -> None:
    poses = parallel_poses(np.eye(3), 9, 7)
    wobble = np.random.default_rng(7).normal(0, np.radians(0.02), (9, 3))
    poses = poses @ se3.exp(np.concatenate([np.zeros((9, 3)), wobble], axis=1))
    case = seen(typical_camera("brown_conrady"), poses, 0.2, 7, CENTRED)
    refused(case.observations, "brown_conrady", "parallel-boards")


def test_a_focal_length_known_to_a_tenth_only_is_refused() -> None:
    """Far away the rays are parallel: plainly tilted boards, but their size and distance cannot be told apart."""
    camera = typical_camera("pinhole")
    rotations = np.stack([tilted(20, a) for a in (0.0, 1.5, 3.0, 4.5)])
    poses = se3.compose(rotations, np.array([[0.0, 0.0, 12.0]] * 4))
    refused(seen(camera, poses, 0.3, 8, CENTRED).observations, "pinhole", "focal-length-unobservable")


def test_too_few_corners_for_the_unknowns_are_refused() -> None:
    from dataclasses import replace

    pick = [0, 8, 45, 53]
    views = [replace(v, corners_px=v.corners_px[pick], corners_in_board=BOARD[pick]) for v in good(views=4).views]
    error = refused(Observations(tuple(views), (1280, 720)), "brown_conrady", "too-few-corners")
    assert "32" in error.why  # coordinates seen
    assert "33" in error.why  # 9 of the lens and 6 per view


def test_two_views_cannot_determine_a_skew() -> None:
    """Five intrinsics from the four constraints of two views (Zhang 2000, sec. 3.1)."""
    case = good("pinhole", views=2, sigma_px=0.1, seed=9)
    refused(case.observations, "pinhole", "focal-length-unobservable", free=["skew"])


def test_two_good_views_are_enough() -> None:
    case = good("pinhole", views=2, sigma_px=0.1, seed=9)
    calibration = calibrate(case.observations, "pinhole")
    assert calibration.sigma["fx_px"] < 0.05 * calibration.camera.value("fx_px")


@pytest.mark.parametrize(
    ("lens", "seeds"),
    [
        *(("pinhole", range(14)), ("brown_conrady", range(14)), ("rational", range(7)), ("kannala_brandt", range(7))),
        pytest.param("pinhole", range(14, 130), marks=pytest.mark.slow),
        pytest.param("brown_conrady", range(14, 50), marks=pytest.mark.slow),
        pytest.param("rational", range(7, 10), marks=pytest.mark.slow),
        pytest.param("kannala_brandt", range(7, 10), marks=pytest.mark.slow),
    ],
)
def test_good_views_are_never_refused(lens: str, seeds: range) -> None:
    """200 seeds over the lenses, 4 to 10 views each, of which two rounds or one by default; one false alarm fails."""
    alarms = []
    for seed in seeds:
        case = good(lens, views=4 + seed % 7, sigma_px=(0.05, 0.3, 1.0)[seed % 3], seed=seed)
        try:
            calibrate(case.observations, lens)
        except CalibError as error:
            alarms.append((seed, error.code, error.why))
    assert alarms == []


@pytest.mark.parametrize("seed", range(5))
def test_small_but_real_tilts_are_accepted(seed: int) -> None:
    """Tilts of 5 degrees are poor practice; with sharp corners they still determine the camera, and sigma says how."""
    rng = np.random.default_rng(seed)
    camera = typical_camera("pinhole")
    rotations = np.stack([tilted(5, a) for a in rng.uniform(0, 6.28, 15)])
    translations = rng.uniform((-0.06, -0.03, 0.3), (0.06, 0.03, 0.45), (15, 3))
    case = seen(camera, se3.compose(rotations, translations), 0.02, seed, CENTRED)
    calibration = calibrate(case.observations, "pinhole")
    error = calibration.camera.value("fx_px") - camera.value("fx_px")
    assert abs(error) < 4 * calibration.sigma["fx_px"]
    assert calibration.sigma["fx_px"] < 0.1 * camera.value("fx_px")


def test_whoever_holds_the_focal_lengths_asks_nothing_of_the_tilts() -> None:
    """They are held where the user says, and the boards are then as far away as they are."""
    camera = typical_camera("pinhole")
    poses = parallel_poses(np.eye(3), 9, 11)
    case = seen(camera, poses, 0.1, 11, CENTRED)
    known = [f"{label}={camera.value(label)!r}" for label in ("fx_px", "fy_px", "cx_px", "cy_px")]
    calibration = calibrate(case.observations, "pinhole", fix=known)
    assert calibration.sigma["fx_px"] == calibration.sigma["fy_px"] == 0.0
    np.testing.assert_array_equal(calibration.camera.parameters[[0, 1, 3, 4]], camera.parameters[[0, 1, 3, 4]])
    for view, pose in zip(calibration.views, poses, strict=True):
        assert (np.abs(view.camera_from_board[:3, 3] - pose[:3, 3]) < 5 * view.pose_sigma[:3].max()).all()
    doubled = calibrate(
        case.observations, "pinhole", fix=[f"fx={2 * camera.value('fx_px')}", f"fy={2 * camera.value('fy_px')}"]
    )
    ratio = doubled.views[0].camera_from_board[2, 3] / poses[0, 2, 3]
    assert ratio == pytest.approx(2.0, rel=0.02)


def test_what_is_held_without_a_value_stands_where_it_starts() -> None:
    """A principal point in the middle of the image, as elsewhere; distortion at 0; a focal length is asked for."""
    case = good(views=12, seed=3)
    calibration = calibrate(case.observations, fix=["cx", "cy", "k3", "p1=1e-4"])
    camera = calibration.camera
    assert [camera.value(label) for label in ("cx_px", "cy_px", "k3", "p1")] == [639.5, 359.5, 0.0, 1e-4]
    assert calibration.held == {"skew_px", "cx_px", "cy_px", "k3", "p1"}
    with pytest.raises(UsageError) as caught:
        calibrate(case.observations, fix=["fx"])
    assert caught.value.code == "value-needed"


def test_two_views_pass_the_count_and_tilted_ones_the_tilt() -> None:
    check_views(corners_of(good(views=2).views))
    with pytest.raises(DegenerateError, match="one view"):
        check_views(corners_of(good(views=1).views))
    case = good("pinhole", views=5, seed=12)
    calibration = calibrate(case.observations, "pinhole")
    check_tilts(calibration.camera.lens, corners_of(case.views), calibration.solution)
