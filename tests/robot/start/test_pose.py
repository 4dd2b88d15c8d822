"""The start from poses finds base and targets, is not moved by wrong rows, and refuses poses that determine nothing."""

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
from calib.robot.start.pose import pose_start
from calib.robot.table.read import read_poses


@pytest.mark.parametrize("name", ARMS)
@pytest.mark.parametrize("rows", [8, 40, 600])
def test_exact_poses_give_exact_frames(name: str, rows: int) -> None:
    f = flange(name, rows, seed=rows)
    target = np.arange(rows) % 2
    start = pose_start(f, BASE @ f @ TARGETS[target], target)
    np.testing.assert_allclose(start.world_from_base, BASE, rtol=0, atol=1e-8)
    np.testing.assert_allclose(start.flange_from_target, TARGETS, rtol=0, atol=1e-8)
    assert start.inlier.all()


def test_residuals_are_the_distance_and_the_angle_of_a_row() -> None:
    f = flange("ur10e", 40, seed=1)
    m = BASE @ f @ TARGETS[0]
    m[7, :3, 3] += [0.03, 0.0, -0.04]
    m[9, :3, :3] = m[9, :3, :3] @ so3.exp(np.array([0.0, 0.6, 0.8]) * 0.2)
    start = pose_start(f, m)
    np.testing.assert_allclose(start.residual_m, np.where(np.arange(40) == 7, 0.05, 0.0), atol=1e-8)
    np.testing.assert_allclose(start.residual_rad, np.where(np.arange(40) == 9, 0.2, 0.0), atol=1e-7)
    np.testing.assert_array_equal(np.flatnonzero(~start.inlier), [7, 9])


@pytest.mark.parametrize("seed", seeds(10))
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
    assert np.abs(off).max() < 1e-4 / np.sqrt(rows / 40)


def test_the_target_of_few_rows_is_found_by_the_base_of_the_others() -> None:
    f = flange("irb120", 43, seed=2)
    target = np.repeat([0, 1], [40, 3])
    start = pose_start(f, BASE @ f @ TARGETS[target], target)
    np.testing.assert_allclose(start.flange_from_target, TARGETS, rtol=0, atol=1e-8)


def test_a_start_is_repeatable() -> None:
    f = flange("ur10e", 300, seed=0)
    m = BASE @ f @ TARGETS[0] @ se3.exp(np.random.default_rng(1).normal(0, 1e-3, (300, 6)))
    np.testing.assert_array_equal(pose_start(f, m).world_from_base, pose_start(f, m).world_from_base)


def test_poses_that_determine_nothing_are_refused_in_words() -> None:
    f = undetermined("all poses are alike")
    with pytest.raises(DegenerateError, match="all poses are alike") as caught:
        pose_start(f, BASE @ f @ TARGETS[0])
    assert caught.value.code == "poses-degenerate"
    assert "two axes" in caught.value.advice


@pytest.mark.parametrize("case", UNDETERMINED[1:])
def test_few_orientations_give_frames_that_explain_them(case: str) -> None:
    f = undetermined(case)
    start = pose_start(f, BASE @ f @ TARGETS[0])
    assert start.turning.what == case
    assert start.residual_m.max() < 1e-3
    assert start.residual_rad.max() < 1e-3


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_too_few_rows_are_refused(rows: int) -> None:
    f = flange("ur10e", 3, seed=5)[:rows]
    with pytest.raises(DegenerateError) as caught:
        pose_start(f, BASE @ f @ TARGETS[0])
    assert caught.value.code == "too-few-poses"


def test_a_measured_ur10_starts_near_its_published_error(real_robots: Path) -> None:
    table = read_poses(real_robots / "ur10_leica_pose" / "series_c.csv")
    f = base_from_flange(load_geometry("ur10_cb3"), table.joints)
    pose = pose_start(f, se3.compose(table.rotation, table.position))
    assert 0.9e-3 < pose.residual_m.mean() < 1.1e-3  # 0.997 nominal, 0.910 with the frames refined


def test_a_measured_fr3_starts_near_its_published_error(real_robots: Path) -> None:
    table = read_poses(real_robots / "fr3_camera_pose" / "poses.csv")
    f = base_from_flange(load_geometry("franka_fr3"), table.joints)
    pose = pose_start(f, se3.compose(table.rotation, table.position))
    assert 5.4e-3 < np.sqrt(np.mean(pose.residual_m**2)) < 7.9e-3  # 5.5 to 7.8, as the frames are fitted
