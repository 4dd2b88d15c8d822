"""What is known before a hand-eye calibration counts: the lens by its covariance, the board by its size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import CAMERA, errors, simulated

from calib.camera.calibration.calibrate import calibrate
from calib.camera.camera import Camera
from calib.camera.simulation.simulate import simulate as simulate_views
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.result import HandEyeCalibration
from calib.cell.known_lens import known_lens
from calib.cell.simulation.hand_eye import HandEyeSimulation, Noise
from calib.engine import ParameterBlock

EXACT_SIZE = {"square_sigma": 0.0}


def lens_from_few_views(seed: int) -> Camera:
    return calibrate(simulate_views(CAMERA, views=8, noise_px=0.3, seed=seed).observations, CAMERA.lens.name).camera


def inside(h: HandEyeCalibration, truth: Any) -> Any:
    """(6,) which intervals hold the truth."""
    off = h.mount_from_camera[:3, 3] - truth[:3, 3]
    turn = h.mount_from_camera[:3, :3] @ truth[:3, :3].T
    about = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
    return np.concatenate([abs(off) <= h.place.half_width_95_m, abs(about) <= h.place.half_width_95_rad])


def larger_board(s: HandEyeSimulation, ratio: float) -> Any:
    """The observations with a board that is taken to be smaller than it is."""
    views = tuple(replace(view, corners_in_board=view.corners_in_board / ratio) for view in s.observations.views)
    return replace(s.observations, views=views)


@pytest.mark.slow
def test_a_lens_counts_with_its_covariance() -> None:
    held, counted = [], []
    for seed in range(12):
        s, camera = simulated(views=20, seed=seed), lens_from_few_views(100 + seed)
        exact = replace(camera, uncertainty=None)
        held.append(inside(calibrate_hand_eye(s.observations, s.table, exact, **EXACT_SIZE), s.mount_from_camera))
        counted.append(inside(calibrate_hand_eye(s.observations, s.table, camera), s.mount_from_camera))
    assert np.mean(held) < 0.8
    assert np.mean(counted) > 0.88  # of 72 intervals of 95 %, which are not independent


def test_the_images_tell_of_the_lens_as_well() -> None:
    s, camera = simulated(views=20, seed=2), lens_from_few_views(7)
    after = calibrate_hand_eye(s.observations, s.table, camera).camera
    assert camera.uncertainty is not None
    assert after.uncertainty is not None
    labels = camera.uncertainty.labels
    assert after.uncertainty.labels == labels
    before, now = (np.diagonal(each.over(labels)) for each in (camera.uncertainty, after.uncertainty))
    assert np.all(now <= before * 1.001)
    off = (after.parameters - CAMERA.parameters)[[CAMERA.lens.labels.index(label) for label in labels]]
    assert np.all(np.abs(off) < 4 * np.sqrt(now))


def test_a_lens_not_to_be_used_makes_no_good_hand_eye() -> None:
    s, camera = simulated(views=30, seed=2), lens_from_few_views(7)
    assert camera.uncertainty is not None
    doubtful = replace(camera, uncertainty=replace(camera.uncertainty, verdict="do not use"))
    assert calibrate_hand_eye(s.observations, s.table, camera).verdict.grade == "good"
    verdict = calibrate_hand_eye(s.observations, s.table, doubtful).verdict
    assert verdict.grade == "usable"
    assert "do not use" in verdict.advice[0]


def test_the_prior_is_the_inverse_covariance() -> None:
    camera = lens_from_few_views(7)
    known = known_lens(camera)
    assert known is not None
    assert camera.uncertainty is not None
    block = ParameterBlock("lens", camera.parameters[None], camera.lens.labels)
    prior = known.prior(block)
    residuals, (jacobian,) = prior.evaluate({"lens": block.values}, slice(0, 1))
    assert np.allclose(residuals, 0.0)
    columns = [camera.lens.labels.index(label) for label in known.labels]
    information = jacobian[0].T @ jacobian[0]
    covariance = camera.uncertainty.covariance
    assert np.allclose(information[np.ix_(columns, columns)] @ covariance, np.eye(len(columns)), atol=1e-6)


def test_a_size_off_by_a_printers_feed_is_found() -> None:
    s = simulated(views=30, seed=4)
    h = calibrate_hand_eye(larger_board(s, 1.004), s.table, CAMERA)
    assert h.verdict.grade == "good"
    assert h.evidence.board_scale.estimated == pytest.approx(1.004, abs=4 * h.evidence.board_scale.sigma)
    exact = calibrate_hand_eye(larger_board(s, 1.004), s.table, CAMERA, **EXACT_SIZE)
    assert (
        errors(h.mount_from_camera, s.mount_from_camera)[0]
        < 0.3 * errors(exact.mount_from_camera, s.mount_from_camera)[0]
    )


@pytest.mark.parametrize("setup", ["eye-in-hand", "eye-to-hand"])
def test_a_wrong_size_yields_to_the_robots_lengths_and_is_named(setup: str) -> None:
    s = simulated(views=30, seed=4, setup=setup)
    h = calibrate_hand_eye(larger_board(s, 25 / 24), s.table, CAMERA)
    assert h.evidence.board_scale.deviates
    assert inside(h, s.mount_from_camera).sum() >= 5
    assert h.verdict.grade == "usable"
    assert "1.04" in h.verdict.advice[0]


def test_a_size_that_the_poses_do_not_tell_widens_the_interval() -> None:
    noisy = Noise(sigma_m=8e-3)
    s = simulated(views=12, seed=4, noise=noisy)
    known, unknown = (calibrate_hand_eye(s.observations, s.table, CAMERA, square_sigma=sigma) for sigma in (0.0, 0.003))
    assert unknown.evidence.board_scale.unseen
    assert not known.evidence.board_scale.unseen
    assert abs(unknown.evidence.board_scale.estimated - 1) < 0.004
    assert unknown.place.half_width_95_m.max() > known.place.half_width_95_m.max()
    assert "hardly determine the size" in unknown.summary()


def test_images_whose_corners_are_noisier_are_not_blamed_on_an_exact_robot() -> None:
    s = simulated(views=30, seed=3, noise=Noise(sigma_px=0.1, sigma_m=0.0, sigma_rad=0.0))
    rng = np.random.default_rng(0)
    blurred = [
        replace(view, corners_px=view.corners_px + rng.normal(size=view.corners_px.shape) * (0.45 if i % 8 == 0 else 0))
        for i, view in enumerate(s.observations.views)
    ]
    found = calibrate_hand_eye(replace(s.observations, views=tuple(blurred)), s.table, CAMERA, setup=s.setup)
    assert not [fit.image for fit in found.images if fit.reason]
