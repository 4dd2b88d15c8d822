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
from calib.camera.corner_table import read_corners
from calib.camera.lens import AFFINE
from calib.camera.observations import Observations
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.errors import UsageError
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


def sigmas(calibration: CameraCalibration, labels: tuple[str, ...]) -> Array:
    return np.array([calibration.sigma[label] for label in labels])


@pytest.mark.parametrize("seed", range(3))
def test_the_same_corners_give_the_camera_of_opencv(seed: int) -> None:
    observations = in_single_precision(good("brown_conrady", views=10, seed=seed))
    labels = OPENCV_LABELS["brown_conrady"]
    rms, parameters, _, poses = by_opencv(observations)
    ours = calibrate(observations, "brown_conrady", robust=False)
    assert ours.rms_px == pytest.approx(rms, rel=1e-9)
    assert (np.abs(values(ours, labels) - parameters) < 1e-4 * sigmas(ours, labels)).all()
    for fit, pose in zip(ours.views, poses, strict=True):
        np.testing.assert_allclose(fit.camera_from_board, pose, rtol=0, atol=1e-7)


@pytest.mark.parametrize("seed", range(2))
def test_standard_deviations_for_independent_errors_are_those_of_opencv(seed: int) -> None:
    observations = in_single_precision(good("brown_conrady", views=10, seed=seed))
    labels = OPENCV_LABELS["brown_conrady"]
    _, _, sigma, _ = by_opencv(observations)
    ours = calibrate(observations, "brown_conrady", robust=False)
    independent = [ours.noise_px * ours.solution.uncertainty.sigma(label) for label in labels]
    np.testing.assert_allclose(sigma / independent, 1.0, rtol=1e-4)


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
    ours = calibrate(draw_views(truth, BOARD, views=4, noise_px=2.0, seed=seed).observations, "brown_conrady")
    assert ours.solution.status.converged
    for i, label in enumerate(ours.camera.lens.labels):
        off = abs(ours.camera.parameters[i] - truth.parameters[i])
        assert off <= 6 * ours.sigma[label], label  # intervals are of first order: generous, but not blind


def test_the_residual_is_projected_less_seen_and_the_rms_counts_corners() -> None:
    case = good(views=6, seed=8)
    ours = calibrate(case.observations, "brown_conrady", robust=False)
    for fit in ours.views:
        projected = ours.camera.project(se3.apply(fit.camera_from_board, fit.view.corners_in_board))
        np.testing.assert_allclose(fit.residuals_px, projected - fit.view.corners_px, rtol=0, atol=1e-9)
    every = np.concatenate([fit.residuals_px for fit in ours.views])
    assert ours.rms_px == pytest.approx(np.sqrt(np.sum(every**2) / len(every)), rel=1e-12)
    freedom = every.size - 9 - 6 * 6
    assert ours.noise_px == pytest.approx(np.sqrt(np.sum(every**2) / freedom), rel=1e-9)
    assert ours.corners == len(every) == 6 * 54


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


def test_unknown_names_are_usage_errors_before_any_work() -> None:
    with pytest.raises(UsageError) as caught:
        calibrate([], "fisheye")
    assert caught.value.code == "unknown-lens"
    with pytest.raises(UsageError) as caught:
        calibrate([], fix=["k9"])
    assert caught.value.code == "unknown-label"


def test_progress_sees_the_cost_fall() -> None:
    costs: list[float] = []
    case = good(views=6, seed=29)
    ours = calibrate(case.observations, "brown_conrady", on_iteration=lambda it: costs.append(it.cost))
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
