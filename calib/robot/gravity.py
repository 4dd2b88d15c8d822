"""How gravity loads the joints of an arm of unknown masses: a few functions of its joint values.

The weight beyond a link acts at its far end. About an earlier joint, its torque is an unknown (mass times length)
times the share of the link that is level, a known function of the joint values. Gravity points along -z of the base:
the `base` of an arm on a wall or a ceiling is turned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.robot.arm.kinematics import about_z, link_constants
from calib.robot.arm.workspace import random_commands

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


DOWN = np.array([0.0, 0.0, -1.0])  # in the base
STANDARD_GRAVITY = 9.80665  # m/s^2 (CGPM 1901)
_SHORT_M = 0.02
"""Shorter links are no lever worth a parameter, and an identified table has such where the nominal has none."""
_SILENT = 0.02  # functions that vary by less than 2 % of their range are not separable from a joint offset
_SAMPLES = 200


@dataclass(frozen=True)
class Load:
    """The weight beyond a link, acting on a joint."""

    joint: int
    """From 0."""
    link: int
    """From 0."""
    pull: str
    """`level` for a link's own length, `drawn` for the length that a slide draws out, `along` for the weight that a
    slide carries along its axis."""


def loads(arm: SerialArm) -> tuple[Load, ...]:
    """Which loads act on which joints, independent of each other and not constant; from the geometry alone.

    Loads that never change, or are combinations of others, are omitted: joint offsets or those others contain them.
    """
    command = random_commands(arm, _SAMPLES, np.random.default_rng(0))
    candidates = _candidates(arm)
    functions = load_functions(arm, command, candidates)
    kept = []
    for joint in range(arm.joints):
        basis = np.full((_SAMPLES, 1), _SAMPLES**-0.5)
        for load, values in zip(candidates, functions.T, strict=True):
            if load.joint != joint:
                continue
            rest = values - basis @ (basis.T @ values)
            rest -= basis @ (basis.T @ rest)
            size = float(np.linalg.norm(rest))
            if size > _SILENT * np.sqrt(_SAMPLES):
                kept.append(load)
                basis = np.column_stack([basis, rest / size])
    return tuple(kept)


def lever_shares(arm: SerialArm, of: tuple[Load, ...]) -> Array:
    """Length (loads,) of each load's link as a share of the longest; 1 for whatever slides."""
    ends = np.linalg.norm(_far_ends(arm), axis=1)
    turning = ends[~np.array(arm.prismatic)]
    longest = max(float(turning.max(initial=0.0)), _SHORT_M)
    return np.array([1.0 if arm.prismatic[load.link] else ends[load.link] / longest for load in of])


def load_functions(arm: SerialArm, command: Array, of: tuple[Load, ...]) -> Array:
    """The functions (n, loads): between -1 and 1 for a link or a slide's axis, in m for lengths drawn out."""
    turned = _link_frames(arm, command)
    motion = arm.motions(command)
    directions = _far_ends(arm)
    out = np.empty((len(motion), len(of)))
    for i, load in enumerate(of):
        axis = turned[load.joint][:, :, 2]
        if load.pull == "along":
            out[:, i] = axis @ DOWN
            continue
        frame = turned[load.link]
        if load.pull == "level":
            level = np.cross(frame @ (directions[load.link] / np.linalg.norm(directions[load.link])), DOWN)
        else:
            level = np.cross(frame[:, :, 2] * motion[:, load.link, None], DOWN)
        out[:, i] = np.einsum("ni,ni->n", axis, level)
    return out


def _candidates(arm: SerialArm) -> tuple[Load, ...]:
    """Every load that can differ from zero, by joint, then by link."""
    ends = np.linalg.norm(_far_ends(arm), axis=1)
    found = []
    for joint, slides in enumerate(arm.prismatic):
        if slides:
            found.append(Load(joint, joint, "along"))
            continue
        for link in range(joint, arm.joints):
            if arm.prismatic[link]:
                found.append(Load(joint, link, "drawn"))
            if ends[link] > _SHORT_M:
                found.append(Load(joint, link, "level"))
    return tuple(found)


def _link_frames(arm: SerialArm, command: Array) -> list[Array]:
    """Rotations base_from_link (n, 3, 3) after each joint's motion."""
    constants = link_constants(arm)[:, :3, :3]
    motion = arm.motions(command)
    frames = []
    now = np.broadcast_to(np.eye(3), (len(motion), 3, 3))
    for joint, slides in enumerate(arm.prismatic):
        now = now @ constants[joint]
        if not slides:
            now = now @ about_z(motion[:, joint], 0.0)[:, :3, :3]
        frames.append(now)
    return frames


def _far_ends(arm: SerialArm) -> Array:
    """For each link the way (joints, 3) to the next one, across its own joint's axis and in its own frame.

    What is along the axis moves with the link before, and is counted there. A slide carries its body along its axis.
    """
    constants = link_constants(arm)
    ends = constants[1:, :3, 3].copy()
    for link in range(arm.joints - 1):
        ends[link] += constants[link + 1, :3, 2] * constants[link + 2, 2, 3]
    ends[:, 2] = 0.0
    ends[list(arm.prismatic)] = (0.0, 0.0, 1.0)
    return ends
