"""Simulate, solve, and find the truth as often as the stated uncertainty says.

The bounds follow from the distributions themselves: each test fails by accident less than once in some 10,000 seeds'
choices, and the seeds are fixed. `tools/study_camera.py` does the same with hundreds of seeds.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from cases.camera import LENSES, good
from scipy import stats

from calib.arrays import Array
from calib.camera import CameraCalibration, calibrate
from calib.camera.lens import load_lens
from calib.geometry import se3

SEEDS, VIEWS, SIGMA_PX = 30, 14, 0.15
RARE = 1e-5  # probability of either tail


@cache
def runs(lens: str) -> list[tuple[CameraCalibration, Array, Array]]:
    """Calibrations, true parameters and true poses."""
    out = []
    for seed in range(SEEDS):
        case = good(lens, VIEWS, SIGMA_PX, 1000 + seed)
        calibration = calibrate(case.observations, lens)
        assert len(calibration.views) == VIEWS
        out.append((calibration, case.camera.parameters, case.camera_from_board))
    return out


@pytest.mark.parametrize("lens", LENSES)
def test_chi_squared_per_degree_of_freedom_is_one(lens: str) -> None:
    chi, freedom = 0.0, 0
    for calibration, *_ in runs(lens):
        residuals = np.concatenate([fit.residuals_px[fit.used] for fit in calibration.views])
        free = len(calibration.camera.lens.labels) - len(calibration.held)
        chi += float(np.sum(residuals**2)) / SIGMA_PX**2
        freedom += residuals.size - free - 6 * VIEWS
    # a prior takes back some of the freedom its labels had
    most = freedom + SEEDS * len(load_lens(lens).weak)
    assert stats.chi2.ppf(RARE, freedom) < chi < stats.chi2.ppf(1 - RARE, most)


@pytest.mark.parametrize("lens", LENSES)
def test_the_stated_noise_is_the_noise(lens: str) -> None:
    noise = np.sqrt(np.mean([calibration.noise_px**2 for calibration, *_ in runs(lens)]))
    freedom = SEEDS * (VIEWS * 54 * 2 - 13 - 6 * VIEWS)
    assert noise == pytest.approx(SIGMA_PX, rel=4.5 / np.sqrt(2 * freedom))


@pytest.mark.parametrize("lens", LENSES)
def test_intervals_hold_the_truth_as_often_as_they_say(lens: str) -> None:
    """The number of 95 % intervals that hold the truth is binomial; with a prior there may be more of them."""
    model = load_lens(lens)
    for i, label in enumerate(model.labels):
        if label in model.held:
            continue
        off = [abs(c.camera.parameters[i] - truth[i]) / c.sigma[label] for c, truth, _ in runs(lens)]
        inside = int(np.sum(np.array(off) < stats.norm.ppf(0.975)))
        assert inside >= stats.binom.ppf(RARE, SEEDS, 0.95), label
        half = int(np.sum(np.array(off) < stats.norm.ppf(0.75)))
        if label not in model.weak:  # the prior's own offset is no accident: all inside or none
            assert half >= stats.binom.ppf(RARE, SEEDS, 0.5), label
            assert half <= stats.binom.ppf(1 - RARE, SEEDS, 0.5), label


@pytest.mark.parametrize("lens", LENSES)
def test_errors_of_the_lens_are_of_the_size_and_shape_of_its_covariance(lens: str) -> None:
    """Their squared Mahalanobis lengths add up to chi squared; a prior makes them shorter, never longer."""
    total, dimensions = 0.0, 0
    for calibration, truth, _ in runs(lens):
        free = [i for i, label in enumerate(calibration.camera.lens.labels) if label not in calibration.held]
        error = (calibration.camera.parameters - truth)[free]
        total += float(error @ np.linalg.solve(calibration.covariance[np.ix_(free, free)], error))
        dimensions += len(free)
    assert total < stats.chi2.ppf(1 - RARE, dimensions)
    if not load_lens(lens).weak:
        assert total > stats.chi2.ppf(RARE, dimensions)


@pytest.mark.parametrize("lens", LENSES)
def test_poses_are_as_far_off_as_they_say(lens: str) -> None:
    """Poses of one run share the lens' error, so only the first view of each run is counted."""
    squares = []
    for calibration, _, poses in runs(lens):
        fit = calibration.views[0]
        squares.append((se3.log(se3.inverse(fit.camera_from_board) @ poses[0]) / fit.pose_sigma) ** 2)
    for coordinate, own in enumerate(np.transpose(squares)):
        assert stats.chi2.ppf(RARE, SEEDS) < own.sum() < stats.chi2.ppf(1 - RARE, SEEDS), coordinate
