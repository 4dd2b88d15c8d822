"""Pose from the flange: an instrument on it, such as a hand-mounted camera, measures the pose of a fixed object.

The table holds the same poses as for `pose`: world_from_target, the target being the instrument and the world the
object. What is seen is the inverse, and so are the errors: a view that is wrongly turned by a milliradian puts the
instrument of a table in the object's frame a millimetre off per metre of distance, but not the object in the
instrument's. The residual is split as for `pose`, metres of the object's origin and radians, along the instrument's
axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.geometry import se3
from calib.robot.measurement import Linearise, Linearised, Measurement, target_count
from calib.robot.measurements import pose
from calib.robot.row_algebra import minus_cross, multiply_rows, per_target, rows_last, turn_error
from calib.robot.scene import SimulatedRows

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.scene import ArmScene
    from calib.robot.table.pose_table import PoseTable


def residual(table: PoseTable) -> Linearise:
    """The residual (6, n): metres, then radians."""
    assert table.position is not None
    assert table.rotation is not None
    seen = -np.einsum("nba,nb->an", table.rotation, table.position)  # the world's origin in the target
    rotation, count = rows_last(table.rotation), target_count(table)

    def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
        world = values[pose.BASE].reshape(4, 4)
        target = table.target[rows]
        frames = values[pose.TARGET].reshape(-1, 4, 4)[target]
        predicted = world @ flange @ frames
        p = rows_last(predicted[:, :3, :])
        n = p.shape[2]
        origin = -np.einsum("ban,bn->an", p[:, :3], p[:, 3])
        off, bend = turn_error(np.einsum("ban,bcn->acn", p[:, :3], rotation[:, :, rows]))  # R_predicted' R_measured
        residuals = np.concatenate([origin - seen[:, rows], -off])
        if not derivatives:
            return Linearised(residuals)
        # from P exp(x) the origin is at exp(-x) origin, and log(exp(-w) E) moves by -J w
        by_target = np.zeros((6, 6, n))
        by_target[:3, :3] = -np.eye(3)[:, :, None]
        by_target[:3, 3:] = minus_cross(by_target[:3, :3], origin)
        by_target[3:, 3:] = bend
        by_flange = _through(by_target, rows_last(se3.inverse(frames)))
        by_base = _through(by_flange, rows_last(se3.inverse(flange)))
        columns = (by_base.swapaxes(0, 1), per_target(by_target.swapaxes(0, 1), target, count))
        return Linearised(residuals, by_flange, columns)

    return linearise


def _through(by_tangent: Array, transform: Array) -> Array:
    """Derivatives (6, 6, n) by the tangent on the other side of transforms (4, 4, n): times their adjoints."""
    turn, point = transform[:3, :3], transform[:3, 3]
    out = np.empty_like(by_tangent)
    out[:, :3] = multiply_rows(by_tangent[:, :3], turn)
    # adjoint: v' = R v + t x R w, w' = R w
    out[:, 3:] = multiply_rows(by_tangent[:, 3:] - minus_cross(by_tangent[:, :3], point), turn)
    return out


def simulate(scene: ArmScene, rng: np.random.Generator) -> SimulatedRows:
    """A fixed object somewhere, and an instrument on the flange, whose noise is along its own axes."""
    frames = pose.random_frames(scene, rng)
    exact = frames[pose.BASE] @ scene.base_from_flange @ frames[pose.TARGET][scene.target]
    return SimulatedRows(frames, pose.pose_columns(se3.inverse(scene.disturb(se3.inverse(exact), rng))))


MEASUREMENT = Measurement(
    name="pose_from_flange",
    title="pose of a fixed object, measured by an instrument on the flange",
    table_kinds=("pose",),
    components=pose.MEASUREMENT.components,
    start=pose.start,
    blocks=pose.blocks,
    residual=residual,
    rank=pose.rank,
    simulate=simulate,
    per_target=pose.TARGET,
    along_target=True,
    fixed_name="pose",
)
