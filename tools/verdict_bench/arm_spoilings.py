"""How tables of measured arms come to be wrong: what was measured, and when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from calib.arrays import Array
from calib.geometry import so3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.scene import Spread
from calib.robot.table.orientation import Angles
from verdict_bench.arms import POSES, ArmSet, measured, shuffle, within
from verdict_bench.spoiling import spoiled

FEW = "more poses|too few|too-few|held out"
OUTLIERS = "rows are rejected"
CONVENTION, MISFIT = "conventions", "arm-does-not-fit"
NOISY = "residuals are larger|check the instrument"
RANGE = "hardly moved|spread the poses|uncertain|more parameters than usual|1 more parameter"


# ------------------------------------------------------------------------------------------------ conventions


@spoiled("robot", "millimetres", refusals=CONVENTION, convention=True)
def positions_in_mm(seed: int) -> ArmSet:
    """Positions in mm, read as m."""
    data = measured(seed)
    return data.spoil(position=data.table.position * 1000)


@spoiled("robot", "millimetres", refusals=CONVENTION, convention=True)
def distances_in_mm(seed: int) -> ArmSet:
    """Distances in mm, read as m."""
    data = measured(seed, "distance")
    return data.spoil(distance=data.table.distance * 1000)


@spoiled("robot", "degrees", refusals=CONVENTION, convention=True)
def joints_in_degrees(seed: int) -> ArmSet:
    """Joint angles in deg, read as rad."""
    data = measured(seed)
    return data.spoil(joints=np.degrees(data.table.joints))


@spoiled("robot", "radians", refusals=CONVENTION, convention=True)
def joints_in_radians(seed: int) -> ArmSet:
    """Joint angles in rad, read as deg."""
    data = measured(seed, "pose")
    return data.spoil(joints=np.radians(data.table.joints))


@spoiled("robot", "counts? the other way", refusals=CONVENTION, convention=True)
def sign_of_a_joint(seed: int) -> ArmSet:
    """Joint 3 counts the other way."""
    data = measured(seed)
    return data.spoil(joints=data.table.joints * (1, 1, -1, 1, 1, 1))


@spoiled("robot", "swapped", refusals=CONVENTION, convention=True)
def joints_swapped(seed: int) -> ArmSet:
    """The columns of joints 4 and 5 are swapped."""
    data = measured(seed, "pose")
    return data.spoil(joints=data.table.joints[:, [0, 1, 2, 4, 3, 5]])


@spoiled("robot", "swapped", refusals=CONVENTION, convention=True)
def joints_swapped_and_a_zero_off(seed: int) -> ArmSet:
    """The columns of joints 4 and 5 are swapped, and the zero of joint 2 is 15 deg off."""
    off = np.radians(15.0) * (np.arange(6) == 1)
    data = measured(seed, stands=lambda arm, q, _: base_from_flange(arm, q + off))
    return data.spoil(joints=data.table.joints[:, [0, 1, 2, 4, 3, 5]])


@spoiled("robot", "w, x, y, z", refusals=CONVENTION, convention=True)
def quaternion_order(seed: int) -> ArmSet:
    """Quaternions w x y z, read as x y z w."""
    data = measured(seed, "pose")
    return data.spoil(quaternion_xyzw=data.table.quaternion_xyzw[:, [3, 0, 1, 2]])


@spoiled("robot", "Euler angles ZYX", refusals=CONVENTION, convention=True)
def euler_order(seed: int) -> ArmSet:
    """Euler angles ZYX, read as XYZ."""
    data = measured(seed, "pose")
    return data.spoil(**euler_columns(data.table.rotation, "ZYX", "XYZ"))


@spoiled("robot", "inverted", refusals=CONVENTION, convention=True)
def poses_inverted(seed: int) -> ArmSet:
    """The instrument's pose in the target, not the target's in the instrument."""
    data = measured(seed, "pose")
    assert data.table.rotation is not None
    back = data.table.rotation.swapaxes(1, 2)
    position = -np.einsum("nij,nj->ni", back, data.table.position)
    return data.spoil(position=position, quaternion_xyzw=so3.quaternion_xyzw(back))


@spoiled("robot", "left-handed|hold", refusals=CONVENTION, convention=True)
def left_handed(seed: int) -> ArmSet:
    """The instrument counts y the other way."""
    data = measured(seed)
    return data.spoil(position=data.table.position * (1, -1, 1))


@spoiled("robot", "does not fit|arm", refusals="arm-does-not-fit conventions", convention=True)
def wrong_arm(seed: int) -> ArmSet:
    """A UR10e, calibrated as a UR5e."""
    return replace(measured(seed, arm="ur10e"), arm="ur5e")


# ------------------------------------------------------------------------------------------------ which row is which


@spoiled("robot", "does not fit", refusals=MISFIT, convention=True)
def rows_shuffled(seed: int) -> ArmSet:
    """Measurements in another order than the joint angles."""
    data = measured(seed)
    return shuffle(data, np.arange(POSES), data.rng.permutation(POSES))


@spoiled("robot", "does not fit|row", refusals="arm-does-not-fit conventions", convention=True)
def shifted_by_one(seed: int) -> ArmSet:
    """Every measurement stands in the row below its own."""
    return shuffle(measured(seed), np.arange(POSES), np.roll(np.arange(POSES), 1))


@spoiled("robot", OUTLIERS)
def tenth_mispaired(seed: int) -> ArmSet:
    """A tenth of the rows exchange their measurements."""
    data = measured(seed)
    some = data.rng.permutation(POSES)[:6]
    order = np.arange(POSES)
    order[some] = np.roll(some, 1)
    return shuffle(data, np.arange(POSES), order)


@spoiled("robot", OUTLIERS)
def outliers_10_percent(seed: int) -> ArmSet:
    """1 in 10 rows is 20 mm off."""
    return measured(seed, spread=Spread(outlier_share=0.1))


@spoiled("robot", OUTLIERS)
def outliers_30_percent(seed: int) -> ArmSet:
    """3 in 10 rows are 20 mm off."""
    return measured(seed, poses=100, spread=Spread(outlier_share=0.3))


@spoiled("robot", OUTLIERS)
def small_outliers(seed: int) -> ArmSet:
    """1 in 10 rows is 1 mm off."""
    return measured(seed, spread=Spread(outlier_share=0.1, outlier_m=1e-3))


@spoiled("robot", OUTLIERS)
def one_row_far_off(seed: int) -> ArmSet:
    """One row is 2 m off."""
    data = measured(seed)
    return data.spoil(position=data.table.position + 2.0 * (np.arange(POSES) == 17)[:, None] * (1, 0, 0))


@spoiled("robot", OUTLIERS + "|millimetres")
def some_rows_in_mm(seed: int) -> ArmSet:
    """Every eighth row is in mm."""
    data = measured(seed)
    return data.spoil(position=data.table.position * np.where(np.arange(POSES) % 8 == 5, 1000, 1)[:, None])


@spoiled("robot", "target", refusals=MISFIT)
def targets_exchanged(seed: int) -> ArmSet:
    """The names of two targets are exchanged from the middle on."""
    data = measured(seed, targets=2)
    late = data.table.pose >= POSES // 2
    return data.spoil(target=np.where(late, 1 - data.table.target, data.table.target))


@spoiled("robot", "pair|own measurement|does not fit|" + OUTLIERS, refusals=MISFIT)
def half_mispaired(seed: int) -> ArmSet:
    """Half of the rows exchange their measurements."""
    data = measured(seed)
    some = data.rng.permutation(POSES)[: POSES // 2]
    order = np.arange(POSES)
    order[some] = np.roll(some, 1)
    return shuffle(data, np.arange(POSES), order)


@spoiled("robot", "target|apart", refusals=MISFIT)
def targets_of_poses_exchanged(seed: int) -> ArmSet:
    """The names of two targets whose poses were measured are exchanged after two thirds."""
    data = measured(seed, "pose", targets=2)
    late = data.table.pose >= 2 * POSES // 3
    return data.spoil(target=np.where(late, 1 - data.table.target, data.table.target))


@spoiled("robot", "moved|target")
def target_remounted_between_runs(seed: int) -> ArmSet:
    """Two runs in one table: of the second, the first of two targets sits 1.5 mm elsewhere."""
    data = measured(seed, targets=2)
    flange = data.nominal.base_from_flange(data.table.joints)[:, :3, 0]
    base = data.frames["world_from_base"].reshape(4, 4)[:3, :3]
    late = (data.table.pose >= POSES // 2) & (data.table.target == 0)
    return data.spoil(position=data.table.position + 1.5e-3 * late[:, None] * (flange @ base.T))


# ------------------------------------------------------------------------------------------------ which poses


@spoiled("robot", RANGE, refusals="joint-not-moved")
def still_joints(seed: int) -> ArmSet:
    """Joints 4 to 6 wander by .1 deg."""
    return measured(seed, "pose", commands=within(np.array([3.0, 1.5, 2.0, 2e-3, 2e-3, 2e-3])))


@spoiled("robot", RANGE)
def small_ranges(seed: int) -> ArmSet:
    """Every joint moves within 10 deg."""
    return measured(seed, commands=within(np.full(6, 0.17)))


@spoiled("robot", RANGE + "|" + FEW)
def few_poses(seed: int) -> ArmSet:
    """12 poses."""
    return measured(seed, poses=12)


@spoiled("robot", "poses", refusals="too-few-poses poses-degenerate")
def too_few_poses(seed: int) -> ArmSet:
    """3 poses."""
    return measured(seed, poses=3)


@spoiled("robot", "moved|same|poses", refusals="joint-not-moved poses-degenerate too-few-poses")
def one_pose_repeated(seed: int) -> ArmSet:
    """One pose, measured 60 times."""
    return measured(seed, commands=lambda arm, n, rng: within(np.zeros(6))(arm, n, rng))


@spoiled("robot", RANGE + "|" + FEW)
def eight_poses_repeated(seed: int) -> ArmSet:
    """Eight poses, measured seven times each."""
    data = measured(seed, poses=56)
    noise = data.rng.normal(0.0, 5e-5, (56, 3))
    rows = np.arange(56) % 8
    return data.spoil(joints=data.table.joints[rows], position=data.table.position[rows] + noise)


@spoiled("robot", "computed")
def computed_by_the_controller(seed: int) -> ArmSet:
    """Poses as the controller computes them from the nominal arm: the arm was not measured."""
    data = measured(seed, "pose")
    world, target = data.frames["world_from_base"], data.frames["flange_from_target"].reshape(-1, 4, 4)[0]
    pose = world @ data.nominal.base_from_flange(data.table.joints) @ target
    return data.spoil(position=np.round(pose[:, :3, 3], 6), quaternion_xyzw=so3.quaternion_xyzw(pose[:, :3, :3]))


def euler_columns(rotation: Array | None, truly: str, read: str) -> dict[str, object]:
    """Orientations as Euler angles of one sequence, read as of another."""
    values = Rotation.from_matrix(rotation).as_euler(truly)
    angles = Angles(values, read, by_axis=False)
    return {"angles": angles, "quaternion_xyzw": angles.quaternion_xyzw()}
