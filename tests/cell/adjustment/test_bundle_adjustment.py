"""Every derivative of the hand-eye problem against central differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import BOARD, CAMERA, data_of, simulated

from calib.camera.adjustment.board_shape import SHAPE_BLOCK, shaped_reprojection
from calib.camera.adjustment.reprojection import LENS_BLOCK, POSE_BLOCK, corners_of
from calib.camera.observations import View
from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise, estimate_noise, restricted_deviance
from calib.cell.conventions.interpretations import scale_board
from calib.cell.frame_loop import SETUPS, Setup, loop_error, predict_views
from calib.geometry import se3

STEP = 1e-6


@pytest.mark.parametrize("setup", SETUPS)
def test_the_robots_discrepancy(setup: Setup) -> None:
    rng = np.random.default_rng(0)
    b, c = se3.exp(rng.normal(size=(4, 6))), se3.exp(rng.normal(size=(4, 6)))
    x, y = se3.exp(rng.normal(size=6)), se3.exp(rng.normal(size=6))
    off = loop_error(setup, b, x, y, c)
    for k in range(6):
        d = np.zeros(6)
        d[k] = STEP
        for ours, moved in (
            (off.by_camera, lambda d: loop_error(setup, b, se3.retract(x, d), y, c)),
            (off.by_board, lambda d: loop_error(setup, b, x, se3.retract(y, d), c)),
            (off.by_view, lambda d: loop_error(setup, b, x, y, se3.retract(c, d))),
        ):
            theirs = (moved(d).residuals - moved(-d).residuals) / (2 * STEP)
            assert np.allclose(ours[:, :, k], theirs, atol=1e-8)


@pytest.mark.parametrize("setup", SETUPS)
def test_the_loop_closes_where_the_robot_is_exact(setup: Setup) -> None:
    s = simulated(setup=setup)
    x, y = s.mount_from_camera, s.fixture_from_board
    assert np.allclose(predict_views(setup, s.base_from_flange, x, y), s.camera_from_board)
    assert np.abs(loop_error(setup, s.base_from_flange, x, y, s.camera_from_board).residuals).max() < 1e-12


def test_a_larger_board_is_farther_away() -> None:
    s = simulated(views=5)
    x, y, c = s.mount_from_camera, s.fixture_from_board, s.camera_from_board

    def grown(logarithm: float) -> Any:
        return se3.compose(c[:, :3, :3], c[:, :3, 3] * np.exp(logarithm))

    theirs = [loop_error(s.setup, s.base_from_flange, x, y, grown(d)).residuals for d in (STEP, -STEP)]
    ours = loop_error(s.setup, s.base_from_flange, x, y, c).by_log_size
    assert np.allclose(ours, (theirs[0] - theirs[1]) / (2 * STEP), atol=1e-8)


def test_scaling_the_board_leaves_every_corner_where_it_was() -> None:
    s = simulated(views=5)
    before, after = data_of(s).seen, scale_board(1.3)(data_of(s)).seen
    was, now = (
        [CAMERA.project(se3.apply(p, v.corners_in_board)) for p, v in zip(s.camera_from_board, s.views, strict=True)]
        for s in (before, after)
    )
    assert np.allclose(was, now)


def test_the_shape_of_the_board() -> None:
    s = simulated(views=3)
    corners = corners_of([View(v.image, v.corners_px, BOARD) for v in s.observations.views])
    block = shaped_reprojection(CAMERA.lens, corners, 1.0)
    shape = np.random.default_rng(1).normal(size=(1, 7)) * 1e-3
    values = {LENS_BLOCK: CAMERA.parameters[None], POSE_BLOCK: s.camera_from_board, SHAPE_BLOCK: shape}
    rows = slice(0, corners.px.shape[1])
    ours = block.evaluate(values, rows)[1]
    for k in range(7):
        d = np.zeros((1, 7))
        d[0, k] = STEP
        plus, minus = (block.evaluate(values | {SHAPE_BLOCK: shape + e}, rows)[0] for e in (d, -d))
        assert np.allclose(ours[2][:, :, k], (plus - minus) / (2 * STEP), rtol=1e-5, atol=1e-4)
    for k in range(6):
        d = np.zeros(6)
        d[k] = STEP
        moved = [values | {POSE_BLOCK: se3.retract(s.camera_from_board, e)} for e in (d, -d)]
        plus, minus = (block.evaluate(each, rows)[0] for each in moved)
        assert np.allclose(ours[1][:, :, k], (plus - minus) / (2 * STEP), rtol=1e-5, atol=1e-3)


def reduced(rng: np.random.Generator, images: int, sigma: tuple[float, float]) -> ReducedProblem:
    noise = rng.normal(size=(images, 6)) * np.repeat(sigma, 3)
    seen = np.tile(np.diag(np.repeat([2e-4, 1e-4], 3) ** 2), (images, 1, 1))
    noise += rng.normal(size=(images, 6)) * np.repeat([2e-4, 1e-4], 3)
    return ReducedProblem(
        noise, rng.normal(size=(images, 6, 12)), seen, np.zeros((12, 12)), np.zeros(12), np.ones(images)
    )


def test_the_restricted_likelihood() -> None:
    one = reduced(np.random.default_rng(2), 10, (3e-4, 1e-3))
    at, start = np.log([2e-4, 7e-4]), RobotNoise(1e-3, 1e-3)
    slopes = restricted_deviance(at, one, start)[1]
    for k in range(2):
        d = np.eye(2)[k] * 1e-5
        theirs = (restricted_deviance(at + d, one, start)[0] - restricted_deviance(at - d, one, start)[0]) / 2e-5
        assert slopes[k] == pytest.approx(theirs, rel=1e-5)


def test_the_robots_noise_is_found() -> None:
    found = [
        estimate_noise(reduced(np.random.default_rng(seed), 25, (3e-4, 1e-3)), RobotNoise(1e-4, 1e-4))
        for seed in range(20)
    ]
    assert np.sqrt(np.mean([each.sigma_m**2 for each in found])) == pytest.approx(3e-4, rel=0.1)
    assert np.sqrt(np.mean([each.sigma_rad**2 for each in found])) == pytest.approx(1e-3, rel=0.1)


def test_a_worse_robot_than_any_is_bounded_and_told() -> None:
    found = estimate_noise(reduced(np.random.default_rng(3), 20, (0.3, 0.5)), RobotNoise(1e-3, 1e-3))
    assert found.at_bound
    assert not replace(found, estimated=False).at_bound
