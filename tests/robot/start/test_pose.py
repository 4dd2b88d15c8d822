"""Starts find base and targets, shrug off wrong rows, and refuse poses that cannot tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib.errors import DegenerateError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.start.closed_forms import anchor_of_distances
from calib.robot.start.distance import distance_start
from calib.robot.start.pose import pose_start
from calib.robot.start.position import position_start
from calib.robot.table.read import read_poses

BASE = se3.compose(so3.exp(np.array([0.3, -1.1, 2.0])), np.array([2.5, -0.7, 0.4]))
TARGETS = se3.exp(np.array([[0.03, -0.05, 0.12, 0.4, -0.2, 1.0], [0.1, 0.02, 0.2, -1.0, 2.0, 0.1]]))
ANCHOR = np.array([1.3, -0.9, 0.2])


def flange(name: str, rows: int, seed: int) -> np.ndarray:
    arm = load_geometry(name)
    return base_from_flange(arm, np.random.default_rng(seed).uniform(-1.5, 1.5, (rows, arm.joints)))


@pytest.mark.parametrize("name", ["ur10e", "franka_fr3", "irb120", "stanford"])
@pytest.mark.parametrize("rows", [8, 40, 600])
def test_exact_poses_give_exact_frames(name: str, rows: int) -> None:
    f = flange(name, rows, seed=rows)
    target = np.arange(rows) % 2
    start = pose_start(f, BASE @ f @ TARGETS[target], target)
    np.testing.assert_allclose(start.world_from_base, BASE, rtol=0, atol=1e-8)
    np.testing.assert_allclose(start.flange_from_target, TARGETS, rtol=0, atol=1e-8)
    assert start.inlier.all()


@pytest.mark.parametrize("name", ["ur10e", "franka_fr3", "irb120", "stanford"])
@pytest.mark.parametrize("rows", [30, 600])
def test_exact_positions_give_exact_frames(name: str, rows: int) -> None:
    f = flange(name, rows, seed=rows)
    target = np.arange(rows) % 2
    points = TARGETS[:, :3, 3]
    start = position_start(f, se3.apply(BASE @ f, points[target]), target)
    np.testing.assert_allclose(start.world_from_base, BASE, rtol=0, atol=1e-8)
    np.testing.assert_allclose(start.target_in_flange, points, rtol=0, atol=1e-8)
    assert start.residual_m.max() < 1e-8


@pytest.mark.parametrize("name", ["ur10e", "franka_fr3", "irb120", "stanford"])
def test_exact_distances_give_the_exact_anchor(name: str) -> None:
    f = flange(name, 200, seed=9)
    target = np.arange(200) % 2
    points = TARGETS[:, :3, 3]
    start = distance_start(f, np.linalg.norm(se3.apply(f, points[target]) - ANCHOR, axis=1), target)
    np.testing.assert_allclose(start.anchor_in_base, ANCHOR, rtol=0, atol=1e-8)
    np.testing.assert_allclose(start.target_in_flange, points, rtol=0, atol=1e-8)


def wrong_rows(rows: int, seed: int) -> np.ndarray:
    """A fifth of the rows."""
    return np.random.default_rng(seed).permutation(rows) < rows // 5


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("rows", [40, 1000])
def test_a_fifth_of_wrong_poses_changes_nothing(rows: int, seed: int) -> None:
    random = np.random.default_rng(100 + seed)
    f = flange("ur10e", rows, seed)
    m = BASE @ f @ TARGETS[0] @ se3.exp(random.normal(0, [1e-4] * 3 + [1e-4] * 3, (rows, 6)))
    bad = wrong_rows(rows, seed)
    m[bad] = se3.exp(random.normal(0, [1.0] * 3 + [2.0] * 3, (bad.sum(), 6)))
    start = pose_start(f, m, seed=seed)
    assert not (start.inlier & bad).any()
    assert (~start.inlier & ~bad).sum() <= 1
    off = se3.log(se3.inverse(BASE) @ start.world_from_base)
    assert np.abs(off).max() < 1e-3 / np.sqrt(rows / 40)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("rows", [60, 1000])
def test_a_fifth_of_wrong_positions_changes_nothing(rows: int, seed: int) -> None:
    random = np.random.default_rng(200 + seed)
    f = flange("irb120", rows, seed)
    target = np.arange(rows) % 2
    p = se3.apply(BASE @ f, TARGETS[target, :3, 3]) + random.normal(0, 1e-4, (rows, 3))
    bad = wrong_rows(rows, seed)
    p[bad] += random.normal(0, 2.0, (bad.sum(), 3))
    start = position_start(f, p, target, seed=seed)
    assert not (start.inlier & bad).any()
    assert (~start.inlier & ~bad).sum() <= 1
    np.testing.assert_allclose(start.target_in_flange, TARGETS[:, :3, 3], rtol=0, atol=1e-3 / np.sqrt(rows / 60))


@pytest.mark.parametrize("seed", range(20))
def test_a_fifth_of_wrong_distances_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(300 + seed)
    f = flange("ur10e", 300, seed)
    point = TARGETS[0, :3, 3]
    d = np.linalg.norm(se3.apply(f, point) - ANCHOR, axis=1) + random.normal(0, 1e-4, 300)
    bad = wrong_rows(300, seed)
    d[bad] = np.maximum(d[bad] + random.normal(0, 1.0, bad.sum()), 0.0)  # a lost wire reads nothing
    near, _ = anchor_of_distances(f, d, 1.0)
    np.testing.assert_allclose(near, ANCHOR, rtol=0, atol=1e-3)  # before any correction
    start = distance_start(f, d)
    np.testing.assert_allclose(start.anchor_in_base, ANCHOR, rtol=0, atol=2e-4)
    np.testing.assert_allclose(start.target_in_flange[0], point, rtol=0, atol=2e-4)
    assert (start.inlier & bad).sum() <= 1
    assert (~start.inlier & ~bad).sum() <= 1


def test_a_start_is_repeatable() -> None:
    f = flange("ur10e", 300, seed=0)
    m = BASE @ f @ TARGETS[0] @ se3.exp(np.random.default_rng(1).normal(0, 1e-3, (300, 6)))
    np.testing.assert_array_equal(pose_start(f, m).world_from_base, pose_start(f, m).world_from_base)


def alike(case: str) -> np.ndarray:
    f = flange("ur10e", 50, seed=3)
    random = np.random.default_rng(4)
    if case == "all poses are alike":
        return f[0] @ se3.exp(random.normal(0, 1e-6, (50, 6)))
    if case == "the orientation never changes":
        f[:, :3, :3] = f[0, :3, :3]
        return f
    turns = so3.exp(random.uniform(-3, 3, (50, 1)) * np.array([0.6, 0.0, 0.8]))
    return se3.compose(f[0, :3, :3] @ turns, f[:, :3, 3])


@pytest.mark.parametrize(
    "case", ["all poses are alike", "the orientation never changes", "the flange turns about one axis only"]
)
def test_poses_that_cannot_tell_are_refused_in_words(case: str) -> None:
    f = alike(case)
    m = BASE @ f @ TARGETS[0]
    with pytest.raises(DegenerateError, match=case) as caught:
        pose_start(f, m)
    assert caught.value.code == "poses-degenerate"
    assert "two axes" in caught.value.advice
    with pytest.raises(DegenerateError, match=case):
        position_start(f, m[:, :3, 3])
    with pytest.raises(DegenerateError, match=case):
        distance_start(f, np.linalg.norm(m[:, :3, 3], axis=1))


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_too_few_rows_are_refused(rows: int) -> None:
    f = flange("ur10e", 3, seed=5)[:rows]
    m = BASE @ f @ TARGETS[0]
    for start in (
        lambda: pose_start(f, m),
        lambda: position_start(f, m[:, :3, 3]),
        lambda: distance_start(f, m[:, 0, 3]),
    ):
        with pytest.raises(DegenerateError) as caught:
            start()
        assert caught.value.code == "too-few-poses"


def test_a_point_that_never_leaves_its_place_is_refused() -> None:
    random = np.random.default_rng(6)
    f = se3.compose(so3.exp(random.normal(0, 1, (50, 3))), np.zeros((50, 3)))
    with pytest.raises(DegenerateError, match="do not determine"):
        position_start(f, np.tile([1.0, 2.0, 3.0], (50, 1)))


def test_measured_arms_start_near_their_published_errors(real_robots: Path) -> None:
    table = read_poses(real_robots / "ur10_leica_pose" / "series_c.csv")
    f = base_from_flange(load_geometry("ur10_cb3"), table.joints)
    pose = pose_start(f, se3.compose(table.rotation, table.position))
    assert 0.9e-3 < pose.residual_m.mean() < 1.1e-3  # 0.997 nominal, 0.910 with the frames refined
    assert position_start(f, table.position).residual_m.mean() < 0.92e-3
    table = read_poses(real_robots / "irb120_tracker_position" / "poses.csv")
    f = base_from_flange(load_geometry("irb120"), table.joints)
    position = position_start(f, table.position, table.target)
    assert position.residual_m.mean() == pytest.approx(0.709e-3, abs=2e-6)
    table = read_poses(real_robots / "fr3_camera_pose" / "poses.csv")
    f = base_from_flange(load_geometry("franka_fr3"), table.joints)
    pose = pose_start(f, se3.compose(table.rotation, table.position))
    assert 5.4e-3 < np.sqrt(np.mean(pose.residual_m**2)) < 7.9e-3  # 5.5 to 7.8, as the frames are fitted
