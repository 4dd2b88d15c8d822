"""Distance: a draw-wire or a ball bar between a target on the flange and an unknown fixed anchor.

d = |base_from_flange x - a|, for each of several targets x on the flange. The residual is in metres. Nothing ties the
base to the world: the anchor is given in the base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock
from calib.geometry import se3
from calib.robot.arm.workspace import random_commands
from calib.robot.measurement import (
    Component,
    FrameStart,
    Linearise,
    Linearised,
    Measurement,
    point_block,
    target_count,
    target_names,
)
from calib.robot.row_algebra import apply_rows, minus_cross, per_target, rows_last
from calib.robot.scene import SimulatedRows, random_directions
from calib.robot.start.distance import distance_start

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.scene import ArmScene
    from calib.robot.table.pose_table import PoseTable

ANCHOR, TARGET = "anchor_in_base", "target_in_flange"
ANCHOR_TIMES = 1.5  # the median distance of the flange from the base, of a simulated anchor
NEAREST_M = 1e-9  # a distance of zero has no direction


def start(base_from_flange: Array, table: PoseTable, seed: int) -> FrameStart:
    """Squared distances are linear in products of the unknowns; no random subsets, so no seed."""
    assert table.distance is not None
    found = distance_start(base_from_flange, table.distance, table.target)
    values = {ANCHOR: found.anchor_in_base[None], TARGET: found.target_in_flange.reshape(1, -1)}
    return FrameStart(values, {"distance": np.abs(found.residual_m)}, found.inlier)


def blocks(table: PoseTable, values: Values) -> tuple[ParameterBlock, ...]:
    """The anchor in the base, and every target on the flange."""
    return point_block(ANCHOR, values[ANCHOR]), point_block(TARGET, values[TARGET], target_names(table))


def residual(table: PoseTable) -> Linearise:
    """The residual (1, n) in metres."""
    assert table.distance is not None
    distance, count = table.distance, target_count(table)

    def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
        target = table.target[rows]
        point = values[TARGET].reshape(-1, 3).T[:, target]
        f = rows_last(flange[:, :3, :])
        line = apply_rows(f[:, :3], point) + f[:, 3] - values[ANCHOR].reshape(3, 1)
        length = np.sqrt(np.einsum("an,an->n", line, line))
        residuals = (length - distance[rows])[None]
        if not derivatives:
            return Linearised(residuals)
        along = line / np.maximum(length, NEAREST_M)
        in_flange = np.einsum("an,abn->bn", along, f[:, :3])[None]
        by_flange = np.concatenate([in_flange, minus_cross(in_flange, point)], axis=1)
        columns = -along[:, None], per_target(in_flange.swapaxes(0, 1), target, count)
        return Linearised(residuals, by_flange, columns)

    return linearise


def rank(revolute: int, prismatic: int, targets: int) -> int:
    """6 fewer than for a pose: the base in the world, and the orientation of the target, less the anchor's three."""
    return 4 * revolute + 2 * prismatic + 3 * (targets - 1)


def simulate(scene: ArmScene, rng: np.random.Generator) -> SimulatedRows:
    """An anchor half again as far from the base as the flange goes, in a random direction."""
    commands = random_commands(scene.nominal, 100, rng)
    reached = np.linalg.norm(scene.nominal.base_from_flange(commands)[:, :3, 3], axis=1)
    anchor = random_directions(1, 3, rng)[0] * ANCHOR_TIMES * np.median(reached)
    points = se3.apply(scene.base_from_flange, scene.targets_in_flange[scene.target])
    exact = np.linalg.norm(points - anchor, axis=1)
    frames = {ANCHOR: anchor, TARGET: scene.targets_in_flange}
    return SimulatedRows(frames, {"distance": scene.displace(exact[:, None], rng)[:, 0]})


MEASUREMENT = Measurement(
    name="distance",
    title="the distance between a target on the flange and a fixed anchor (draw-wire, ball bar)",
    table_kinds=("distance",),
    components=(Component("distance", "m", slice(0, 1), "sigma_distance"),),
    start=start,
    blocks=blocks,
    residual=residual,
    rank=rank,
    simulate=simulate,
    per_target=TARGET,
    from_zero_name="distance_from_zero",
)
