"""Simulate, calibrate, compare with the truth and with the intervals; then real data against published results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases.coverage import are_tight, pose_ratios, share_within
from cases.hand_eye import BOARD, CAMERA, EXACT, errors, simulated
from cases.seeds import runs, wider

from calib.camera import Observations, detect
from calib.camera.camera import Camera
from calib.camera.lens import load_lens
from calib.camera.observations import View
from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.result import HandEyeCalibration
from calib.cell.simulation.hand_eye import Noise, simulate
from calib.errors import UsageError
from calib.robot.table.read import read_poses

SIZE_KNOWN = 1e-6  # relative standard deviation of a board whose size is what it is said to be


def median_errors(found: list[HandEyeCalibration], truths: list[Any]) -> tuple[float, float]:
    """mm and degrees."""
    pairs = [errors(h.mount_from_camera, truth) for h, truth in zip(found, truths, strict=True)]
    far, turn = np.median(pairs, axis=0)
    return float(1000 * far), float(np.degrees(turn))


@pytest.mark.parametrize("setup", SETUPS)
def test_perfect_data_give_the_truth_and_the_set_up(setup: Setup) -> None:
    s = simulated(setup=setup, noise=EXACT)
    found = calibrate_hand_eye(s.observations, s.table, camera=CAMERA)
    assert found.setup == setup
    far, turn = errors(found.mount_from_camera, s.mount_from_camera)
    assert far < 1e-8
    assert turn < 1e-8
    assert found.evidence.other_start is not None
    assert found.evidence.other_start.size > 10 * max(found.evidence.start.size, 1e-6)


@pytest.mark.parametrize("count", runs(12))
@pytest.mark.parametrize("setup", SETUPS)
def test_intervals_hold_and_the_noise_is_found(setup: Setup, count: int) -> None:
    ratios, noise, found, truths = [], [], [], []
    for seed in range(count):
        s = simulated(views=30, seed=100 + seed, setup=setup)
        h = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=setup, square_sigma=SIZE_KNOWN)
        x, truth = h.mount_from_camera, s.mount_from_camera
        ratios.append(pose_ratios(x, truth, h.place))
        noise.append((h.noise.robot.sigma_m, h.noise.robot.sigma_rad, h.noise.corner_px))
        found.append(h)
        truths.append(truth)
    assert share_within(ratios) > 0.95 - 0.09 * wider(12, count)  # 72 coordinates of 12 runs: 0.95 - 3 sigma
    assert are_tight(ratios, 2 * count)
    assert not are_tight([each / 10 for each in ratios], 2 * count)
    assert np.allclose(np.mean(noise, axis=0), [2e-4, np.deg2rad(0.05), 0.2], rtol=0.15 * wider(12, count))
    far, turn = median_errors(found, truths)
    assert far < 0.1 * (1 + 0.3 * wider(12, count))
    assert turn < 0.0169 * (1 + 0.3 * wider(12, count))


def test_wrong_pairings_cost_the_images_that_are_wrong_and_no_more() -> None:
    for seed in range(4):
        s = simulated(views=30, seed=seed, noise=Noise(wrong=0.1))
        h = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup)
        assert [bool(fit.reason) for fit in h.images] == s.wrong.tolist()
        clean = simulated(views=30, seed=seed)
        without = calibrate_hand_eye(clean.observations, clean.table, camera=CAMERA, setup=s.setup)
        far, turn = errors(h.mount_from_camera, without.mount_from_camera)
        assert far < 2e-4
        assert turn < 5e-4


def test_one_wrong_pairing_that_is_nearly_right_is_named() -> None:
    s = simulated(views=20)
    assert s.table.position is not None
    moved = s.table.position.copy()
    moved[7] += [0.004, 0.0, 0.0]
    h = calibrate_hand_eye(s.observations, replace(s.table, position=moved), camera=CAMERA, setup=s.setup)
    assert [fit.image for fit in h.images if fit.reason] == ["view_008.png"]


def test_a_lens_from_the_same_images_widens_the_intervals() -> None:
    s = simulated(views=30)
    given = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup)
    own = calibrate_hand_eye(s.observations, s.table, setup=s.setup)
    assert own.lens_estimated
    assert not given.lens_estimated
    assert own.place.half_width_95_rad.max() > given.place.half_width_95_rad.max()
    assert np.degrees(errors(own.mount_from_camera, s.mount_from_camera)[1]) < 0.15


def test_a_lens_from_the_same_images_is_held_and_freed_as_asked() -> None:
    sim, steps = simulated(), []
    own = calibrate_hand_eye(
        sim.observations,
        sim.table,
        fix=["k3", "fx=960"],
        free=["skew"],
        on_iteration=lambda step: steps.append(step.index),
    )
    held = {label for label, estimate in own.adjustment.lens_estimates.items() if estimate.held}
    assert held == {"k3", "fx_px"}
    assert own.camera.value("fx_px") == 960.0
    assert own.camera.value("k3") == 0.0
    assert own.adjustment.lens_estimates["skew_px"].sigma > 0
    assert steps[0] == 1


def test_a_lens_of_which_nothing_is_known_is_searched_for() -> None:
    sim, generations = simulated(), []
    found = calibrate_hand_eye(
        sim.observations, sim.table, global_start=True, on_progress=lambda done, total: generations.append(total)
    )
    near = calibrate_hand_eye(sim.observations, sim.table)
    assert found.camera.parameters == pytest.approx(near.camera.parameters, rel=1e-3, abs=1e-3)
    assert generations


@pytest.mark.parametrize("options", [{"fix": ["k3"]}, {"free": ["skew"]}, {"global_start": True}], ids=str)
def test_options_of_a_lens_do_not_apply_to_a_camera_that_is_given(options: dict[str, Any]) -> None:
    sim = simulated()
    with pytest.raises(UsageError) as caught:
        calibrate_hand_eye(sim.observations, sim.table, CAMERA, **options)
    assert caught.value.code == "option-conflict"
    with pytest.raises(UsageError) as caught:
        calibrate_hand_eye(sim.observations, sim.table, fix=["k9"])
    assert caught.value.code == "unknown-label"


@pytest.mark.parametrize("own_lens", [False, True])
def test_a_bowed_board_is_found_and_does_no_harm(own_lens: bool) -> None:
    s = simulated(views=30, noise=Noise(sigma_m=0.0, sigma_rad=0.0, bow_m=2e-3))
    camera = None if own_lens else CAMERA
    h = calibrate_hand_eye(s.observations, s.table, camera=camera, setup=s.setup, refine=["board"])
    assert h.evidence.board_height_m == pytest.approx(2e-3, rel=0.05)
    assert errors(h.mount_from_camera, s.mount_from_camera)[0] < 5e-5
    unasked = calibrate_hand_eye(s.observations, s.table, camera=camera, setup=s.setup)
    assert unasked.evidence.board_height_m == pytest.approx(2e-3, rel=0.05)
    assert errors(unasked.mount_from_camera, s.mount_from_camera)[0] < 5e-5


def test_the_boards_size_is_checked() -> None:
    s = simulated(views=20)
    views = tuple(View(v.image, v.corners_px, BOARD * 0.98) for v in s.observations.views)
    h = calibrate_hand_eye(replace(s.observations, views=views), s.table, camera=CAMERA, setup=s.setup)
    assert h.evidence.board_scale.deviates
    assert h.evidence.board_scale.ratio == pytest.approx(1 / 0.98, abs=3 * h.evidence.board_scale.sigma + 1e-3)
    assert any("times as large" in text for text in h.verdict.advice)


def test_a_stated_noise_is_believed() -> None:
    s = simulated(views=20)
    h = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup, robot_noise=(1e-3, 1e-3))
    assert (h.noise.robot.sigma_m, h.noise.robot.sigma_rad, h.noise.robot.estimated) == (1e-3, 1e-3, False)


def test_verdicts() -> None:
    s = simulated(views=30)
    good = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup)
    assert good.verdict.grade == "good"
    few = simulated(views=6)
    assert calibrate_hand_eye(few.observations, few.table, camera=CAMERA, setup=s.setup).verdict.grade == "usable"
    bad = simulated(views=6, noise=Noise(sigma_m=8e-3, sigma_rad=np.deg2rad(1.0)))
    with_noise = calibrate_hand_eye(bad.observations, bad.table, camera=CAMERA, setup=s.setup)
    assert with_noise.verdict.grade == "do not use"


def test_what_cannot_be_refined_is_named() -> None:
    s = simulated(views=6)
    with pytest.raises(UsageError) as raised:
        calibrate_hand_eye(s.observations, s.table, camera=CAMERA, refine=["lense"])
    assert raised.value.code == "unknown-refine"


def test_a_large_set_is_quick_enough_to_iterate() -> None:
    s = simulate(CAMERA, BOARD, views=300, seed=1)
    h = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup, square_sigma=SIZE_KNOWN)
    assert len(h.used) == 300
    assert h.place.half_width_95_m.max() < 5e-5


# Real data


def halves(observations: Observations, table: Any, **options: Any) -> tuple[float, float]:
    """mm and degrees between the hand-eyes of even and odd images."""
    found = []
    for first in (0, 1):
        part = replace(observations, views=observations.views[first::2])
        found.append(calibrate_hand_eye(part, table, setup="eye-in-hand", **options).mount_from_camera)
    far, turn = errors(*found)
    return 1000 * far, float(np.degrees(turn))


@pytest.mark.slow
def test_tabb_ds1(real_data: Callable[[str], Path]) -> None:
    """The published intrinsics; a robot held exact is the published criterion."""
    folder = real_data("handeye/tabb_ds1")
    observations = detect(folder / "images", "checkerboard:8x6:28.5mm", jobs=1)
    table = read_poses(folder / "poses.csv", joints_needed=False)
    values = (1081.59, 1083.49, 0.0, 317.249, 245.791, -0.223875, 0.164635, 0.000135341, 0.000967829, -0.0108216)
    published = Camera(load_lens("brown_conrady"), np.array(values), (640, 480))
    exact = calibrate_hand_eye(observations, table, camera=published, robot_noise=(1e-7, 1e-7), robust=False)
    assert exact.setup == "eye-in-hand"
    assert round(exact.uncorrected_rms_px, 2) <= 1.56
    solved = calibrate_hand_eye(observations, table, camera=published)
    assert solved.rms_px < 0.1
    assert len(solved.used) == 88
    far, turn = halves(observations, table, camera=published, refine=["lens"])
    assert far < 5.0
    assert turn < 0.18


@pytest.mark.slow
def test_cs_synthetic_1(real_data: Callable[[str], Path]) -> None:
    folder = real_data("handeye/cs_synthetic_1")
    observations = detect(folder, "checkerboard:9x6:200mm", jobs=1)
    h = calibrate_hand_eye(observations, read_poses(folder / "poses.csv", joints_needed=False))
    assert h.setup == "eye-in-hand"
    far, turn = errors(h.mount_from_camera, np.diag([1.0, -1.0, -1.0, 1.0]))
    assert far < 0.35e-3
    assert np.degrees(turn) < 0.02
    assert far < np.linalg.norm(h.place.half_width_95_m)


def test_visp_franka_eih(real_data: Callable[[str], Path]) -> None:
    """The square that ships with the images is not the one that was photographed."""
    folder = real_data("handeye/visp_franka_eih")
    factory = Camera(load_lens("pinhole"), np.array([607.5931, 607.57495, 0.0, 323.46283, 243.25529]), (640, 480))
    table = read_poses(folder / "poses.csv", joints_needed=False)
    shipped = calibrate_hand_eye(detect(folder, "checkerboard:9x6:23.6mm", jobs=1), table, camera=factory)
    assert 1.10 < shipped.evidence.board_scale.ratio < 1.15
    assert shipped.verdict.grade == "usable"
    assert "measure it" in shipped.verdict.advice[0]
    h = calibrate_hand_eye(detect(folder, "checkerboard:9x6:26.2mm", jobs=1), table, camera=factory)
    assert np.sqrt(np.mean([fit.correction_m**2 for fit in h.used])) < 0.5 * 5.41e-3


@pytest.mark.parametrize("own_lens", [False, True])
def test_a_slight_bow_is_found_unasked(own_lens: bool) -> None:
    """A third of a millimetre, which moved the camera by 2 mm at intervals of .3."""
    s = simulated(views=30, seed=5, noise=Noise(bow_m=3e-4))
    h = calibrate_hand_eye(s.observations, s.table, None if own_lens else CAMERA)
    assert h.evidence.board_height_m == pytest.approx(3e-4, rel=0.2)
    off = h.mount_from_camera[:3, 3] - s.mount_from_camera[:3, 3]
    assert np.all(np.abs(off) < 1.5 * h.place.half_width_95_m)
    assert "height of the board's surface" in h.summary()


@pytest.mark.parametrize("own_lens", [False, True])
def test_a_flat_board_stays_flat(own_lens: bool) -> None:
    for seed in range(3):
        s = simulated(views=20, seed=seed)
        h = calibrate_hand_eye(s.observations, s.table, None if own_lens else CAMERA)
        assert h.evidence.board_height_m is None
