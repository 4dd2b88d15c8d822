"""Targets for a controller whose own model of the arm stays as it is, corrected so that the real arm reaches them.

A controller brings a pose to joint values by its own model, and the real arm goes where those values take it:

    commanded = nominal(joints),  joints = identified^-1(target)

So the joint values that take the identified arm to the target are found first, effects and compensation included, on
the branch that the nominal arm takes; the pose to command is then the nominal arm's at these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.geometry import se3
from calib.robot.arm.dh_row import A, D
from calib.robot.arm.kinematics import flange_jacobian
from calib.robot.arm.workspace import command_range, random_commands
from calib.robot.inverse import REACHED_M, REACHED_RAD, nearest_turns

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.arm_model import Arm

STARTS = 100  # at random: of an arm's eight ways to a pose, each is met by some of them
MOST_STEPS = 60  # from afar; a correction of 10 mm takes 4; beside a singularity damping slows them
LONGEST_STEP = 0.3  # rad or m, of a joint: beyond it derivatives tell little
DAMPING = 1e-4  # of singular values: 1e-4 rad of a joint that moves nothing costs as much as 1e-8 m of the flange
NEAR_SINGULAR = 0.03
"""Least singular value, lengths as shares of all links together, below which a pose counts as near-singular: that of a
wrist whose axes are within 2 degrees of each other."""


@dataclass(frozen=True, eq=False)
class Circumstances:
    """What the arm carries and how warm it is, where its effects depend on that."""

    payload_kg: float | None = None
    """None: nothing."""
    temperature_degc: float | None = None
    """None: as at the calibration."""

    def poses(self, arm: Arm, commands: Array) -> Array:
        """Flange poses (n, 4, 4) of commands (n, joints)."""
        warm, load = (None if each is None else np.array(each) for each in (self.temperature_degc, self.payload_kg))
        return arm.base_from_flange(commands, temperature_degc=warm, payload_kg=load)


@dataclass(frozen=True, eq=False)
class CorrectedTargets:
    """Targets of n rows, and what to command for them; rows that are not reached hold what was nearest."""

    targets: Array
    """(n, 4, 4) base_from_flange that were asked for."""
    nominal_commands: Array
    """(n, joints) that the controller takes the target for, rad or m."""
    commands: Array
    """(n, joints) that take the real arm there."""
    commanded: Array
    """(n, 4, 4) base_from_flange to command: that of the nominal arm at these."""
    off_m: Array
    """(n,) what remains, by the identified arm."""
    off_rad: Array
    """(n,)."""
    outside: Mask
    """(n, joints) of the commands outside the joint limits."""
    least_singular: Array
    """(n,) least singular value, lengths as shares of all links together."""

    @property
    def reached(self) -> Mask:
        """Which targets (n,) are reached to a micrometre."""
        return np.asarray((self.off_m < REACHED_M) & (self.off_rad < REACHED_RAD))

    @property
    def usable(self) -> Mask:
        """Which (n,) are reached within the joint limits."""
        return self.reached & ~self.outside.any(axis=1)

    @property
    def singular(self) -> Mask:
        """Which (n,) are near-singular."""
        return np.asarray(self.least_singular < NEAR_SINGULAR)

    @property
    def moved_m(self) -> Array:
        """(n,) by how much the command differs from the target."""
        return np.asarray(np.linalg.norm((self.commanded - self.targets)[:, :3, 3], axis=1))

    @property
    def turned_rad(self) -> Array:
        """(n,)."""
        return np.asarray(np.linalg.norm(se3.log(se3.inverse(self.targets) @ self.commanded)[:, 3:], axis=1))


def correct_poses(
    nominal: Arm,
    identified: Arm,
    targets: Array,
    near: Array | None = None,
    circumstances: Circumstances | None = None,
) -> CorrectedTargets:
    """Commands that take the identified arm to flange poses (n, 4, 4), for a controller that goes by `nominal`.

    near: joint values by which the branch is chosen, (joints,) for the first row, every other near the one before; or
    (n, joints), NaN where the row before counts. None: the middle of the joint range.
    """
    before = np.full((len(targets), nominal.joints), np.nan)
    last = np.mean(command_range(nominal.geometry), axis=1)
    each_near = _near_each(near, before.shape)
    for i, target in enumerate(targets):
        at = each_near[i] if np.isfinite(each_near[i]).all() else last
        before[i] = nearest_commands(nominal, target, at)
        last = before[i] if np.isfinite(before[i]).all() else last
    return _correct(nominal, identified, targets, before, circumstances or Circumstances())


def nearest_commands(arm: Arm, target: Array, near: Array) -> Array:
    """Of the joint values (joints,) within the limits that take the arm to a pose (4, 4), those nearest to `near`.

    The descent from `near` itself stays on its branch; where that does not arrive, others start at random. NaN where
    none arrives.
    """
    starts = np.concatenate([near[None], random_commands(arm.geometry, STARTS, np.random.default_rng(0))])
    for part in (starts[:1], starts[1:]):
        wanted = np.broadcast_to(target, (len(part), 4, 4))
        commands = nearest_turns(arm.geometry, _descend(arm, wanted, part, Circumstances()), near)
        off = se3.log(se3.inverse(arm.base_from_flange(commands)) @ wanted)
        good = (np.linalg.norm(off[:, :3], axis=1) < REACHED_M) & (np.linalg.norm(off[:, 3:], axis=1) < REACHED_RAD)
        good &= ~arm.geometry.outside_limits(commands).any(axis=1)
        if good.any():
            found = commands[good]
            return np.asarray(found[np.argmin(np.abs(found - near).max(axis=1))])
    return np.full(arm.joints, np.nan)


def correct_joints(
    nominal: Arm, identified: Arm, commands: Array, circumstances: Circumstances | None = None
) -> CorrectedTargets:
    """The same for targets given as joint values (n, joints), which mean the poses that the nominal arm takes there."""
    targets = nominal.base_from_flange(commands)
    return _correct(nominal, identified, targets, commands, circumstances or Circumstances())


def _near_each(near: Array | None, shape: tuple[int, int]) -> Array:
    each = np.full(shape, np.nan)
    if near is not None and near.ndim == 2:
        each[:] = near
    elif near is not None and len(each):
        each[0] = near
    return each


def _correct(
    nominal: Arm, identified: Arm, targets: Array, before: Array, circumstances: Circumstances
) -> CorrectedTargets:
    reachable = np.asarray(np.isfinite(before).all(axis=1))
    commands = before.copy()
    commands[reachable] = _descend(identified, targets[reachable], before[reachable], circumstances)
    known = np.where(reachable[:, None], commands, 0.0)
    remaining = se3.log(se3.inverse(circumstances.poses(identified, known)) @ targets)
    remaining[~reachable] = np.inf
    return CorrectedTargets(
        targets=targets,
        nominal_commands=before,
        commands=commands,
        commanded=np.where(reachable[:, None, None], nominal.base_from_flange(known), targets),
        off_m=np.linalg.norm(remaining[:, :3], axis=1),
        off_rad=np.linalg.norm(remaining[:, 3:], axis=1),
        outside=identified.geometry.outside_limits(known),
        least_singular=_least_singular(identified.geometry, known),
    )


def _descend(arm: Arm, targets: Array, start: Array, circumstances: Circumstances) -> Array:
    """Damped Newton steps for all rows at once, from joint values (n, joints) that are near."""
    commands = start.copy()
    for _ in range(MOST_STEPS):
        wanted = se3.log(se3.inverse(circumstances.poses(arm, commands)) @ targets)
        if not wanted.size or np.abs(wanted).max() < REACHED_M * 1e-3:
            break
        # effects bend the derivatives by a thousandth: near enough
        jacobian = flange_jacobian(arm.geometry, commands)[2]
        square = jacobian @ jacobian.transpose(0, 2, 1) + DAMPING**2 * np.eye(6)
        step = (jacobian.transpose(0, 2, 1) @ np.linalg.solve(square, wanted[:, :, None]))[:, :, 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        commands += step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, LONGEST_STEP))
    return commands


def _least_singular(arm: SerialArm, commands: Array) -> Array:
    """(n,) of the derivative of the pose by the joints, lengths as shares of all links together."""
    if not len(commands):
        return np.zeros(0)
    jacobian = np.array(flange_jacobian(arm, commands)[2])
    jacobian[:, :3] /= np.hypot(arm.table[:, A], arm.table[:, D]).sum()
    return np.asarray(np.linalg.svd(jacobian, compute_uv=False)[:, -1])
