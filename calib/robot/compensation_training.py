"""Learning what an identified arm leaves of its errors, kept only where that reduces the error on unseen rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.robot.compensation import Compensation, Correction, Groups, TrainingOutcome
from calib.robot.effect import conditions_of, motion_tangents
from calib.robot.evaluation.compensation_outcome import CompensationOutcome
from calib.robot.evaluation.evaluate import EvaluationRows, evaluate
from calib.robot.evaluation.other_frames import NominalAndIdentified
from calib.robot.identification.model import model_rows
from calib.robot.identification.residuals import flange_poses
from calib.robot.identification.robust_fit import Fit
from calib.robot.table.select import pose_groups, select_rows

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable

SESSION = "session"  # the column that distinguishes sessions, if no other is named


def compensate_residuals(
    compensation: Compensation, pair: NominalAndIdentified, rows: EvaluationRows, by: str | None = None, seed: int = 0
) -> CompensationOutcome:
    """Learn what the identified arm of a pair leaves of the errors of the rows fitted.

    by: the column whose values are sessions. Declined unless the error falls in cross-validation, and on the rows held
    out or the other table if there is one.
    """
    fitted, before = pair.after, evaluate(pair, rows)
    if few := compensation.enough(int(fitted.used.sum())):
        return CompensationOutcome(None, f"declined: {few}", fitted, before, before)
    outcome = _train(compensation, pair, select_rows(rows.training, fitted.used), by, seed)
    if outcome.learned is None:
        return CompensationOutcome(None, outcome.reason, fitted, before, before)
    correction = Correction(compensation.name, outcome.learned)
    corrected = _with_correction(fitted, correction)
    after = evaluate(replace(pair, after=corrected), rows)
    if before.unfitted is None or after.unfitted is None:
        return CompensationOutcome(correction, outcome.reason, corrected, after, before)
    figures = f"held out {before.unfitted.after} before, {after.unfitted.after} after"
    if after.unfitted.after.position_mm.mean >= before.unfitted.after.position_mm.mean:
        reason = f"declined: the error on held-out rows does not decrease; {figures}"
        return CompensationOutcome(None, reason, fitted, before, before)
    return CompensationOutcome(correction, f"kept: {figures}", corrected, after, before)


def _train(
    compensation: Compensation, pair: NominalAndIdentified, table: PoseTable, by: str | None, seed: int
) -> TrainingOutcome:
    """Residuals of all components, weighted as in the fit and expressed in metres of the first."""
    fitted = pair.after
    model, values = fitted.model, fitted.values
    rows = model_rows(model, table, conditions_of(table, pair.reference_degc))
    poses = flange_poses(model.arm, table.joints, rows.bases, values)
    at = model.measurement.residual(table)(values, poses, slice(0, len(poses)))
    weight = fitted.noise.common[model.measurement.components[0].name] / fitted.noise.sigma[fitted.used]
    by_joint = np.einsum("dan,naj->ndj", at.by_flange, motion_tangents(model.reference_arm, table.joints))
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
    held = model.held | set(effect.labels(model.reference_arm))
    model = replace(model, effects=(*model.effects, effect), held=held)
    return replace(fitted, model=model, values=fitted.values | {effect.name: np.ones((1, 1))})
