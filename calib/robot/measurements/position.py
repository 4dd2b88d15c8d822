"""Position: an instrument measures the position of a target on the flange, not its orientation.

p = world_from_base base_from_flange x, for each of several targets at unknown places x on the flange. The residual is
in metres, along the axes of the instrument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock
from calib.geometry import se3
from calib.robot.measurement import (
    Component,
    FrameStart,
    Linearise,
    Linearised,
    Measurement,
    frame_block,
    point_block,
    target_count,
    target_names,
)
from calib.robot.open_frames import BASE_WITHIN, TARGET_WITHIN, open_frames
from calib.robot.row_algebra import apply_rows, minus_cross, multiply_rows, per_target, rows_last
from calib.robot.scene import SimulatedRows, random_base
from calib.robot.start.position import position_start

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.scene import ArmScene
    from calib.robot.table.pose_table import PoseTable

BASE, TARGET = "world_from_base", "target_in_flange"


def start(base_from_flange: Array, table: PoseTable, seed: int) -> FrameStart:
    """Linear least squares on random subsets."""
    assert table.position is not None
    found = position_start(base_from_flange, table.position, table.target, seed=seed)
    values = {BASE: found.world_from_base[None], TARGET: found.target_in_flange.reshape(1, -1)}
    left = open_frames(found.turning.what, blocks(table, values), {BASE: BASE_WITHIN, TARGET: TARGET_WITHIN})
    return FrameStart(values, {"position": found.residual_m}, found.inlier, left)


def blocks(table: PoseTable, values: Values) -> tuple[ParameterBlock, ...]:
    """The base in the world, and every target on the flange."""
    return frame_block(BASE, values[BASE].reshape(-1, 4, 4)), point_block(TARGET, values[TARGET], target_names(table))


def residual(table: PoseTable) -> Linearise:
    """The residual (3, n) in metres."""
    assert table.position is not None
    position, count = rows_last(table.position), target_count(table)

    def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
        world, target = values[BASE].reshape(4, 4), table.target[rows]
        point = values[TARGET].reshape(-1, 3).T[:, target]
        f = rows_last(flange[:, :3, :])
        in_world = multiply_rows(world[:3, :3], f[:, :3])
        in_base = apply_rows(f[:, :3], point) + f[:, 3]
        residuals = apply_rows(world[:3, :3], in_base) + world[:3, 3, None] - position[:, rows]
        if not derivatives:
            return Linearised(residuals)
        by_flange = np.concatenate([in_world, minus_cross(in_world, point)], axis=1)
        turned = np.broadcast_to(world[:3, :3, None], in_world.shape)
        by_base = np.concatenate([turned, minus_cross(turned, in_base)], axis=1)
        columns = by_base.swapaxes(0, 1), per_target(in_world.swapaxes(0, 1), target, count)
        return Linearised(residuals, by_flange, columns)

    return linearise


def rank(revolute: int, prismatic: int, targets: int) -> int:
    """3 fewer than for a pose where there is one target: its orientation; each further target brings 3."""
    return 4 * revolute + 2 * prismatic + 3 * targets


def simulate(scene: ArmScene, rng: np.random.Generator) -> SimulatedRows:
    """A fixed instrument somewhere, and targets on the flange."""
    world = random_base(rng)
    exact = se3.apply(world @ scene.base_from_flange, scene.targets_in_flange[scene.target])
    frames = {BASE: world, TARGET: scene.targets_in_flange}
    return SimulatedRows(frames, {"position": scene.displace(exact, rng)})


MEASUREMENT = Measurement(
    name="position",
    title="position of a target on the flange, measured by a fixed instrument",
    table_kinds=("position", "pose"),
    components=(Component("position", "m", slice(0, 3), "sigma_position"),),
    start=start,
    blocks=blocks,
    residual=residual,
    rank=rank,
    simulate=simulate,
    per_target=TARGET,
)
