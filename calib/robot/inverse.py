"""Which joint values bring the flange of an arm to a pose: damped least squares on the engine, within the
joint limits, from several seeds.

The first start is the one that is near; others are drawn at random within the limits. Of the answers that reach the
pose the nearest to the first start is returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import Options, ParameterBlock, Problem, ResidualBlock, solve
from calib.engine.label import Label
from calib.errors import ConvergenceError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import flange_jacobian
from calib.robot.arm.workspace import random_commands
from calib.robot.arm_model import Arm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.engine.problem import Rows, Values
    from calib.robot.arm.serial_arm import SerialArm

SEEDS = 20
REACHED_M, REACHED_RAD = 1e-6, 1e-6  # a micrometre: a tenth of what the best arms repeat
STEPS = Options(max_iterations=50)  # a descent that arrives takes 10 to 30


@dataclass(frozen=True, eq=False)
class Reached:
    """Joint values for a pose, and what remains."""

    command: Array
    """(joints,) commanded values, rad or m."""
    off_m: float
    """Remaining distance."""
    off_rad: float
    """Remaining angle."""
    seeds: int
    """How many starts were tried."""


def inverse_kinematics(
    arm: SerialArm | Arm, base_from_flange: Array, *, near: Array | None = None, seed: int = 0
) -> Reached:
    """Joint values that bring the flange to a pose (4, 4), within the joint limits.

    near: (joints,) where the arm is, the middle of its range if None. Raises ConvergenceError `pose-not-reached` with
    how near it came.
    """
    whole = arm if isinstance(arm, Arm) else Arm(arm)
    geometry = whole.geometry
    rng = np.random.default_rng(seed)
    middle = np.mean(np.clip(geometry.limits, -np.pi, np.pi), axis=1)
    first = np.asarray(middle if near is None else near, dtype=float)
    best: Reached | None = None
    for count in range(1, SEEDS + 1):
        start = first if count == 1 else random_commands(geometry, 1, rng)[0]
        command = _descend(whole, base_from_flange, np.clip(start, *geometry.limits.T))
        command = nearest_turns(geometry, command, first)
        off = se3.inverse(base_from_flange) @ whole.base_from_flange(command)
        distance, angle = float(np.linalg.norm(off[:3, 3])), float(np.linalg.norm(so3.log(off[:3, :3])))
        reached = Reached(command, distance, angle, count)
        if distance < REACHED_M and angle < REACHED_RAD:
            return reached
        if best is None or distance + angle < best.off_m + best.off_rad:
            best = reached
    assert best is not None
    raise ConvergenceError(
        "the pose is out of reach within the joint limits",
        code="pose-not-reached",
        why=f"the nearest of {SEEDS} attempts is off by {1000 * best.off_m:.3g} mm "
        f"and {np.degrees(best.off_rad):.3g} deg",
        advice="name joint values near it, or another pose",
    )


def _descend(whole: Arm, pose: Array, start: Array) -> Array:
    """One descent from start (joints,) that stays within the limits."""
    arm = whole.geometry

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        command = values["joints"]
        # effects bend the derivatives by a thousandth: near enough
        flange, _, by_command = flange_jacobian(arm, command)
        if whole.bends:
            flange = whole.base_from_flange(command)
        turn = so3.log(pose[:3, :3].T @ flange[:, :3, :3])
        shift = flange[:, :3, 3] - pose[:3, 3]
        by_position = flange[:, :3, :3] @ by_command[:, :3]
        by_turn = so3.left_jacobian_inverse(-turn) @ by_command[:, 3:]
        return np.concatenate([shift, turn], axis=1), (np.concatenate([by_position, by_turn], axis=1),)

    units = ("m" if slides else "rad" for slides in arm.prismatic)
    labels = tuple(Label(f"q{i + 1}", unit) for i, unit in enumerate(units))
    bounds: dict[str, tuple[float, float]] = {
        label: (float(low), float(high)) for label, (low, high) in zip(labels, arm.limits, strict=True)
    }
    joints = ParameterBlock("joints", start[None], labels, bounds=bounds)
    problem = Problem((joints,), (ResidualBlock("pose", 1, 6, {"joints": None}, evaluate),))
    return np.asarray(solve(problem, STEPS).values["joints"][0])


def nearest_turns(arm: SerialArm, command: Array, first: Array) -> Array:
    """Whole turns taken off or added to joints that turn, where the limits allow, so as to stay near."""
    turns = np.where(arm.prismatic, 0.0, 2 * np.pi * np.round((first - command) / (2 * np.pi)))
    moved = command + turns
    return np.where(arm.outside_limits(moved), command, moved)
