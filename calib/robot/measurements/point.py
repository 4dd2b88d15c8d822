"""Point: the tip on the flange is held in an unknown fixed point, or in one of several, while the arm turns about it.

p = base_from_flange x; nothing but joint values is measured. The residual is in metres. No length is measured either:
an arm twice the size would fit as well, so one of its lengths is taken as given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock
from calib.robot.contact_poses import Surfaces, bring_into_contact
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
from calib.robot.scene import SimulatedRows, random_tip
from calib.robot.start.contact import contact_point_start

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.scene import ArmScene
    from calib.robot.table.pose_table import PoseTable

POINT, TIP = "point_in_base", "tip_in_flange"


def start(base_from_flange: Array, table: PoseTable, seed: int) -> FrameStart:
    """p - R x = t is linear in p and x."""
    found = contact_point_start(base_from_flange, table.target, seed=seed)
    values = {POINT: found.in_base.reshape(1, -1), TIP: found.tip_in_flange[None]}
    return FrameStart(values, {"position": found.residual_m}, found.inlier)


def blocks(table: PoseTable, values: Values) -> tuple[ParameterBlock, ...]:
    """Every fixed point in the base, and the tip on the flange."""
    return point_block(POINT, values[POINT], target_names(table)), point_block(TIP, values[TIP])


def residual(table: PoseTable) -> Linearise:
    """The residual (3, n) in metres."""
    count = target_count(table)

    def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
        target = table.target[rows]
        f = rows_last(flange[:, :3, :])
        tip = np.broadcast_to(values[TIP].reshape(3, 1), (3, f.shape[2]))
        residuals = apply_rows(f[:, :3], tip) + f[:, 3] - values[POINT].reshape(-1, 3).T[:, target]
        if not derivatives:
            return Linearised(residuals)
        by_flange = np.concatenate([f[:, :3], minus_cross(f[:, :3], tip)], axis=1)
        fixed = np.broadcast_to(-np.eye(3)[:, :, None], f[:, :3].shape)
        return Linearised(residuals, by_flange, (per_target(fixed, target, count), f[:, :3].swapaxes(0, 1)))

    return linearise


def rank(revolute: int, prismatic: int, targets: int) -> int:
    """6 fewer than for a pose, as for a draw-wire, and scale where no joint slides; each further point brings 3."""
    return 4 * revolute + 2 * prismatic + 3 * (targets - 1) - (0 if prismatic else 1)


def simulate(scene: ArmScene, rng: np.random.Generator) -> SimulatedRows:
    """A random tip that is held in points within reach."""
    tip = random_tip(rng)
    gap = scene.displace(np.zeros((len(scene.pose), 3)), rng)
    command, points = bring_into_contact(scene, tip, fixed_points, gap, rng)
    return SimulatedRows({TIP: tip, POINT: points}, command=command)


def fixed_points(places: Array, rng: np.random.Generator) -> Surfaces:
    """The places (targets, 3) themselves."""
    return Surfaces(places, np.broadcast_to(np.eye(3), (len(places), 3, 3)), places)


MEASUREMENT = Measurement(
    name="point",
    title="joint values at which the tip is held at an unknown fixed point",
    table_kinds=("joints",),
    components=(Component("position", "m", slice(0, 3)),),
    start=start,
    blocks=blocks,
    residual=residual,
    rank=rank,
    simulate=simulate,
    per_target=POINT,
    contact=True,
)
