"""Files as robots and instruments wrote them are read, all of one set to the same poses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calib.cell.conventions.open_readings import read_for_images
from calib.cell.hand_eye.options import HandEyeRequest
from calib.cell.hand_eye.pair_views import pair_views
from calib.formats import load_any_camera, read_any_corners, read_poses
from calib.geometry import se3

POSES = (
    "T.npy",
    "abb.csv",
    "kuka.dat",
    "plain.csv",
    "plotjuggler.csv",
    "position.csv",
    "robot_cali.txt",
    "tf_echo.txt",
    "tum.txt",
    "ur.txt",
)
ROUNDED = {"tf_echo.txt": 1.5e-3}  # three decimals


@pytest.mark.parametrize("name", POSES)
def test_the_same_poses_in_ten_formats(name: str, real_data: Callable[[str], Path]) -> None:
    folder = real_data("cases/handeye-pose-formats")
    seen, camera = read_any_corners(folder / "corners.csv"), load_any_camera(folder / "camera.yaml")
    pairs = pair_views(seen, read_poses(folder / name, joints_needed=False), camera, HandEyeRequest())
    found = read_for_images(pairs, None).base_from_flange
    truth = np.load(folder / "T.npy")
    off = se3.inverse(truth) @ found - np.eye(4)
    assert np.abs(off).max() < ROUNDED.get(name, 3e-5)


JOINTS = {
    "joints_xyz_no_header.csv": (6, "position"),
    "figaroh_four_markers_wide.csv": (8, "position"),
    "figaroh_x1_phix1.csv": (6, "pose"),
    "joint_angles_of_images_no_header.txt": (6, "joints"),
    "one_file_per_socket_hole_0.csv": (7, "joints"),
    "rokae_jointtarget.csv": (6, "joints"),
    "theta_and_matrix_m00_m33.csv": (7, "pose"),
    "numpy_arrays_in_cells.csv": (19, "joints"),
}
FLANGES = (
    "handeye_records.json",
    "leica_latin1_header_with_units.csv",
    "metric_pose_4x4.csv",
    "opencv_pose00.yml",
    "tracker_no_header.csv",
    "poses_16_numbers_a_row.txt",
    "poses_4x4_blocks_count_first.txt",
    "ric_pose_0.yaml",
    "ur_poses_no_header.txt",
)


@pytest.mark.parametrize("name", JOINTS)
def test_joint_values_of_public_sets(name: str, real_data: Callable[[str], Path]) -> None:
    joints, measured = JOINTS[name]
    table = read_poses(real_data("cases/robot-formats") / name)
    assert table.joints.shape[1] == joints
    assert table.measurement == measured


def test_several_targets_in_a_row_of_an_arm_that_is_known(real_data: Callable[[str], Path]) -> None:
    table = read_poses(real_data("cases/robot-formats") / "three_targets_wide_no_header.csv", joints=12)
    assert len(table.target_names) == 3
    assert table.joints.shape[1] == 12


@pytest.mark.parametrize("name", FLANGES)
def test_flange_poses_of_public_sets(name: str, real_data: Callable[[str], Path]) -> None:
    table = read_poses(real_data("cases/robot-formats") / name, joints_needed=False)
    assert table.measurement == "pose"


@pytest.mark.parametrize("name", ["opencv_intrinsics.yml", "metric_intrinsics.yaml"])
def test_cameras_of_public_sets(name: str, real_data: Callable[[str], Path]) -> None:
    assert load_any_camera(real_data("cases/robot-formats") / name).lens.name == "brown_conrady"
