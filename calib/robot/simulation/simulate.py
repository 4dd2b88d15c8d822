"""Simulated arms: seeded poses within the limits, with stated errors and noise, and the truth they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.errors import UsageError, did_you_mean
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.workspace import random_commands
from calib.robot.effect import Conditions, Effect, read_effect
from calib.robot.simulation.contact_poses import in_contact
from calib.robot.table.read import PoseTable

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


MEASUREMENTS = ("pose", "position", "distance", "plane", "point")
WARMING_DEGC = (20.0, 30.0)  # from the first to the last pose, where growth is simulated
PAYLOADS_KG = (0.0, 1.5, 3.0)  # in turn, where payload is simulated


@dataclass(frozen=True)
class Spread:
    """Standard deviations of everything that is drawn, and the outliers.

    error_m, error_rad: of each geometry parameter about its nominal. sigma_m, sigma_rad: of each measured coordinate.
    sigma_joint_m, sigma_joint_rad: of each joint about its command, as it slides or turns. outlier_share of the rows
    are moved by outlier_m, and turned by outlier_rad, in random directions.
    """

    error_m: float = 3e-4
    error_rad: float = 1e-3
    sigma_m: float = 5e-5
    sigma_rad: float = 1e-4
    sigma_joint_m: float = 0.0
    sigma_joint_rad: float = 0.0
    outlier_share: float = 0.0
    outlier_m: float = 0.02
    outlier_rad: float = 0.05


@dataclass(frozen=True, eq=False)
class ArmSimulation:
    """What was simulated.

    table: what a user would hold. nominal, arm: the arm as drawn and as built. measurement: one of `MEASUREMENTS`.
    effects: name to parameters (p,). frames: world_from_base, flange_from_target (targets, 4, 4), anchor_in_base (3,),
    tip_in_flange (3,), point_in_base (targets, 3), plane_in_base (targets, 4: unit normal and offset), as the
    measurement has them. outlier: (n,). base_from_flange: (n, 4, 4) as the flange truly stood. seed, spread: as asked.
    """

    table: PoseTable
    nominal: SerialArm
    arm: SerialArm
    measurement: str
    effects: Mapping[str, Array]
    frames: Mapping[str, Array]
    outlier: NDArray[np.bool_]
    base_from_flange: Array
    seed: int
    spread: Spread


def simulate(
    arm: SerialArm,
    *,
    measurement: str = "pose",
    poses: int = 60,
    targets: int = 1,
    effects: Sequence[str] = (),
    spread: Spread | None = None,
    seed: int = 0,
) -> ArmSimulation:
    """Move an arm that differs from `arm` to random poses, and measure it.

    targets: on the flange, every one measured at every pose; points or planes that the tip touches in turn.
    effects: names; their parameters are drawn at their typical sizes, compliances downwards.
    Raises UsageError `unknown-measurement`, `unknown-effect`; `simulation-impossible` if the tip cannot reach.
    """
    if measurement not in MEASUREMENTS:
        advice = did_you_mean(measurement, MEASUREMENTS)
        raise UsageError(f"unknown measurement {measurement!r}", code="unknown-measurement", advice=advice)
    spread = spread or Spread()
    rng = np.random.default_rng(seed)
    built = built_arm(arm, spread, rng)
    bending = [read_effect(name) for name in effects]
    sizes = {effect.name: _drawn(effect, arm, rng) for effect in bending}
    contact = measurement in ("plane", "point")
    rows = poses if contact else poses * targets
    target = np.arange(rows) % targets
    outlier = rng.permutation(rows) < round(spread.outlier_share * rows)
    command = random_commands(arm, poses, rng)
    shift = rng.normal(0.0, 1.0, command.shape)
    shift *= np.where(arm.prismatic, spread.sigma_joint_m, spread.sigma_joint_rad)
    temperature = np.linspace(*WARMING_DEGC, poses) if "thermal_growth" in effects else None
    payload = np.resize(PAYLOADS_KG, poses) if "payload" in effects else None
    conditions = Conditions(None if temperature is None else temperature - temperature.mean(), payload)

    def flange_at(command: Array, rows: NDArray[np.intp]) -> Array:
        stood = base_from_flange(built, command + shift[rows])
        bend = np.zeros((len(rows), 6))
        for effect in bending:  # on the nominal arm, as identification has them
            bend += effect.tangent(arm, command, conditions.rows(rows)) @ sizes[effect.name]
        return np.asarray(stood @ se3.exp(bend))

    frames = _frames(measurement, targets, arm, rng)
    if contact:
        gap = _moved(np.zeros((rows, 3 if measurement == "point" else 1)), outlier, spread, rng)
        touching = in_contact(built, flange_at, command, frames["tip_in_flange"], measurement, target, gap, rng)
        command, frames[f"{measurement}_in_base"] = touching
    pose = np.arange(rows) if contact else np.repeat(np.arange(poses), targets)
    stood = flange_at(command, np.arange(poses))[pose]
    several = targets > 1
    table = PoseTable(
        joints=command[pose],
        prismatic=arm.prismatic,
        target=target,
        pose=pose,
        lines=np.arange(rows) + 2,
        target_names=tuple(str(k + 1) for k in range(targets)) if several else (),
        pose_names=tuple(str(k + 1) for k in range(poses)) if several and not contact else (),
        temperature_degc=None if temperature is None else temperature[pose],
        payload_kg=None if payload is None else payload[pose],
    )
    if not contact:
        table = _measured(table, measurement, stood, frames, outlier, spread, rng)
    return ArmSimulation(table, arm, built, measurement, sizes, frames, outlier, stood, seed, spread)


def built_arm(arm: SerialArm, spread: Spread, rng: np.random.Generator) -> SerialArm:
    """The arm with errors of every parameter that geometry is made of."""
    sizes = [spread.error_m if label.endswith("_m") else spread.error_rad for label in arm.labels]
    errors = rng.normal(0.0, 1.0, len(sizes)) * sizes
    chosen = np.isin(arm.labels, arm.geometry_labels)
    return arm.with_parameters(arm.parameters + np.where(chosen, errors, 0.0))


def _drawn(effect: Effect, arm: SerialArm, rng: np.random.Generator) -> Array:
    """Parameters (p,) of an effect; whatever yields to a weight does so downwards."""
    drawn = rng.normal(0.0, 1.0, len(effect.labels(arm))) * effect.typical(arm)
    return np.abs(drawn) if effect.name in ("compliance", "payload") else drawn


def _frames(measurement: str, targets: int, arm: SerialArm, rng: np.random.Generator) -> dict[str, Array]:
    """Where instrument, targets, anchor and tip are; points and planes follow from what the tip can reach."""
    away = rng.normal(0.0, 1.0, (targets, 3))
    at = away / np.linalg.norm(away, axis=1, keepdims=True) * rng.uniform(0.08, 0.2, (targets, 1))
    if measurement in ("plane", "point"):
        return {"tip_in_flange": np.array([*rng.uniform(-0.05, 0.05, 2), rng.uniform(0.1, 0.2)])}
    if measurement == "distance":
        reached = np.linalg.norm(base_from_flange(arm, random_commands(arm, 100, rng))[:, :3, 3], axis=1)
        direction = rng.normal(0.0, 1.0, 3)
        anchor = direction / np.linalg.norm(direction) * 1.5 * np.median(reached)
        return {"anchor_in_base": anchor, "target_in_flange": at}
    world = se3.compose(so3.exp(rng.normal(0.0, 1.0, 3)), rng.uniform(-3.0, 3.0, 3))
    if measurement == "position":
        return {"world_from_base": world, "target_in_flange": at}
    return {
        "world_from_base": world,
        "flange_from_target": se3.compose(so3.exp(rng.normal(0.0, 1.0, (targets, 3))), at),
    }


def _measured(
    table: PoseTable,
    measurement: str,
    stood: Array,
    frames: Mapping[str, Array],
    outlier: NDArray[np.bool_],
    spread: Spread,
    rng: np.random.Generator,
) -> PoseTable:
    """The table with its measured columns, noise included."""
    target = table.target
    if measurement == "distance":
        points = se3.apply(stood, frames["target_in_flange"][target])
        exact = np.linalg.norm(points - frames["anchor_in_base"], axis=1)
        return replace(table, distance=_moved(exact[:, None], outlier, spread, rng)[:, 0])
    in_world = frames["world_from_base"] @ stood
    if measurement == "position":
        points = se3.apply(in_world, frames["target_in_flange"][target])
        return replace(table, position=_moved(points, outlier, spread, rng))
    exact = in_world @ frames["flange_from_target"][target]
    turned = rng.normal(0.0, 1.0, (len(exact), 3)) * spread.sigma_rad
    turned += outlier[:, None] * _directions(len(exact), 3, rng) * spread.outlier_rad
    rotation = exact[:, :3, :3] @ so3.exp(turned)
    position = _moved(exact[:, :3, 3], outlier, spread, rng)
    return replace(table, position=position, quaternion_xyzw=so3.quaternion_xyzw(rotation))


def _moved(exact: Array, outlier: NDArray[np.bool_], spread: Spread, rng: np.random.Generator) -> Array:
    """Lengths (n, d) with noise, and outliers off by their distance."""
    noise = rng.normal(0.0, 1.0, exact.shape) * spread.sigma_m
    wild = outlier[:, None] * _directions(len(exact), exact.shape[1], rng) * spread.outlier_m
    return np.asarray(exact + noise + wild)


def _directions(rows: int, dimension: int, rng: np.random.Generator) -> Array:
    """Random unit vectors (rows, dimension); signs where the dimension is one."""
    drawn = rng.normal(0.0, 1.0, (rows, dimension))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
