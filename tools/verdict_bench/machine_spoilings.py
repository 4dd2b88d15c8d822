"""How arms and instruments come to be other than they are taken for."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.geometry import se3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.scene import Spread
from verdict_bench.arm_spoilings import NOISY
from verdict_bench.arms import POSES, ArmSet, measured
from verdict_bench.spoiling import spoiled

MOVED = "moved|changed|drift|target"
SCALE = "scale|factor|every length"
HEAT = "temperature|warm|drift|heat|grow"


@spoiled("robot", SCALE)
def instrument_scaled(seed: int) -> ArmSet:
    """The tracker's lengths are 1 % too long."""
    data = measured(seed)
    return data.spoil(position=data.table.position * 1.01)


@spoiled("robot", SCALE)
def draw_wire_scaled(seed: int) -> ArmSet:
    """The draw-wire's lengths are 2 % too long."""
    data = measured(seed, "distance", poses=100)
    return data.spoil(distance=data.table.distance * 1.02)


@spoiled("robot", MOVED + "|offset")
def draw_wire_offset(seed: int) -> ArmSet:
    """The draw-wire counts from 30 mm."""
    data = measured(seed, "distance", poses=100)
    return data.spoil(distance=data.table.distance + 0.03)


@spoiled("robot", MOVED)
def instrument_bumped(seed: int) -> ArmSet:
    """The tracker moves by 3 mm midway."""
    return _moved(seed, np.array([3e-3, 0, 0]))


@spoiled("robot", MOVED)
def instrument_bumped_far(seed: int) -> ArmSet:
    """The tracker moves by 30 mm after two thirds."""
    return _moved(seed, np.array([0, 30e-3, 0]), 2 / 3)


@spoiled("robot", MOVED)
def instrument_drifts(seed: int) -> ArmSet:
    """The tracker drifts by 1 mm."""
    data = measured(seed)
    return data.spoil(position=data.table.position + np.linspace(0, 1e-3, POSES)[:, None] * (0.6, 0.8, 0.0))


@spoiled("robot", MOVED)
def tool_moved(seed: int) -> ArmSet:
    """The reflector moves by 4 mm on its bracket midway."""
    return measured(seed, stands=lambda arm, q, t: base_from_flange(arm, q) @ _shift((t > 0.5) * 4e-3))


@spoiled("robot", MOVED + "|" + NOISY)
def target_reseated(seed: int) -> ArmSet:
    """The reflector is put back for every pose, to .3 mm."""
    return measured(seed, spread=Spread(sigma_m=3e-4))


@spoiled("robot", NOISY)
def instrument_noisy(seed: int) -> ArmSet:
    """The instrument scatters by 2 mm."""
    return measured(seed, spread=Spread(sigma_m=2e-3))


@spoiled("robot", NOISY)
def joints_noisy(seed: int) -> ArmSet:
    """Joints were read before the arm stood still: off by .1 deg."""
    return measured(seed, spread=Spread(joint_noise_rad=np.radians(0.1)))


@spoiled("robot", NOISY)
def cheap_arm(seed: int) -> ArmSet:
    """A cheap arm: lengths off by 3 mm, angles by .5 deg, joints by .3 deg every time."""
    spread = Spread(error_m=3e-3, error_rad=np.radians(0.5), joint_noise_rad=np.radians(0.3))
    return measured(seed, spread=spread)


@spoiled("robot", NOISY)
def backlash(seed: int) -> ArmSet:
    """Joints stop .03 deg before or behind where they are sent."""
    rng = np.random.default_rng([seed, 3])

    def stands(arm: SerialArm, q: Array, _: Array) -> Array:
        return base_from_flange(arm, q + np.radians(0.03) * np.sign(rng.normal(size=q.shape)))

    return measured(seed, stands=stands)


@spoiled("robot", NOISY)
def eccentric_encoders(seed: int) -> ArmSet:
    """Encoders sit off their axes: .05 deg over a turn."""
    phase = np.random.default_rng([seed, 4]).uniform(0, 2 * np.pi, 6)
    return measured(seed, stands=lambda arm, q, _: base_from_flange(arm, q + np.radians(0.05) * np.sin(q + phase)))


@spoiled("robot", NOISY)
def gears_of_many_teeth(seed: int) -> ArmSet:
    """Gears err by .04 deg, twice a revolution of their motor (100:1)."""
    phase = np.random.default_rng([seed, 5]).uniform(0, 2 * np.pi, 6)
    return measured(
        seed, stands=lambda arm, q, _: base_from_flange(arm, q + np.radians(0.04) * np.sin(200 * q + phase))
    )


@spoiled("robot", NOISY)
def encoder_steps(seed: int) -> ArmSet:
    """Joint angles in the table are rounded to .2 deg."""
    data = measured(seed)
    step = np.radians(0.2)
    return data.spoil(joints=np.round(data.table.joints / step) * step)


@spoiled("robot", NOISY + "|" + MOVED)
def encoder_slips(seed: int) -> ArmSet:
    """Joint 2 has another zero, by .2 deg, from the middle on."""

    def stands(arm: SerialArm, q: Array, t: Array) -> Array:
        return base_from_flange(arm, q + np.radians(0.2) * (t > 0.5)[:, None] * (np.arange(6) == 1))

    return measured(seed, stands=stands)


@spoiled("robot", HEAT)
def heat(seed: int) -> ArmSet:
    """Links grow by .1 % during the session (50 degrees of warming up)."""

    def stands(arm: SerialArm, q: Array, t: Array) -> Array:
        flange = base_from_flange(arm, q)
        flange[:, :3, 3] *= 1 + 1e-3 * t[:, None]
        return flange

    return measured(seed, stands=stands)


@spoiled("robot", NOISY + "|compliance|--model auto")
def load(seed: int) -> ArmSet:
    """The arm sags by its load: joints 2 and 3 by .15 deg at full reach."""

    def stands(arm: SerialArm, q: Array, _: Array) -> Array:
        reach = np.linalg.norm(base_from_flange(arm, q)[:, :2, 3], axis=1)[:, None] / 0.9
        return base_from_flange(arm, q + np.radians(0.15) * reach * np.array([0, 1, 1, 0, 0, 0]))

    return measured(seed, stands=stands)


@spoiled("robot", "offset|theta")
def joint_offset(seed: int) -> ArmSet:
    """The zero of joint 4 is 5 deg off."""
    return _with_zero_off(seed, "position", 3, 5.0)


@spoiled("robot", "offset|theta", refusals="arm-does-not-fit")
def joint_offset_of_20_deg(seed: int) -> ArmSet:
    """The zero of joint 2 is 20 deg off."""
    return measured(
        seed, "pose", stands=lambda arm, q, _: base_from_flange(arm, q + np.radians(20) * (np.arange(6) == 1))
    )


def _with_zero_off(seed: int, kind: str, joint: int, by_deg: float) -> ArmSet:
    off = np.radians(by_deg) * (np.arange(6) == joint)
    return measured(seed, kind, stands=lambda arm, q, _: base_from_flange(arm, q + off))


def _moved(seed: int, by_m: Array, share: float = 0.5) -> ArmSet:
    data = measured(seed)
    late = np.arange(POSES) >= share * POSES
    return data.spoil(position=data.table.position + late[:, None] * by_m)


def _shift(along_x_m: Array) -> Array:
    return se3.compose(np.broadcast_to(np.eye(3), (len(along_x_m), 3, 3)), along_x_m[:, None] * np.array([1.0, 0, 0]))
