"""Calibration against OpenCV on the same corners, against published numbers, and against its own symmetries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from cases.camera import BOARD, LENSES, Case, good, seen, with_views

from calib.arrays import Array
from calib.camera import CameraCalibration, calibrate
from calib.camera.calibration.uncertainty import projection_difference, projection_sigma
from calib.camera.corner_table import read_corners
from calib.camera.lens import AFFINE
from calib.camera.observations import Excluded, Observations, View
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.errors import InputError, UsageError
from calib.geometry import se3

TO_CONVERGENCE = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 1000, 1e-15)
OPENCV_LABELS = {
    "pinhole": ("fx_px", "fy_px", "cx_px", "cy_px"),
    "brown_conrady": ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3"),
}


def in_single_precision(case: Case) -> Observations:
    """The observations rounded to what cv2.calibrateCamera takes, so that both see the same numbers."""
    views = [
        replace(
            view,
            corners_px=view.corners_px.astype(np.float32).astype(float),
            corners_in_board=view.corners_in_board.astype(np.float32).astype(float),
        )
        for view in case.views
    ]
    return with_views(case, views)


def by_opencv(observations: Observations, flags: int = 0) -> tuple[float, Array, Array, list[Array]]:
    """rms, parameters (fx fy cx cy and the coefficients), their standard deviations, camera_from_board."""
    rms, matrix, distortion, turns, shifts, sigma, _, _ = cv2.calibrateCameraExtended(
        [view.corners_in_board.astype(np.float32) for view in observations.views],
        [view.corners_px.astype(np.float32) for view in observations.views],
        observations.image_size_px,
        None,
        None,
        flags=flags,
        criteria=TO_CONVERGENCE,
    )
    parameters = np.concatenate([[matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]], distortion.ravel()[:5]])
    poses = [se3.compose(cv2.Rodrigues(r)[0], t.ravel()) for r, t in zip(turns, shifts, strict=True)]
    return rms, parameters, sigma.ravel()[:9], poses


def values(calibration: CameraCalibration, labels: tuple[str, ...]) -> Array:
    return np.array([calibration.camera.value(label) for label in labels])


def assert_same_camera(one: CameraCalibration, other: CameraCalibration, share: float = 1e-4) -> None:
    """Parameters that agree to a share of their standard deviation."""
    labels = one.camera.lens.labels
    assert (np.abs(values(one, labels) - values(other, labels)) <= share * sigmas(one, labels)).all()


def sigmas(calibration: CameraCalibration, labels: tuple[str, ...]) -> Array:
    return np.array([calibration.sigma[label] for label in labels])


@pytest.mark.parametrize("seed", range(3))
def test_the_same_corners_give_the_camera_of_opencv(seed: int) -> None:
    observations = in_single_precision(good("brown_conrady", views=10, seed=seed))
    labels = OPENCV_LABELS["brown_conrady"]
    rms, parameters, _, poses = by_opencv(observations)
    ours = calibrate(observations, robust=False)
    assert ours.rms_px == pytest.approx(rms, rel=1e-9)
    assert (np.abs(values(ours, labels) - parameters) < 1e-4 * sigmas(ours, labels)).all()
    for fit, pose in zip(ours.views, poses, strict=True):
        np.testing.assert_allclose(fit.camera_from_board, pose, rtol=0, atol=1e-7)


@pytest.mark.parametrize("seed", range(2))
def test_standard_deviations_are_those_of_opencv(seed: int) -> None:
    observations = in_single_precision(good("brown_conrady", views=10, seed=seed))
    labels = OPENCV_LABELS["brown_conrady"]
    _, _, sigma, _ = by_opencv(observations)
    ours = calibrate(observations, robust=False)
    np.testing.assert_allclose(sigma / sigmas(ours, labels), 1.0, rtol=1e-4)


def test_a_pinhole_is_that_of_opencv_without_distortion() -> None:
    observations = in_single_precision(good("pinhole", views=8, seed=4))
    flags = cv2.CALIB_FIX_K1 | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3 | cv2.CALIB_ZERO_TANGENT_DIST
    rms, parameters, _, _ = by_opencv(observations, flags)
    ours = calibrate(observations, "pinhole", robust=False)
    assert ours.rms_px == pytest.approx(rms, rel=1e-9)
    labels = OPENCV_LABELS["pinhole"]
    assert (np.abs(values(ours, labels) - parameters[:4]) < 1e-4 * sigmas(ours, labels)).all()


def test_held_coefficients_give_the_camera_of_opencv() -> None:
    observations = in_single_precision(good("brown_conrady", views=8, seed=5))
    rms, parameters, _, _ = by_opencv(observations, cv2.CALIB_FIX_K3 | cv2.CALIB_ZERO_TANGENT_DIST)
    ours = calibrate(observations, fix=["k3", "p1", "p2"], robust=False)
    labels = OPENCV_LABELS["brown_conrady"]
    assert ours.rms_px == pytest.approx(rms, rel=1e-9)
    assert (np.abs(values(ours, labels) - parameters) <= 1e-4 * sigmas(ours, labels)).all()
    assert [label for label in labels if ours.sigma[label] == 0.0] == ["p1", "p2", "k3"]


def test_the_rational_lens_fits_as_that_of_opencv_with_bounded_coefficients() -> None:
    """Its numerator and denominator nearly cancel: least squares alone lets them run off with the noise; a weak prior
    does not, and costs less than a part in a hundred of the residual."""
    largest = []
    for seed in range(4):
        observations = in_single_precision(good("rational", views=12, seed=seed))
        rms, _, distortion, *_ = cv2.calibrateCamera(
            [view.corners_in_board.astype(np.float32) for view in observations.views],
            [view.corners_px.astype(np.float32) for view in observations.views],
            (1280, 720),
            None,
            None,
            flags=cv2.CALIB_RATIONAL_MODEL,
        )
        ours = calibrate(observations, "rational", robust=False)
        assert rms * (1 - 1e-9) <= ours.rms_px <= 1.01 * rms
        assert np.abs(ours.camera.parameters[len(AFFINE) :]).max() < 3.0
        largest.append(np.abs(distortion).max())
    assert max(largest) > 10.0  # what it is held back from


def test_the_fisheye_is_that_of_opencv() -> None:
    case = good("kannala_brandt", views=12, sigma_px=0.2, seed=7)
    home = cv2.fisheye if hasattr(cv2.fisheye, "CALIB_FIX_SKEW") else cv2  # its place before OpenCV 5, and since
    rms, matrix, distortion, _, _ = cv2.fisheye.calibrate(
        [view.corners_in_board[None] for view in case.views],
        [view.corners_px[None] for view in case.views],
        (1280, 720),
        None,
        None,
        flags=home.CALIB_RECOMPUTE_EXTRINSIC | home.CALIB_FIX_SKEW,
        criteria=TO_CONVERGENCE,
    )
    ours = calibrate(case.observations, "kannala_brandt", robust=False)
    labels = ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "k3", "k4")
    theirs = np.concatenate([[matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]], np.ravel(distortion)])
    assert ours.rms_px <= rms * (1 + 1e-9)
    assert (np.abs(values(ours, labels) - theirs) < 0.05 * sigmas(ours, labels)).all()


def test_zhangs_data_give_the_published_camera(real_data: Callable[[str], Path]) -> None:
    """Z. Zhang, PAMI 2000: the five views and the result he published with them, radial distortion only."""
    published = {
        "fx_px": (832.5, 0.05),  # half a unit of the last printed digit, a few where his solve stopped early
        "skew_px": (0.204494, 1e-5),
        "fy_px": (832.53, 0.005),
        "cx_px": (303.959, 0.0005),
        "cy_px": (206.585, 0.0005),
        "k1": (-0.228601, 1e-6),
        "k2": (0.190353, 2e-6),
    }
    ours = calibrate(
        read_corners(real_data("camera/zhang") / "corners.csv", (640, 480)), free=["skew"], fix=["p1", "p2", "k3"]
    )
    assert ours.rms_px <= 0.336434
    for label, (value, digits) in published.items():
        assert ours.camera.value(label) == pytest.approx(value, abs=digits), label
    assert [int(fit.used.sum()) for fit in ours.views] == [256] * 5
    assert ours.excluded == ()
    first = np.array(
        [[0.992759, -0.026319, 0.117201], [0.0139247, 0.994339, 0.105341], [-0.11931, -0.102947, 0.987505]]
    )
    inches = np.array([-3.84019, 3.65164, 12.791])
    np.testing.assert_allclose(ours.views[0].camera_from_board[:3, :3], first, rtol=0, atol=2e-6)
    np.testing.assert_allclose(ours.views[0].camera_from_board[:3, 3] / 0.0254, inches, rtol=0, atol=1e-3)


@pytest.mark.parametrize("lens", LENSES)
def test_exact_corners_give_the_exact_camera(lens: str) -> None:
    case = good(lens, views=8, sigma_px=0.0)
    ours = calibrate(case.observations, lens)
    assert ours.rms_px < 1e-4  # the rational lens' prior keeps it from zero
    pixels = np.stack(np.meshgrid(np.linspace(200, 1079, 9), np.linspace(100, 619, 7)), axis=-1).reshape(-1, 2)
    assert np.abs(ours.camera.project(case.camera.unproject(pixels)) - pixels).max() < 0.01
    if not ours.camera.lens.weak:
        np.testing.assert_allclose(ours.camera.parameters, case.camera.parameters, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("seed", range(3, 8))
def test_few_noisy_views_converge_too(seed: int) -> None:
    """Four views with 2 px of noise: a curved valley, where steps of Gauss and Newton do not contract."""
    truth = typical_camera("brown_conrady")
    ours = calibrate(draw_views(truth, BOARD, views=4, noise_px=2.0, seed=seed).observations)
    assert ours.solution.status.converged
    for i, label in enumerate(ours.camera.lens.labels):
        off = abs(ours.camera.parameters[i] - truth.parameters[i])
        assert off <= 6 * ours.sigma[label], label  # intervals are of first order: generous, but not blind


def test_the_residual_is_projected_less_seen_and_the_rms_counts_corners() -> None:
    case = good(views=6, seed=8)
    ours = calibrate(case.observations, robust=False)
    for fit in ours.views:
        projected = ours.camera.project(se3.apply(fit.camera_from_board, fit.view.corners_in_board))
        np.testing.assert_allclose(fit.residuals_px, projected - fit.view.corners_px, rtol=0, atol=1e-9)
    every = np.concatenate([fit.residuals_px for fit in ours.views])
    assert ours.rms_px == pytest.approx(np.sqrt(np.sum(every**2) / len(every)), rel=1e-12)
    freedom = every.size - 9 - 6 * 6
    assert ours.noise_px == pytest.approx(np.sqrt(np.sum(every**2) / freedom), rel=1e-9)
    assert ours.corners == len(every) == 6 * 54


def test_the_order_of_views_and_corners_does_not_matter() -> None:
    case = good(views=7, seed=9)
    shuffled = []
    for i, view in enumerate(reversed(case.views)):
        order = np.random.default_rng(i).permutation(54)
        shuffled.append(View(view.image, view.corners_px[order], view.corners_in_board[order]))
    one, other = calibrate(case.observations), calibrate(with_views(case, shuffled))
    assert_same_camera(one, other)
    np.testing.assert_allclose(
        [fit.camera_from_board for fit in reversed(other.views)],
        [fit.camera_from_board for fit in one.views],
        rtol=0,
        atol=1e-9,
    )


@pytest.mark.parametrize("scale", [1e-3, 40.0])
def test_the_boards_unit_scales_the_poses_and_nothing_else(scale: float) -> None:
    case = good(views=6, seed=10)
    scaled = [replace(view, corners_in_board=scale * view.corners_in_board) for view in case.views]
    one, other = calibrate(case.observations), calibrate(with_views(case, scaled))
    assert_same_camera(one, other)
    for label in one.camera.lens.labels:
        assert other.sigma[label] == pytest.approx(one.sigma[label], rel=1e-5)
    shifts = [np.stack([fit.camera_from_board[:3, 3] for fit in each.views]) for each in (one, other)]
    np.testing.assert_allclose(shifts[1], scale * shifts[0], rtol=1e-6)


@pytest.mark.parametrize("offset_m", [0.5, 3.0, 50.0])
def test_where_the_board_has_its_origin_does_not_matter(offset_m: float) -> None:
    case = good(views=8, seed=11)
    moved = [
        replace(view, corners_in_board=view.corners_in_board + np.array([offset_m, -2 * offset_m, 0]))
        for view in case.views
    ]
    one, other = calibrate(case.observations), calibrate(with_views(case, moved))
    assert_same_camera(one, other)
    for a, b, view in zip(one.views, other.views, moved, strict=True):
        here = se3.apply(b.camera_from_board, view.corners_in_board)
        np.testing.assert_allclose(here, se3.apply(a.camera_from_board, BOARD), rtol=0, atol=1e-6)


def test_the_rotation_of_a_pose_is_as_well_known_wherever_the_origin_is() -> None:
    case = good(views=8, seed=11)
    moved = [replace(view, corners_in_board=view.corners_in_board + np.array([1.0, 0, 0])) for view in case.views]
    one, other = calibrate(case.observations), calibrate(with_views(case, moved))
    for a, b in zip(one.views, other.views, strict=True):
        np.testing.assert_allclose(b.pose_sigma[3:], a.pose_sigma[3:], rtol=1e-4)
        assert b.pose_sigma[2] > 0.5 * a.pose_sigma[4], "a metre of leverage turns a tilt into a depth"


def test_without_an_image_size_the_camera_is_the_same() -> None:
    case = good(views=8, seed=12)
    one, other = calibrate(case.observations), calibrate(case.views)
    assert_same_camera(one, other)
    assert other.camera.image_size_px is None


def test_views_may_show_different_parts_of_the_board() -> None:
    case = good(views=12, seed=13, sigma_px=0.1)
    rng = np.random.default_rng(13)
    ragged = []
    for view in case.views:
        shown = np.sort(rng.choice(54, rng.integers(12, 54), replace=False))
        ragged.append(View(view.image, view.corners_px[shown], view.corners_in_board[shown]))
    ours = calibrate(with_views(case, ragged))
    assert len(ours.views) == 12
    assert ours.corners == sum(len(view.corners_px) for view in ragged)
    whole = calibrate(case.observations)
    for label in ours.camera.lens.labels:
        off = abs(ours.camera.value(label) - whole.camera.value(label))
        assert off <= 4 * ours.sigma[label], label


def test_a_board_need_not_be_flat() -> None:
    board = BOARD.copy()
    board[:, 2] = 0.004 * np.sin(40 * board[:, 0])
    start = good(views=10, seed=14)
    case = seen(start.camera, start.camera_from_board, 0.0, board=board)
    ours = calibrate(case.observations)
    np.testing.assert_allclose(ours.camera.parameters, case.camera.parameters, rtol=1e-7, atol=1e-8)


def test_a_corner_twice_as_sharp_counts_as_four() -> None:
    case = good(views=6, seed=15)
    weighted = [replace(view, sigma_px=np.where(np.arange(54) < 20, 0.5, 1.0)) for view in case.views]
    repeated = [
        View(
            view.image,
            np.concatenate([view.corners_px[:20]] * 3 + [view.corners_px]),
            np.concatenate([view.corners_in_board[:20]] * 3 + [view.corners_in_board]),
        )
        for view in case.views
    ]
    one = calibrate(with_views(case, weighted), robust=False)
    other = calibrate(with_views(case, repeated), robust=False)
    assert_same_camera(one, other)


def test_equal_weights_change_nothing() -> None:
    case = good(views=6, seed=16)
    weighted = [replace(view, sigma_px=np.full(54, 0.37)) for view in case.views]
    one, other = calibrate(case.observations), calibrate(with_views(case, weighted))
    assert_same_camera(one, other)
    for label in one.camera.lens.labels:
        assert other.sigma[label] == pytest.approx(one.sigma[label], rel=1e-6)
    assert other.rms_px == pytest.approx(one.rms_px, rel=1e-9)


def test_right_weights_make_the_camera_more_certain() -> None:
    case = good(views=10, seed=17, sigma_px=0.0)
    rng = np.random.default_rng(17)
    sigma = np.where(np.arange(54) % 2, 0.05, 1.0)
    noisy = [replace(v, corners_px=v.corners_px + sigma[:, None] * rng.normal(size=(54, 2))) for v in case.views]
    weighted = calibrate(with_views(case, [replace(view, sigma_px=sigma) for view in noisy]), robust=False)
    blind = calibrate(with_views(case, noisy), robust=False)
    assert weighted.noise_px == pytest.approx(1.0, abs=4 / np.sqrt(2 * 2 * 540))
    for label in ("fx_px", "fy_px", "cx_px", "cy_px"):
        assert weighted.sigma[label] < 0.2 * blind.sigma[label]
        assert abs(weighted.camera.value(label) - case.camera.value(label)) < 4 * weighted.sigma[label]


def test_what_is_fixed_stays_and_has_no_spread() -> None:
    case = good(views=8, seed=18)
    ours = calibrate(case.observations, fix=["k3", "p1"])
    assert ours.camera.value("k3") == ours.camera.value("p1") == 0.0
    assert ours.sigma["k3"] == ours.sigma["p1"] == ours.sigma["skew_px"] == 0.0
    assert ours.held == {"skew_px", "k3", "p1"}
    at = [ours.camera.lens.labels.index(label) for label in ("k3", "p1", "skew_px")]
    assert not ours.covariance[at].any()
    assert (np.diagonal(np.delete(np.delete(ours.covariance, at, 0), at, 1)) > 0).all()


def test_a_freed_skew_is_found() -> None:
    start = good(views=12, seed=19)
    parameters = start.camera.parameters.copy()
    parameters[2] = 2.5
    case = seen(replace(start.camera, parameters=parameters), start.camera_from_board, 0.1, 19)
    ours = calibrate(case.observations, free=["skew"])
    assert 0 < ours.sigma["skew_px"] < 0.5
    assert abs(ours.camera.value("skew_px") - 2.5) < 4 * ours.sigma["skew_px"]


def test_the_covariance_has_the_sigmas_on_its_diagonal() -> None:
    ours = calibrate(good(views=8, seed=20).observations)
    expected = [ours.sigma[label] for label in ours.camera.lens.labels]
    np.testing.assert_allclose(np.sqrt(np.diagonal(ours.covariance)), expected, rtol=1e-12)
    np.testing.assert_allclose(ours.covariance, ours.covariance.T, rtol=1e-9, atol=1e-30)


def test_clean_data_lose_nothing_to_the_screening() -> None:
    for seed in range(10):
        case = good(views=8, seed=seed)
        robust, plain = calibrate(case.observations), calibrate(case.observations, robust=False)
        assert robust.excluded == ()
        assert robust.corners == plain.corners == 8 * 54
        assert_same_camera(plain, robust)


@pytest.mark.parametrize("lens", LENSES)
def test_garbage_views_are_set_aside_by_name(lens: str) -> None:
    case = good(lens, views=12, seed=21)
    rng = np.random.default_rng(21)
    views = case.views
    for i in (0, 5, 11):
        views[i] = replace(views[i], corners_px=rng.uniform((0, 0), (1279, 719), (54, 2)))
    ours = calibrate(with_views(case, views), lens)
    assert {aside.image for aside in ours.excluded} == {views[i].image for i in (0, 5, 11)}
    assert all(aside.reason for aside in ours.excluded)
    assert len(ours.views) == 9
    clean = calibrate(with_views(case, [view for i, view in enumerate(views) if i not in (0, 5, 11)]), lens)
    assert_same_camera(clean, ours)


def test_a_view_with_its_corners_in_another_order_is_set_aside() -> None:
    """Rows swapped: every corner is where a corner is, yet no plane is seen so."""
    case = good(views=12, seed=22)
    views = case.views
    views[4] = replace(views[4], corners_px=views[4].corners_px.reshape(6, 9, 2)[[1, 0, 2, 3, 4, 5]].reshape(-1, 2))
    ours = calibrate(with_views(case, views))
    assert [aside.image for aside in ours.excluded] == ["view_005.png"]


@pytest.mark.parametrize("lens", LENSES)
def test_wild_corners_are_named_and_do_not_move_the_camera(lens: str) -> None:
    case = good(lens, views=12, seed=23)
    rng = np.random.default_rng(23)
    wild = {(int(v), int(c)) for v, c in zip(rng.integers(0, 12, 13), rng.integers(0, 54, 13), strict=True)}
    views = case.views
    for v, c in wild:
        px, angle = views[v].corners_px.copy(), rng.uniform(0, 2 * np.pi)
        px[c] += 8.0 * np.array([np.cos(angle), np.sin(angle)])
        views[v] = replace(views[v], corners_px=px)
    ours = calibrate(with_views(case, views), lens)
    found = {(v, int(c)) for v, fit in enumerate(ours.views) for c in np.flatnonzero(~fit.used)}
    assert found == wild
    assert ours.excluded == ()
    assert ours.noise_px == pytest.approx(0.2, rel=0.1)
    clean = calibrate(case.observations, lens)
    # 13 of 648 corners fewer move the camera by sqrt(13 / 648) = 0.14 of its standard deviation
    sigma = projection_sigma(clean.camera, clean.covariance)
    assert projection_difference(ours.camera, clean.camera) < 0.5 * np.sqrt(2 * np.mean(sigma**2))


def test_least_squares_on_everything_is_what_robust_protects_from() -> None:
    case = good(views=12, seed=24)
    views = case.views
    views[3] = replace(views[3], corners_px=np.random.default_rng(24).uniform(0, 700, (54, 2)))
    plain = calibrate(with_views(case, views[:3] + views[4:]), robust=False)
    assert plain.rms_px < 0.4
    from calib.errors import CalibError

    try:
        spoilt = calibrate(with_views(case, views), robust=False).rms_px
    except CalibError:
        spoilt = np.inf
    assert spoilt > 5.0


def test_a_view_whose_corners_are_mostly_shifted_is_set_aside_with_its_typical_error() -> None:
    case = good(views=12, seed=25, sigma_px=0.1)
    views = case.views
    px = views[7].corners_px.copy()
    px[:] += 3.0 * np.sin(np.arange(54) * 2.4)[:, None]
    views[7] = replace(views[7], corners_px=px)
    ours = calibrate(with_views(case, views))
    assert [aside.image for aside in ours.excluded] == ["view_008.png"]
    assert "px" in ours.excluded[0].reason


def test_what_detection_set_aside_stays_on_record() -> None:
    case = good(views=8, seed=26)
    before = Excluded("blurred.png", "no board was found")
    ours = calibrate(replace(case.observations, excluded=(before,)))
    assert ours.excluded == (before,)


def test_views_without_enough_corners_are_set_aside_with_the_reason() -> None:
    case = good(views=10, seed=27)
    views = case.views
    views[0] = replace(views[0], corners_px=views[0].corners_px[:3], corners_in_board=BOARD[:3])
    views[1] = replace(views[1], corners_px=views[1].corners_px[:9], corners_in_board=BOARD[:9])
    views[2] = replace(views[2], corners_px=views[2].corners_px[:0], corners_in_board=BOARD[:0])
    ours = calibrate(with_views(case, views))
    reasons = {aside.image: aside.reason for aside in ours.excluded}
    assert "3 corners" in reasons["view_001.png"]
    assert "line" in reasons["view_002.png"]
    assert "0 corners" in reasons["view_003.png"]
    assert len(ours.views) == 7


def test_no_usable_view_is_an_input_error() -> None:
    with pytest.raises(InputError) as caught:
        calibrate([])
    assert caught.value.code == "no-usable-view"
    line = [replace(v, corners_px=v.corners_px[:9], corners_in_board=BOARD[:9]) for v in good(views=3).views]
    with pytest.raises(InputError, match=r"view_001\.png: its corners lie on a line") as caught:
        calibrate(line)
    assert caught.value.code == "no-usable-view"


@pytest.mark.parametrize(
    "broken",
    [
        lambda v: replace(v, corners_px=np.full((54, 2), np.nan)),
        lambda v: replace(v, corners_px=np.where(np.arange(108).reshape(54, 2) == 7, np.inf, v.corners_px)),
        lambda v: replace(v, corners_in_board=np.where(np.arange(54)[:, None] == 3, np.nan, v.corners_in_board)),
        lambda v: replace(v, corners_px=v.corners_px[:50]),
        lambda v: replace(v, corners_in_board=v.corners_in_board[:, :2]),
        lambda v: replace(v, corners_px=v.corners_px[:, None]),
        lambda v: replace(v, sigma_px=np.zeros(54)),
        lambda v: replace(v, sigma_px=np.ones(53)),
        lambda v: replace(v, sigma_px=np.full(54, np.nan)),
    ],
    ids=["nan", "inf", "nan-board", "lengths", "2d-board", "opencv-shape", "sigma-0", "sigma-length", "sigma-nan"],
)
@pytest.mark.parametrize("robust", [True, False])
def test_a_malformed_view_is_named(broken, robust: bool) -> None:
    case = good(views=6, seed=28)
    views = case.views
    views[2] = broken(views[2])
    with pytest.raises(InputError) as caught:
        calibrate(with_views(case, views), robust=robust)
    assert caught.value.code == "view-malformed"
    assert "view_003.png" in caught.value.where


def test_unknown_names_are_usage_errors_before_any_work() -> None:
    with pytest.raises(UsageError) as caught:
        calibrate([], "fisheye")
    assert caught.value.code == "unknown-lens"
    with pytest.raises(UsageError) as caught:
        calibrate([], fix=["k9"])
    assert caught.value.code == "unknown-label"


def test_progress_sees_the_cost_fall() -> None:
    costs: list[float] = []
    ours = calibrate(good(views=6, seed=29).observations, on_iteration=lambda it: costs.append(it.cost))
    assert len(costs) >= 2
    assert costs[-1] == min(costs)
    assert costs[-1] == pytest.approx(ours.solution.cost, rel=1e-3)


def test_the_same_call_gives_the_same_digits() -> None:
    case = good(views=6, seed=30)
    one, other = calibrate(case.observations), calibrate(case.observations)
    np.testing.assert_array_equal(one.camera.parameters, other.camera.parameters)
    np.testing.assert_array_equal(one.covariance, other.covariance)


def test_the_input_is_left_alone() -> None:
    case = good(views=6, seed=31)
    before = [view.corners_px.copy() for view in case.views]
    calibrate(case.observations)
    for px, view in zip(before, case.views, strict=True):
        np.testing.assert_array_equal(px, view.corners_px)
