"""The start from positions finds the base and target points, is not moved by wrong rows, and refuses what it must."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.seeds import seeds
from cases.starts import ARMS, BASE, TARGETS, UNDETERMINED, flange, undetermined, wrong_rows

from calib.errors import DegenerateError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.start.position import position_start
from calib.robot.table.read import read_poses

POINTS = TARGETS[:, :3, 3]


@pytest.mark.parametrize("name", ARMS)
@pytest.mark.parametrize("rows", [30, 600])
def test_exact_positions_give_exact_frames(name: str, rows: int) -> None:
    f = flange(name, rows, seed=rows)
    target = np.arange(rows) % 2
    start = position_start(f, se3.apply(BASE @ f, POINTS[target]), target)
    np.testing.assert_allclose(start.world_from_base, BASE, rtol=0, atol=1e-8)
    np.testing.assert_allclose(start.target_in_flange, POINTS, rtol=0, atol=1e-8)
    assert start.residual_m.max() < 1e-8


def test_a_residual_is_the_distance_of_a_row() -> None:
    f = flange("ur10e", 40, seed=1)
    p = se3.apply(BASE @ f, POINTS[0])
    p[7] += [0.03, 0.0, -0.04]
    start = position_start(f, p)
    np.testing.assert_allclose(start.residual_m, np.where(np.arange(40) == 7, 0.05, 0.0), atol=1e-8)
    np.testing.assert_array_equal(np.flatnonzero(~start.inlier), [7])


@pytest.mark.parametrize("seed", seeds(10))
@pytest.mark.parametrize("rows", [60, 1000])
def test_a_fifth_of_wrong_positions_changes_nothing(rows: int, seed: int) -> None:
    random = np.random.default_rng(200 + seed)
    f = flange("irb120", rows, seed)
    target = np.arange(rows) % 2
    p = se3.apply(BASE @ f, POINTS[target]) + random.normal(0, 1e-4, (rows, 3))
    bad = wrong_rows(rows, seed)
    p[bad] += random.normal(0, 2.0, (bad.sum(), 3))
    start = position_start(f, p, target, seed=seed)
    assert not (start.inlier & bad).any()
    assert (~start.inlier & ~bad).sum() <= 1
    np.testing.assert_allclose(start.target_in_flange, POINTS, rtol=0, atol=1e-3 / np.sqrt(rows / 60))


def test_poses_that_determine_nothing_are_refused_in_words() -> None:
    f = undetermined("all poses are alike")
    with pytest.raises(DegenerateError, match="all poses are alike"):
        position_start(f, se3.apply(BASE @ f, POINTS[0]))


@pytest.mark.parametrize("case", UNDETERMINED[1:])
def test_what_few_orientations_leave_open_is_named_and_kept_near_the_flange(case: str) -> None:
    f = undetermined(case)
    start = position_start(f, se3.apply(BASE @ f, POINTS[0]))
    assert start.turning.what == case
    assert start.residual_m.max() < 1e-3
    np.testing.assert_allclose(start.world_from_base[:3, :3], BASE[:3, :3], rtol=0, atol=1e-3)
    # of the target, only what lies across the axis is told
    axis = np.array([0.6, 0.0, 0.8])
    across = np.eye(3) - np.outer(axis, axis) if start.turning.axes else np.zeros((3, 3))
    np.testing.assert_allclose(start.target_in_flange[0], across @ POINTS[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("case", UNDETERMINED[1:])
def test_a_fifth_of_wrong_positions_of_few_orientations_changes_nothing(case: str) -> None:
    f = undetermined(case)
    p = se3.apply(BASE @ f, POINTS[0])
    bad = wrong_rows(len(f), seed=8)
    p[bad] += np.random.default_rng(8).normal(0, 0.2, (bad.sum(), 3))
    start = position_start(f, p)
    assert start.residual_m[~bad].max() < 1e-3
    assert start.residual_m[bad].min() > 1e-3


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_too_few_rows_are_refused(rows: int) -> None:
    f = flange("ur10e", 5, seed=5)[:rows]
    with pytest.raises(DegenerateError) as caught:
        position_start(f, se3.apply(BASE @ f, POINTS[0]))
    assert caught.value.code == "too-few-poses"


def test_a_point_that_never_leaves_its_place_is_refused() -> None:
    random = np.random.default_rng(6)
    f = se3.compose(so3.exp(random.normal(0, 1, (50, 3))), np.zeros((50, 3)))
    with pytest.raises(DegenerateError, match="do not determine"):
        position_start(f, np.tile([1.0, 2.0, 3.0], (50, 1)))


def test_measured_arms_start_near_their_published_errors(real_robots: Path) -> None:
    table = read_poses(real_robots / "ur10_leica_pose" / "series_c.csv")
    f = base_from_flange(load_geometry("ur10_cb3"), table.joints)
    assert position_start(f, table.position).residual_m.mean() < 0.92e-3
    table = read_poses(real_robots / "irb120_tracker_position" / "poses.csv")
    f = base_from_flange(load_geometry("irb120"), table.joints)
    position = position_start(f, table.position, table.target)
    assert position.residual_m.mean() == pytest.approx(0.709e-3, abs=2e-6)
