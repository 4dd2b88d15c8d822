"""Plane: the tip on the flange touches an unknown plane, or one of several.

n . (base_from_flange x) = o; nothing but joint values is measured. The residual is the tip's distance from the plane in
metres. No length is measured: one of the arm's is taken as given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock
from calib.engine.label import Label
from calib.geometry import so3
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
from calib.robot.start.contact import contact_plane_start

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.scene import ArmScene
    from calib.robot.table.pose_table import PoseTable

PLANE, TIP = "plane_in_base", "tip_in_flange"
COORDINATES = (Label("tilt1", "rad"), Label("tilt2", "rad"), Label("offset", "m"))


def start(base_from_flange: Array, table: PoseTable, seed: int) -> FrameStart:
    """Linear in n, o and the products of n and x."""
    found = contact_plane_start(base_from_flange, table.target, seed=seed)
    values = {PLANE: found.in_base[None], TIP: found.tip_in_flange[None]}
    return FrameStart(values, {"position": found.residual_m}, found.inlier)


def blocks(table: PoseTable, values: Values) -> tuple[ParameterBlock, ...]:
    """Every plane in the base, as unit normal and offset (1, planes, 4), and the tip on the flange."""
    planes = values[PLANE].reshape(1, -1, 4)
    labels = tuple(label.of(PLANE, name) for name in target_names(table) for label in COORDINATES)
    return ParameterBlock(PLANE, planes, labels, retract=_retract), point_block(TIP, values[TIP])


def residual(table: PoseTable) -> Linearise:
    """The residual (1, n) in metres."""
    count = target_count(table)

    def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
        target = table.target[rows]
        planes = values[PLANE].reshape(-1, 4)
        normal, offset = planes[target, :3].T, planes[target, 3]
        f = rows_last(flange[:, :3, :])
        tip = np.broadcast_to(values[TIP].reshape(3, 1), (3, f.shape[2]))
        in_base = apply_rows(f[:, :3], tip) + f[:, 3]
        residuals = (np.einsum("an,an->n", normal, in_base) - offset)[None]
        if not derivatives:
            return Linearised(residuals)
        in_flange = np.einsum("an,abn->bn", normal, f[:, :3])[None]
        by_flange = np.concatenate([in_flange, minus_cross(in_flange, tip)], axis=1)
        tilts = np.einsum("nab,an->bn", _tangents(planes[:, :3])[target], in_base)
        by_plane = np.concatenate([tilts, -np.ones((1, f.shape[2]))])[:, None]
        return Linearised(residuals, by_flange, (per_target(by_plane, target, count), in_flange.swapaxes(0, 1)))

    return linearise


def rank(revolute: int, prismatic: int, targets: int) -> int:
    """6 fewer than for a pose, as for a draw-wire, and scale where no joint slides; each further plane brings 3."""
    return 4 * revolute + 2 * prismatic + 3 * (targets - 1) - (0 if prismatic else 1)


def _tangents(normals: Array) -> Array:
    """Two unit vectors (k, 3, 2) across each normal (k, 3)."""
    axis = np.eye(3)[np.argmin(np.abs(normals), axis=1)]
    first = np.cross(normals, axis)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(normals, first)], axis=2)


def _retract(values: Array, step: Array) -> Array:
    """Tilts the normals and moves the offsets of planes (1, k, 4) by steps (1, 3 k)."""
    planes, steps = values.reshape(-1, 4), step.reshape(-1, 3)
    normals = planes[:, :3] + np.einsum("kab,kb->ka", _tangents(planes[:, :3]), steps[:, :2])
    normals = normals / np.sqrt(np.sum(normals * normals, axis=1, keepdims=True))
    return np.concatenate([normals, planes[:, 3:] + steps[:, 2:]], axis=1).reshape(values.shape)


def simulate(scene: ArmScene, rng: np.random.Generator) -> SimulatedRows:
    """A random tip that touches planes within reach."""
    tip = random_tip(rng)
    gap = scene.displace(np.zeros((len(scene.pose), 1)), rng)
    command, planes = bring_into_contact(scene, tip, random_planes, gap, rng)
    return SimulatedRows({TIP: tip, PLANE: planes}, command=command)


def random_planes(places: Array, rng: np.random.Generator) -> Surfaces:
    """Planes (targets, 4) through places (targets, 3): tables and walls that lean a little."""
    normals = so3.exp(rng.normal(0.0, 0.4, (len(places), 3)))[:, :, 2]
    offsets = np.einsum("ki,ki->k", normals, places)
    return Surfaces(np.column_stack([normals, offsets]), normals[:, None, :], offsets[:, None])


MEASUREMENT = Measurement(
    name="plane",
    title="joint values at which the tip touches an unknown plane",
    table_kinds=("joints",),
    components=(Component("position", "m", slice(0, 1)),),
    start=start,
    blocks=blocks,
    residual=residual,
    rank=rank,
    simulate=simulate,
    per_target=PLANE,
    contact=True,
)
