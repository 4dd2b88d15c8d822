"""A board that is not flat: how it draws its corners together, and how it widens the intervals of a lens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.camera import BOARD, LENSES, Case, good, poses_of, seen
from cases.seeds import runs
from scipy.integrate import cumulative_trapezoid

from calib.arrays import Array
from calib.camera import CameraCalibration, View, calibrate
from calib.camera.adjustment.board_shape import POWERS, Surface
from calib.camera.simulation.simulate import typical_camera

SURFACE = Surface.over(BOARD.T)
HALF_M = float(SURFACE.half[0, 0])


def bowed(height_m: float) -> Array:
    """The board bent along x about its middle."""
    return SURFACE.bend(height_m * np.array([power == (2, 0) for power in POWERS], float), BOARD.T).T


def of_bowed_board(height_m: float, lens: str = "brown_conrady", views: int = 12, seed: int = 0) -> Case:
    poses = poses_of(lens)[np.random.default_rng([seed, 1]).choice(40, views, replace=False)]
    return seen(typical_camera(lens), poses, sigma_px=0.2, seed=seed, truth=bowed(height_m))


def test_bending_along_x_keeps_lengths_along_the_surface() -> None:
    bent = bowed(5e-3).reshape(6, 9, 3)  # far more than a print bends
    for row in bent - bent[:, 4:5]:
        fine = np.linspace(0.0, row[-1, 0], 2001)
        along = cumulative_trapezoid(np.sqrt(1 + (1e-2 * fine / HALF_M**2) ** 2), fine, initial=0.0)[-1]
        contraction = HALF_M - row[-1, 0]
        assert contraction == pytest.approx(2 / 3 * 5e-3**2 / HALF_M)
        assert along == pytest.approx(HALF_M, abs=0.02 * contraction)
    np.testing.assert_allclose(bent[:, 4], BOARD.reshape(6, 9, 3)[:, 4], atol=1e-18)


def test_every_way_of_bending_paper_keeps_lengths_and_angles() -> None:
    """h = c s^2 + d s^3 of s = p + 2 q: on the surface, the plane's metric to fourth order in the slope."""
    square, step = Surface(np.zeros((2, 1)), np.ones((2, 1))), 1e-5
    second, third = {(2, 0): 1, (1, 1): 4, (0, 2): 4}, {(3, 0): 1, (2, 1): 6, (1, 2): 12, (0, 3): 8}
    shape = np.array([8e-3 * second.get(power, 0) - 5e-3 * third.get(power, 0) for power in POWERS])
    points = np.array([[0.3, -0.6, 0.9, -0.8], [0.4, 0.2, 0.7, -0.3], [0.0, 0.0, 0.0, 0.0]])
    by = []
    for axis in range(2):
        d = np.zeros((3, 1))
        d[axis] = step
        by.append((square.bend(shape, points + d) - square.bend(shape, points - d)) / (2 * step))
    strain = np.einsum("axn,bxn->abn", by, by) - np.eye(2)[:, :, None]
    slopes = np.array([by[0][2], by[1][2]])
    stretched = np.einsum("an,bn->abn", slopes, slopes)  # the strain of a surface that is not drawn together
    assert np.abs(stretched).max() > 1e-3
    assert np.abs(strain).max() < 0.03 * np.abs(stretched).max()


def test_the_derivatives_of_a_bent_board() -> None:
    rng = np.random.default_rng(1)
    shape, step = rng.normal(size=len(POWERS)) * 5e-3, 1e-7
    by_coefficient = SURFACE.linearise(shape, BOARD.T)[1]
    for k in range(len(POWERS)):
        d = step * np.eye(len(POWERS))[k]
        slope = (SURFACE.bend(shape + d, BOARD.T) - SURFACE.bend(shape - d, BOARD.T)) / (2 * step)
        np.testing.assert_allclose(by_coefficient[k], slope, atol=1e-7)


@pytest.mark.parametrize("height_m", [3e-4, -1e-3])
def test_the_height_of_a_bowed_board_is_found(height_m: float) -> None:
    bend = calibrate(of_bowed_board(height_m, views=20).observations, "brown_conrady").board_bend
    assert bend is not None
    assert bend.height_m == pytest.approx(abs(height_m), abs=4 * bend.sigma_m)
    assert bend.sigma_m < 0.2 * abs(height_m)
    assert bend.square_m == pytest.approx(0.025)
    assert bend.share == pytest.approx(bend.height_m / 0.025)
    assert bend.evidence > 0.9


def test_what_the_board_moves_is_what_the_lens_is_off_without_noise() -> None:
    case = seen(typical_camera("brown_conrady"), poses_of("brown_conrady")[:20], truth=bowed(3e-4))
    views = [replace(view, corners_px=view.corners_px) for view in case.views]
    found = calibrate(replace(case.observations, views=tuple(views)), "brown_conrady", robust=False)
    assert found.board_bend is not None
    free = found.solution.layout.shared_labels()
    off = np.array([case.camera.value(label) - found.camera.value(label) for label in free])
    np.testing.assert_allclose(found.board_bend.left_out.shift.shared, off, rtol=0.1, atol=2e-3 * np.abs(off).max())


def test_a_bowed_board_widens_every_figure() -> None:
    found = calibrate(of_bowed_board(1e-3, views=20).observations, "brown_conrady")
    measured, label = found.solution.measured_uncertainty, "cx_px"
    assert found.sigma[label] == found.parameters[label].sigma
    assert found.sigma[label] > measured.sigma(label)
    assert found.camera.uncertainty is not None
    np.testing.assert_array_equal(found.camera.uncertainty.over(found.camera.lens.labels), found.covariance)
    alone = measured.private["camera_from_board"]
    assert (found.uncertainty.private["camera_from_board"] > alone).all()


def test_targets_that_are_no_plane_have_no_shape() -> None:
    case, relief = good(views=10), BOARD + np.where(np.arange(len(BOARD)) % 3 == 0, 0.01, 0.0)[:, None] * (0, 0, 1)
    views = [View(v.image, p, relief) for v, p in zip(case.views, project(case, relief), strict=True)]
    assert calibrate(replace(case.observations, views=tuple(views)), "brown_conrady").board_bend is None


def project(case: Case, board: Array) -> list[Array]:
    return [view.corners_px for view in seen(case.camera, case.camera_from_board, 0.2, 0, truth=board).views]


@pytest.mark.parametrize("count", runs(40))
@pytest.mark.parametrize("lens", LENSES)
def test_a_flat_board_costs_next_to_nothing(lens: str, count: int) -> None:
    widths = [
        found.sigma[label] / found.solution.measured_uncertainty.sigma(label)
        for seed in range(count)
        for found in [calibrate(of_bowed_board(0.0, lens, seed=seed).observations, lens)]
        for label in found.solution.layout.shared_labels()
    ]
    assert np.mean(widths) < 1.03


@pytest.mark.slow
def test_intervals_hold_the_truth_on_a_bowed_board() -> None:
    inside = [held(calibrate(of_bowed_board(3e-4, seed=seed).observations, "brown_conrady")) for seed in range(60)]
    assert 0.91 < np.mean([wide for wide, _ in inside]) <= 0.99
    assert np.mean([narrow for _, narrow in inside]) < 0.89


def held(found: CameraCalibration) -> tuple[float, float]:
    """Share of intervals that hold the truth, with the bend in them and without."""
    camera = typical_camera(found.camera.lens.name)
    free = found.solution.layout.shared_labels()
    wide, narrow = [], []
    for label in free:
        off, low_high = camera.value(label), found.parameters[label].interval_95
        wide.append(low_high[0] < off < low_high[1])
        narrow.append(
            abs(off - found.parameters[label].value) < 1.96 * found.solution.measured_uncertainty.sigma(label)
        )
    return float(np.mean(wide)), float(np.mean(narrow))
