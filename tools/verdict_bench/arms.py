"""Simulated tables of measured arms, for spoiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.geometry import se3
from calib.robot import ArmCalibration, calibrate
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.workspace import random_commands
from calib.robot.evaluation.evaluate import row_errors
from calib.robot.measurement import load_measurement
from calib.robot.scene import ArmScene, Spread
from calib.robot.simulation.simulate import NEAREST_TARGET_M, built_arm
from calib.robot.start.position import position_start
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.select import select_rows
from verdict_bench.judging import TrueError

ARM, POSES, FRESH = "ur5e", 60, 200

Stands = Callable[[SerialArm, Array, Array], Array]
"""(arm as built, commands (n, joints), share of the session (n,)) -> where the flange truly is (n, 4, 4)."""
Commands = Callable[[SerialArm, int, np.random.Generator], Array]
"""(arm, n, rng) -> (n, joints)."""


@dataclass(frozen=True)
class ArmSet:
    """A table, and what truly is."""

    table: PoseTable
    arm: str
    truth: PoseTable
    """Exact, at other poses of the same kind."""
    nominal: SerialArm
    rng: np.random.Generator
    frames: dict[str, Array]
    """True values by name."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of `calibrate`."""

    def spoil(self, **columns: Any) -> ArmSet:
        """With other columns of the table."""
        return replace(self, table=replace(self.table, **columns))

    def calibrate(self) -> ArmCalibration:
        """As `calib robot` does."""
        return calibrate(self.table, self.arm, **self.options)

    def error_of(self, result: ArmCalibration) -> TrueError:
        """mm, rms over fresh poses in the joint ranges of the set, the frames of base and instrument taken out."""
        if self.truth.position is None:
            # of the distance itself, whatever zero the table counts from
            model = replace(result.fit.model, measurement=load_measurement("distance"))
            off = row_errors(replace(result.fit, model=model), self.truth, result.fit.values, None)["distance"]
            return TrueError(rms_mm(off))
        return TrueError(rms_mm(displaced(predicted(result, self.truth), self.truth.position)), self.without())

    def without(self) -> float:
        """The same of the nominal arm, with the base and the target that suit it."""
        assert self.truth.position is not None
        found = position_start(self.nominal.base_from_flange(self.truth.joints), self.truth.position, self.truth.target)
        return rms_mm(found.residual_m)


def predicted(result: ArmCalibration, truth: PoseTable) -> Array:
    """Where the result has the targets of a table, (n, 3) in the world."""
    base = result.frames["world_from_base"].reshape(4, 4)
    flange = result.arm.base_from_flange(truth.joints)
    if (places := result.frames.get("target_in_flange")) is not None:
        return np.asarray(se3.apply(base @ flange, places.reshape(-1, 3)[truth.target]))
    targets = result.frames["flange_from_target"].reshape(-1, 4, 4)[truth.target]
    return np.asarray((base @ flange @ targets)[:, :3, 3])


def displaced(found: Array, true: Array) -> Array:
    """Distances (n,) of points (n, 3) once the one set is laid on the other as a rigid body (Kabsch 1976)."""
    a, b = found - found.mean(axis=0), true - true.mean(axis=0)
    u, _, v = np.linalg.svd(b.T @ a)
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ v)]) @ v
    return np.asarray(np.linalg.norm(a @ turn.T - b, axis=1))


def rms_mm(lengths: Array) -> float:
    """Of lengths in m."""
    size = float(1000 * np.sqrt(np.mean(np.square(lengths))))
    return size if np.isfinite(size) else float("inf")


def stands_as_built(arm: SerialArm, command: Array, _: Array) -> Array:
    """An arm without errors beyond its geometry."""
    return base_from_flange(arm, command)


def measured(
    seed: int,
    kind: str = "position",
    *,
    arm: str = ARM,
    poses: int = POSES,
    targets: int = 1,
    commands: Commands = random_commands,
    stands: Stands = stands_as_built,
    spread: Spread | None = None,
    **options: Any,
) -> ArmSet:
    """An arm with errors, measured at some poses. Fresh poses are those of the middle of the session."""
    rng, spread, nominal = np.random.default_rng(seed), spread or Spread(), load_geometry(arm)
    built = built_arm(nominal, spread, rng)
    command = commands(nominal, poses + FRESH, rng)
    session = np.concatenate([np.linspace(0, 1, poses), np.full(FRESH, 0.5)])
    noise = rng.normal(0.0, 1.0, command.shape) * spread.joint_noise_rad
    noise[poses:] = 0.0
    flange = stands(built, command + noise, session)
    away = rng.normal(0.0, 1.0, (targets, 3))
    places = 1.5 * NEAREST_TARGET_M * away / np.linalg.norm(away, axis=1, keepdims=True)
    exact = replace(spread, sigma_m=0.0, sigma_rad=0.0, outlier_share=0.0)
    tables, frames = [], {}
    for pose, some in ((np.arange(poses), spread), (np.arange(poses, poses + FRESH), exact)):
        of_row, target = np.repeat(pose, targets), np.tile(np.arange(targets), len(pose))
        outlier = rng.permutation(len(of_row)) < round(some.outlier_share * len(of_row))

        def at(_: Array, which: Array) -> Array:
            return flange[which]

        scene = ArmScene(nominal, built, at, command, of_row, target, places, outlier, some)
        rows = load_measurement(kind).simulate(scene, np.random.default_rng([seed, 7]))  # the same frames both times
        frames = dict(rows.frames)
        tables.append(_table(nominal, command[of_row], of_row - pose[0], target, rows.columns))
    return ArmSet(tables[0], arm, tables[1], nominal, rng, frames, options)


def _table(arm: SerialArm, command: Array, pose: Array, target: Array, columns: Any) -> PoseTable:
    rows = np.arange(len(command))
    several = bool(target.any())
    names = tuple(str(k + 1) for k in range(target.max() + 1)) if several else ()
    poses = tuple(str(k + 1) for k in range(pose.max() + 1)) if several else ()
    return PoseTable(
        joints=command,
        prismatic=arm.prismatic,
        target=target,
        pose=pose,
        lines=rows + 2,
        target_names=names,
        pose_names=poses,
        name="poses.csv",
        **columns,
    )


def within(spans_rad: Array) -> Commands:
    """Commands about the middle of the arm's range, each joint within its own span."""

    def draw(arm: SerialArm, count: int, rng: np.random.Generator) -> Array:
        middle = random_commands(arm, 1, rng)[0]
        return np.asarray(middle + rng.uniform(-0.5, 0.5, (count, arm.joints)) * spans_rad)

    return draw


def shuffle(data: ArmSet, rows: Array, order: Array) -> ArmSet:
    """Rows take the measurements of others."""
    other = select_rows(data.table, order)
    some = select_rows(data.table, np.arange(len(data.table.joints)))
    columns: dict[str, Any] = {}
    for name in ("position", "quaternion_xyzw", "distance"):
        if (column := getattr(some, name)) is not None:
            changed = column.copy()
            changed[rows] = getattr(other, name)[rows]
            columns[name] = changed
    return data.spoil(**columns)
