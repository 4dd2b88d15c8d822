"""Distance from an unknown zero: a draw-wire that was not set to zero at its outlet, a ball bar of unknown length.

d = |base_from_flange x - a| + c: as `distance`, with one constant c more. Assumed unasked where it fits far better.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock
from calib.engine.label import Label
from calib.robot.measurement import FrameStart, Linearise, Linearised, Measurement
from calib.robot.measurements import distance
from calib.robot.scene import SimulatedRows
from calib.robot.start.distance import distance_start

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.scene import ArmScene
    from calib.robot.table.pose_table import PoseTable

ZERO = "zero_in_distance"
ORDINARY_M = 0.03  # of a simulated zero: a wire's end fitting and its outlet


def start(base_from_flange: Array, table: PoseTable, seed: int) -> FrameStart:
    """Squared distances are linear in the zero, too; no random subsets, so no seed."""
    assert table.distance is not None
    found = distance_start(base_from_flange, table.distance, table.target, from_zero=True)
    frames = {distance.ANCHOR: found.anchor_in_base[None], distance.TARGET: found.target_in_flange.reshape(1, -1)}
    values = {**frames, ZERO: np.full((1, 1), found.zero_m)}
    return FrameStart(values, {"distance": np.abs(found.residual_m)}, found.inlier)


def blocks(table: PoseTable, values: Values) -> tuple[ParameterBlock, ...]:
    """The anchor in the base, every target on the flange, and the zero."""
    zero = ParameterBlock(ZERO, values[ZERO].reshape(1, 1), (Label("c", "m", ZERO),))
    return (*distance.blocks(table, values), zero)


def residual(table: PoseTable) -> Linearise:
    """The residual (1, n) in metres."""
    of_distance = distance.residual(table)

    def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
        at = of_distance(values, flange, rows, derivatives)
        residuals = at.residuals + values[ZERO].reshape(1, 1)
        if not derivatives:
            return Linearised(residuals)
        return Linearised(residuals, at.by_flange, (*at.by_block, np.ones((1, 1, residuals.shape[1]))))

    return linearise


def rank(revolute: int, prismatic: int, targets: int) -> int:
    """One more than for a distance."""
    return distance.rank(revolute, prismatic, targets) + 1


def simulate(scene: ArmScene, rng: np.random.Generator) -> SimulatedRows:
    """A draw-wire that counts from elsewhere."""
    found = distance.simulate(scene, rng)
    zero = np.array([rng.normal(0.0, ORDINARY_M)])
    return replace(found, frames={**found.frames, ZERO: zero}, columns={"distance": found.columns["distance"] + zero})


MEASUREMENT = Measurement(
    name="distance_from_zero",
    title="the distance to a fixed anchor, counted from an unknown zero (a draw-wire that was not set to zero)",
    table_kinds=("distance",),
    components=distance.MEASUREMENT.components,
    start=start,
    blocks=blocks,
    residual=residual,
    rank=rank,
    simulate=simulate,
    per_target=distance.TARGET,
)
