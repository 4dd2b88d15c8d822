"""From a table of measured poses to an accurate arm: start, pose the problem, solve, judge by rows kept aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.errors import ConvergenceError
from calib.robot.calibrated_arm import CalibratedArm
from calib.robot.compensation import Correction, read_compensation
from calib.robot.compensation_training import Compensated, compensate_rest
from calib.robot.effect import read_effect
from calib.robot.evaluation import uncertainty
from calib.robot.evaluation.evaluate import (
    Judged,
    Judgement,
    Outlier,
    Pair,
    judge_another,
    judge_fitted,
    judge_new,
    sizes_of,
)
from calib.robot.identification.effect_selection import Trial, select_effects
from calib.robot.identification.free_parameters import check_travel, expected_rank, free_set
from calib.robot.identification.model import Model
from calib.robot.identification.residuals import ARM_BLOCK
from calib.robot.identification.robust_fit import Fit
from calib.robot.identification.steps import Task, available_effects, frames_fit, identified, rides_along, task_of
from calib.robot.measurement import Measurement, measurement_of, read_measurement
from calib.robot.table.holdout import held_out
from calib.robot.table.select import chosen

if TYPE_CHECKING:
    from calib.engine import OnIteration
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.identification.identifiability import Identifiability
    from calib.robot.table.read import PoseTable

HOLDOUT = 0.2  # a fifth: enough to judge by, little enough to miss
RIDING = (
    "the instrument seems to ride on the flange and see what stands still: errors in mm are those of its views; "
    "--measurement pose takes them the other way"
)
FORGOTTEN = "what was learned for the arm before is not used: its compensation goes with the parameters it had"
HARDLY_SEEN = "hardly seen, and kept near nominal: {}; spread the poses, or measure points off the last axis"


@dataclass(frozen=True, eq=False)
class ArmCalibration:
    """An identified arm with its evidence.

    nominal: the arm before. frames: values of the frames by name. labels: of arm and effects; values, sigma: per label,
    standard deviation 0 if held by wish or model, infinite if redundant. covariance: (p, p) over `labels`, zero where
    held. identifiability: what the data determine; expected_rank: what they should. noise: standard deviation per
    component, m and rad. fitted, heldout, validation, as_is, refit_frames: how the arm does, see
    `calib.robot.evaluation.evaluate.Judgement`. tool_sigma_m: (k,) of the measured point over the range of motion.
    joint_error_rad: see `evaluation.uncertainty`. trials: effects tried. compensated: what was learned beyond the
    model, None if that was not asked for. fit: of the model.
    """

    arm: CalibratedArm
    nominal: CalibratedArm
    model: str
    measurement: Measurement
    frames: Mapping[str, Array]
    labels: tuple[str, ...]
    values: Mapping[str, float]
    sigma: Mapping[str, float]
    covariance: Array
    identifiability: Identifiability
    expected_rank: int | None
    noise: Mapping[str, float]
    fitted: Judged
    heldout: Judged | None
    validation: Judged | None
    as_is: Judged | None
    refit_frames: bool
    tool_sigma_m: Array
    joint_error_rad: float
    trials: tuple[Trial, ...]
    compensated: Compensated | None
    notes: tuple[str, ...]
    table: PoseTable
    fit: Fit

    @property
    def judged(self) -> Judged | None:
        """What the arm is judged by: another table if there is one, else the rows kept aside."""
        other = self.validation if self.refit_frames else self.as_is
        return other or self.heldout

    @property
    def outliers(self) -> tuple[Outlier, ...]:
        """Rows of the table that do not fit, in the order of lines."""
        held = self.heldout.outliers if self.heldout else ()
        return tuple(sorted(self.fitted.outliers + held, key=lambda outlier: outlier.line))


def identify(
    arm: SerialArm | CalibratedArm,
    table: PoseTable,
    model: str = "geometry",
    *,
    compensate: str | None = None,
    measurement: str | Measurement | None = None,
    fix: Sequence[str] = (),
    free: Sequence[str] = (),
    robust: bool = True,
    tolerance: tuple[float, float] | None = None,
    holdout: float | None = None,
    holdout_by: str | None = None,
    train_rows: int | None = None,
    validate: PoseTable | None = None,
    refit_frames: bool = True,
    seed: int = 0,
    notes: Sequence[str] = (),
    progress: OnIteration | None = None,
) -> ArmCalibration:
    """Identify an arm from measured poses.

    model: offsets (joint offsets), geometry (all of DH), full (and every effect), auto (effects that make poses better
    that were not fitted). compensate: the name of a compensation that learns what the model leaves, kept only if rows
    that it was not shown gain. measurement: what the table holds, by name or itself, its own kind if None. fix, free:
    labels to hold at nominal, or to estimate. robust: leave rows out that do not fit. tolerance: prior standard
    deviations of the arm's parameters in m and rad. holdout: share of poses kept aside, 0.2 if None, 0 for none; see
    `table.holdout.held_out` for holdout_by and train_rows. validate: another table to judge by; then nothing is
    held out unless asked. refit_frames: judge by it with base and target fitted anew; both ways are reported. notes:
    remarks on how the table was read. progress: sees every iteration of the solver.

    Raises UsageError for unknown models, compensations, labels and columns, InputError, DegenerateError
    `too-few-poses`, `poses-degenerate`, `joint-not-moved`, ConvergenceError `arm-not-converged`.
    """
    nominal = arm if isinstance(arm, CalibratedArm) else CalibratedArm(arm)
    kind = measurement if isinstance(measurement, Measurement) else measurement_of(table, measurement)
    compensation = None if compensate is None else read_compensation(compensate)
    nothing = validate is not None and holdout_by is None and train_rows is None
    share = holdout if holdout is not None else (0.0 if nothing else HOLDOUT)
    wish = free_set(nominal.shape or nominal.arm, model, fix, free)
    check_travel(nominal.arm, table, wish.fixed)
    aside = held_out(table, share, holdout_by, train_rows, seed)
    task = task_of(nominal, table, ~aside, kind, wish, seed)
    task = replace(task, robust=robust, progress=progress)
    bare = Model(nominal.arm, kind, nominal.shape or nominal.arm, tuple(map(read_effect, nominal.effects)))
    asked = replace(bare, tolerance=tolerance)
    before = frames_fit(task, bare)
    after, found = identified(task, asked, before.values)
    remarks = (*notes, *table.notes, *((FORGOTTEN,) if nominal.correction else ()))
    if measurement is None and kind.name == "pose" and rides_along(task, after):
        kind = read_measurement("view")
        bare, asked = replace(bare, measurement=kind), replace(asked, measurement=kind)
        before = frames_fit(task, bare)
        after, found = identified(task, asked, before.values)
        remarks += (RIDING,)
    trials: tuple[Trial, ...] = ()
    if model in ("full", "auto"):
        effects, unmet = available_effects(task, bare)
        remarks += unmet
        if model == "auto":
            effects, trials = select_effects(after, task.training, task.conditions, effects, seed)
        if effects:
            after, found = identified(task, replace(asked, effects=asked.effects + effects), after.values)
    if not after.solution.status.converged:
        raise ConvergenceError(
            "the identification did not converge",
            code="arm-not-converged",
            why=after.solution.sentence(),
            advice="look at the rows named as outliers, or estimate less: --fix, --model offsets",
        )
    if after.hardly_seen:
        remarks += (HARDLY_SEEN.format(", ".join(label.rpartition("_")[0] for label in after.hardly_seen)),)
    pair = _pair(task, before, after)
    kept_aside = chosen(table, aside) if aside.any() else None

    def judge(pair: Pair) -> Judgement:
        heldout = None if kept_aside is None else judge_new(pair, kept_aside)
        other, as_is = (None, None) if validate is None else judge_another(pair, validate, seed, robust)
        return Judgement(judge_fitted(pair, task.training, task.usable), heldout, other, as_is)

    compensated = None
    if compensation is not None:
        compensated = compensate_rest(compensation, pair, task.training, judge, holdout_by, seed)
    judgement = compensated.judgement if compensated else judge(pair)
    return ArmCalibration(
        arm=_calibrated(task, after, compensated.correction if compensated else None),
        nominal=nominal,
        model=model,
        measurement=kind,
        frames={block.name: after.values[block.name] for block in kind.blocks(table, after.values)},
        labels=_labels(after),
        values=_values(after),
        sigma=_deviations(after, found),
        covariance=after.scale**2 * after.solution.uncertainty.covariance(_labels(after)),
        identifiability=found,
        expected_rank=expected_rank(task.wish, after.model, table),
        noise=after.noise.common,
        fitted=judgement.fitted,
        heldout=judgement.heldout,
        validation=judgement.validation,
        as_is=judgement.as_is,
        refit_frames=refit_frames,
        tool_sigma_m=uncertainty.tool_sigma(after, chosen(task.training, after.used), task.reference_degc),
        joint_error_rad=uncertainty.joint_error(
            compensated.fit if compensated else after, task.training, task.reference_degc
        ),
        trials=trials,
        compensated=compensated,
        notes=remarks,
        table=table,
        fit=after,
    )


def _pair(task: Task, before: Fit, after: Fit) -> Pair:
    sizes = sizes_of(before, task.training, before.values, task.reference_degc)
    typical = {name: float(np.median(size[task.usable])) for name, size in sizes.items()}
    return Pair(before, after, task.reference_degc, typical)


def _calibrated(task: Task, after: Fit, correction: Correction | None) -> CalibratedArm:
    model = after.model
    arm = replace(
        model.arm.with_parameters(after.values[ARM_BLOCK][0]),
        name=f"{model.arm.name}identified",
        source=f"identified from {task.training.name}; before: {model.arm.source}",
    )
    effects = {
        effect.name: dict(zip(effect.labels(model.shape), after.values[effect.name][0].tolist(), strict=True))
        for effect in model.effects
    }
    if not effects and correction is None:
        return CalibratedArm(arm)
    return CalibratedArm(arm, effects, model.shape, task.reference_degc if effects else None, correction)


def _deviations(after: Fit, found: Identifiability) -> dict[str, float]:
    """Standard deviation of every parameter of arm and effects: 0 if held by wish, infinite if redundant."""
    scale, known = after.scale, after.solution.uncertainty
    sigma = {label: scale * known.sigma(label) for label in _labels(after)}
    return sigma | dict.fromkeys((*(each.label for each in found.redundant), *found.silent), float("inf"))


def _values(after: Fit) -> dict[str, float]:
    """Every parameter of arm and effects."""
    parts = [after.values[ARM_BLOCK][0], *(after.values[effect.name][0] for effect in after.model.effects)]
    return dict(zip(_labels(after), np.concatenate(parts).tolist(), strict=True))


def _labels(after: Fit) -> tuple[str, ...]:
    return (*after.model.arm.labels, *after.model.effect_labels())
