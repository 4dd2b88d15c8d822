"""How images and poses of the robot come not to belong together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calib.geometry import so3
from verdict_bench.arm_spoilings import euler_columns
from verdict_bench.hand_eyes import FIXED, HAND, IMAGES, HandEyeSet, drawn, turned
from verdict_bench.spoiling import spoiled

MISFIT = "hand-eye-does-not-fit conventions"
OUTLIERS = "outliers"
TURNS = "turn"


# ------------------------------------------------------------------------------------------------ conventions


@spoiled("hand-eye", "millimetres", refusals="conventions", convention=True)
def positions_in_mm(seed: int) -> HandEyeSet:
    """Positions in mm, read as m."""
    data = drawn(seed).seen()
    return data.spoil(position=data.table.position * 1000)


@spoiled("hand-eye", "degrees", refusals="conventions", convention=True)
def angles_in_degrees(seed: int) -> HandEyeSet:
    """Rotation vectors in deg, read as rad."""
    data = drawn(seed).seen()
    made = euler_columns(data.table.rotation, "XYZ", "XYZ")
    angles = replace(made["angles"], values=np.degrees(so3.log(data.table.rotation)), euler=None)  # type: ignore[type-var]
    return data.spoil(angles=angles, quaternion_xyzw=angles.quaternion_xyzw())


@spoiled("hand-eye", "w, x, y, z", refusals="conventions", convention=True)
def quaternion_order(seed: int) -> HandEyeSet:
    """Quaternions w x y z, read as x y z w."""
    data = drawn(seed).seen()
    assert data.table.quaternion_xyzw is not None
    return data.spoil(quaternion_xyzw=data.table.quaternion_xyzw[:, [3, 0, 1, 2]])


@spoiled("hand-eye", "Euler angles ZYX", refusals="conventions", convention=True)
def euler_order(seed: int) -> HandEyeSet:
    """Euler angles ZYX, read as XYZ."""
    data = drawn(seed).seen()
    return data.spoil(**euler_columns(data.table.rotation, "ZYX", "XYZ"))


@spoiled("hand-eye", "inverted", refusals="conventions", convention=True)
def poses_inverted(seed: int) -> HandEyeSet:
    """The base's pose in the flange, not the flange's in the base."""
    data = drawn(seed).seen()
    assert data.table.rotation is not None
    back = data.table.rotation.swapaxes(1, 2)
    position = -np.einsum("nij,nj->ni", back, data.table.position)
    return data.spoil(position=position, quaternion_xyzw=so3.quaternion_xyzw(back))


@spoiled("hand-eye", "setup|inverted", refusals="conventions", convention=True)
def wrong_setup(seed: int) -> HandEyeSet:
    """A fixed camera, said to be on the hand."""
    data = drawn(seed, FIXED).seen()
    return replace(data, options={**data.options, "setup": HAND})


@spoiled("hand-eye", "left-handed|hold", refusals="conventions", convention=True)
def left_handed(seed: int) -> HandEyeSet:
    """Positions count y the other way."""
    data = drawn(seed).seen()
    return data.spoil(position=data.table.position * (1, -1, 1))


@spoiled("hand-eye", "millimetres.*ZYX|ZYX.*millimetres", refusals="conventions", convention=True)
def unit_and_order(seed: int) -> HandEyeSet:
    """Positions in mm read as m, and Euler angles ZYX read as XYZ."""
    data = drawn(seed).seen()
    return data.spoil(position=data.table.position * 1000, **euler_columns(data.table.rotation, "ZYX", "XYZ"))


# ------------------------------------------------------------------------------------------------ which is which


@spoiled("hand-eye", "fit", refusals=MISFIT, convention=True)
def poses_shuffled(seed: int) -> HandEyeSet:
    """Poses in another order than the images."""
    data = drawn(seed).seen()
    return data.reorder(data.rng.permutation(IMAGES))


@spoiled("hand-eye", "row|further", refusals="conventions", convention=True)
def shifted_by_one(seed: int) -> HandEyeSet:
    """Every image has the pose of the next."""
    return drawn(seed).seen().reorder(np.roll(np.arange(IMAGES), -1))


@spoiled("hand-eye", "revers", refusals="conventions hand-eye-does-not-fit", convention=True)
def poses_reversed(seed: int) -> HandEyeSet:
    """The table begins with the last pose."""
    return drawn(seed).seen().reorder(np.arange(IMAGES)[::-1])


@spoiled("hand-eye", "lexic|sorted|by number", refusals="conventions hand-eye-does-not-fit", convention=True)
def images_in_lexical_order(seed: int) -> HandEyeSet:
    """Images named 1, 10, 11, ... and poses in the order in which they were taken."""
    return drawn(seed).seen().reorder(np.array(sorted(range(IMAGES), key=lambda i: str(i + 1))))


@spoiled("hand-eye", OUTLIERS)
def sixth_mispaired(seed: int) -> HandEyeSet:
    """One in six images has the pose of another."""
    data = drawn(seed).seen()
    some, order = data.rng.permutation(IMAGES)[:4], np.arange(IMAGES)
    order[some] = np.roll(some, 1)
    return data.reorder(order)


@spoiled("hand-eye", OUTLIERS)
def one_wild_pose(seed: int) -> HandEyeSet:
    """One pose is a metre off."""
    data = drawn(seed).seen()
    return data.spoil(position=data.table.position + (np.arange(IMAGES) == 9)[:, None] * np.array([1.0, 0, 0]))


@spoiled("hand-eye", OUTLIERS)
def some_poses_20_mm_off(seed: int) -> HandEyeSet:
    """One in six poses is 20 mm off."""
    data = drawn(seed).seen()
    off = data.rng.normal(0.0, 1.0, (IMAGES, 3))
    off *= 0.02 / np.linalg.norm(off, axis=1, keepdims=True) * (np.arange(IMAGES) % 6 == 2)[:, None]
    return data.spoil(position=data.table.position + off)


@spoiled("hand-eye", "half|turned|other end", refusals="conventions")
def quarter_of_boards_half_turned(seed: int) -> HandEyeSet:
    """In one of four images the corners are counted from the board's other end."""
    return (
        drawn(seed)
        .seen()
        .change_views(lambda i, view: replace(view, corners_px=view.corners_px[::-1]) if i % 4 == 1 else view)
    )


# ------------------------------------------------------------------------------------------------ which poses


@spoiled("hand-eye", "images: take")
def four_images(seed: int) -> HandEyeSet:
    """4 images."""
    return drawn(seed, images=4).seen()


@spoiled("hand-eye", TURNS, refusals="poses-degenerate")
def no_turns(seed: int) -> HandEyeSet:
    """The hand only shifts."""
    return drawn(seed, poses=turned(seed, np.zeros((IMAGES, 3)))).seen()


@spoiled("hand-eye", TURNS + "|axis", refusals="poses-degenerate")
def turns_about_one_axis(seed: int) -> HandEyeSet:
    """The hand turns about one axis only, by 30 deg."""
    return drawn(seed, poses=turned(seed, np.linspace(-0.5, 0.5, IMAGES)[:, None] * np.array([1.0, 0, 0]))).seen()


@spoiled("hand-eye", TURNS, refusals="poses-degenerate")
def small_turns(seed: int) -> HandEyeSet:
    """The hand turns by 2 deg."""
    turns = np.random.default_rng([seed, 1]).normal(0.0, np.radians(2), (IMAGES, 3))
    return drawn(seed, poses=turned(seed, turns)).seen()


@spoiled("hand-eye", "same|turn|poses", refusals="poses-degenerate poses-identical")
def one_pose_repeated(seed: int) -> HandEyeSet:
    """24 images of one pose."""
    return drawn(seed, poses=turned(seed, np.tile([0.3, 0.2, 0.1], (IMAGES, 1)), shift_m=0.0)).seen()
