"""The fits of one identification: which rows, which parameters they tell apart, which way round an instrument looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.effect import Conditions, Effect, conditions_of, read_effect, shipped_effects
from calib.robot.evaluation.evaluate import not_lost
from calib.robot.identification.free_parameters import FreeSet, check_travel, hold_redundant, hold_turning
from calib.robot.identification.model import Model, residuals_at, rows_of
from calib.robot.identification.noise import median_noise
from calib.robot.identification.residuals import ARM_BLOCK
from calib.robot.identification.robust_fit import Fit, fit
from calib.robot.measurement import Measurement, read_measurement
from calib.robot.table.select import chosen

if TYPE_CHECKING:
    from calib.engine import OnIteration
    from calib.robot.calibrated_arm import CalibratedArm
    from calib.robot.identification.identifiability import Identifiability
    from calib.robot.table.read import PoseTable

# An instrument on the flange is assumed where that lowers the positions' noise by so much; alike, the usual one is.
RIDES_BELOW = 0.97


@dataclass(frozen=True, eq=False)
class Task:
    """What every fit of an identification shares. usable: (n,) rows of `training` that are not lost. start: values of
    the frames, and of the effects that the nominal arm has."""

    nominal: CalibratedArm
    training: PoseTable
    conditions: Conditions
    reference_degc: float | None
    usable: Mask
    start: dict[str, Array]
    wish: FreeSet
    robust: bool = True
    progress: OnIteration | None = None


def task_of(nominal: CalibratedArm, table: PoseTable, rows: Mask, kind: Measurement, wish: FreeSet, seed: int) -> Task:
    """Choose the rows, and find the frames in closed form."""
    training = chosen(table, rows)
    started = kind.start(base_from_flange(nominal.arm, training.joints), training, seed)
    usable = not_lost(started.size)
    check_travel(nominal.arm, chosen(training, usable), wish.fixed)
    known = {name: np.array([list(labels.values())]) for name, labels in nominal.effects.items()}
    reference = nominal.reference_degc
    if reference is None and training.temperature_degc is not None:
        reference = float(np.mean(training.temperature_degc))
    conditions = conditions_of(training, reference)
    return Task(nominal, training, conditions, reference, usable, {**known, **started.values}, wish)


def frames_fit(task: Task, bare: Model) -> Fit:
    """The nominal arm as it is, with its frames fitted."""
    model = replace(bare, held=frozenset((*bare.arm.labels, *bare.effect_labels())))
    return fit(model, rows_of(model, task.training, task.conditions), task.start, task.usable, robust=task.robust)


def identified(task: Task, asked: Model, values: Mapping[str, Array]) -> tuple[Fit, Identifiability]:
    """Hold what cannot be told apart, and fit the rest."""
    model = replace(asked, held=task.wish.held(asked))
    rows = rows_of(model, task.training, task.conditions)
    model, found = hold_redundant(model, rows[task.usable], task.start, task.wish.freed)
    fitted = fit(model, rows, values, task.usable, robust=task.robust, progress=task.progress)
    if not model.measurement.contact:
        return fitted, found
    before = model
    model, found = hold_turning(before, rows[fitted.used], fitted.values, task.wish.freed, found)
    if model.held == before.held:
        return fitted, found
    held = np.isin(model.arm.labels, sorted(model.held))
    start = {**fitted.values, ARM_BLOCK: np.where(held, model.arm.parameters, fitted.values[ARM_BLOCK])}
    return fit(model, rows, start, task.usable, robust=task.robust, progress=task.progress), found


def rides_along(task: Task, fitted: Fit) -> bool:
    """Whether positions fit better as those of the world seen from the target, although the others were fitted."""
    noise = []
    for name in ("pose", "view"):
        model = replace(fitted.model, measurement=read_measurement(name))
        rows = rows_of(model, task.training, task.conditions)[fitted.used]
        noise.append(median_noise(model.measurement, residuals_at(model, rows, fitted.values), rows.given)["position"])
    return noise[1] < RIDES_BELOW * noise[0]


def available_effects(task: Task, bare: Model) -> tuple[tuple[Effect, ...], tuple[str, ...]]:
    """Effects that the nominal arm has not and the table may show, and why others may not."""
    others = [read_effect(name) for name in shipped_effects() if name not in task.nominal.effects]
    unmet = {effect.name: effect.needs(task.training) for effect in others}
    able = tuple(effect for effect in others if unmet[effect.name] is None and effect.labels(bare.shape))
    return able, tuple(f"{name} cannot be seen: {why}" for name, why in unmet.items() if why)
