"""Learning what an identified arm leaves of its errors, kept only where rows that it was not shown gain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.robot.compensation import Compensation, Correction, Groups, Lesson
from calib.robot.effect import conditions_of, motion_columns
from calib.robot.identification.model import rows_of
from calib.robot.identification.residuals import flange_poses
from calib.robot.identification.robust_fit import Fit
from calib.robot.table.select import chosen, pose_groups

if TYPE_CHECKING:
    from calib.robot.evaluation.evaluate import Judgement, Pair
    from calib.robot.table.read import PoseTable

SESSION = "session"  # the column that tells sessions apart, if no other is named


@dataclass(frozen=True, eq=False)
class Compensated:
    """What a compensation came to. correction: None if it was declined, for the reason given. fit: the arm's, with it
    if there is one. judgement: of that; before: without it."""

    correction: Correction | None
    reason: str
    fit: Fit
    judgement: Judgement
    before: Judgement


def compensate_rest(
    compensation: Compensation,
    pair: Pair,
    table: PoseTable,
    judge: Callable[[Pair], Judgement],
    by: str | None = None,
    seed: int = 0,
) -> Compensated:
    """Learn from the rows fitted of a table what the identified arm of a pair leaves.

    judge: how a pair does, on the rows fitted and on those kept aside. by: the column whose values are sessions.
    Declined unless the error falls in cross-validation, and on the rows kept aside or the other table if there is one.
    """
    fitted = pair.after
    judgement = judge(pair)
    if few := compensation.enough(int(fitted.used.sum())):
        return Compensated(None, f"declined: {few}", fitted, judgement, judgement)
    lesson = _lesson(compensation, pair, chosen(table, fitted.used), by, seed)
    if lesson.learned is None:
        return Compensated(None, lesson.reason, fitted, judgement, judgement)
    correction = Correction(compensation.name, lesson.learned)
    bent = _with_correction(fitted, correction)
    then = judge(replace(pair, after=bent))
    if judgement.new is None or then.new is None:
        return Compensated(correction, lesson.reason, bent, then, judgement)
    figures = f"held out {judgement.new.after} before, {then.new.after} after"
    if then.new.after.position_mm.mean >= judgement.new.after.position_mm.mean:
        reason = f"declined: the error of the rows kept aside does not fall; {figures}"
        return Compensated(None, reason, fitted, judgement, judgement)
    return Compensated(correction, f"kept: {figures}", bent, then, judgement)


def _lesson(compensation: Compensation, pair: Pair, table: PoseTable, by: str | None, seed: int) -> Lesson:
    """Residuals of all components, weighed as the fit weighs them and told in metres of the first."""
    fitted = pair.after
    model, values = fitted.model, fitted.values
    rows = rows_of(model, table, conditions_of(table, pair.reference_degc))
    poses = flange_poses(model.arm, table.joints, rows.bases, values)
    at = model.measurement.residual(table)(values, poses, slice(0, len(poses)))
    weight = fitted.noise.common[model.measurement.components[0].name] / fitted.noise.sigma[fitted.used]
    by_joint = np.einsum("dan,naj->ndj", at.by_flange, motion_columns(model.shape, table.joints))
    groups = _groups(table, by)
    return compensation.learn(table.joints, at.residuals.T * weight, by_joint * weight[:, :, None], groups, seed)


def _groups(table: PoseTable, by: str | None) -> Groups | None:
    """What must not be divided: sessions, where the rows are of several; else poses, where they have several rows."""
    sessions = np.array(table.other.get((by or SESSION).partition("=")[0], ()), str)
    if len(np.unique(sessions)) > 1:
        return sessions
    poses = pose_groups(table)
    return poses if len(np.unique(poses)) < len(poses) else None


def _with_correction(fitted: Fit, correction: Correction) -> Fit:
    """The same fit with the correction applied whole, and not to be estimated."""
    effect, model = correction.effect, fitted.model
    held = model.held | set(effect.labels(model.shape))
    model = replace(model, effects=(*model.effects, effect), held=held)
    return replace(fitted, model=model, values=fitted.values | {effect.name: np.ones((1, 1))})
