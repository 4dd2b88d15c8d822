"""What is estimated: by the model requested, by the labels fixed and freed, and by what is separable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from calib.arrays import Array
from calib.engine.label import Label
from calib.errors import DegenerateError, UsageError, did_you_mean
from calib.robot.effect import load_effect, shipped_effects
from calib.robot.identification.identifiability import Identifiability, Redundant, examine
from calib.robot.identification.model import Model, ModelRows, pose_problem
from calib.robot.measurement import target_count
from calib.robot.start.inliers import turning

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

ModelName = Literal["offsets", "geometry", "full", "auto"]
MODELS: tuple[str, ...] = get_args(ModelName)

# A joint that stays within this (rad or m) determines its axis a thousand times worse than a turn of 60 degrees.
STANDSTILL = 1e-3
# An axis is determined to what is measured over the travel about it: a tenth of a millimetre to 2 mm at this.
LITTLE_TRAVEL = (0.02, 0.05)  # m of a slide, rad of a turn
FEWEST_MOVING = 3  # joints; two move the flange on a surface, where base and target take up what there is to identify
SCALE = Label("the scale of everything")  # what a length is not separable from where none is measured
EXAMINED_ROWS = 3000  # random rows from which redundant parameters are found; the ranks of 50 and of 3000 rows agree


@dataclass(frozen=True)
class FreeSet:
    """The labels that are requested to be free: those of a model, more or fewer."""

    name: str
    """Of the model."""
    fixed: frozenset[str]
    """Labels held by name."""
    freed: frozenset[str]
    """Labels freed by name."""

    def held_labels(self, model: Model) -> frozenset[str]:
        """The labels of arm and effects that are held."""
        arm = model.arm
        if self.name == "offsets":
            free = {arm.labels[column] for column in arm.motion_columns}
        else:
            free = set(arm.geometry_labels)
        if self.name in ("full", "auto"):
            free |= set(model.effect_labels())
        return frozenset((*arm.labels, *model.effect_labels())) - ((free | self.freed) - self.fixed)


def free_set(reference_arm: SerialArm, name: str, fix: Sequence[str], free: Sequence[str]) -> FreeSet:
    """The labels requested. One may be given without its unit; an effect's name means all of its own.

    Raises UsageError `unknown-model`, `unknown-label`, `label-conflict`.
    """
    if name not in MODELS:
        raise UsageError(f"unknown model {name!r}", code="unknown-model", advice=did_you_mean(name, MODELS))
    fixed = frozenset(label for each in fix for label in _labels(reference_arm, each))
    freed = frozenset(label for each in free for label in _labels(reference_arm, each))
    if both := fixed & freed:
        both_named = ", ".join(sorted(both))
        advice = f"leave {both_named} out of --fix, or out of --free"
        raise UsageError(f"{both_named} is both fixed and freed", code="label-conflict", advice=advice)
    return FreeSet(name, fixed, freed)


def hold_redundant(
    model: Model, rows: ModelRows, values: Mapping[str, Array], freed: frozenset[str]
) -> tuple[Model, Identifiability]:
    """The model with its redundant parameters held as well, and which they are.

    rows: usable ones. Raises DegenerateError `too-few-poses` where there are fewer measured values than parameters.
    """
    if len(rows) > EXAMINED_ROWS:
        keep = np.zeros(len(rows), bool)
        keep[np.random.default_rng(0).choice(len(rows), EXAMINED_ROWS, replace=False)] = True
        return hold_redundant(model, rows[keep], values, freed)
    instrument = tuple(block.name for block in model.instrument_blocks(values))
    faint = model.open.sigma if model.open is not None else {}
    problem = pose_problem(model, rows, values, priors=False)
    found = examine(problem, tuple(freed), instrument=instrument, faint=faint)
    if model.measurement.contact and not any(model.arm.prismatic):
        found, model = _with_scale_given(found, model)
    numbers = sum(component.size for component in model.measurement.of_arm) * len(rows)
    unknowns = sum(label not in model.held for label in model.arm.labels) + _frames(model, rows, values)
    determined = unknowns - sum(each.label in model.arm.labels for each in found.redundant)
    if numbers <= determined or numbers <= min(unknowns, _expected_rank(model, rows.table)):
        raise DegenerateError(
            f"{len(rows)} rows hold {numbers} measured values, too few for {determined} parameters",
            code="too-few-poses",
            advice="measure more poses (50 is a good start), or estimate fewer parameters: --model offsets",
        )
    redundant = {each.label for each in found.redundant if not each.label.owner} | set(found.silent)
    return replace(model, held=model.held | redundant), found


def hold_turning(
    model: Model, rows: ModelRows, values: Mapping[str, Array], freed: frozenset[str], found: Identifiability
) -> tuple[Model, Identifiability]:
    """The model with those angles held too that only turn what is left of the gaps, and all that is held by now.

    For contact, at values that close the gaps as far as they go: at the start they are as wide as the arm is wrong, and
    hide angles that are separable.
    """
    more = examine(pose_problem(model, rows, values, priors=False), tuple(freed), contact=True)
    both = replace(more, redundant=found.redundant + more.redundant, silent=found.silent + more.silent)
    return replace(model, held=model.held | {each.label for each in more.redundant}), both


def expected_rank(requested: FreeSet, model: Model, table: PoseTable) -> int | None:
    """What the rank should be of full geometry and of the effects that are estimated; None for other free sets."""
    if requested.name == "offsets" or requested.fixed:
        return None
    effects = set(model.effect_labels()) - model.held
    return _expected_rank(model, table) + len(effects)


def check_travel(arm: SerialArm, table: PoseTable, fixed: frozenset[str]) -> tuple[int, ...]:
    """The joints, counted from 0, that are stationary where that is harmless: at an end of the chain, where base or
    target take them up, and between joints that keep the flange from turning, as along a grid.

    Raises DegenerateError `joint-not-moved` for another one, unless its parameters are all held.
    """
    motion = arm.motions(table.joints)
    still = np.flatnonzero(np.ptp(motion, axis=0) < STANDSTILL).tolist()
    if len(still) == arm.joints:
        raise DegenerateError(
            "all poses are alike",
            code="poses-degenerate",
            why="no joint moves",
            advice="spread the poses over the workspace and turn the flange about several axes",
        )
    moving = sorted(set(range(arm.joints)) - set(still))
    enough = len(moving) >= FEWEST_MOVING
    harmless = tuple(joint for joint in still if enough and not moving[0] < joint < moving[-1])
    if enough and len(harmless) < len(still) and not turning(arm.base_from_flange(table.joints), least=1).separates:
        return tuple(still)
    for joint in still:
        own = joint_labels(arm, joint)
        if joint not in harmless and not set(own) <= fixed:
            raise DegenerateError(
                f"joint {joint + 1} never moved",
                code="joint-not-moved",
                where=table.name,
                why=f"it stays within {np.ptp(motion[:, joint]):.1e} {'m' if arm.prismatic[joint] else 'rad'} in all "
                f"{len(motion)} rows: its axis is not observable",
                advice=f"move it, or hold its parameters and never move it again: --fix {','.join(own)}",
            )
    return harmless


def joint_labels(arm: SerialArm, joint: int) -> tuple[Label, ...]:
    """The labels of a joint, counted from 0, that full geometry estimates."""
    return tuple(label for k, label in enumerate(arm.labels) if k // 5 == joint and label in arm.geometry_labels)


def still_joints(arm: SerialArm, table: PoseTable) -> tuple[int, ...]:
    """The joints, counted from 0, whose travel determines next to nothing of their axes."""
    travel = np.ptp(arm.motions(table.joints), axis=0)
    return tuple(np.flatnonzero(travel < np.where(arm.prismatic, *LITTLE_TRAVEL)).tolist())


def _expected_rank(model: Model, table: PoseTable) -> int:
    slides = sum(model.arm.prismatic)
    return model.measurement.rank(model.arm.joints - slides, slides, target_count(table))


def _frames(model: Model, rows: ModelRows, values: Mapping[str, Array]) -> int:
    return sum(block.tangent for block in model.measurement.blocks(rows.table, values))


def _labels(reference_arm: SerialArm, name: str) -> tuple[Label, ...]:
    """The labels that a name means: an effect's, or the one of that text, with or without its unit."""
    if name in shipped_effects():
        return load_effect(name).labels(reference_arm)
    of_effects = (label for effect in shipped_effects() for label in load_effect(effect).labels(reference_arm))
    every = [*reference_arm.labels, *of_effects]
    for label in every:
        if name in (label, label.quantity):
            return (label,)
    raise UsageError(
        f"{reference_arm.name} has no parameter {name!r}", code="unknown-label", advice=did_you_mean(name, every[:60])
    )


def _with_scale_given(found: Identifiability, model: Model) -> tuple[Identifiability, Model]:
    """Hold the arm's longest length that is estimated: an arm twice the size would touch as well."""
    redundant = {each.label for each in found.redundant}
    free = [
        i
        for i, label in enumerate(model.arm.labels)
        if label.unit == "m" and label not in model.held and label not in redundant
    ]
    if not free:
        return found, model
    longest = model.arm.labels[max(free, key=lambda i: abs(model.arm.parameters[i]))]
    given = Redundant(longest, (SCALE,))
    kept = replace(found, rank=found.rank - 1, redundant=(given, *found.redundant), singular=found.singular[:-1])
    return kept, replace(model, held=model.held | {longest})
