"""Pose: an instrument measures position and orientation of a target on the flange.

world_from_target = world_from_base base_from_flange flange_from_target. The residual is split: metres of the target's
origin and radians of the turn between predicted and measured, both along the axes of the instrument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock
from calib.geometry import se3, so3
from calib.robot.measurement import (
    Component,
    FrameStart,
    Linearise,
    Linearised,
    Measurement,
    frame_block,
    target_count,
    target_names,
)
from calib.robot.open_frames import BASE_WITHIN, TARGET_WITHIN, open_frames
from calib.robot.row_algebra import apply_rows, minus_cross, multiply_rows, per_target, rows_last, turn_error
from calib.robot.scene import SimulatedRows, random_base
from calib.robot.start.pose import pose_start

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.scene import ArmScene
    from calib.robot.table.pose_table import PoseTable

BASE, TARGET = "world_from_base", "flange_from_target"


def start(base_from_flange: Array, table: PoseTable, seed: int) -> FrameStart:
    """Shah's closed form on random subsets."""
    assert table.position is not None
    assert table.rotation is not None
    measured = np.zeros((len(table.joints), 4, 4))
    measured[:, :3, :3], measured[:, :3, 3], measured[:, 3, 3] = table.rotation, table.position, 1.0
    found = pose_start(base_from_flange, measured, table.target, seed=seed)
    values = {BASE: found.world_from_base[None], TARGET: found.flange_from_target[None]}
    size = {"position": found.residual_m, "orientation": found.residual_rad}
    left = open_frames(found.turning.what, blocks(table, values), {BASE: BASE_WITHIN, TARGET: TARGET_WITHIN})
    return FrameStart(values, size, found.inlier, left)


def blocks(table: PoseTable, values: Values) -> tuple[ParameterBlock, ...]:
    """The base in the world, and every target on the flange."""
    return (
        frame_block(BASE, values[BASE].reshape(-1, 4, 4)),
        frame_block(TARGET, values[TARGET].reshape(-1, 4, 4), target_names(table)),
    )


def residual(table: PoseTable) -> Linearise:
    """The residual (6, n): metres, then radians."""
    assert table.position is not None
    assert table.rotation is not None
    position, rotation = rows_last(table.position), rows_last(table.rotation)
    count = target_count(table)

    def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
        world = values[BASE].reshape(4, 4)
        target = table.target[rows]
        of_target = rows_last(values[TARGET].reshape(-1, 4, 4)[target]) if count > 1 else None
        single = values[TARGET].reshape(-1, 4, 4)[0]
        turn = single[:3, :3] if of_target is None else of_target[:3, :3]
        point = single[:3, 3, None] if of_target is None else of_target[:3, 3]
        f = rows_last(flange[:, :3, :])
        in_world = multiply_rows(world[:3, :3], f[:, :3])
        in_base = apply_rows(f[:, :3], np.broadcast_to(point, (3, f.shape[2]))) + f[:, 3]
        n = f.shape[2]
        predicted = np.einsum("abn,bc->acn" if of_target is None else "abn,bcn->acn", in_world, turn)
        off, bend = turn_error(np.einsum("abn,cbn->acn", predicted, rotation[:, :, rows]))
        residuals = np.empty((6, n))
        residuals[:3] = apply_rows(world[:3, :3], in_base)
        residuals[:3] += world[:3, 3, None]
        residuals[:3] -= position[:, rows]
        residuals[3:] = off
        if not derivatives:
            return Linearised(residuals)
        by_flange = np.zeros((6, 6, n))
        by_flange[:3, :3] = in_world
        by_flange[:3, 3:] = minus_cross(in_world, np.broadcast_to(point, (3, n)))
        by_flange[3:, 3:] = multiply_rows(bend, in_world)
        by_base = np.zeros((6, 6, n))
        by_base[:3, :3] = world[:3, :3, None]
        by_base[:3, 3:] = minus_cross(np.broadcast_to(world[:3, :3, None], (3, 3, n)), in_base)
        by_base[3:, 3:] = np.einsum("abn,bc->acn", bend, world[:3, :3])
        by_target = np.zeros((6, 6, n))
        by_target[:3, :3] = predicted
        by_target[3:, 3:] = multiply_rows(bend, predicted)
        columns = (by_base.swapaxes(0, 1), per_target(by_target.swapaxes(0, 1), target, count))
        return Linearised(residuals, by_flange, columns)

    return linearise


def rank(revolute: int, prismatic: int, targets: int) -> int:
    """4R + 2P + 6 (L. Everett, M. Driels, B. Mooring, "Kinematic modelling for robot calibration", ICRA 1987)."""
    return 4 * revolute + 2 * prismatic + 6 * targets


def simulate(scene: ArmScene, rng: np.random.Generator) -> SimulatedRows:
    """A fixed instrument somewhere, and targets that are turned at random."""
    frames = random_frames(scene, rng)
    exact = frames[BASE] @ scene.base_from_flange @ frames[TARGET][scene.target]
    return SimulatedRows(frames, pose_columns(scene.disturb(exact, rng)))


def random_frames(scene: ArmScene, rng: np.random.Generator) -> dict[str, Array]:
    """True values of the frames: base (4, 4) and targets (targets, 4, 4)."""
    world = random_base(rng)
    turns = so3.exp(rng.normal(0.0, 1.0, scene.targets_in_flange.shape))
    return {BASE: world, TARGET: se3.compose(turns, scene.targets_in_flange)}


def pose_columns(world_from_target: Array) -> dict[str, Array]:
    """Poses (n, 4, 4) as columns of a table."""
    turns = so3.quaternion_xyzw(world_from_target[:, :3, :3])
    return {"position": world_from_target[:, :3, 3], "quaternion_xyzw": turns}


MEASUREMENT = Measurement(
    name="pose",
    title="pose of a target on the flange, measured by a fixed instrument",
    table_kinds=("pose",),
    components=(
        Component("position", "m", slice(0, 3), "sigma_position"),
        Component("orientation", "rad", slice(3, 6), "sigma_rotation"),
    ),
    start=start,
    blocks=blocks,
    residual=residual,
    rank=rank,
    simulate=simulate,
    per_target=TARGET,
    on_flange_name="pose_from_flange",
)
