"""The start from distances finds the anchor and target points, is not moved by wrong rows, and refuses what it must."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.seeds import seeds
from cases.starts import ARMS, TARGETS, UNDETERMINED, flange, undetermined, wrong_rows

from calib.errors import DegenerateError
from calib.geometry import se3
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.simulation.simulate import simulate
from calib.robot.start.closed_forms import anchor_of_distances
from calib.robot.start.distance import distance_start

POINTS = TARGETS[:, :3, 3]
ANCHOR = np.array([1.3, -0.9, 0.2])


def distances(f: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(se3.apply(f, points) - ANCHOR, axis=1)


@pytest.mark.parametrize("name", ARMS)
def test_exact_distances_give_the_exact_anchor(name: str) -> None:
    f = flange(name, 200, seed=9)
    target = np.arange(200) % 2
    start = distance_start(f, distances(f, POINTS[target]), target)
    np.testing.assert_allclose(start.anchor_in_base, ANCHOR, rtol=0, atol=1e-8)
    np.testing.assert_allclose(start.target_in_flange, POINTS, rtol=0, atol=1e-8)


def test_a_residual_is_what_is_modelled_minus_what_is_measured() -> None:
    f = flange("ur10e", 200, seed=1)
    d = distances(f, POINTS[0])
    d[[7, 9]] += [0.05, -0.02]
    start = distance_start(f, d)
    np.testing.assert_allclose(start.residual_m[[7, 9]], [-0.05, 0.02], atol=1e-8)
    np.testing.assert_array_equal(np.flatnonzero(~start.inlier), [7, 9])


@pytest.mark.parametrize("seed", seeds(20))
def test_a_fifth_of_wrong_distances_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(300 + seed)
    f = flange("ur10e", 300, seed)
    d = distances(f, POINTS[0]) + random.normal(0, 1e-4, 300)
    bad = wrong_rows(300, seed)
    d[bad] = np.maximum(d[bad] + random.normal(0, 1.0, bad.sum()), 0.0)  # a lost wire reads nothing
    near, *_ = anchor_of_distances(f, d, 1.0)
    np.testing.assert_allclose(near, ANCHOR, rtol=0, atol=1e-3)  # before any correction
    start = distance_start(f, d)
    np.testing.assert_allclose(start.anchor_in_base, ANCHOR, rtol=0, atol=2e-4)
    np.testing.assert_allclose(start.target_in_flange[0], POINTS[0], rtol=0, atol=2e-4)
    assert (start.inlier & bad).sum() <= 1
    assert (~start.inlier & ~bad).sum() <= 1


@pytest.mark.parametrize("case", UNDETERMINED)
def test_poses_that_determine_nothing_are_refused_in_words(case: str) -> None:
    f = undetermined(case)
    with pytest.raises(DegenerateError, match=case):
        distance_start(f, distances(f, POINTS[0]))


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_too_few_rows_are_refused(rows: int) -> None:
    f = flange("ur10e", 19, seed=5)[:rows]
    with pytest.raises(DegenerateError) as caught:
        distance_start(f, distances(f, POINTS[0]))
    assert caught.value.code == "too-few-poses"


def test_every_target_needs_rows_of_its_own() -> None:
    f = flange("ur10e", 60, seed=5)
    target = np.repeat([0, 1], [50, 10])
    with pytest.raises(DegenerateError, match="10 rows of one target"):
        distance_start(f, distances(f, POINTS[target]), target)


def test_distances_of_no_size_are_no_reason_to_overflow() -> None:
    start = distance_start(flange("ur10e", 60, seed=2), np.full(60, 1e-300))
    assert np.isfinite(start.residual_m).all()


@pytest.mark.slow
def test_a_wire_that_counts_from_elsewhere_is_noticed_and_one_that_does_not_is_not() -> None:
    simulation = simulate(load_geometry("ur5e"), measurement="distance", poses=120, seed=4)
    assert simulation.table.distance is not None
    off = replace(simulation.table, distance=simulation.table.distance - 0.02)
    found = calibrate(off, simulation.nominal)
    assert found.measurement.name == "distance_from_zero"
    assert found.frames["zero_in_distance"].item() == pytest.approx(-0.02, abs=5e-4)
    assert found.heldout is not None
    assert found.heldout.after.position_mm.mean < 0.1
    assert "counted from a zero of its own, -" in " ".join(found.notes)
    assert calibrate(simulation.table, simulation.nominal).measurement.name == "distance"
    assert calibrate(off, simulation.nominal, measurement="distance").measurement.name == "distance"
