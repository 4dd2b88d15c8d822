"""The fits of one identification, in order: frames, parameters, the way round of the instrument, effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.errors import ConvergenceError, DegenerateError
from calib.robot.effect import Conditions, Effect, conditions_of, load_effect, shipped_effects
from calib.robot.identification.effect_selection import EffectTrial, select_effects
from calib.robot.identification.free_parameters import (
    FreeSet,
    check_travel,
    expected_rank,
    free_set,
    hold_redundant,
    hold_turning,
    joint_labels,
)
from calib.robot.identification.known_frames import known_blocks
from calib.robot.identification.model import AS_BUILT, Model, model_rows, residuals_at
from calib.robot.identification.noise import median_noise, plausible_rows
from calib.robot.identification.residuals import ARM_BLOCK
from calib.robot.identification.robust_fit import Fit, fit
from calib.robot.table.select import select_rows
from calib.text import with_sigma

if TYPE_CHECKING:
    from calib.engine import OnIteration
    from calib.engine.label import Label
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.arm_model import Arm
    from calib.robot.identification.identifiability import Identifiability
    from calib.robot.identification.request import Request
    from calib.robot.measurement import Measurement
    from calib.robot.open_frames import OpenFrames
    from calib.robot.table.pose_table import PoseTable

# An instrument on the flange is assumed where that lowers the positions' noise by so much; alike, the usual one is.
ON_FLANGE_BELOW = 0.97
ON_FLANGE = (
    "the instrument appears to be mounted on the flange (it observes a fixed target): errors in mm are those of its "
    "observations; --measurement pose treats it as fixed"
)
# One parameter more lowers the noise of 100 rows by a tenth once in 10^5 tables.
FROM_ZERO_BELOW, MANY_SIGMAS = 0.9, 5.0
FROM_ZERO = (
    "what is measured is counted from a zero of its own, {}, which is estimated: set the instrument to zero, or "
    "subtract it; --measurement {} takes it as it is"
)


@dataclass(frozen=True, eq=False)
class Task:
    """What every fit of an identification shares."""

    nominal: Arm
    """The arm before."""
    begin: SerialArm
    """Where the fit starts, about which priors are centred: the nominal arm, with zero positions that were found."""
    training: PoseTable
    """The rows to fit."""
    conditions: Conditions
    """Of those rows."""
    reference_degc: float | None
    """Temperature at which thermal growth is zero; None without temperatures."""
    usable: Mask
    """(n,) rows of `training` that can be measurements of their poses."""
    start: dict[str, Array]
    """Values of the frames, in closed form, and of the effects that the nominal arm has."""
    open: OpenFrames | None
    """The frames that the poses leave open, if any."""
    known: frozenset[Label]
    """The labels of frames that are known."""
    requested: FreeSet
    """The labels that are to be free."""
    request: Request
    """The options."""
    on_iteration: OnIteration | None = None
    """Called with every iteration of the solver."""


@dataclass(frozen=True, eq=False)
class Stage:
    """The fits of one model."""

    model: Model
    """With nothing held but by default."""
    before: Fit
    """The nominal arm with its frames fitted."""
    after: Fit
    """The identified arm."""
    identifiability: Identifiability
    """What the data determine."""
    trials: tuple[EffectTrial, ...] = ()
    """Effects tried."""
    notes: tuple[str, ...] = ()
    """Remarks for the user."""


def prepare(
    nominal: Arm,
    training: PoseTable,
    measurement: Measurement,
    request: Request,
    on_iteration: OnIteration | None = None,
    begin: SerialArm | None = None,
) -> Task:
    """Find the frames in closed form and the rows that are plausible; refuse joints that are stationary among them.

    begin: where the fit starts, if not at the nominal arm.
    """
    begin = begin or nominal.geometry
    requested = free_set(nominal.reference_arm, request.model, request.fix, request.free)
    check_travel(nominal.geometry, training, requested.fixed)
    started = measurement.start(begin.base_from_flange(training.joints), training, request.seed)
    usable = plausible_rows(started.size)
    still = check_travel(nominal.geometry, select_rows(training, usable), requested.fixed)
    own = (label for joint in still for label in joint_labels(nominal.geometry, joint))
    requested = replace(requested, fixed=requested.fixed | (frozenset(own) - requested.freed))
    known = {name: np.array([list(labels.values())]) for name, labels in nominal.effects.items()}
    reference = nominal.reference_degc
    if reference is None and training.temperature_degc is not None:
        reference = float(np.mean(training.temperature_degc))
    conditions = conditions_of(training, reference)
    blocks = measurement.blocks(training, started.values)
    given = known_blocks(request.frames, blocks)
    labels = frozenset(label for block in blocks if block.name in given for label in block.labels)
    start = {**known, **started.values, **given}
    left = None if given else started.open
    return Task(
        nominal, begin, training, conditions, reference, usable, start, left, labels, requested, request, on_iteration
    )


def fit_model(task: Task, measurement: Measurement) -> Stage:
    """Fit the frames to the nominal arm, then the parameters that are requested and separable."""
    nominal = task.nominal
    effects = tuple(map(load_effect, nominal.effects))
    bare = Model(nominal.geometry, measurement, nominal.reference_arm, effects, open=task.open)
    before = fit_frames(task, bare)
    begun = replace(bare, arm=task.begin)
    values = before.values if task.begin is nominal.geometry else task.start
    after, found = fit_parameters(task, replace(begun, tolerance=task.request.tolerance), values)
    return Stage(begun, before, after, found)


def fit_frames(task: Task, bare: Model) -> Fit:
    """The nominal arm as it is, with its frames fitted."""
    model = replace(bare, held=frozenset((*bare.arm.labels, *bare.effect_labels())) | task.known)
    rows = model_rows(model, task.training, task.conditions)
    return fit(model, rows, task.start, task.usable, robust=task.request.robust)


def fit_parameters(task: Task, unrestricted: Model, values: Mapping[str, Array]) -> tuple[Fit, Identifiability]:
    """Hold what is not separable, and fit the rest."""
    model = replace(unrestricted, held=task.requested.held_labels(unrestricted) | task.known)
    rows = model_rows(model, task.training, task.conditions)
    determined, found = hold_redundant(model, rows[task.usable], task.start, task.requested.freed)
    fitted = _fit_as_built(task, determined, values)
    if not model.measurement.contact:
        return fitted, _with_expected_rank(task, determined, found)
    settled, settled_found = hold_turning(determined, rows[fitted.used], fitted.values, task.requested.freed, found)
    expected = _with_expected_rank(task, settled, settled_found)
    if settled.held == determined.held:
        return fitted, expected
    held = np.isin(model.arm.labels, sorted(settled.held))
    start = {**fitted.values, ARM_BLOCK: np.where(held, model.arm.parameters, fitted.values[ARM_BLOCK])}
    return _fit_as_built(task, settled, start), expected


def fit_on_flange(task: Task, stage: Stage) -> Stage:
    """The same for an instrument on the flange, if the measurement has such a twin that fits the positions better."""
    twin = stage.model.measurement.on_flange
    if twin is None or not _fits_better(task, stage.after, twin):
        return stage
    turned = fit_model(task, twin)
    return replace(turned, notes=(*stage.notes, ON_FLANGE))


def fit_from_zero(task: Task, stage: Stage) -> Stage:
    """The same for an instrument that counts from an unknown zero, where that fits far better."""
    twin = stage.model.measurement.from_zero
    if twin is None:
        return stage
    try:
        started = twin.start(task.begin.base_from_flange(task.training.joints), task.training, task.request.seed)
        moved = fit_model(replace(task, start={**task.start, **started.values}), twin)
    except DegenerateError:  # of one unknown more
        return stage
    own = {block.name for block in stage.model.measurement.blocks(task.training, stage.after.values)}
    zero = next(
        label
        for block in twin.blocks(task.training, moved.after.values)
        if block.name not in own
        for label in block.labels
    )
    at, sigma = float(moved.after.values[zero.owner].item()), moved.after.uncertainty.sigma(zero)
    name = twin.components[0].name
    lower = moved.after.noise.common[name] < FROM_ZERO_BELOW * stage.after.noise.common[name]
    if not lower or abs(at) < MANY_SIGMAS * sigma:
        return stage
    text = f"{'-' if at < 0 else '+'}{with_sigma(1000 * abs(at), 1000 * sigma)} mm"
    return replace(moved, notes=(*stage.notes, FROM_ZERO.format(text, stage.model.measurement.name)))


def add_effects(task: Task, stage: Stage) -> Stage:
    """The stage with the effects of the model requested: none, all that the table may show, or chosen ones."""
    if task.request.model not in ("full", "auto"):
        return stage
    candidates, unmet = available_effects(task, stage.model)
    effects, trials = _select(task, stage, candidates)
    known = replace(stage, trials=trials, notes=(*stage.notes, *unmet))
    if not effects:
        return known
    extended = replace(stage.model, tolerance=task.request.tolerance, effects=stage.model.effects + effects)
    after, found = fit_parameters(task, extended, stage.after.values)
    return replace(known, after=after, identifiability=found)


def available_effects(task: Task, bare: Model) -> tuple[tuple[Effect, ...], tuple[str, ...]]:
    """Effects that the nominal arm has not and the table may show, and why others may not."""
    others = [load_effect(name) for name in shipped_effects() if name not in task.nominal.effects]
    unmet = {effect.name: effect.needs(task.training) for effect in others}
    able = tuple(effect for effect in others if unmet[effect.name] is None and effect.labels(bare.reference_arm))
    return able, tuple(f"{name} is not observable: {why}" for name, why in unmet.items() if why)


def require_converged(fitted: Fit) -> None:
    """Raise ConvergenceError `arm-not-converged` for a fit that did not."""
    if not fitted.solution.status.converged:
        raise ConvergenceError(
            "the identification did not converge",
            code="arm-not-converged",
            why=fitted.solution.sentence(),
            advice="inspect the outlier rows, or estimate fewer parameters: --fix, --model offsets",
        )


def _select(
    task: Task, stage: Stage, candidates: tuple[Effect, ...]
) -> tuple[tuple[Effect, ...], tuple[EffectTrial, ...]]:
    """All candidates for the full model; those that reduce the cross-validated error for the automatic one."""
    if task.request.model == "full":
        return candidates, ()
    return select_effects(stage.after, task.training, task.conditions, candidates, task.request.seed)


def _fit(task: Task, model: Model, values: Mapping[str, Array]) -> Fit:
    rows = model_rows(model, task.training, task.conditions)
    return fit(model, rows, values, task.usable, robust=task.request.robust, on_iteration=task.on_iteration)


def _fit_as_built(task: Task, model: Model, values: Mapping[str, Array]) -> Fit:
    """The fit in which what the rows determine worse than arms are built is kept as they are built."""
    fitted = _fit(task, model, values)
    if model.tolerance is not None:
        return fitted
    known = fitted.solution.uncertainty
    weak = frozenset(label for label in model.arm.labels if known.sigma(label) > AS_BUILT[label.angular])
    return _fit(task, replace(model, weak=weak), values) if weak else fitted


def _with_expected_rank(task: Task, model: Model, found: Identifiability) -> Identifiability:
    return replace(found, expected_rank=None if task.known else expected_rank(task.requested, model, task.training))


def _fits_better(task: Task, fitted: Fit, twin: Measurement) -> bool:
    """Whether positions fit better as the twin measures them, although the others were fitted."""
    own, other = (_position_noise(task, fitted, measurement) for measurement in (fitted.model.measurement, twin))
    return other < ON_FLANGE_BELOW * own


def _position_noise(task: Task, fitted: Fit, measurement: Measurement) -> float:
    model = replace(fitted.model, measurement=measurement)
    rows = model_rows(model, task.training, task.conditions)[fitted.used]
    noise = median_noise(measurement, residuals_at(model, rows, fitted.values), rows.given)
    return noise[measurement.components[0].name]
