"""Implausible views and outlier corners: rejected by name, and without a trace in the camera."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cases.camera import LENSES, Case, assert_same_camera, good, with_views

from calib.camera import calibrate
from calib.camera.calibration.locate_boards import locate_boards
from calib.camera.calibration.uncertainty import projection_difference, projection_sigma
from calib.camera.observations import Excluded, View

TO_CONVERGENCE = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 1000, 1e-15)
OPENCV_LABELS = {
    "pinhole": ("fx_px", "fy_px", "cx_px", "cy_px"),
    "brown_conrady": ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3"),
}


def test_clean_data_lose_nothing_to_the_screening() -> None:
    for seed in range(10):
        case = good(views=8, seed=seed)
        robust, plain = calibrate(case.observations), calibrate(case.observations, robust=False)
        assert robust.excluded == ()
        assert robust.corners == plain.corners == 8 * 54
        assert_same_camera(plain, robust)


@pytest.mark.parametrize("lens", LENSES)
def test_implausible_views_are_rejected_by_name(lens: str) -> None:
    case = good(lens, views=12, seed=21)
    rng = np.random.default_rng(21)
    views = case.views
    for i in (0, 5, 11):
        views[i] = replace(views[i], corners_px=rng.uniform((0, 0), (1279, 719), (54, 2)))
    ours = calibrate(with_views(case, views), lens)
    assert {excluded.image for excluded in ours.excluded} == {views[i].image for i in (0, 5, 11)}
    assert all(excluded.reason for excluded in ours.excluded)
    assert len(ours.views) == 9
    clean = calibrate(with_views(case, [view for i, view in enumerate(views) if i not in (0, 5, 11)]), lens)
    assert_same_camera(clean, ours)


def test_a_view_with_its_corners_in_another_order_is_rejected() -> None:
    """Rows swapped: every corner is where a corner is, yet no plane is seen so."""
    case = good(views=12, seed=22)
    views = case.views
    views[4] = replace(views[4], corners_px=views[4].corners_px.reshape(6, 9, 2)[[1, 0, 2, 3, 4, 5]].reshape(-1, 2))
    ours = calibrate(with_views(case, views))
    assert [excluded.image for excluded in ours.excluded] == ["view_005.png"]


@pytest.mark.parametrize("lens", LENSES)
def test_outlier_corners_are_reported_and_do_not_move_the_camera(lens: str) -> None:
    case = good(lens, views=12, seed=23)
    rng = np.random.default_rng(23)
    outliers = {(int(v), int(c)) for v, c in zip(rng.integers(0, 12, 13), rng.integers(0, 54, 13), strict=True)}
    views = case.views
    for v, c in outliers:
        px, angle = views[v].corners_px.copy(), rng.uniform(0, 2 * np.pi)
        px[c] += 8.0 * np.array([np.cos(angle), np.sin(angle)])
        views[v] = replace(views[v], corners_px=px)
    ours = calibrate(with_views(case, views), lens)
    found = {(v, int(c)) for v, fit in enumerate(ours.views) for c in np.flatnonzero(~fit.used)}
    assert found == outliers
    assert ours.excluded == ()
    assert ours.noise_px == pytest.approx(0.2, rel=0.1)
    clean = calibrate(case.observations, lens)
    # 13 of 648 corners fewer move the camera by sqrt(13 / 648) = 0.14 of its standard deviation
    sigma = projection_sigma(clean.camera, clean.covariance)
    assert projection_difference(ours.camera, clean.camera) < 0.5 * np.sqrt(2 * np.mean(sigma**2))


def far_off(case: Case, seed: int) -> tuple[list[View], set[tuple[int, int]]]:
    """The views with one corner in nearly each of them off by 300 px, and which."""
    rng, views, strays = np.random.default_rng(seed), case.views, set()
    for i, view in enumerate(views[1:], 1):
        corner, angle, px = int(rng.integers(54)), rng.uniform(0, 2 * np.pi), view.corners_px.copy()
        px[corner] += 300.0 * np.array([np.cos(angle), np.sin(angle)])
        views[i] = replace(view, corners_px=px)
        strays.add((i, corner))
    return views, strays


@pytest.mark.parametrize("lens", ["auto", *(pytest.param(each, marks=pytest.mark.slow) for each in LENSES)])
def test_a_corner_far_off_in_nearly_every_view_is_reported_and_does_not_move_the_camera(lens: str) -> None:
    case = good("brown_conrady" if lens == "auto" else lens, views=12, seed=27)
    views, strays = far_off(case, 27)
    ours = calibrate(with_views(case, views), lens)
    assert {(v, int(c)) for v, fit in enumerate(ours.views) for c in np.flatnonzero(~fit.used)} == strays
    assert ours.excluded == ()
    clean = calibrate(case.observations, lens)
    sigma = projection_sigma(clean.camera, clean.covariance)
    assert projection_difference(ours.camera, clean.camera) < 0.5 * np.sqrt(2 * np.mean(sigma**2))


def test_a_corner_far_off_in_nearly_every_view_moves_no_pose() -> None:
    case = good(views=8, seed=28)
    views, _ = far_off(case, 28)
    ours, clean = (locate_boards(with_views(case, each), case.camera) for each in (views, case.views))
    assert sum(len(view.corners_px) for view in ours.views) == 8 * 54 - 7
    assert ours.rms_px == pytest.approx(clean.rms_px, rel=0.05)


def test_many_corners_far_off_in_one_view_are_the_view() -> None:
    case = good(views=10, seed=29)
    views = case.views
    px = views[4].corners_px.copy()
    px[::3] += np.random.default_rng(29).normal(0.0, 200.0, (18, 2))
    views[4] = replace(views[4], corners_px=px)
    ours = calibrate(with_views(case, views))
    assert [excluded.image for excluded in ours.excluded] == ["view_005.png"]


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


def test_a_view_whose_corners_are_mostly_shifted_is_rejected_with_its_typical_error() -> None:
    case = good(views=12, seed=25, sigma_px=0.1)
    views = case.views
    px = views[7].corners_px.copy()
    px[:] += 3.0 * np.sin(np.arange(54) * 2.4)[:, None]
    views[7] = replace(views[7], corners_px=px)
    ours = calibrate(with_views(case, views))
    assert [excluded.image for excluded in ours.excluded] == ["view_008.png"]
    assert "px" in ours.excluded[0].reason


def test_what_detection_excluded_stays_on_record() -> None:
    case = good(views=8, seed=26)
    before = Excluded("blurred.png", "no board was found")
    ours = calibrate(replace(case.observations, excluded=(before,)))
    assert ours.excluded == (before,)
