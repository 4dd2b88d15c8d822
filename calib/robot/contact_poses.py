"""Simulated contact: joint values at which the tip on the flange touches a plane, or is held in a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.errors import UsageError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange, flange_jacobian
from calib.robot.arm.workspace import random_commands

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.scene import ArmScene


PLACES = 5  # some are at the end of the arm's reach, where a row that is centimetres off has no pose
ATTEMPTS = 60  # at poses that do not reach within the joint limits, each from new joint values
STEPS = 25  # of Newton's method, which needs about ten
LONGEST_STEP = 0.4  # rad or m of all joints together: farther, the linear model is none
DAMPING = 1e-6  # m^2, of steps near singular poses
TOUCHING_M = 1e-11


@dataclass(frozen=True, eq=False)
class Surfaces:
    """What a tip touches."""

    values: Array
    """(targets, ...) of the frames."""
    directions: Array
    """(targets, d, 3) along which contact constrains the tip."""
    offsets: Array
    """(targets, d) m along them."""


def bring_into_contact(
    scene: ArmScene,
    tip: Array,
    draw: Callable[[Array, np.random.Generator], Surfaces],
    gap: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Commanded joint values (m, joints) in contact, and the values of what they touch.

    tip: (3,) on the flange. draw(places (targets, 3), generator): surfaces there. gap: (m, d) m by which the tip
    misses. Raises UsageError `simulation-impossible`.
    """
    target = scene.target
    for _ in range(PLACES):
        surfaces = draw(_places(scene.built, tip, int(target.max()) + 1, rng), rng)
        contact = Contact(tip, surfaces.directions[target], surfaces.offsets[target] + gap)
        command, left = _bring(scene, contact, rng)
        if not left:
            return command, surfaces.values
    raise UsageError(
        f"the tip does not reach its surface in {left} of {len(gap)} poses",
        code="simulation-impossible",
        why=f"{PLACES} positions were tried",
        advice="simulate fewer poses, or an arm with wider joint limits",
    )


@dataclass(frozen=True, eq=False)
class Contact:
    """Where a tip on the flange has to be: directions . tip = offsets."""

    tip: Array
    """(3,) m in the flange."""
    directions: Array
    """(m, d, 3) in the base."""
    offsets: Array
    """(m, d) m."""

    def among(self, poses: Index) -> Contact:
        """The same of some of the poses."""
        return Contact(self.tip, self.directions[poses], self.offsets[poses])


def _bring(scene: ArmScene, contact: Contact, rng: np.random.Generator) -> tuple[Array, int]:
    """Joint values (m, joints) at contact, from the scene's and then from others; how many do not get there."""
    q = scene.command.copy()
    left = np.arange(len(q))
    for _ in range(ATTEMPTS):
        q[left], off = _descend(scene.built, partial(scene.flange_at, poses=left), q[left], contact.among(left))
        left = left[off > TOUCHING_M]
        if not len(left):
            break
        q[left] = random_commands(scene.built, len(left), rng)
    return q, len(left)


def _places(arm: SerialArm, tip: Array, count: int, rng: np.random.Generator) -> Array:
    """Points (count, 3) well within reach: of random places of the tip, those neither near nor far."""
    reached = se3.apply(base_from_flange(arm, random_commands(arm, 400, rng)), tip)
    order = np.argsort(np.linalg.norm(reached, axis=1))
    return np.asarray(reached[rng.choice(order[150:250], count, replace=False)])


def _descend(
    arm: SerialArm, flange_at: Callable[[Array], Array], start: Array, contact: Contact
) -> tuple[Array, Array]:
    """Joint values (n, joints) at contact, and what they leave (n,), by damped Newton steps."""
    q, tip, directions = start, contact.tip, contact.directions
    for _ in range(STEPS):
        flange = flange_at(q)
        off = np.einsum("ndi,ni->nd", directions, se3.apply(flange, tip)) - contact.offsets
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
