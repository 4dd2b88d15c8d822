"""Simulated contact: joint values at which the tip on the flange touches a plane, or is held in a point."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from calib.arrays import Array, Index
from calib.errors import UsageError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange, flange_jacobian
from calib.robot.arm.workspace import random_commands

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


class FlangeAt(Protocol):
    """Where the flange truly stands (m, 4, 4) at commands (m, joints) of some of the rows (m,)."""

    def __call__(self, command: Array, rows: Index) -> Array: ...


PLACES = 5  # some are at the end of the arm's reach, where a row that misses by centimetres has no pose
ATTEMPTS = 60  # at poses that do not reach within the joint limits, each from new joint values
STEPS = 25  # of Newton's method, which needs about ten
LONGEST_STEP = 0.4  # rad or m of all joints together: farther, the linear model is none
DAMPING = 1e-6  # m^2, of steps near singular poses
TOUCHING_M = 1e-11


def in_contact(
    arm: SerialArm,
    flange_at: FlangeAt,
    command: Array,
    tip: Array,
    kind: str,
    target: Index,
    gap: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Commanded joint values (n, joints) in contact, and the points (targets, 3) or planes (targets, 4) they touch.

    flange_at: where the flange truly stands; `arm` is near enough for derivatives. command: to start from. tip: (3,) on
    the flange. kind: point or plane. target: (n,). gap: (n, 3) or (n, 1) m by which the tip misses.
    Raises UsageError `simulation-impossible`.
    """
    for _ in range(PLACES):
        places = _places(arm, tip, int(target.max()) + 1, rng)
        if kind == "point":
            touched, directions = places, np.broadcast_to(np.eye(3), (len(places), 3, 3))
            offsets = places[target] + gap
        else:
            normals = so3.exp(rng.normal(0.0, 0.4, (len(places), 3)))[:, :, 2]  # tables and walls that lean a little
            offset = np.einsum("ki,ki->k", normals, places)
            touched, directions = np.column_stack([normals, offset]), normals[:, None, :]
            offsets = offset[target, None] + gap
        q = command.copy()
        left = _brought_to(arm, flange_at, q, tip, directions[target], offsets, rng)
        if not len(left):
            return q, touched
    raise UsageError(
        f"the tip does not reach its {kind} in {len(left)} of {len(q)} poses",
        code="simulation-impossible",
        why=f"{PLACES} places were tried",
        advice="ask for fewer poses, or an arm with wider joint limits",
    )


def _brought_to(
    arm: SerialArm,
    flange_at: FlangeAt,
    q: Array,
    tip: Array,
    directions: Array,
    offsets: Array,
    rng: np.random.Generator,
) -> Index:
    """Bring joint values (n, joints), in place, to where directions . tip = offsets; the rows that do not get there."""
    left = np.arange(len(q))
    for _ in range(ATTEMPTS):
        q[left], off = _reached(arm, partial(flange_at, rows=left), q[left], tip, directions[left], offsets[left])
        left = left[off > TOUCHING_M]
        if not len(left):
            break
        q[left] = random_commands(arm, len(left), rng)
    return left


def _places(arm: SerialArm, tip: Array, count: int, rng: np.random.Generator) -> Array:
    """Points (count, 3) well within reach: of random places of the tip, those neither near nor far."""
    reached = se3.apply(base_from_flange(arm, random_commands(arm, 400, rng)), tip)
    order = np.argsort(np.linalg.norm(reached, axis=1))
    return np.asarray(reached[rng.choice(order[150:250], count, replace=False)])


def _reached(
    arm: SerialArm, flange_at: Callable[[Array], Array], start: Array, tip: Array, directions: Array, offsets: Array
) -> tuple[Array, Array]:
    """Joint values (n, joints) with directions . tip = offsets, and what they leave (n,), by damped Newton steps."""
    q = start
    for _ in range(STEPS):
        flange = flange_at(q)
        off = np.einsum("ndi,ni->nd", directions, se3.apply(flange, tip)) - offsets
        if np.abs(off).max() < TOUCHING_M / 10:
            break
        by_command = flange_jacobian(arm, q)[2]
        turned = by_command[:, :3] + np.einsum("ij,njk->nik", -so3.hat(tip), by_command[:, 3:])
        jacobian = directions @ flange[:, :3, :3] @ turned
        normal = jacobian @ np.swapaxes(jacobian, 1, 2) + DAMPING * np.eye(off.shape[1])
        step = np.einsum("ndk,nd->nk", jacobian, np.linalg.solve(normal, off[..., None])[..., 0])
        length = np.linalg.norm(step, axis=1, keepdims=True)
        q = q - step * np.minimum(1.0, LONGEST_STEP / np.maximum(length, 1e-300))
        q = np.clip(q, *arm.limits.T)
    return q, np.abs(off).max(axis=1)
