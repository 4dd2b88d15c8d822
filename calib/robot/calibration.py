"""From a table of measured poses to an accurate arm: conventions, split, frames, parameters, effects, compensation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.errors import DegenerateError, UsageError
from calib.robot.arm_model import Arm
from calib.robot.compensation import load_compensation
from calib.robot.compensation_training import compensate_residuals
from calib.robot.evaluation.arm_calibration import ArmCalibration
from calib.robot.evaluation.compensation_outcome import CompensationOutcome
from calib.robot.evaluation.evaluate import EvaluationRows, evaluate
from calib.robot.evaluation.other_frames import NominalAndIdentified
from calib.robot.evaluation.remarks import remarks_of
from calib.robot.evaluation.uncertainty import arm_uncertainty
from calib.robot.identification.request import Request
from calib.robot.identification.residuals import ARM_BLOCK
from calib.robot.identification.robust_fit import Fit
from calib.robot.identification.steps import (
    add_effects,
    fit_from_zero,
    fit_model,
    fit_on_flange,
    prepare,
    require_converged,
)
from calib.robot.known_frame import known_frame
from calib.robot.measurement import Measurement, measurement_of
from calib.robot.resolve import ConventionPolicy, ResolvedArm, resolve_arm, resolve_conventions
from calib.robot.table.holdout import HOLDOUT, Split
from calib.robot.table.select import select_rows, with_lengths_times
from calib.robot.table.targets import present_targets

if TYPE_CHECKING:
    from calib.engine import OnIteration
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.identification.steps import Task
    from calib.robot.resolve import OnProgress
    from calib.robot.table.pose_table import PoseTable

FREE = "free"
SCALED = (
    "lengths measured are divided by {}, so that the arm's are nominal on average; the intervals do not include what "
    "is uncertain of that factor"
)
IDENTIFIED = "_identified"  # behind the name of the arm; once


def calibrate(
    table: PoseTable,
    arm: Arm | SerialArm | str | Path | None = None,
    *,
    model: str = "geometry",
    compensate: str | None = None,
    measurement: str | None = None,
    fix: Sequence[str] = (),
    free: Sequence[str] = (),
    fix_conventions: bool = False,
    global_start: bool = False,
    robust: bool = True,
    tolerance: tuple[float, float] | None = None,
    holdout: float | None = None,
    holdout_by: str | None = None,
    train_rows: int | None = None,
    validate: PoseTable | None = None,
    refit_frames: bool = True,
    scale: str | None = None,
    base: Array | str | None = None,
    tool: Array | str | None = None,
    seed: int = 0,
    on_iteration: OnIteration | None = None,
    on_progress: OnProgress | None = None,
) -> ArmCalibration:
    """Identify an arm from measured poses; everything that `calib robot` does with a table.

    arm: itself, a shipped name or a file; None: the shipped arm that fits. model: offsets (joint offsets), geometry
    (all of DH), full (and every effect), auto (and the effects that reduce the error on poses that were not fitted).
    compensate: the name of a compensation that learns what the model leaves, kept only if it reduces the error on
    unseen rows. measurement: what the table holds, by name; its own kind if None. fix, free: labels to hold at nominal,
    or to estimate. fix_conventions: apply other units, orders and signs if they are what fits; else an error names
    them. global_start: search for the joints' zero positions. robust: reject outlier rows. tolerance: prior standard
    deviations of the arm's parameters in m and rad. holdout: share of poses held out, 0.2 if None, 0 for none; see
    `table.holdout.holdout_rows` for holdout_by and train_rows. validate: another table to validate by; then nothing is
    held out unless requested. refit_frames: whether the verdict on that rests on base and target fitted to it; both are
    reported. scale: `free` estimates the instrument's, see `estimate_scale`. base, tool: where the base is in the world
    and the target on the flange, if known, (4, 4) or as `known_frame` reads them; held. on_iteration: called with every
    iteration of the solver; on_progress(done, total): of global_start.

    Raises UsageError for unknown names, labels and columns; InputError `conventions`, `arm-does-not-fit`,
    `no-arm-fits`, `joint-count`; DegenerateError `too-few-poses`, `poses-degenerate`, `joint-not-moved`;
    ConvergenceError `arm-not-converged`.
    """
    kind = measurement_of(table, measurement)
    frames = _known_frames(base=base, tool=tool)
    request = Request(model, tuple(fix), tuple(free), tolerance, compensate, robust, frames, seed)
    if scale not in (None, FREE):
        raise UsageError(f"no such scale: {scale!r}", code="scale-value", where="--scale", advice=f"--scale {FREE}")
    policy = ConventionPolicy(kind.name, fix_conventions, global_start, seed, on_progress)
    resolved = resolve_arm(table, arm, request, policy)
    other = None if validate is None else _in_conventions(resolved, validate, policy, refit_frames)
    nothing = validate is not None and holdout_by is None and train_rows is None
    share = holdout if holdout is not None else (0.0 if nothing else HOLDOUT)
    solve = partial(
        identify,
        resolved.arm,
        request=request,
        measurement=None if measurement is None else kind,
        on_iteration=on_iteration,
        begin=resolved.start,
    )
    split = Split(share, holdout_by, train_rows, other, refit_frames)
    found = solve(resolved.table, split=split, notes=resolved.notes)
    return found if scale is None else estimate_scale(found, split, solve, resolved.notes)


def estimate_scale(
    found: ArmCalibration, split: Split, solve: Callable[..., ArmCalibration], notes: Sequence[str] = ()
) -> ArmCalibration:
    """The identification once more, with what was measured in the unit in which nominal lengths hold.

    What is held is then the mean of the nominal lengths, weighted as in `length_scale`; each of them is estimated all
    the same. found: in the instrument's unit. solve: `identify` with its options. notes: remarks on the table.
    Raises DegenerateError `scale-not-observable` where no length is measured, or none estimated.
    """
    scale = found.length_scale
    if scale is None:
        raise DegenerateError(
            "the scale is not observable",
            code="scale-not-observable",
            why="no length is measured, or none of the arm's is estimated",
            advice="leave --scale out, or estimate lengths: --model geometry",
        )
    other = None if split.validation is None else with_lengths_times(split.validation, 1 / scale.factor)
    table = with_lengths_times(found.table, 1 / scale.factor)
    return solve(table, split=replace(split, validation=other), notes=(SCALED.format(scale), *notes))


def _known_frames(**given: Array | str | None) -> dict[str, Array]:
    """Those frames that are given, as arrays (4, 4)."""
    return {
        name: known_frame(frame, f"--{name}") if isinstance(frame, str) else np.asarray(frame, dtype=float)
        for name, frame in given.items()
        if frame is not None
    }


def identify(
    nominal: Arm,
    table: PoseTable,
    request: Request,
    split: Split,
    *,
    measurement: Measurement | None = None,
    notes: Sequence[str] = (),
    on_iteration: OnIteration | None = None,
    begin: SerialArm | None = None,
) -> ArmCalibration:
    """Identify a given arm from a table that is what it seems: no arm is searched for, no convention tried.

    measurement: what the table holds; None: its own kind, or that of an instrument on the flange if it fits better.
    notes: remarks on how the table came about. begin: the arm with zero positions that were found, where the fit
    starts; errors and changes are against `nominal` all the same. Errors as of `calibrate`.
    """
    compensation = None if request.compensate is None else load_compensation(request.compensate)
    held = split.rows(table, request.seed)
    training = present_targets(select_rows(table, ~held))
    task = prepare(nominal, training, measurement or measurement_of(table), request, on_iteration, begin)
    measured = fit_model(task, measurement or measurement_of(table))
    oriented = measured if measurement else fit_from_zero(task, fit_on_flange(task, measured))
    stage = add_effects(task, oriented)
    require_converged(stage.after)
    pair = NominalAndIdentified(stage.before, stage.after, task.reference_degc)
    heldout = select_rows(table, held) if held.any() else None
    rows = EvaluationRows(task.training, task.usable, heldout, split, request)
    outcome = None if compensation is None else compensate_residuals(compensation, pair, rows, split.by, request.seed)
    corrected = outcome.fit if outcome else stage.after
    return ArmCalibration(
        arm=_identified_arm(task, stage.after, outcome),
        nominal=nominal,
        table=table,
        request=request,
        fit=stage.after,
        identifiability=stage.identifiability,
        evaluation=outcome.evaluation if outcome else evaluate(pair, rows),
        uncertainty=arm_uncertainty(stage.after, corrected, task.training, task.reference_degc),
        trials=stage.trials,
        compensation=outcome,
        notes=(*notes, *table.notes, *remarks_of(nominal, stage.after, stage.notes)),
    )


def _in_conventions(resolved: ResolvedArm, other: PoseTable, policy: ConventionPolicy, refit_frames: bool) -> PoseTable:
    """Another table in the conventions that fit the arm; as it is where its poses determine no frames, nor need to."""
    arm = resolved.arm if resolved.start is None else Arm(resolved.start)
    try:
        return resolve_conventions(ResolvedArm(arm, other), policy).table
    except DegenerateError:
        if refit_frames:
            raise
        return other


def _identified_arm(task: Task, fitted: Fit, outcome: CompensationOutcome | None) -> Arm:
    model, correction = fitted.model, outcome.correction if outcome else None
    geometry = replace(
        model.arm.with_parameters(fitted.values[ARM_BLOCK][0]),
        name=model.arm.name.removesuffix(IDENTIFIED) + IDENTIFIED,
        source=f"identified from {task.training.name}; before: {model.arm.source}",
    )
    effects = {
        effect.name: dict(zip(effect.labels(model.reference_arm), fitted.values[effect.name][0].tolist(), strict=True))
        for effect in model.effects
    }
    if not effects and correction is None:
        return Arm(geometry, uncertainty=fitted.parameter_uncertainty)
    warm = task.reference_degc if effects else None
    return Arm(geometry, effects, model.reference_arm, warm, correction, fitted.parameter_uncertainty)
